"""Sample frames -> letterbox and pillarbox bars: plain borders of one color, equal in all frames."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import BRIGHTNESS, NO_BARS, Bars, Pixels, to_bytes

LUMA = np.array(BRIGHTNESS, np.float32)
DIFFERS = 10.0
"""levels of 255 by which a pixel differs from the bars"""
WIDE, PLAIN = 0.5, 0.02
"""share of a line that differs: above WIDE in any frame it is picture, up to PLAIN bar, and text in a bar between"""
SOFT = 3
"""lines at a border that scaling or chroma subsampling may have blended"""
HALF = 0.4
"""a line at the border that differs less than this times as much as the picture two lines on belongs to the bar"""
SAME = 6.0
"""levels of 255 within which all bars of a pair are in all frames"""
LEAST_LINES, LEAST_SHARE, MOST_SHARE = 4, 0.01, 0.3
"""px, and fractions of the side: smaller borders are dirt, and larger ones no bars"""
UNEVEN = 0.02
"""fraction of the side by which opposite bars may differ if one of them has text in it"""

_Plane = NDArray[np.uint8]
"""(H, W) luma"""


_Values = NDArray[np.float64]


def find_bars(frames: Iterable[Pixels]) -> tuple[Bars, bool]:
    """The bars that all frames (H, W, 3) of a clip have, and whether some have bars that the others lack.

    Bars come in pairs of one brightness, and the picture begins with a straight edge that at least half of a line shows
    in some frame. So a black frame, a night sky, or text on a plain ground is not taken for bars. A bar may have
    subtitles in it if the bar opposite has none.
    """
    planes = [np.rint(to_bytes(frame) @ LUMA).astype(np.uint8) for frame in frames]
    if not planes:
        return NO_BARS, False
    bars = _bars(planes)
    return bars, bars == NO_BARS and any(any(_bars([plane])) for plane in planes)


def _bars(planes: Sequence[_Plane]) -> Bars:
    top, bottom = _pair(planes)
    left, right = _pair([plane[top : len(plane) - bottom].T for plane in planes])
    if (left or right) and not (top or bottom):  # without the side bars, lines may show enough of the edge
        top, bottom = _pair([plane[:, left : plane.shape[1] - right] for plane in planes])
    return left, right, top, bottom


def _pair(planes: Sequence[_Plane]) -> tuple[int, int]:
    """The bars at the first and the last lines of frames (lines, length); (0, 0) if there are none."""
    lines = len(planes[0])
    ends = np.array([np.median(plane[[0, -1]], axis=1) for plane in planes])
    if np.ptp(ends) > SAME:
        return 0, 0
    shares, means = np.zeros((len(planes), lines)), np.zeros(lines)
    for share, plane in zip(shares, planes, strict=True):
        difference = np.abs(plane - np.float32(np.median(ends)))
        share[:] = (difference > DIFFERS).mean(1)
        means += difference.mean(1)
    picture = np.flatnonzero(shares.max(0) > WIDE)
    if not len(picture):
        return 0, 0
    first = _border(shares, means, int(picture[0]))
    last = _border(shares[:, ::-1], means[::-1], lines - 1 - int(picture[-1]))
    least = max(LEAST_LINES, LEAST_SHARE * lines)
    if min(first, last) < least or max(first, last) > MOST_SHARE * lines:
        return 0, 0
    clean = shares[:, : first - SOFT].max() <= PLAIN, shares[:, lines - last + SOFT :].max() <= PLAIN
    even = abs(first - last) <= max(SOFT, UNEVEN * lines)
    return (first, last) if all(clean) or (any(clean) and even) else (0, 0)


def _border(shares: _Values, means: _Values, line: int) -> int:
    """Where the picture begins; 0 if it does not begin with an edge. line: the first that is surely picture."""
    if line <= SOFT or shares[:, line - SOFT - 1].max() > PLAIN:
        return 0
    while line + 2 < len(means) and means[line] < HALF * means[line + 2]:
        line += 1
    return line
