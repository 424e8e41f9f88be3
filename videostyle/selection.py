"""Which frames of a clip to render: frame numbers, times or timecodes -> Selection."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from videostyle.errors import SettingsError
from videostyle.frames import Clip, FrameRange
from videostyle.timecode import Timecode

WRITTEN = Fraction(1, 2000)
"""seconds, tolerance for times rounded to milliseconds"""
LONGEST = 10**18
"""frames, more than any range can name"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Source frame numbers in ascending, disjoint parts, each possibly with a step."""

    parts: tuple[range, ...]
    """each part covers the time from its start to its stop; with a step, its frames are shown longer"""

    def __post_init__(self) -> None:
        borders = [border for part in self.parts for border in (part.start, part.stop)]
        if not borders or not all(self.parts) or borders != sorted(borders) or borders[0] < 0:
            raise ValueError(f"parts are not ascending: {self.parts}")

    @classmethod
    def whole(cls, clip: Clip) -> "Selection":
        """All frames of a clip."""
        return cls((clip.frames.indices,))

    @property
    def frames(self) -> tuple[int, ...]:
        """Every frame number, ascending."""
        return tuple(frame for part in self.parts for frame in part)

    def within(self, scene: FrameRange) -> FrameRange | None:
        """From the first to the last selected frame of a scene; None if it has none."""
        clipped = [part[bisect_left(part, scene.start) : bisect_left(part, scene.stop)] for part in self.parts]
        inside = [frames for frames in clipped if frames]
        return FrameRange(inside[0][0], inside[-1][-1] + 1) if inside else None

    def __str__(self) -> str:
        """In the notation that ``select`` reads: ``0:3,4:9x2``."""
        return ",".join(f"{p.start}:{p.stop}" + (f"x{p.step}" if p.step > 1 else "") for p in self.parts)


def select(clip: Clip, frames: str = "", begin: str = "", end: str = "", handles: int = 0) -> Selection:
    """Read a selection as users write it; by default all frames.

    frames: ``120:240`` (240 excluded), ``120-239`` (239 included), ``120``, ``1-100x2`` (every second frame), or
    several separated by commas; either end of a range may be omitted. begin, end (excluded): seconds, ``HH:MM:SS.mmm``
    or a timecode ``HH:MM:SS:FF``. handles: frames to add before and after each part. Raises SettingsError for anything
    else, and for frames that the clip does not have.
    """
    if frames and (begin or end):
        raise SettingsError(f"--frames {frames}: use either frame numbers or times (--in, --out), not both")
    if handles < 0:
        raise SettingsError(f"--handles {handles}: wanted a number of frames from 0; omit it to add none")
    if begin or end:
        stop = _frame_at(clip, "--out", end) if end else clip.num_frames
        parts = [range(_frame_at(clip, "--in", begin or "0"), stop)]
        if not parts[0]:
            raise SettingsError(
                f"--in {begin or 0} --out {end or 'the end'}: no frame lies between them; "
                f"use {'a later --out' if end else 'an earlier --in'}"
            )
    elif frames:
        parts = _parse(frames, clip.num_frames)
    else:
        parts = [clip.frames.indices]
    return Selection(tuple(_with_handles(parts, handles, clip.num_frames, frames)))


def check_ranges(frames: str) -> None:
    """Raise SettingsError if ranges of frames make no sense, however long the clip is."""
    _with_handles(_parse(frames, LONGEST), 0, LONGEST, frames)


def select_frame(clip: Clip, text: str) -> int:
    """The number of one frame, given as a frame number such as ``120``, a time such as ``4.8``, or a timecode.

    A whole number of seconds needs a point or colons: ``4.0`` or ``00:00:04``. Raises SettingsError for anything else,
    and for frames that the clip does not have.
    """
    last = clip.num_frames - 1
    if re.fullmatch(r"\s*\d{1,18}\s*", text):
        frame, length = int(text), f"has frames 0 to {last}"
    else:
        frame, length = _frame_at(clip, "--frame", text), f"is {float(clip.duration):.3f} s long"
    if frame > last:
        raise SettingsError(f"--frame {text}: the clip {length}; use a frame within it")
    return frame


