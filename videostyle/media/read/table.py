"""Packets -> frame times: what a file contains, measured with little decoding and without trusting its header."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeVar

import av
from av.container import InputContainer

StreamT = TypeVar("StreamT", bound=av.stream.Stream)
Frames = tuple[tuple[int, int], ...]
"""(pts, duration) of frames in presentation order, ticks"""

FAR = 32
"""packets; reordering never moves a frame this far between decoding and presentation: 16 frames of two fields"""
USUAL_RATE = 25
"""frames per second of a file that has no times and names no rate; FFmpeg assumes the same"""
FIRST_KEYFRAMES = 8
"""keyframes that are all checked; of as many that follow, every second one is checked, and so on"""
CHUNK_HEAD = 8
"""bytes of the header of an AVI's chunk; the file's index points to it, FFmpeg to what follows"""
NO_TIMES = 0x80
"""FFmpeg's flag of a container format without times"""


@dataclass(frozen=True)
class Table:
    """What the packets of a file say about its frames; never changed, so that derived values are always current."""

    frames: Frames
    time_base: Fraction
    """seconds per tick"""
    header_rate: Fraction
    """frames per second that the header names, or that were given for a file without times"""
    raw: bool
    """whether the file is a raw stream, without a container"""
    stamped: bool
    """whether the times are the file's own"""
    untimed: int
    """frames without a valid time in a file that has times, as damage causes; they are not in ``frames``"""
    reordered: bool
    """whether packets are in a different order than their frames are presented"""
    packets: "Demuxed"
    """everything else that was read"""

    @cached_property
    def usual_step(self) -> int:
        """Median duration of a frame, ticks."""
        steps = [after - before for (before, _), (after, _) in itertools.pairwise(self.frames)]
        return sorted(steps)[len(steps) // 2] if steps else self.frames[0][1]

    @cached_property
    def rate(self) -> Fraction:
        """Frames per second: the header's rate, which is exact, unless the frames' times contradict it."""
        rate = self.header_rate
        if self.raw or len(self.frames) < 2:
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
        """Frames after which others may be missing: a longer pause in a clip whose frames nearly all follow evenly."""
        if not self.stamped:
            return []
        pairs = itertools.pairwise(pts for pts, _ in self.frames)
        gaps = [index for index, (before, after) in enumerate(pairs) if after - before > 1.5 * self.usual_step]
        return gaps if len(gaps) < len(self.frames) / 20 else []

    def join_fields(self, decoded: list[int | None]) -> "Table":
        """A table that counts two fields as one frame; in H.264, fields of some or all frames may be separate packets.

        decoded: pts of decoded frames, the first ones; for a file without times, of all frames.
        """
        if self.raw:
            return replace(self, frames=tuple((index, 1) for index in range(len(decoded))))
        if not self.stamped:
            return replace(self, frames=self.frames[:: 2 if 2 * len(decoded) <= len(self.frames) + 1 else 1])
        times = sorted(pts for pts in decoded if pts is not None)
        steps = sorted(after - before for before, after in itertools.pairwise(times))
        whole = steps[len(steps) // 2] if steps else 0
        joined = [(self.frames[0][0], max(whole, self.frames[0][1]))]
        for pts, duration in self.frames[1:]:
            if pts - joined[-1][0] > 0.75 * whole:
                joined.append((pts, max(whole, duration)))
        return replace(self, frames=tuple(joined))

    def missing(self, promised: int) -> int:
        """How many of the frames that the header promises are not in the file."""
        if self.stamped:
            return max(0, promised - self.packets.count)
        # an AVI's header counts ticks, each of which shows a new frame or repeats the last one
        return self.packets.unread or max(0, promised - self.frames[-1][0] - self.usual_step) // self.usual_step


def read_table(container: InputContainer, stream: av.VideoStream, rate: Fraction | None = None) -> Table:
    """Demux a file that was just opened. rate: frames per second of a raw stream, which has no times."""
    assert stream.time_base is not None
    time_base, average = stream.time_base, stream.average_rate
    step = round(1 / ((average or USUAL_RATE) * time_base)) or 1
    packets = Demuxed(container, stream, step)
    stamps = _without_strays(packets.stamps)
    timed = [pts for pts in stamps if pts is not None]
    untimed = len(stamps) - len(timed)
    raw = is_raw(container)
    avi = container.format.name == "avi"  # AVI has decoding times only
    guessed = container.format.name.startswith("mpeg") and _guessed(timed, step)
    stamped = not (avi or guessed or raw) and untimed <= len(stamps) / 20
    header_rate = average or 1 / (step * time_base)
    if raw:
        # the rate that H.264 and HEVC may carry is in FFmpeg's guess; its average is a default
        header_rate = rate or Fraction(stream.guessed_rate or USUAL_RATE)
        time_base = 1 / header_rate
        frames: Frames = tuple((index, 1) for index in range(len(stamps)))
    elif stamped:
        # of two frames with the same time, which Matroska's milliseconds can cause, one is never shown
        pairs = zip(stamps, packets.durations, strict=True)
        frames = tuple(sorted({pts: duration for pts, duration in pairs if pts is not None}.items()))
    else:
        # frames before the first one with a time come before it: Matroska cannot store negative times
        ahead = next((index for index, pts in enumerate(stamps) if pts is not None), 0)
        start = 0 if avi else min(timed, default=0) - ahead * step
        frames = tuple((pts, step) for pts in _counted(packets.counts, step, start))
    reordered = timed != sorted(timed)
    return Table(frames, time_base, header_rate, raw, stamped, untimed if stamped else 0, reordered, packets)


class Demuxed:
    """What the packets of a file say; the first three lists have an entry per frame, in decoding order."""

    stamps: list[int | None]
    """pts, ticks"""
    durations: list[int]
    """ticks"""
    counts: list[int | None]
    """dts, ticks; the tick in an AVI's index where it has one"""
    keys: list[tuple[int, int]]
    """(pts, dts) of keyframes, ticks"""
    count = 0
    """packets of the video stream, including those hidden by an edit list"""
    unread: int
    """frames that an AVI's index lists and the demuxer does not return"""
    encrypted = False
    end = Fraction(0)
    """seconds, where the last track ends"""

    def __init__(self, container: InputContainer, stream: av.VideoStream, step: int) -> None:
        """step: ticks of a frame whose packet has no duration."""
        self.stamps, self.durations, self.counts, self.keys = [], [], [], []
        avi = container.format.name == "avi"
        # FFmpeg counts an AVI's frames as it reads them; the index has their true ticks, even after damage
        entries = {entry.pos + CHUNK_HEAD: entry for entry in stream.index_entries if entry.size} if avi else {}
        self.keyframes = KeyframeCheck(stream)
        for packet in to_the_end(container.demux()):
            if packet.pts is not None and packet.stream.type in ("video", "audio"):
                self.end = max(self.end, (packet.pts + (packet.duration or 0)) * packet.time_base)
            self.encrypted = self.encrypted or packet.has_sidedata("encryption_info")
            if packet.stream.index == stream.index:
                self.count += 1
                self.keyframes.add(packet)
                if packet.is_keyframe and packet.pts is not None:
                    self.keys.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
                if not packet.is_discard:  # hidden by an edit list
                    self.stamps.append(packet.pts)
                    self.durations.append(packet.duration or step)
                    entry = entries.pop(packet.pos, None) if packet.pos is not None else None
                    self.counts.append(entry.timestamp if entry else packet.dts)
        self.unread = len(entries)
        self.keyframes.finish()


class KeyframeCheck:
    """Decodes some keyframes, where frames may change in size or kind: fewer and fewer of them, and the last one."""

    def __init__(self, stream: av.VideoStream) -> None:
        self.sizes: list[tuple[int, int]] = []
        """the different sizes (width, height) of the checked frames, px, the first frame's first"""
        self.interlaced = False
        """whether any of the checked frames is"""
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
                if (frame.width, frame.height) not in self.sizes:
                    self.sizes.append((frame.width, frame.height))

    def _close(self) -> None:
        self._decode(None)
        self._context.flush_buffers()
        self._last, self._open = None, False


def is_raw(container: InputContainer) -> bool:
    """Whether a file is a raw video stream, without a container and without times."""
    return bool(container.format.flags & NO_TIMES)


def _without_strays(stamps: list[int | None]) -> list[int | None]:
    """Times in decoding order; those that would move a frame far from where it is decoded become None, if they are few.

    A wrong time that is too late would put its frame last, and all frames behind it would be lost.
    """
    timed = [(pts, place) for place, pts in enumerate(stamps) if pts is not None]
    moves = zip(sorted(timed), timed, strict=True)
    strays = {shown for (_, shown), (_, read) in moves if abs(shown - read) > FAR}
    if len(strays) >= len(stamps) / 20:
        return stamps
    return [None if place in strays else pts for place, pts in enumerate(stamps)]


def _guessed(stamps: list[int], step: int) -> bool:
    """Whether times of an MPEG stream are FFmpeg's guesses, or restart midstream.

    Frames of a program stream may have no times; for interlaced ones FFmpeg then guesses the same time twice, and the
    frames after them may lag. Where frames were lost, two may have the same time too, and the others are right.
    """
    same = len(stamps) - len(set(stamps))
    return same > len(stamps) / 10 or (same > 0 and max(stamps) - min(stamps) <= (len(stamps) - 1) * step)


def _counted(counts: list[int | None], step: int, start: int) -> list[int]:
    """Times of frames that have no pts: decoding times, which show where an AVI repeats a frame, or else multiples."""
    known = [count for count in counts if count is not None]
    if len(known) == len(counts) and all(after > before for before, after in itertools.pairwise(known)):
        return [start + count - known[0] for count in known] if start else known
    return [start + index * step for index in range(len(counts))]


def to_the_end(packets: "Iterator[av.Packet[StreamT]]") -> "Iterator[av.Packet[StreamT]]":
    """Packets with content, as far as the file can be read.

    An empty packet repeats a frame in an AVI, but would end a decoder. IndexError: PyAV 18 fails at the end of a file
    in which FFmpeg discovered another stream on the way, as in a damaged MPEG-TS.
    """
    try:
        yield from (packet for packet in packets if packet.size)
    except (av.FFmpegError, IndexError):
        return


def decoded(
    packets: "Iterator[av.Packet[av.VideoStream]]", decoder: av.VideoCodecContext
) -> Iterator[tuple[int, av.VideoFrame]]:
    """(count, frame) of every frame that can be decoded; a damaged packet costs one frame, and is counted as one."""
    count = 0
    for packet in itertools.chain(packets, [None]):
        try:
            for frame in decoder.decode(packet):
                yield count, frame
                count += 1
        except av.FFmpegError:
            count += 1
