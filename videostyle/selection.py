"""The frames of a clip that are asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from videostyle.errors import SettingsError
from videostyle.frames import Clip, FrameRange
from videostyle.timecode import Timecode

WRITTEN = Fraction(1, 2000)
"""seconds by which a time that was written in milliseconds may be off"""


@dataclass(frozen=True, slots=True)
class Selection:
    """Source frame numbers in ascending parts, each perhaps with a step."""

    parts: tuple[range, ...]
    """a part stands for the whole time from its start to its stop: with a step, its frames stay on longer"""

    def __post_init__(self) -> None:
        borders = [border for part in self.parts for border in (part.start, part.stop)]
        if not borders or not all(self.parts) or borders != sorted(borders) or borders[0] < 0:
            raise ValueError(f"not ascending parts: {self.parts}")

    @classmethod
    def whole(cls, clip: Clip) -> "Selection":
        return cls((clip.frames.indices,))

    @property
    def frames(self) -> tuple[int, ...]:
        return tuple(frame for part in self.parts for frame in part)

    def within(self, scene: FrameRange) -> FrameRange | None:
        """From the first to the last frame asked for of a scene, or None."""
        found = [part[_steps(part, scene.start) : _steps(part, scene.stop)] for part in self.parts]
        found = [part for part in found if part]
        return FrameRange(found[0][0], found[-1][-1] + 1) if found else None

    def __str__(self) -> str:
        return ",".join(f"{p.start}:{p.stop}" + (f"x{p.step}" if p.step > 1 else "") for p in self.parts)


def _steps(part: range, frame: int) -> int:
    """How many frames of a part come before a frame."""
    return max(0, -(-(frame - part.start) // part.step))


def select(clip: Clip, frames: str = "", begin: str = "", end: str = "", handles: int = 0) -> Selection:
    """The frames that a user asks for.

    frames: ``120:240`` (240 excluded), ``120-239`` (239 included), ``120``, ``1-100x2`` (every second one), several
    with commas; an end may be left open. begin, end (excluded): seconds, ``HH:MM:SS.mmm``, or timecode ``HH:MM:SS:FF``.
    handles: frames added before and after every part. Raises SettingsError for what is none of these or outside.
    """
    if frames and (begin or end):
        raise SettingsError(f"--frames {frames}: give either frame numbers or times with --in and --out, not both")
    if handles < 0:
        raise SettingsError(f"--handles {handles}: wanted a number of frames from 0")
    if begin or end:
        parts = [range(_reach(clip, "--in", begin or "0"), _reach(clip, "--out", end) if end else clip.num_frames)]
        if not parts[0]:
            raise SettingsError(
                f"--in {begin or 0} --out {end or 'the end'}: no frame lies between them; "
                f"give {'a later --out' if end else 'an earlier --in'}"
            )
    elif frames:
        parts = sorted(
            (_part(text, frames, clip.num_frames) for text in frames.split(",")), key=lambda part: part.start
        )
    else:
        parts = [clip.frames.indices]
    return Selection(tuple(_with_handles(parts, handles, clip.num_frames, frames)))


def _part(text: str, whole: str, num_frames: int) -> range:
    match = re.fullmatch(r"\s*(\d*)\s*([:-]?)\s*(\d*)\s*(?:x\s*(\d+))?\s*", text)
    if not match or not (match[1] or match[2]) or match[4] == "0":
        raise SettingsError(
            f"--frames {whole}: {text.strip() or 'nothing'} is no range; give A:B (B excluded), A-B (B included), "
            "A-BxN (every Nth), or several of them with commas"
        )
    start = int(match[1] or 0)
    stop = num_frames
    if not match[2]:
        stop = start + 1
    elif match[3]:
        stop = int(match[3]) + (match[2] == "-")
    if stop <= start < num_frames:
        raise SettingsError(f"--frames {whole}: {text.strip()} holds no frame; give A:B with A below B")
    if not start < stop <= num_frames:
        raise SettingsError(
            f"--frames {whole}: the clip has frames 0 to {num_frames - 1}; give a range inside 0:{num_frames}"
        )
    return range(start, stop, int(match[4] or 1))


def _with_handles(parts: Sequence[range], handles: int, num_frames: int, text: str) -> list[range]:
    """Parts with frames added on both sides, those that then meet joined."""
    grown: list[range] = []
    for part in parts:
        if grown and part.start < grown[-1].stop - handles:
            raise SettingsError(f"--frames {text}: the ranges overlap; give every frame once")
        if handles and part.step > 1:
            raise SettingsError(f"--frames {text}: handles are for ranges without a step; leave out one of the two")
        wider = range(max(0, part.start - handles), min(num_frames, part.stop + handles), part.step)
        if grown and handles and wider.start <= grown[-1].stop:
            wider = range(grown.pop().start, wider.stop)
        grown.append(wider)
    return grown


def _reach(clip: Clip, flag: str, text: str) -> int:
    """The first frame at or after a time, counted from the first frame's, or of a timecode."""
    if re.fullmatch(r"\d+:\d\d:\d\d[:;]\d\d", text.strip()):
        return _named(clip, flag, text)
    match = re.fullmatch(r"\s*(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?|\.\d+)\s*", text)
    if not match:
        raise SettingsError(f"{flag} {text}: not a time; give seconds, HH:MM:SS.mmm or a timecode HH:MM:SS:FF")
    seconds = int(match[1] or 0) * 3600 + int(match[2] or 0) * 60 + Fraction(match[3])
    if seconds > clip.duration + WRITTEN:
        raise SettingsError(f"{flag} {text}: the clip is {float(clip.duration):.3f} s long; give a time inside it")
    first = clip.seconds(0)
    return sum(clip.seconds(frame) - first < seconds - WRITTEN for frame in clip.frames.indices)


def _named(clip: Clip, flag: str, text: str) -> int:
    """The frame of a timecode: counted from the clip's own, where it has one."""
    if max(clip.durations[:-1], default=1) - min(clip.durations[:-1], default=1) > 1:
        raise SettingsError(
            f"{flag} {text}: timecode counts frames of equal length, which this clip has not; give seconds"
        )
    try:
        wanted = Timecode.parse(text, clip.rate)
        start = Timecode.parse(clip.timecode, clip.rate) if clip.timecode else Timecode(0, wanted.nominal, wanted.drop)
    except SettingsError as error:
        raise SettingsError(f"{flag} {error}") from None
    last = start + clip.num_frames
    if wanted.drop != start.drop or not 0 <= wanted.count - start.count <= clip.num_frames:
        raise SettingsError(f"{flag} {text}: the clip goes from {start} to {last}; give a timecode between them")
    return wanted.count - start.count
