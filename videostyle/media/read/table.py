"""Packets -> timestamps: what a file contains, measured with little decoding and without trusting its header."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from statistics import median_high
from typing import TypeAlias, TypeVar

import av
from av.container import InputContainer

from videostyle.media.read.damage import watched
from videostyle.media.read.extras import frame_extras
from videostyle.media.read.pulldown import fields_shown

StreamT = TypeVar("StreamT", bound=av.stream.Stream)
VideoPackets: TypeAlias = "Iterator[av.Packet[av.VideoStream]]"
Frames = tuple[tuple[int, int], ...]
"""(pts, duration) of frames in presentation order, ticks"""

FAR = 32
"""packets; reordering never moves a frame this far between decoding and presentation: 16 frames of two fields"""
USUAL_RATE = 25
"""frames per second of a file without timestamps or a rate; FFmpeg assumes the same"""
FIRST_KEYFRAMES = 8
"""number of keyframes that are all checked; then every second one of as many is checked, and so on"""
CHUNK_HEAD = 8
"""bytes of a chunk's header in an AVI; the file's index points to the header, FFmpeg to what follows it"""
NO_TIMES = 0x80
"""FFmpeg's flag of container formats without timestamps"""


@dataclass(frozen=True)
class Table:
    """What the packets of a file say about its frames; immutable, so that derived values stay valid."""

    frames: Frames
    time_base: Fraction
    """seconds per tick"""
    header_rate: Fraction
    """frames per second from the header, or from the user for a file without timestamps"""
    raw: bool
    """whether the file is a raw stream, without a container"""
    stamped: bool
    """whether the timestamps are the file's own"""
    untimed: int
    """frames that lost their timestamps, for example through damage; they are not in ``frames``"""
    reordered: bool
    """whether packets are stored in a different order than their frames are presented"""
    packets: "Demuxed"
    """everything else that was read"""

    @cached_property
    def usual_step(self) -> int:
        """Median duration of a frame, ticks."""
        steps = [after - before for (before, _), (after, _) in itertools.pairwise(self.frames)]
        return median_high(steps or [self.frames[0][1]])

    @cached_property
    def rate(self) -> Fraction:
        """Frames per second: the header's rate, which is exact, unless the timestamps contradict it."""
        rate = self.header_rate
        if (self.raw and self.usual_step == 1) or len(self.frames) < 2:
            return rate
        steps, span = len(self.frames) - 1, (self.frames[-1][0] - self.frames[0][0]) * self.time_base
        by_step = abs(1 / rate - self.usual_step * self.time_base) < self.time_base
        if by_step or abs(rate * span - steps) < 1:
            return rate
        counted = steps / span
        usual = (Fraction(round(2 * counted), 2), Fraction(round(counted * 1001 / 1000) * 1000, 1001))
        nearest = min(usual, key=lambda rate: abs(rate - counted))
        return nearest if abs(steps - nearest * span) < nearest * self.time_base else counted

    @cached_property
    def gaps(self) -> list[int]:
        """Frames after which others may be missing: longer pauses in a clip whose other frames are evenly spaced."""
        if not self.stamped:
            return []
        pairs = itertools.pairwise(pts for pts, _ in self.frames)
        gaps = [index for index, (before, after) in enumerate(pairs) if after - before > 1.5 * self.usual_step]
        return gaps if len(gaps) < len(self.frames) / 20 else []

    @property
    def in_gaps(self) -> int:
        """How many frames of the usual duration would fill the gaps."""
        steps = (self.frames[index + 1][0] - self.frames[index][0] for index in self.gaps)
        return sum(max(1, round(step / self.usual_step) - 1) for step in steps)

    def join_fields(self, decoded: list[int | None]) -> "Table":
        """A table that counts two fields as one frame; in H.264, the two fields of a frame may be separate packets.

        decoded: pts of the first decoded frames; for a file without timestamps, of all of them.
        """
        if self.raw:
            return replace(self, frames=tuple((index, 1) for index in range(len(decoded))))
        if not self.stamped:
            return replace(self, frames=self.frames[:: 2 if 2 * len(decoded) <= len(self.frames) + 1 else 1])
        times = sorted(pts for pts in decoded if pts is not None)
        whole = median_high([after - before for before, after in itertools.pairwise(times)] or [0])
        joined = [(self.frames[0][0], max(whole, self.frames[0][1]))]
        for pts, duration in self.frames[1:]:
            if pts - joined[-1][0] > 0.75 * whole:
                joined.append((pts, max(whole, duration)))
        return replace(self, frames=tuple(joined))

    def missing(self, promised: int) -> int:
        """How many of the frames that the header promises are not in the file."""
        if self.stamped:
            return max(0, promised - self.packets.count)
        # an AVI's header counts ticks; each one shows a new frame or repeats the last one
        return self.packets.unread or max(0, promised - self.frames[-1][0] - self.usual_step) // self.usual_step


