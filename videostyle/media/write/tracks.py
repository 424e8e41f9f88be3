"""Everything in a film besides the picture: sound, subtitles, covers and chapters."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import av
from av.container import InputContainer, OutputContainer
from av.stream import AttachmentStream, Stream
from av.subtitles.stream import SubtitleStream

from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.media.read.table import to_the_end
from videostyle.media.write.containers import LAYOUTS, Container, can_hold, codec_name, is_cover, suffix_for, text_codec
from videostyle.media.write.subtitles import Subtitles
from videostyle.media.write.tags import kept_tags
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.trim import Packet, Trimmer, time_of

if TYPE_CHECKING:  # exists in PyAV's stubs only
    from av.container.core import Chapter

JITTER = Fraction(3, 2)
"""ticks of a coarse time base (Matroska's milliseconds) by which timestamps of gapless sound may be off"""
StreamT = TypeVar("StreamT", bound=Stream)


@dataclass(frozen=True, slots=True)
class SortedTracks:
    """What becomes of a clip's tracks in a film."""

    copied: list[Stream]
    """streams of the source"""
    converted: list[tuple[SubtitleStream, str]]
    """text streams of the source, and the subtitle codecs they are converted to"""
    left_out: list[str]
    """a notice for each other track"""


def sort_tracks(
    source: InputContainer, clip: Clip, container: Container | None, timeline: Timeline, sound: bool = True
) -> SortedTracks:
    """Decide which tracks a film copies, converts and leaves out.

    container: the film's; None: a folder of pictures, which has no tracks. sound: False drops audio without a notice.
    """
    copied, converted, left_out = [], [], []
    for stream in source.streams:
        if stream.index == clip.stream or (stream.type == "audio" and not sound):
            continue
        # muxers write QuickTime's timecode and chapter tracks on their own
        rewritten = "timecode" in stream.metadata or (stream.name == "bin_data" and source.chapters())
        fits = container is not None and can_hold(container, stream)
        if fits and not (stream.type == "subtitle" and len(timeline.parts) > 1):
            copied.append(stream)
        elif isinstance(stream, SubtitleStream) and container and (codec := text_codec(stream, container, fits)):
            converted.append((stream, codec))
        elif not (stream.type == "data" and rewritten):
            kind = "cover" if is_cover(stream) else stream.type or "data"
            name = f" ({codec_name(stream)})" if stream.codec_context else ""
            left_out.append(f"{kind} track {stream.index}{name} of {clip.path.name} is left out of the film")
    return SortedTracks(copied, converted, left_out)


def check_sound(source: InputContainer, path: Path, copied: list[Stream]) -> None:
    """Raise MediaError if a container cannot hold the clip's sound."""
    lost = [s for s in source.streams.audio if s.index not in {stream.index for stream in copied}]
    if lost:
        names = ", ".join(dict.fromkeys(map(codec_name, lost)))
        other = suffix_for(source.streams.audio)
        advice = f"use -o {path.stem}{other}" if other else "convert the sound first, for example to FLAC"
        raise MediaError(f"{path}: {path.suffix} cannot hold the clip's sound ({names}); {advice}, or --no-sound")


def origin_of(source: InputContainer, clip: Clip, container: Container) -> Fraction:
    """Clip time that becomes 0 in a film of the whole clip, seconds.

    Times are kept, except in transport and program streams, where they start anywhere and mean nothing.
    """
    if not clip.format.startswith("mpeg") or container.format == "mpegts":
        return Fraction(0)
    begins = [s.start_time * s.time_base for s in source.streams.audio if s.start_time is not None and s.time_base]
    return min([clip.seconds(0), *begins])


def chapters_of(source: InputContainer, timeline: Timeline) -> "list[Chapter]":
    """The chapters that overlap the film, with film times."""
    kept: list[Chapter] = []
    for chapter in source.chapters():
        tick = Fraction(chapter["time_base"] or 1)
        borders = []
        for part in timeline.parts:
            first = max(chapter["start"], round(part.start / tick))
            last = chapter["end"] if part.end is None else min(chapter["end"], round(part.end / tick))
            if first < last:
                shift = round(part.shift / tick)
                borders += [first - shift, last - shift]
        if borders:  # a chapter's pieces follow each other
            kept.append({**chapter, "start": borders[0], "end": borders[-1]})
    return kept


class Tracks:
    """Packets of the copied and converted tracks, muxed along with the picture, so that few wait in memory."""

    def __init__(
        self,
        source: InputContainer,
        tracks: SortedTracks,
        output: OutputContainer,
        container: Container,
        timeline: Timeline,
        subtitles: Subtitles,
    ):
        """Add a stream to the output for each track. subtitles: the converted tracks."""
        self._output = output
        self._targets: dict[int, Stream] = {}
        self._clocks: dict[int, _SampleClock] = {}
        self._trimmers: dict[int, Trimmer] = {}
        for stream in tracks.copied:
            if container.format == "matroska" and (is_cover(stream) or isinstance(stream, AttachmentStream)):
                _attach(output, stream)
                continue
            target = output.add_stream_from_template(stream, opaque=True)
            if isinstance(stream, av.AudioStream) and isinstance(target, av.AudioStream):
                if stream.layout.name.endswith(" channels"):  # the source names no layout
                    target.codec_context.layout = LAYOUTS.get(stream.channels, stream.layout.name)
                if container.edit_lists:
                    self._clocks[stream.index] = _SampleClock(stream)
            self._targets[stream.index] = describe(target, stream)
            self._trimmers[stream.index] = Trimmer(stream, container, timeline)
        texts: list[list[tuple[Stream, Packet]]] = []
        for stream, codec in tracks.converted:
            track, text = subtitles[stream.index, codec], cast(SubtitleStream, output.add_stream(codec))
            text.codec_context.subtitle_header = track.header
            texts.append([(describe(text, stream), packet) for packet in track.packets(timeline)])
        moving = [stream for stream in tracks.copied if stream.index in self._targets]
        self._packets = heapq.merge(self._all(source, moving), *texts, key=lambda pair: time_of(pair[1]))
        self._next = next(self._packets, None)

    def write(self, until: Fraction | None) -> None:
        """Mux the packets that begin up to a film time, seconds; None: all that remain."""
        while self._next is not None and (until is None or time_of(self._next[1]) <= until):
            target, packet = self._next
            self._next = next(self._packets, None)
            packet.stream = target
            self._output.mux(packet)

    def _all(self, source: InputContainer, streams: list[Stream]) -> Iterator[tuple[Stream, Packet]]:
        """(target, packet with film times) of the copied streams, as far as the file can be read."""
        if not streams:
            return
        for packet in to_the_end(source.demux(*streams)):
            index = packet.stream.index
            if index in self._clocks:
                self._clocks[index].set(packet)
            yield from ((self._targets[index], piece) for piece in self._trimmers[index].trim(packet))


def describe(target: StreamT, stream: Stream) -> StreamT:
    """Copy language, title and disposition from a stream of the source to one of the film."""
    target.metadata.update(kept_tags(stream.metadata))
    target.disposition = stream.disposition
    return target


class _SampleClock:
    """Restores exact timestamps of sound stored in milliseconds, if all packets have the same number of samples."""

    def __init__(self, stream: av.AudioStream) -> None:
        context = stream.codec_context
        self._rate, self._samples = context.sample_rate, context.frame_size or 0
        coarse = self._rate and stream.time_base and stream.time_base > Fraction(1, self._rate)
        self._works = bool(coarse and self._samples > 1)
        self._next: Fraction | None = None

    def set(self, packet: Packet) -> None:
        """Set a packet's time base, timestamps and duration."""
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


def _attach(output: OutputContainer, stream: Stream) -> None:
    """Attach a cover or font the way Matroska stores them."""
    if isinstance(stream, AttachmentStream):
        output.add_attachment(stream.name or "attachment", stream.mimetype or "application/octet-stream", stream.data)
        return
    kind, suffix = ("png", "png") if codec_name(stream) == "png" else ("jpeg", "jpg")
    with av.open(stream.container.name, metadata_errors="surrogateescape") as other:
        cover = next(packet for packet in other.demux(other.streams[stream.index]) if packet.size)
        output.add_attachment(f"cover.{suffix}", f"image/{kind}", bytes(cover))
