"""3:2 pulldown: film at 24 frames per second as television shows it, in frames of two fields (SMPTE RP 197).

Film frames A B C D become the fields A A, B B, B C, C D, D D: in every five frames, one repeats the first field of the
frame before it, and two frames later, one repeats the second.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Clip

PERIOD, BETWEEN = 5, 2
"""frames: of the pattern, and from the repeated first field to the repeated second one"""
TELEVISION = Fraction(30000, 1001)
FIRST = {"tff": 1, "bff": -1}
"""field order -> the sign of its first field, 1 for the top one"""
SHORTEST = 12
"""frames in which a pattern can be recognized"""
STILL = 0.5
"""of 255; a field that differs less from the one before shows no motion"""
REPEATED = 0.5
"""a repeated field differs from the one before by less than this fraction of what the other field does"""
CLEAR = 0.7
"""fraction of the places of a pattern that must show it"""
FORMATS = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
"""pixel formats that FFmpeg's fieldmatch takes"""


def is_television(rate: Fraction) -> bool:
    """Whether film at this many frames per second would have 3:2 pulldown."""
    return abs(rate / TELEVISION - 1) < Fraction(1, 200)


def order_of(windows: Iterable[Sequence[av.VideoFrame]]) -> str:
    """The field order of a clip with the pattern, ``tff`` or ``bff``; empty if it does not have it.

    windows: successive frames from several places; most of those with motion must show the pattern.
    """
    orders = []
    for frames in windows:
        repeats = [repeat_of(before, now) for before, now in itertools.pairwise(frames)]
        if sum(repeat.moved > 0 for repeat in repeats) + 1 >= SHORTEST:
            orders.append(_order(repeats))
    order, votes = Counter(orders).most_common(1)[0] if orders else ("", 0)
    return order if 2 * votes >= len(orders) else ""


@dataclass(frozen=True, slots=True)
class Repeat:
    """What a frame repeats of the one before it."""

    sign: int
    """1: the top field, -1: the bottom field, 0: both or none"""
    moved: float
    """mean difference of the field that differs more, of 255; 0 if nothing moves"""


def repeat_of(before: av.VideoFrame, now: av.VideoFrame) -> Repeat:
    """What a stored frame repeats of the one before it."""
    first, second = _luma(before), _luma(now)
    if first.shape != second.shape:
        return Repeat(0, 0.0)
    top, bottom = (float(np.abs(second[field::2] - first[field::2]).mean()) for field in (0, 1))
    moved = max(top, bottom)
    if moved <= STILL:
        return Repeat(0, 0.0)
    return Repeat(1 if top < REPEATED * bottom else -1 if bottom < REPEATED * top else 0, moved)


def difference(before: av.VideoFrame, now: av.VideoFrame) -> float:
    """Mean difference of the luma of two frames of one size, of 255."""
    return float(np.abs(_luma(now) - _luma(before)).mean())


def _luma(frame: av.VideoFrame) -> NDArray[np.int16]:
    plane = frame.planes[0]
    rows = np.frombuffer(bytes(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height // 2 * 2, : frame.width].astype(np.int16)


def _order(repeats: Sequence[Repeat]) -> str:
    """The field order in which the pattern appears; empty if it does not."""
    for order, first in FIRST.items():
        if any(_shows(repeats, phase, first) for phase in range(PERIOD)):
            return order
    return ""


def _shows(repeats: Sequence[Repeat], phase: int, first: int) -> bool:
    """Whether moving frames show the pattern: a sign at a phase, its opposite two frames later, and none elsewhere."""
    wanted = {phase: first, (phase + BETWEEN) % PERIOD: -first}
    places = [(repeat.sign, wanted.get(number % PERIOD, 0)) for number, repeat in enumerate(repeats) if repeat.moved]
    expected = [sign == due for sign, due in places if due]
    return sum(expected) >= CLEAR * len(expected) > 0 and sum(sign != 0 for sign, due in places if not due) <= 1


def restores(clip: Clip) -> bool:
    """Whether the film frames of a clip can be restored."""
    return bool(clip.pulldown) and clip.pixel_format in FORMATS


def fields_shown(stamps: Sequence[int | None], durations: Sequence[int]) -> list[int]:
    """How many fields each frame of a raw stream is shown for, in presentation order; empty if all are shown for two.

    stamps, durations: of the packets, ticks; flags of MPEG-2 say which frames are shown for three.
    """
    timed = [(pts, duration) for pts, duration in zip(stamps, durations, strict=True) if pts is not None]
    if not timed or len(timed) < len(stamps):
        return []
    shortest = min(duration for _, duration in timed)
    fields = [round(2 * duration / shortest) for _, duration in sorted(timed)]
    return fields if 3 in fields else []


def has_flags(clip: Clip) -> bool:
    """Whether a clip's frames are shown for two and three fields in turn, as flags of MPEG-2 and H.264 can say."""
    tick, field = float(clip.time_base), float(1 / TELEVISION / 2)
    steps = np.diff(np.array(clip.pts, np.float64)) * tick
    fields = np.rint(steps / field)
    turns = (fields[1:] + fields[:-1] == 5) & (np.abs(fields[1:] - fields[:-1]) == 1)
    near = np.abs(steps - fields * field) <= max(tick, field / 8)
    return bool(len(turns) > 1 and near.all() and turns.mean() > CLEAR)


def field_notes(clip: Clip) -> Iterator[str]:
    """What happens to a clip's fields."""
    if has_flags(clip):
        yield "the clip has 3:2 pulldown: its film frames are painted, and shown for two or three fields as in the clip"
    if restores(clip):
        yield "the clip has 3:2 pulldown: its film frames are restored (fieldmatch) and shown as long as in the clip"
    elif clip.pulldown:
        yield f"the clip has 3:2 pulldown, but film frames cannot be restored in {clip.pixel_format}"
    if clip.interlaced and not restores(clip):
        yield "the clip is interlaced and will be deinterlaced (bwdif)"
