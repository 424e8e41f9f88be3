"""Everything beside the picture: sound, subtitles, covers, chapters, copied packet by packet."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

from videostyle.frames import Clip
from videostyle.media.containers import Container, can_hold, codec_name, is_cover
from videostyle.media.cuts import Cutter, time_of
from videostyle.media.timeline import Timeline

OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "alpha_mode"}
"""tags that belong to the file they were in, lower case"""
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""what so many channels usually are, for files (Matroska, AVI) that do not say it; mp4 takes no plain sound without"""
JITTER = Fraction(3, 2)
"""ticks of a coarse clock (Matroska's milliseconds) within which packets of sound follow each other without a gap"""


def copied(source: Any, clip: Clip, container: Container | None, timeline: Timeline) -> tuple[list[Any], list[str]]:
    """The streams of a source that a container takes beside the film, and a line for each one left out.

    container: None: a folder of pictures, which takes none.
    """
    taken, left = [], []
    for stream in source.streams:
        if stream.index == clip.stream:
            continue
        words = stream.type == "subtitle" and len(timeline.parts) == 1
        known = words or stream.type in ("audio", "attachment") or is_cover(stream)
        if known and container and can_hold(container, stream):
            taken.append(stream)
        elif not _made_anew(stream, source):
            kind = "cover" if is_cover(stream) else stream.type or "data"
            codec = f" ({codec_name(stream)})" if stream.codec_context else ""
            left.append(f"{kind} track {stream.index}{codec} of {clip.path.name} is left out of the film")
    return taken, left


def _made_anew(stream: Any, source: Any) -> bool:
    """Whether a track of a QuickTime file holds only what muxers write by themselves: timecode, or chapters."""
    if stream.type != "data":
        return False
    return "timecode" in stream.metadata or (stream.name == "bin_data" and bool(source.chapters()))


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


def origin_of(source: Any, clip: Clip, container: Container) -> Fraction:
    """The time of the clip that is 0 in a film of all of it, seconds.

    It keeps its times, but for those of a transport or program stream, which begin anywhere and mean nothing elsewhere.
    """
    if not clip.format.startswith("mpeg") or container.format == "mpegts":
        return Fraction(0)
    begins = [s.start_time * Fraction(s.time_base) for s in source.streams.audio if s.start_time is not None]
    return Fraction(min([clip.seconds(0), *begins]))


def chapters_of(source: Any, timeline: Timeline) -> list[Any]:
    """The chapters of which something is in the film, with times of the film."""
    kept = []
    for chapter in source.chapters():
        tick = Fraction(chapter["time_base"])
        pieces = []
        for part in timeline.parts:
            first = max(chapter["start"], round(part.start / tick))
            last = chapter["end"] if part.end is None else min(chapter["end"], round(part.end / tick))
            if first < last:
                shift = round(part.shift / tick)
                pieces += [first - shift, last - shift]
        if pieces:  # those of one chapter follow each other
            kept.append(chapter | {"start": pieces[0], "end": pieces[-1]})
    return kept


class Tracks:
    """Packets of the copied tracks, given out as the film goes on, so that none wait in memory."""

    def __init__(self, source: Any, streams: list[Any], output: Any, container: Container, timeline: Timeline) -> None:
        """Adds a stream to the output for each one copied."""
        self._output, self._timeline = output, timeline
        self._targets: dict[int, Any] = {}
        self._clocks: dict[int, _Clock] = {}
        self._cutters: dict[int, Cutter] = {}
        moving = []
        for stream in streams:
            if container.format == "matroska" and (is_cover(stream) or stream.type == "attachment"):
                _attach(output, stream)
                continue
            target = output.add_stream_from_template(stream, opaque=True)
            target.metadata.update(kept_tags(stream.metadata))
            target.disposition = stream.disposition
            if stream.type == "audio" and stream.layout.name.endswith(" channels"):
                target.codec_context.layout = LAYOUTS.get(stream.channels, stream.layout.name)
            self._targets[stream.index] = target
            if stream.type == "audio" and container.exact:
                self._clocks[stream.index] = _Clock(stream)
            self._cutters[stream.index] = Cutter(stream, container, timeline)
            moving.append(stream)
        self._packets = self._all(source, moving)
        self._next: Any = next(self._packets, None)

    def write(self, until: Fraction | None) -> None:
        """Mux all packets that begin before a time of the film, seconds; None: all that are left."""
        while self._next is not None and (until is None or time_of(self._next) <= until):
            packet = self._next
            self._next = next(self._packets, None)
            self._mux(packet)

    def _all(self, source: Any, streams: list[Any]) -> Iterator[Any]:
        """Packets with times of the film, as far as the file can be read."""
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
                yield from self._cutters[packet.stream.index].cut(packet)

    def _mux(self, packet: Any) -> None:
        packet.stream = self._targets[packet.stream.index]
        self._output.mux(packet)


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