def read_table(container: InputContainer, stream: av.VideoStream, rate: Fraction | None = None) -> Table:
    """Demux a newly opened file. rate: frames per second of a raw stream, which has no timestamps."""
    assert stream.time_base is not None
    time_base, average = stream.time_base, stream.average_rate
    step = round(1 / ((average or USUAL_RATE) * time_base)) or 1
    packets = Demuxed(container, stream, step)
    stamps = _without_strays(packets.stamps)
    timed = [pts for pts in stamps if pts is not None]
    untimed = len(stamps) - len(timed)
    raw = is_raw(container)
    avi = container.format.name == "avi"  # AVI has decoding timestamps only
    guessed = container.format.name.startswith("mpeg") and _guessed(timed, step)
    stamped = not (avi or guessed or raw) and untimed <= len(stamps) / 20
    header_rate = average or 1 / (step * time_base)
    if raw:
        # the rate that H.264 and HEVC may contain is in FFmpeg's guess; its average is a default
        header_rate = rate or Fraction(stream.guessed_rate or USUAL_RATE)
        fields = fields_shown(stamps, packets.durations)
        time_base, lengths = (1 / header_rate / 2, fields) if fields else (1 / header_rate, [1] * len(stamps))
        frames: Frames = tuple(zip(itertools.accumulate(lengths, initial=0), lengths, strict=False))
    elif stamped:
        # if two frames have the same timestamp, as Matroska's milliseconds can cause, one is never shown
        pairs = zip(stamps, packets.durations, strict=True)
        frames = tuple(sorted({pts: duration for pts, duration in pairs if pts is not None}.items()))
    else:
        # frames before the first timestamp are earlier: Matroska cannot store negative ones
        ahead = next((index for index, pts in enumerate(stamps) if pts is not None), 0)
        start = 0 if avi else min(timed, default=0) - ahead * step
        frames = tuple((pts, step) for pts in _counted(packets.counts, step, start))
    untimed = untimed if stamped else 0
    return Table(frames, time_base, header_rate, raw, stamped, untimed, timed != sorted(timed), packets)


