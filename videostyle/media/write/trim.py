"""Packets of a clip's sound and subtitles, trimmed to the parts of the clip that its film shows."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import av
from av.stream import Stream

from videostyle.media.write.containers import Container, codec_name
from videostyle.media.write.timeline import Part, Timeline

Packet: TypeAlias = "av.Packet[Stream]"
"""a packet of any track; quoted because the class is generic only in PyAV's stubs"""
WARM_UP = {"mp3": 4, "opus": 10}
"""packets that a decoder needs before its output is correct; 1 for other codecs"""


def time_of(packet: Packet) -> Fraction:
    """Time at which a packet begins, seconds; 0 for packets without timestamps, such as covers."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return Fraction(0) if stamp is None else Fraction(stamp * packet.time_base)


def sample_bytes(codec: str) -> int:
    """Bytes per sample of PCM sound; 0 for codecs whose packets cannot be divided."""
    if codec in ("pcm_mulaw", "pcm_alaw"):
        return 1
    bits = re.fullmatch(r"pcm_[sfu](\d+)(le|be)?", codec)
    return int(bits[1]) // 8 if bits else 0


class Trimmer:
    """Moves the packets of one track to film times and drops those outside all parts.

    If a codec's packets cannot be divided, the sound of each part starts with the packet nearest to the start of the
    part, right after the previous packet. So the sound has no gaps and is never off by more than half a packet,
    whatever the number of parts.
    """

    def __init__(self, stream: Stream, container: Container, timeline: Timeline) -> None:
        """stream: the track in the clip. container: the film's."""
        self._timeline, self._is_subtitle, self._name = timeline, stream.type == "subtitle", codec_name(stream)
        self._edit_lists = container.edit_lists
        # AVI stores no timestamps: sound begins when the film does
        self._timeless = container.format == "avi"
        self._free: Fraction | None = Fraction(0) if self._timeless else None
        """film time at which the previous packet ends"""
        self._part: Part | None = None
        self._late = Fraction(0)
        """seconds by which the packets of the current part are delayed"""

    def trim(self, packet: Packet) -> Iterator[Packet]:
        """What the film keeps of a packet: nothing, the packet itself or pieces of it."""
        if self._timeline.whole or packet.pts is None:
            yield _shifted(packet, self._timeline.parts[0].shift)
            return
        begins, length = time_of(packet), (packet.duration or 0) * packet.time_base
        lead = length * WARM_UP.get(self._name, 1) if self._edit_lists else Fraction(0)
        for part in self._timeline.touched(begins, begins + length + lead):
            if self._is_subtitle:
                piece = _trim_subtitle(packet, part, begins, length)
            elif sample_bytes(self._name):
                piece = _trim_samples(packet, part, begins)
            else:
                piece = self._place_sound(packet, part, length, lead)
            if piece is not None:
                yield piece
            if piece is packet:
                return

    def _place_sound(self, packet: Packet, part: Part, length: Fraction, lead: Fraction) -> "Packet | None":
        """An indivisible packet with its film time, or None if it lies outside the part."""
        place = time_of(packet) - part.shift
        ends = place + length if part.end is None else part.end - part.shift
        if part.begins == 0 and not self._timeless:
            # packets before the start only warm up the decoder: the edit list hides them
            if place + length + lead <= 0 if self._edit_lists else place < 0:
                return None
        elif part is not self._part:
            free = part.begins if self._free is None else self._free
            if place < free - length / 2:
                return None
            self._late = free - place if place - free <= length else Fraction(0)
        place += self._late
        if place + (0 if part.last else length / 2) >= ends:
            return None
        self._part = part
        self._free = place + length
        packet.pts = packet.dts = round(place / packet.time_base)
        if part.last and self._edit_lists:
            packet.duration = round(min(length, ends - place) / packet.time_base)
        return packet


def _shifted(packet: Packet, earlier: Fraction) -> Packet:
    ticks = round(earlier / packet.time_base)
    if packet.pts is not None:
        packet.pts -= ticks
    if packet.dts is not None:
        packet.dts -= ticks
    return packet


def _trim_subtitle(packet: Packet, part: Part, begins: Fraction, length: Fraction) -> "Packet | None":
    place, shown = part.overlap(begins, begins + length)
    if shown < 0 or shown == 0 < length:  # bitmap subtitles have no duration
        return None
    packet.pts = packet.dts = round(place / packet.time_base)
    packet.duration = round(shown / packet.time_base)
    return packet


def _trim_samples(packet: Packet, part: Part, begins: Fraction) -> "Packet | None":
    """The samples of a packet of PCM sound that lie in a part."""
    stream = packet.stream
    assert isinstance(stream, av.AudioStream)
    rate, block = stream.sample_rate, sample_bytes(codec_name(stream)) * stream.channels
    count = packet.size // block
    first = max(0, round((part.start - begins) * rate))
    last = count if part.end is None else min(count, round((part.end - begins) * rate))
    if first >= last:
        return None
    if (first, last) == (0, count):
        return _shifted(packet, part.shift)
    piece = av.Packet(bytes(packet)[first * block : last * block])
    piece.stream, piece.time_base = packet.stream, packet.time_base
    offset = round((Fraction(first, rate) - part.shift) / packet.time_base)
    piece.pts = piece.dts = (packet.pts or 0) + offset
    piece.duration = round(Fraction(last - first, rate) / packet.time_base)
    piece.is_keyframe = True
    return piece
