"""Everything beside the picture: sound, subtitles, covers, chapters, copied packet by packet."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from videostyle.frames import Clip, FrameRange
from videostyle.media.containers import Container, can_hold, codec_name, is_cover

OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "alpha_mode"}
"""tags that belong to the file they were in, lower case"""
CONVERGING = {"mp3": 4, "opus": 10}
"""packets that a decoder needs before one that it gives correctly; 1 for others"""
JITTER = Fraction(3, 2)
"""ticks of a coarse clock (Matroska's milliseconds) within which packets of sound follow each other without a gap"""


def copied(source: Any, clip: Clip, container: Container) -> tuple[list[Any], list[str]]:
    """The streams of a source that a container takes beside the film, and a line for each one left out.

    The line of a track that is sound begins with ``audio``.
    """
    taken, left = [], []
    for stream in source.streams:
        if stream.index == clip.stream:
            continue
        if (stream.type in ("audio", "subtitle", "attachment") or is_cover(stream)) and can_hold(container, stream):
            taken.append(stream)
        elif not _made_anew(stream, container):
            kind = "cover" if is_cover(stream) else stream.type or "data"
            codec = f" ({codec_name(stream)})" if stream.codec_context else ""
            left.append(f"{kind} track {stream.index}{codec} of {clip.path.name} is left out of the film")
    return taken, left


def _made_anew(stream: Any, container: Container) -> bool:
    """Whether the muxer makes such a track by itself: timecode, from a tag of the picture."""
    return stream.type == "data" and "timecode" in stream.metadata and container.format in ("mp4", "mov")


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Metadata without what belongs to the old file; a QuickTime ``name`` is written as ``title``."""
    kept = {
        key: value
        for key, value in tags.items()
        if key.lower() not in OWN_TAGS and not key.startswith(("_STATISTICS", "BPS", "DURATION", "NUMBER_OF"))
    }
    if "name" in kept:
        name = kept.pop("name")
        kept.setdefault("title", name)
    return kept


def start_of(source: Any, clip: Clip, container: Container, frames: FrameRange) -> Fraction:
    """The time of the clip that is 0 in the film, seconds.

    A part begins at 0. A whole film keeps its times, but for those of a transport or program stream, which begin
    anywhere and mean nothing elsewhere.
    """
    if frames != clip.frames:
        return clip.seconds(frames.start)
    if not clip.format.startswith("mpeg") or container.format == "mpegts":
        return Fraction(0)
    begins = [s.start_time * Fraction(s.time_base) for s in source.streams.audio if s.start_time is not None]
    return Fraction(min([clip.seconds(0), *begins]))


def chapters_of(source: Any, start: Fraction, end: Fraction | None) -> list[Any]:
    """The chapters between two times of the clip (seconds; None: its end), with times of the film."""
    kept = []
    for chapter in source.chapters():
        tick = Fraction(chapter["time_base"])
        first = max(chapter["start"], round(start / tick))
        last = chapter["end"] if end is None else min(chapter["end"], round(end / tick))
        if first < last:
            kept.append(chapter | {"start": first - round(start / tick), "end": last - round(start / tick)})
    return kept


class Tracks:
    """Packets of the copied tracks, given out as the film goes on, so that none wait in memory."""

    def __init__(
        self, source: Any, streams: list[Any], output: Any, container: Container, start: Fraction, end: Fraction | None
    ) -> None:
        """Adds a stream to the output for each one copied.

        start: the time of the clip that is 0 in the film, seconds. end: where a part of a clip ends; None: all of it.
        """
        self._output, self._exact = output, container.exact
        self._start, self._end = start, end
        self._targets: dict[int, Any] = {}
        self._clocks: dict[int, _Clock] = {}
        moving = []
        for stream in streams:
            if container.format == "matroska" and (is_cover(stream) or stream.type == "attachment"):
                _attach(output, stream)
                continue
            target = output.add_stream_from_template(stream, opaque=True)
            target.metadata.update(kept_tags(stream.metadata))
            target.disposition = stream.disposition
            self._targets[stream.index] = target
            if stream.type == "audio" and container.exact:
                self._clocks[stream.index] = _Clock(stream)
            moving.append(stream)
        self._packets = self._all(source, moving)
        self._next: Any = next(self._packets, None)

    def write(self, until: Fraction | None) -> None:
        """Mux all packets that begin before a time of the film, seconds; None: all that are left."""
        while self._next is not None and (until is None or self._begins(self._next) - self._start <= until):
            packet = self._next
            self._next = next(self._packets, None)
            self._mux(packet)

    def _all(self, source: Any, streams: list[Any]) -> Iterator[Any]:
        if not streams:
            return
        packets = source.demux(*streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file ends here
                return
            if packet is None:
                return
            if packet.size:
                if packet.stream.index in self._clocks:
                    self._clocks[packet.stream.index].set(packet)
                packet = self._cut(packet)
            if packet is not None and packet.size:
                yield packet

    def _begins(self, packet: Any) -> Fraction:
        stamp = packet.pts if packet.pts is not None else packet.dts
        begins: Fraction = self._start if stamp is None else stamp * packet.time_base
        return begins

    def _cut(self, packet: Any) -> Any:
        """What of a packet belongs to the part of the clip, or None; all of it where the whole clip is wanted."""
        if self._end is None or packet.pts is None:
            return packet
        begins, length = self._begins(packet), (packet.duration or 0) * packet.time_base
        if begins >= self._end:
            return None
        name = codec_name(packet.stream)
        if packet.stream.type == "subtitle":
            return self._cut_text(packet, begins, length)
        if _sample_bytes(name):
            return self._cut_samples(packet, begins)
        if self._exact:  # what sounds before the start only sets the decoder going: the edit list hides it
            if begins + length * (1 + CONVERGING.get(name, 1)) <= self._start:
                return None
            packet.duration = round(min(length, self._end - begins) / packet.time_base)
            return packet
        return packet if begins >= self._start else None

    def _cut_text(self, packet: Any, begins: Fraction, length: Fraction) -> Any:
        if begins + length <= self._start:
            return None
        first, last = max(begins, self._start), min(begins + length, self._end or begins + length)
        packet.pts = packet.dts = round(first / packet.time_base)
        packet.duration = round((last - first) / packet.time_base)
        return packet

    def _cut_samples(self, packet: Any, begins: Fraction) -> Any:
        """Plain samples can be cut anywhere."""
        context = packet.stream.codec_context
        block = _sample_bytes(codec_name(packet.stream)) * context.channels
        first = max(0, round((self._start - begins) * context.sample_rate))
        last = min(packet.size // block, round(((self._end or begins) - begins) * context.sample_rate))
        if first >= last:
            return None
        if (first, last) == (0, packet.size // block):
            return packet
        cut = av.Packet(bytes(packet)[first * block : last * block])
        cut.stream, cut.time_base = packet.stream, packet.time_base
        cut.pts = cut.dts = packet.pts + round(Fraction(first, context.sample_rate) / packet.time_base)
        cut.duration = round(Fraction(last - first, context.sample_rate) / packet.time_base)
        cut.is_keyframe = True
        return cut

    def _mux(self, packet: Any) -> None:
        target = self._targets[packet.stream.index]
        shift = round(self._start / packet.time_base)
        if packet.pts is not None:
            packet.pts -= shift
        if packet.dts is not None:
            packet.dts -= shift
        packet.stream = target
        self._output.mux(packet)


def _sample_bytes(codec: str) -> int:
    """Bytes of a sample of plain sound; 0 for codecs whose packets cannot be cut."""
    if codec in ("pcm_mulaw", "pcm_alaw"):
        return 1
    bits = re.fullmatch(r"pcm_[sfu](\d+)(le|be)?", codec)
    return int(bits[1]) // 8 if bits else 0


class _Clock:
    """Sound that was stamped in milliseconds gets the times of its samples back, as every frame has as many."""

    def __init__(self, stream: Any) -> None:
        context = stream.codec_context
        self._rate, self._samples = context.sample_rate, context.frame_size or 0
        coarse = self._rate and stream.time_base > Fraction(1, self._rate)
        self._works = bool(coarse and self._samples > 1)
        self._next: Fraction | None = None

    def set(self, packet: Any) -> None:
        if not self._works or packet.pts is None:
            return
        tick = packet.time_base
        begins = packet.pts * tick
        if self._next is not None and abs(begins - self._next) <= JITTER * tick:
            begins = self._next
        packet.time_base = Fraction(1, self._rate)
        packet.pts = packet.dts = round(begins * self._rate)
        packet.duration = self._samples
        self._next = Fraction(packet.pts + self._samples, self._rate)


def _attach(output: Any, stream: Any) -> None:
    """Matroska holds covers and fonts as attached files."""
    if stream.type == "attachment":
        output.add_attachment(stream.name or "attachment", stream.mimetype or "application/octet-stream", stream.data)
        return
    kind, suffix = ("png", "png") if codec_name(stream) == "png" else ("jpeg", "jpg")
    with av.open(stream.container.name, metadata_errors="surrogateescape") as other:
        cover = next(packet for packet in other.demux(other.streams[stream.index]) if packet.size)
        output.add_attachment(f"cover.{suffix}", f"image/{kind}", bytes(cover))
