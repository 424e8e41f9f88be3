"""Packets -> times of frames: what a file holds, without decoding it and without believing its header."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

USUAL_RATE = 25
"""frames per second of what has no times and names no rate, as FFmpeg has it"""
NO_TIMES = 0x80
"""FFmpeg's flag of a container that has no times"""


class Table:
    """What the packets of a file say."""

    frames: list[tuple[int, int]]
    """(pts, duration) of every frame as shown, ticks"""
    time_base: Fraction
    """seconds per tick"""
    rate: Fraction
    """frames per second"""
    stamped: bool
    """whether the times are the file's own"""
    packets: int = 0
    """packets of the picture, also of hidden frames"""
    slots: int = 0
    """the same, and an AVI's empty packets, which repeat a frame"""
    reordered: bool = False
    """whether packets lie in another order than their frames are shown in"""
    reached: Fraction = Fraction(0)
    """seconds, where the last track ends"""

    def __init__(self, container: Any, stream: Any, rate: Fraction | None = None) -> None:
        """rate: frames per second, of a stream that has no times."""
        found: list[tuple[int | None, int]] = []
        counts: list[int | None] = []
        avi = container.format.name == "avi"
        self.time_base = Fraction(stream.time_base)
        step = round(1 / (Fraction(stream.average_rate or USUAL_RATE) * self.time_base)) or 1
        for packet in _to_the_end(container.demux()):
            if packet.pts is not None and packet.stream.type in ("video", "audio"):
                self.reached = max(self.reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.stream.index == stream.index:
                self.packets += 1
                self.slots = max(self.slots, self.packets, packet.dts + 1 if avi and packet.dts is not None else 0)
                if not packet.is_discard:  # hidden by an edit list
                    found.append((packet.pts, packet.duration or step))
                    counts.append(packet.dts)
        stamps = [pts for pts, _ in found if pts is not None]
        self.reordered = stamps != sorted(stamps)
        # AVI has decoding times only
        self.stamped = not avi and not is_raw(container) and all(pts is not None for pts, _ in found)
        if is_raw(container):
            # the rate that H.264 and HEVC may name is in the guess; the average is FFmpeg's own
            self.rate = rate or Fraction(stream.guessed_rate or USUAL_RATE)
            self.time_base = 1 / self.rate
            self.frames = [(index, 1) for index in range(len(found))]
            return
        if self.stamped:
            # of two frames at one time, which Matroska's milliseconds can make, one is never seen
            self.frames = sorted({pts: duration for pts, duration in found if pts is not None}.items())
        else:
            self.frames = [(stamp, step) for stamp in _slots(counts, step)]
        self.rate = Fraction(stream.average_rate or 1 / (step * self.time_base))


def is_raw(container: Any) -> bool:
    """Whether a file is a bare stream of pictures, without times."""
    return bool(container.format.flags & NO_TIMES) or container.format.name.endswith("_pipe")


def _slots(counts: list[int | None], step: int) -> list[int]:
    """Times of frames that have none: those of decoding, which tell where an AVI repeats a frame; or else counted."""
    told = [count for count in counts if count is not None]
    if len(told) == len(counts) and all(after > before for before, after in itertools.pairwise(told)):
        return told
    return [index * step for index in range(len(counts))]


def _to_the_end(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets with something in them, as far as the file goes."""
    try:
        yield from (packet for packet in packets if packet.size)
    except av.FFmpegError:
        return
