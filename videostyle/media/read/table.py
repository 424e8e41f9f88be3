"""Packets -> times of frames: what a file holds, hardly decoding it and without believing its header."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from typing import Any

import av

FAR = 32
"""packets between the places of a frame in decoding and in showing that no reordering makes: 16 frames of two fields"""
USUAL_RATE = 25
"""frames per second of what has no times and names no rate, as FFmpeg has it"""
FIRST_LOOKED_AT = 8
"""key frames of which each one is looked at; of the next as many every second one, and so on"""
CHUNK_HEAD = 8
"""bytes before the data of an AVI's chunk, where its index points to"""
NO_TIMES = 0x80
"""FFmpeg's flag of a container that has no times"""


class Table:
    """What the packets of a file say."""

    frames: list[tuple[int, int]]
    """(pts, duration) of every frame as shown, ticks"""
    time_base: Fraction
    """seconds per tick"""
    stamped: bool
    """whether the times are the file's own"""
    packets: int = 0
    """packets of the picture, also of hidden frames"""
    reordered: bool = False
    """whether packets lie in another order than their frames are shown in"""
    left_out: int
    """frames of a file with times that have none, as damage makes it"""
    encrypted: bool = False
    interlaced: bool
    """whether some of the pictures looked at are"""
    sizes: list[tuple[int, int]]
    """width, height, px, of the stored pictures: the first, and others that follow, as far as they were looked at"""
    keys: list[tuple[int, int]]
    """(pts, dts) of the packets with a key frame, ticks"""
    unread: int = 0
    """frames of an AVI that its index names and that are not found"""
    reached: Fraction = Fraction(0)
    """seconds, where the last track ends"""

    def __init__(self, container: Any, stream: Any, rate: Fraction | None = None) -> None:
        """rate: frames per second, of a stream that has no times."""
        self.keys = []
        found: list[tuple[int | None, int]] = []
        counts: list[int | None] = []
        avi = container.format.name == "avi"
        # FFmpeg counts an AVI's frames as it finds them; the index knows which they are, behind damage too
        places = {entry.pos + CHUNK_HEAD: entry for entry in stream.index_entries if entry.size} if avi else {}
        self.time_base = Fraction(stream.time_base)
        looks = _KeyFrames(stream)
        step = round(1 / (Fraction(stream.average_rate or USUAL_RATE) * self.time_base)) or 1
        for packet in to_the_end(container.demux()):
            if packet.pts is not None and packet.stream.type in ("video", "audio"):
                self.reached = max(self.reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
            self.encrypted = self.encrypted or packet.has_sidedata("encryption_info")
            if packet.stream.index == stream.index:
                self.packets += 1
                looks.see(packet)
                if packet.is_keyframe and packet.pts is not None:
                    self.keys.append((packet.pts, packet.pts if packet.dts is None else packet.dts))
                if not packet.is_discard:  # hidden by an edit list
                    found.append((packet.pts, packet.duration or step))
                    entry = places.pop(packet.pos, None)
                    counts.append(entry.timestamp if entry else packet.dts)
        self.unread = len(places)
        looks.finish()
        self.sizes, self.interlaced = looks.sizes, looks.interlaced
        astray = _astray([pts for pts, _ in found])
        found = [(None if place in astray else pts, duration) for place, (pts, duration) in enumerate(found)]
        stamps = [pts for pts, _ in found if pts is not None]
        self.reordered = stamps != sorted(stamps)
        # AVI has decoding times only
        guessed = container.format.name.startswith("mpeg") and _guessed(stamps, step)
        untimed = len(found) - len(stamps)
        self.stamped = not (avi or guessed or is_raw(container)) and untimed <= len(found) / 20
        self.left_out = untimed if self.stamped else 0
        self._told = Fraction(stream.average_rate or 1 / (step * self.time_base))
        self._raw = is_raw(container)
        if self._raw:
            # the rate that H.264 and HEVC may name is in the guess; the average is FFmpeg's own
            self._told = rate or Fraction(stream.guessed_rate or USUAL_RATE)
            self.time_base = 1 / self._told
            self.frames = [(index, 1) for index in range(len(found))]
            return
        if self.stamped:
            # of two frames at one time, which Matroska's milliseconds can make, one is never seen
            self.frames = sorted({pts: duration for pts, duration in found if pts is not None}.items())
        else:
            # those before the first that has one come before it: Matroska holds no times before 0
            unknown = next((index for index, (pts, _) in enumerate(found) if pts is not None), 0)
            begins = 0 if avi else min(stamps, default=0) - unknown * step
            self.frames = [(stamp, step) for stamp in _slots(counts, step, begins)]

    @cached_property
    def usual_step(self) -> int:
        """Ticks that most frames stay."""
        steps = [after - before for (before, _), (after, _) in itertools.pairwise(self.frames)]
        return sorted(steps)[len(steps) // 2] if steps else self.frames[0][1]

    @cached_property
    def rate(self) -> Fraction:
        """Frames per second: as the header tells, which is exact, unless the frames' times say another."""
        told = self._told
        if self._raw or len(self.frames) < 2:
            return told
        steps, span = len(self.frames) - 1, (self.frames[-1][0] - self.frames[0][0]) * self.time_base
        by_step = abs(1 / told - self.usual_step * self.time_base) < self.time_base
        if by_step or abs(told * span - steps) < 1:
            return told
        counted = steps / span
        usual = (Fraction(round(2 * counted), 2), Fraction(round(counted * 1001 / 1000) * 1000, 1001))
        nearest = min(usual, key=lambda rate: abs(rate - counted))
        return nearest if abs(steps - nearest * span) < nearest * self.time_base else counted

    def join_fields(self, shown: list[int | None]) -> None:
        """Count as one frame its two fields, which may be packets of their own (H.264), or only some frames' may be.

        shown: times of decoded frames, the first ones; of a file without times those of all. Call it before all else.
        """
        if not self.stamped:
            pairs = self.frames[:: 2 if 2 * len(shown) <= len(self.frames) + 1 else 1]
            self.frames = [(index, 1) for index in range(len(shown))] if self._raw else pairs
            return
        times = sorted(pts for pts in shown if pts is not None)
        steps = sorted(after - before for before, after in itertools.pairwise(times))
        whole = steps[len(steps) // 2] if steps else 0
        kept = [(self.frames[0][0], max(whole, self.frames[0][1]))]
        for pts, duration in self.frames[1:]:
            if pts - kept[-1][0] > 0.75 * whole:
                kept.append((pts, max(whole, duration)))
        self.frames = kept

    @cached_property
    def gaps(self) -> list[int]:
        """Frames after which others seem to be lost: nothing comes for longer, where nearly all follow evenly."""
        if not self.stamped:
            return []
        pairs = itertools.pairwise(stamp for stamp, _ in self.frames)
        found = [index for index, (before, after) in enumerate(pairs) if after - before > 1.5 * self.usual_step]
        return found if len(found) < len(self.frames) / 20 else []

    def lacks(self, promised: int) -> int:
        """Frames that are not in the file, of so many that its header promises; 0: it does not say."""
        if self.stamped:
            return max(0, promised - self.packets)
        # an AVI's header counts ticks, in each of which a frame or nothing new is shown
        return self.unread or max(0, promised - self.frames[-1][0] - self.usual_step) // self.usual_step


class _KeyFrames:
    """Looks at some key frames, at which pictures may change their kind: fewer and fewer, and the last one."""

    def __init__(self, stream: Any) -> None:
        self.sizes: list[tuple[int, int]] = []
        self.interlaced = False
        self._context = stream.codec_context
        self._count, self._every = 0, 1
        self._looking = False
        self._last: Any = None

    def see(self, packet: Any) -> None:
        """Take the next packet."""
        if self._looking:  # it may be the second field of the frame
            self._look(packet)
            self._close()
        elif packet.is_keyframe:
            self._last = packet
            if self._count % self._every == 0:
                self._look(packet)
                self._looking = True
        self._count += packet.is_keyframe
        if self._count >= FIRST_LOOKED_AT * self._every:
            self._every *= 2

    def finish(self) -> None:
        if self._last is not None and not self._looking:
            self._look(self._last)
        self._close()

    def _look(self, packet: Any) -> None:
        with suppress(av.FFmpegError):
            for frame in self._context.decode(packet):
                self.interlaced = self.interlaced or frame.interlaced_frame
                if (frame.width, frame.height) not in self.sizes:
                    self.sizes.append((frame.width, frame.height))

    def _close(self) -> None:
        self._look(None)
        self._context.flush_buffers()
        self._last, self._looking = None, False


def is_raw(container: Any) -> bool:
    """Whether a file is a bare stream of pictures, without times."""
    return bool(container.format.flags & NO_TIMES)


def _astray(stamps: list[int | None]) -> set[int]:
    """Places of frames that would be shown far from where they are decoded, unlike nearly all: their times are wrong.

    Such a frame would come last, say, and all behind it in the file be lost.
    """
    known = [(stamp, place) for place, stamp in enumerate(stamps) if stamp is not None]
    turns = zip(sorted(known), known, strict=True)
    found = {shown[1] for shown, read in turns if abs(shown[1] - read[1]) > FAR}
    return found if len(found) < len(stamps) / 20 else set()


def _guessed(stamps: list[int], step: int) -> bool:
    """Whether times of an MPEG stream are FFmpeg's guesses, or start anew on the way.

    Frames of a program stream may have none; of interlaced ones it then takes two for the same, and those
    after them may fall behind. Where frames were lost two may be the same as well, and the others are right.
    """
    same = len(stamps) - len(set(stamps))
    return same > len(stamps) / 10 or (same > 0 and max(stamps) - min(stamps) <= (len(stamps) - 1) * step)


def _slots(counts: list[int | None], step: int, begins: int) -> list[int]:
    """Times of frames that have none: those of decoding, which tell where an AVI repeats a frame; or else counted."""
    told = [count for count in counts if count is not None]
    if len(told) == len(counts) and all(after > before for before, after in itertools.pairwise(told)):
        return [begins + stamp - told[0] for stamp in told] if begins else told
    return [begins + index * step for index in range(len(counts))]


def to_the_end(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets with something in them, as far as the file can be read.

    An AVI's empty packet repeats a frame; a decoder would take it for the end.
    """
    try:
        yield from (packet for packet in packets if packet.size)
    except av.FFmpegError:
        return
