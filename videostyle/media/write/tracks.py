"""Everything beside the picture: sound, subtitles, covers, chapters, copied packet by packet."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from videostyle.frames import Clip
from videostyle.media.read.table import to_the_end
from videostyle.media.write.containers import TEXT_SUBTITLES, Container, can_hold, codec_name, is_cover, name_channels
from videostyle.media.write.subtitles import read_words
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.trim import Cutter, time_of

OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time", "alpha_mode"}
"""tags that belong to the file they were in, lower case"""
JITTER = Fraction(3, 2)
"""ticks of a coarse clock (Matroska's milliseconds) within which packets of sound follow each other without a gap"""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What becomes of the tracks of a clip beside its picture."""

    copied: list[Any]
    """streams of the source"""
    converted: list[tuple[Any, str]]
    """streams of text, and the kind they become"""
    left_out: list[str]
    """a line for each of the others"""


def sort_tracks(source: Any, clip: Clip, container: Container | None, timeline: Timeline, sound: bool = True) -> Sorted:
    """Find which tracks a container takes beside the film; None: a folder of pictures, which takes none.

    sound: whether it is wanted; if not, it is left out without a word.
    """
    copied, converted, left_out = [], [], []
    for stream in source.streams:
        if stream.index == clip.stream or (stream.type == "audio" and not sound):
            continue
        words = stream.type == "subtitle"
        known = words or stream.type in ("audio", "attachment") or is_cover(stream)
        fits = known and container is not None and can_hold(container, stream)
        if fits and not (words and len(timeline.parts) > 1):
            copied.append(stream)
        elif words and container and (kind := _kind_of_words(stream, container, fits)):
            converted.append((stream, kind))
        elif not _made_anew(stream, source):
            kind = "cover" if is_cover(stream) else stream.type or "data"
            codec = f" ({codec_name(stream)})" if stream.codec_context else ""
            left_out.append(f"{kind} track {stream.index}{codec} of {clip.path.name} is left out of the film")
    return Sorted(copied, converted, left_out)


def _kind_of_words(stream: Any, container: Container, fits: bool) -> str:
    """The kind of text that a track of subtitles becomes in a container; empty: none, it is pictures for example."""
    name = codec_name(stream)
    if name not in (*TEXT_SUBTITLES, "mov_text"):
        return ""
    return name if fits and name in ("ass", "webvtt", "mov_text") else container.words


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

    def __init__(self, source: Any, tracks: Sorted, output: Any, clip: Clip, container: Container, timeline: Timeline):
        """Adds a stream to the output for each one that is copied or converted."""
        self._output = output
        self._targets: dict[int, Any] = {}
        self._clocks: dict[int, _Clock] = {}
        self._cutters: dict[int, Cutter] = {}
        moving = []
        for stream in tracks.copied:
            if container.format == "matroska" and (is_cover(stream) or stream.type == "attachment"):
                _attach(output, stream)
                continue
            target = output.add_stream_from_template(stream, opaque=True)
            if stream.type == "audio":
                name_channels(target, stream)
            self._targets[stream.index] = _described(target, stream)
            if stream.type == "audio" and container.exact:
                self._clocks[stream.index] = _Clock(stream)
            self._cutters[stream.index] = Cutter(stream, container, timeline)
            moving.append(stream)
        words = []
        for stream, kind in tracks.converted:
            target = _described(output.add_stream(kind), stream)
            packets, _ = read_words(clip.path, stream.index, target.codec_context, timeline)
            words.append([(target, packet) for packet in packets])
        self._packets = heapq.merge(self._all(source, moving), *words, key=lambda pair: time_of(pair[1]))
        self._next = next(self._packets, None)

    def write(self, until: Fraction | None) -> None:
        """Mux all packets that begin before a time of the film, seconds; None: all that are left."""
        while self._next is not None and (until is None or time_of(self._next[1]) <= until):
            target, packet = self._next
            self._next = next(self._packets, None)
            packet.stream = target
            self._output.mux(packet)

    def _all(self, source: Any, streams: list[Any]) -> Iterator[tuple[Any, Any]]:
        """(target, packet with times of the film) of copied streams, as far as the file can be read."""
        if not streams:
            return
        for packet in to_the_end(source.demux(*streams)):
            index = packet.stream.index
            if index in self._clocks:
                self._clocks[index].set(packet)
            yield from ((self._targets[index], piece) for piece in self._cutters[index].cut(packet))


def _described(target: Any, stream: Any) -> Any:
    """A stream of the film with language, title and the like of the source's."""
    target.metadata.update(kept_tags(stream.metadata))
    target.disposition = stream.disposition
    return target


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