def _parse(frames: str, num_frames: int) -> list[range]:
    """The parts of a selection, in order of time."""
    return sorted((_parse_range(text, frames, num_frames) for text in frames.split(",")), key=lambda part: part.start)


def _parse_range(text: str, whole: str, num_frames: int) -> range:
    """The frames of one range. whole: the text that contains it, for messages."""
    match = re.fullmatch(r"\s*(\d{0,18})\s*([:-]?)\s*(\d{0,18})\s*(?:x\s*(\d{1,18}))?\s*", text)
    if not match or not (match[1] or match[2]) or match[4] == "0":
        raise SettingsError(
            f"--frames {whole}: {text.strip() or 'nothing'} is not a range; use A:B (B excluded), A-B (B included), "
            "A-BxN (every Nth frame), or several separated by commas"
        )
    start = int(match[1] or 0)
    stop = num_frames
    if not match[2]:
        stop = start + 1
    elif match[3]:
        stop = int(match[3]) + (match[2] == "-")
    if stop <= start < num_frames:
        raise SettingsError(f"--frames {whole}: {text.strip()} is empty; use A:B with A below B")
    if not start < stop <= num_frames:
        raise SettingsError(
            f"--frames {whole}: the clip has frames 0 to {num_frames - 1}; use a range within 0:{num_frames}"
        )
    return range(start, stop, int(match[4] or 1))


def _with_handles(parts: Sequence[range], handles: int, num_frames: int, text: str) -> list[range]:
    """Add handles on both sides of each part, then join parts that touch."""
    grown: list[range] = []
    for part in parts:
        if grown and part.start < grown[-1].stop - handles:
            raise SettingsError(f"--frames {text}: the ranges overlap; list each frame once")
        if handles and part.step > 1:
            raise SettingsError(f"--frames {text}: handles need ranges without a step; omit one of the two")
        wider = range(max(0, part.start - handles), min(num_frames, part.stop + handles), part.step)
        if grown and wider.start <= grown[-1].stop and wider.step == grown[-1].step == 1:
            wider = range(grown.pop().start, wider.stop)
        grown.append(wider)
    return grown


def _frame_at(clip: Clip, flag: str, text: str) -> int:
    """The frame with a timecode, or the first one at or after a time measured from the clip's first frame."""
    if re.fullmatch(r"\d+:\d\d:\d\d[:;]\d\d", text.strip()):
        return _frame_of_timecode(clip, flag, text)
    match = re.fullmatch(r"\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)\s*", text)
    if not match:
        what, number = ("frame", "a number from 0, ") if flag == "--frame" else ("time", "")
        raise SettingsError(f"{flag} {text}: not a {what}; use {number}seconds, HH:MM:SS.mmm or a timecode HH:MM:SS:FF")
    seconds = int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + Fraction(match[3])
    if seconds > clip.duration + WRITTEN:
        raise SettingsError(f"{flag} {text}: the clip is {float(clip.duration):.3f} s long; use a time within it")
    first = clip.seconds(0)
    return sum(clip.seconds(frame) - first < seconds - WRITTEN for frame in clip.frames.indices)


def _frame_of_timecode(clip: Clip, flag: str, text: str) -> int:
    """The frame with a timecode, counted from the clip's own timecode if it has one."""
    if max(clip.durations[:-1], default=1) - min(clip.durations[:-1], default=1) > 1:
        raise SettingsError(
            f"{flag} {text}: timecode needs frames of equal duration, but this clip's frames differ; use seconds"
        )
    try:
        wanted = Timecode.parse(text, clip.rate)
        start = Timecode.parse(clip.timecode, clip.rate) if clip.timecode else Timecode(0, wanted.nominal, wanted.drop)
    except SettingsError as error:
        raise SettingsError(f"{flag} {error}") from None
    last = start + clip.num_frames
    if wanted.drop != start.drop or not 0 <= wanted.count - start.count <= clip.num_frames:
        raise SettingsError(f"{flag} {text}: the clip runs from {start} to {last}; use a timecode between them")
    return wanted.count - start.count
