"""Packets of a clip's sound and words, cut to the parts that its film is made of."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from videostyle.media.write.containers import Container, codec_name
from videostyle.media.write.timeline import Part, Timeline

CONVERGING = {"mp3": 4, "opus": 10}
"""packets that a decoder needs before one that it gives correctly; 1 for others"""


def time_of(packet: Any) -> Fraction:
    """When a packet begins, seconds; one that has no time, as a cover, begins at once."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return Fraction(0) if stamp is None else Fraction(stamp * packet.time_base)


def sample_bytes(codec: str) -> int:
    """Bytes of a sample of plain sound; 0 for codecs whose packets cannot be cut."""
    if codec in ("pcm_mulaw", "pcm_alaw"):
        return 1
    bits = re.fullmatch(r"pcm_[sfu](\d+)(le|be)?", codec)
    return int(bits[1]) // 8 if bits else 0


class Cutter:
    """The packets of one track, with times of the film; those of no part of it are left out.

    Sound in packets that cannot be cut begins a part with the packet nearest to it, right after the one before:
    whatever the number of parts, it is never off by more than half a packet, and never has a gap.
    """

    def __init__(self, stream: Any, container: Container, timeline: Timeline) -> None:
        self._timeline, self._words, self._name = timeline, stream.type == "subtitle", codec_name(stream)
        self._exact = container.exact
        # AVI has no times: sound begins when the film does
        self._timeless = container.format == "avi"
        self._free: Fraction | None = Fraction(0) if self._timeless else None
        """time of the film at which the packet before has ended"""
        self._part: Part | None = None
        self._moved = Fraction(0)
        """seconds by which packets of the part come later than they should"""

    def cut(self, packet: Any) -> Iterator[Any]:
        """What of a packet is in the film: nothing, itself, or pieces of it."""
        if self._timeline.whole or packet.pts is None:
            yield _moved(packet, self._timeline.parts[0].shift)
            return
        begins, length = time_of(packet), (packet.duration or 0) * packet.time_base
        lead = length * CONVERGING.get(self._name, 1) if self._exact else Fraction(0)
        for part in self._timeline.touched(begins, begins + length + lead):
            if self._words:
                piece = _cut_words(packet, part, begins, length)
            elif sample_bytes(self._name):
                piece = _cut_samples(packet, part, begins)
            else:
                piece = self._cut_sound(packet, part, length, lead)
            if piece is not None:
                yield piece
            if piece is packet:
                return

    def _cut_sound(self, packet: Any, part: Part, length: Fraction, lead: Fraction) -> Any:
        place = time_of(packet) - part.shift
        ends = place + length if part.end is None else part.end - part.shift
        if part.begins == 0 and not self._timeless:
            # what sounds before the start only sets the decoder going: the edit list hides it
            if place + length + lead <= 0 if self._exact else place < 0:
                return None
        elif part is not self._part:
            free = part.begins if self._free is None else self._free
            if place < free - length / 2:
                return None
            self._moved = free - place if place - free <= length else Fraction(0)
        place += self._moved
        if place + (0 if part.last else length / 2) >= ends:
            return None
        self._part = part
        self._free = place + length
        packet.pts = packet.dts = round(place / packet.time_base)
        if part.last and self._exact:
            packet.duration = round(min(length, ends - place) / packet.time_base)
        return packet


def _moved(packet: Any, earlier: Fraction) -> Any:
    ticks = round(earlier / packet.time_base)
    if packet.pts is not None:
        packet.pts -= ticks
    if packet.dts is not None:
        packet.dts -= ticks
    return packet


def _cut_words(packet: Any, part: Part, begins: Fraction, length: Fraction) -> Any:
    place, shown = part.overlap(begins, begins + length)
    if shown < 0 or shown == 0 < length:  # pictures of words have no length
        return None
    packet.pts = packet.dts = round(place / packet.time_base)
    packet.duration = round(shown / packet.time_base)
    return packet


def _cut_samples(packet: Any, part: Part, begins: Fraction) -> Any:
    """Plain sound can be cut anywhere."""
    context = packet.stream.codec_context
    rate, block = context.sample_rate, sample_bytes(codec_name(packet.stream)) * context.channels
    count = packet.size // block
    first = max(0, round((part.start - begins) * rate))
    last = count if part.end is None else min(count, round((part.end - begins) * rate))
    if first >= last:
        return None
    if (first, last) == (0, count):
        return _moved(packet, part.shift)
    piece = av.Packet(bytes(packet)[first * block : last * block])
    piece.stream, piece.time_base = packet.stream, packet.time_base
    piece.pts = piece.dts = packet.pts + round((Fraction(first, rate) - part.shift) / packet.time_base)
    piece.duration = round(Fraction(last - first, rate) / packet.time_base)
    piece.is_keyframe = True
    return piece
