"""Where the frames and the time that are asked for of a clip lie in its film."""

import bisect
from dataclasses import dataclass
from fractions import Fraction

from videostyle.errors import SettingsError
from videostyle.frames import Clip
from videostyle.selection import Selection
from videostyle.timecode import Timecode

MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the clip's time without a gap; all in seconds."""

    start: Fraction
    """time of the clip"""
    end: Fraction | None
    """time of the clip, excluded; None: all that the file has"""
    begins: Fraction
    """time of the film at which the stretch starts"""
    last: bool
    """whether no other part follows"""

    @property
    def shift(self) -> Fraction:
        """What is taken off a time of the clip to make it one of the film."""
        return self.start - self.begins

    def overlap(self, begins: Fraction, ends: Fraction) -> tuple[Fraction, Fraction]:
        """When something starts in the film that lasts from begins to ends in the clip, and how long it lasts there."""
        first, last = max(begins, self.start), ends if self.end is None else min(ends, self.end)
        return first - self.shift, last - first


class Timeline:
    """The parts of a clip one after the other, without gaps between them."""

    def __init__(self, clip: Clip, keep: Selection | None, origin: Fraction = Fraction(0)) -> None:
        """keep: None: all of the clip, which keeps its times; origin: the time of it that is 0 then, seconds."""
        self._clip = clip
        self._ranges = (clip.frames.indices,) if keep is None else keep.parts
        self.whole = self._ranges == (clip.frames.indices,)
        if self.whole:
            self.parts: tuple[Part, ...] = (Part(origin, None, Fraction(0), last=True),)
            self._ends: list[Fraction] = []
            return
        parts, now = [], Fraction(0)
        for frames in self._ranges:
            start, end = self._seconds(frames.start), self._seconds(frames.stop)
            parts.append(Part(start, end, now, last=frames is self._ranges[-1]))
            now += end - start
        self.parts = tuple(parts)
        self._ends = [part.end for part in parts if part.end is not None]

    @property
    def first(self) -> int:
        """The frame of the clip with which the film begins."""
        return self._ranges[0].start

    @property
    def last(self) -> int:
        """The frame of the clip with which the film ends."""
        return self._ranges[-1][-1]

    @property
    def num_frames(self) -> int:
        return sum(map(len, self._ranges))

    def place(self, frame: int) -> tuple[Fraction, Fraction]:
        """When a frame of the clip appears in the film and for how long it stays, seconds."""
        place = bisect.bisect_right(self._ranges, frame, key=lambda frames: frames.start) - 1
        frames, part = self._ranges[place], self.parts[place]
        begins = self._clip.seconds(frame)
        return begins - part.shift, self._seconds(min(frame + frames.step, frames.stop)) - begins

    @property
    def timecode(self) -> str:
        """SMPTE timecode of the film's first frame; empty where the clip has none, or none that can be counted on."""
        clip = self._clip
        if self.whole or not clip.timecode:
            return clip.timecode
        if max(clip.durations) - min(clip.durations) > 1:  # a tick of rounding is no other length
            return ""
        try:
            return str(Timecode.parse(clip.timecode, clip.rate) + self.first)
        except SettingsError:  # written by somebody as anything
            return ""

    def touched(self, begins: Fraction, ends: Fraction) -> list[Part]:
        """The parts that something between two times of the clip (seconds) lies in or touches with its end."""
        found = []
        for part in self.parts[bisect.bisect_right(self._ends, begins) :]:
            if part.start > ends:
                break
            found.append(part)
        return found

    def _seconds(self, border: int) -> Fraction:
        """The time of a frame, or of the clip's end."""
        clip = self._clip
        if border < clip.num_frames:
            return clip.seconds(border)
        return clip.seconds(border - 1) + clip.durations[border - 1] * clip.time_base
