"""Clip time -> film time: where the selected frames and their tracks lie in the film."""

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
    """A continuous stretch of the clip that the film shows; times in seconds."""

    start: Fraction
    """clip time"""
    end: Fraction | None
    """clip time, exclusive; None: the end of the file"""
    begins: Fraction
    """film time at which the stretch starts"""
    last: bool
    """whether no other part follows"""

    @property
    def shift(self) -> Fraction:
        """Seconds to subtract from a clip time to get the film time."""
        return self.start - self.begins

    def overlap(self, begins: Fraction, ends: Fraction) -> tuple[Fraction, Fraction]:
        """Film time and duration of the span between two clip times, clipped to this part; seconds."""
        first, last = max(begins, self.start), ends if self.end is None else min(ends, self.end)
        return first - self.shift, last - first


class Timeline:
    """The parts of a clip, one after the other without gaps."""

    def __init__(self, clip: Clip, keep: Selection | None, origin: Fraction = Fraction(0)) -> None:
        """keep: frames of the film; None: the whole clip, with its own times.

        origin: clip time that becomes 0 in a film of the whole clip, seconds.
        """
        self._clip = clip
        self._ranges = (clip.frames.indices,) if keep is None else keep.parts
        self.first, self.last = self._ranges[0].start, self._ranges[-1][-1]
        """the clip's frames that begin and end the film"""
        self.num_frames = sum(map(len, self._ranges))
        self.whole = self._ranges == (clip.frames.indices,)
        self.skips = any(frames.step > 1 for frames in self._ranges)
        """whether frames are left out within a part"""
        parts, now = [], Fraction(0)
        for frames in self._ranges:
            start, end = self._seconds(frames.start), self._seconds(frames.stop)
            parts.append(Part(start, end, now, last=frames is self._ranges[-1]))
            now += end - start
        self.parts = [Part(origin, None, Fraction(0), last=True)] if self.whole else parts
        self._ends = [part.end for part in self.parts if part.end is not None]

    def place(self, frame: int) -> tuple[Fraction, Fraction]:
        """Film time at which a frame of the clip appears, and its duration; seconds."""
        place = bisect.bisect_right(self._ranges, frame, key=lambda frames: frames.start) - 1
        frames, part = self._ranges[place], self.parts[place]
        begins = self._clip.seconds(frame)
        return begins - part.shift, self._seconds(min(frame + frames.step, frames.stop)) - begins

    @property
    def timecode(self) -> str:
        """SMPTE timecode of the film's first frame; empty if the clip has none or it cannot be computed."""
        clip = self._clip
        if self.whole or not clip.timecode:
            return clip.timecode
        if max(clip.durations) - min(clip.durations) > 1:  # one tick is only rounding
            return ""
        try:
            return str(Timecode.parse(clip.timecode, clip.rate) + self.first)
        except SettingsError:  # the tag may hold any text
            return ""

    def touched(self, begins: Fraction, ends: Fraction) -> list[Part]:
        """The parts that overlap the clip time from ``begins`` to ``ends`` (seconds) or start exactly at ``ends``."""
        stop = bisect.bisect_right(self.parts, ends, key=lambda part: part.start)
        return self.parts[bisect.bisect_right(self._ends, begins) : stop]

    def _seconds(self, border: int) -> Fraction:
        """Clip time of a frame or of the clip's end."""
        clip = self._clip
        return clip.seconds(border) if border < clip.num_frames else clip.seconds(0) + clip.duration