class Demuxed:
    """What the packets of a file say; the first three lists have one entry per frame, in decoding order."""

    count = 0
    """packets of the video stream, including those hidden by an edit list"""
    encrypted = False
    damaged = False
    """whether the demuxer has found damage"""
    end = Fraction(0)
    """end of the last track, seconds"""

    def __init__(self, container: InputContainer, stream: av.VideoStream, step: int) -> None:
        """step: duration of frames whose packets have none, ticks."""
        self.stamps: list[int | None] = []
        """pts, ticks"""
        self.durations: list[int] = []
        """ticks"""
        self.counts: list[int | None] = []
        """dts, ticks; for an AVI, the tick in its index if there is one"""
        self.keys: list[tuple[int, int]] = []
        """(pts, dts) of keyframes, ticks"""
        avi = container.format.name == "avi"
        # FFmpeg counts an AVI's frames while reading; the index has their true ticks, even after damage
        entries = {entry.pos + CHUNK_HEAD: entry for entry in stream.index_entries if entry.size} if avi else {}
        self.keyframes = KeyframeCheck(stream)
        for packet, damaged in watched(to_the_end(container.demux()), container.format.name):
            self.damaged = self.damaged or damaged
            if packet.pts is not None and packet.stream.type in ("video", "audio"):
                self.end = max(self.end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            self.encrypted = self.encrypted or packet.has_sidedata("encryption_info")
            if packet.stream.index == stream.index:
                self.count += 1
                self.keyframes.add(packet)
                if packet.is_keyframe and packet.pts is not None:
                    self.keys.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
                if not packet.is_discard:  # not hidden by an edit list
                    self.stamps.append(packet.pts)
                    self.durations.append(packet.duration or step)
                    entry = entries.pop(packet.pos, None) if packet.pos is not None else None
                    self.counts.append(entry.timestamp if entry else packet.dts)
        self.unread = len(entries)
        """frames that an AVI's index lists but the demuxer does not return"""
        self.keyframes.finish()


class KeyframeCheck:
    """Decodes some keyframes, where size or kind may change: fewer and fewer as the file goes on, and the last one."""

    def __init__(self, stream: av.VideoStream) -> None:
        self.sizes: list[tuple[int, int]] = []
        """the distinct sizes (width, height) of the checked frames in order of appearance, px"""
        self.interlaced = False
        """whether any checked frame is interlaced"""
        self.extras: tuple[str, ...] = ()
        """names of what the checked frames carry besides the picture"""
        self._context = stream.codec_context
        self._count, self._every = 0, 1
        self._open = False
        self._last: av.Packet[av.stream.Stream] | None = None

    def add(self, packet: "av.Packet[av.stream.Stream]") -> None:
        """Take the next packet."""
        if self._open:  # it may be the second field of the frame
            self._decode(packet)
            self._close()
        elif packet.is_keyframe:
            self._last = packet
            if self._count % self._every == 0:
                self._decode(packet)
                self._open = True
        self._count += packet.is_keyframe
        if self._count >= FIRST_KEYFRAMES * self._every:
            self._every *= 2

    def finish(self) -> None:
        if self._last is not None and not self._open:
            self._decode(self._last)
        self._close()

    def _decode(self, packet: "av.Packet[av.stream.Stream] | None") -> None:
        with suppress(av.FFmpegError):
            for frame in self._context.decode(packet):
                self.interlaced = self.interlaced or frame.interlaced_frame
                self.extras += frame_extras([frame])
                if (frame.width, frame.height) not in self.sizes:
                    self.sizes.append((frame.width, frame.height))

    def _close(self) -> None:
        self._decode(None)
        self._context.flush_buffers()
        self._last, self._open = None, False


def is_raw(container: InputContainer) -> bool:
    """Whether a file is a raw video stream, without a container and without timestamps."""
    return bool(container.format.flags & NO_TIMES)


def _without_strays(stamps: list[int | None]) -> list[int | None]:
    """Timestamps in decoding order; the few that would move a frame far from where it is decoded become None.

    A timestamp that is far too late would put its frame last, and all frames after it would be lost.
    """
    timed = [(pts, place) for place, pts in enumerate(stamps) if pts is not None]
    moves = zip(sorted(timed), timed, strict=True)
    strays = {shown for (_, shown), (_, read) in moves if abs(shown - read) > FAR}
    if len(strays) >= len(stamps) / 20:
        return stamps
    return [None if place in strays else pts for place, pts in enumerate(stamps)]


def _guessed(stamps: list[int], step: int) -> bool:
    """Whether the timestamps of an MPEG stream are FFmpeg's guesses, or restart midstream.

    Frames of a program stream may have no timestamps; if they are interlaced, FFmpeg guesses the same one twice, and
    later frames may lag. After lost frames, two may also be equal, but then the others are right.
    """
    same = len(stamps) - len(set(stamps))
    return same > len(stamps) / 10 or (same > 0 and max(stamps) - min(stamps) <= (len(stamps) - 1) * step)


def _counted(counts: list[int | None], step: int, start: int) -> list[int]:
    """Times of frames without pts: decoding times, which show where an AVI repeats a frame, or multiples of a step."""
    known = [count for count in counts if count is not None]
    if len(known) == len(counts) and all(after > before for before, after in itertools.pairwise(known)):
        return [start + count - known[0] for count in known] if start else known
    return [start + index * step for index in range(len(counts))]


def to_the_end(packets: "Iterator[av.Packet[StreamT]]") -> "Iterator[av.Packet[StreamT]]":
    """Nonempty packets, as far as the file can be read.

    An empty packet repeats a frame in an AVI, but would flush a decoder. IndexError: PyAV 18 fails at the end of a file
    if FFmpeg discovers another stream while reading, as in a damaged MPEG-TS.
    """
    try:
        yield from (packet for packet in packets if packet.size)
    except (av.FFmpegError, IndexError):
        return


def decoded(packets: VideoPackets, decoder: av.VideoCodecContext) -> Iterator[tuple[int, av.VideoFrame]]:
    """(count, frame) of every frame that can be decoded; a damaged packet counts as one lost frame."""
    count = 0
    for packet in itertools.chain(packets, [None]):
        try:
            for frame in decoder.decode(packet):
                yield count, frame
                count += 1
        except av.FFmpegError:
            count += 1
