"""Artworks: what is wrong with them, and pictures without the transparent parts."""

from collections.abc import Iterator
from typing import cast

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels

SMALL = 64
"""px; an artwork with a shorter side has hardly any strokes"""
PLAIN = 8 / 255
"""of the brightest value; less than this lies between the values of one color, apart from a hundredth of the pixels"""
OPAQUE = 128
"""of 255; pixels below are transparent"""


def remarks(name: str, pixels: Pixels) -> Iterator[str]:
    """What a user should know about an artwork (H, W, 3) before a film is painted like it."""
    height, width = pixels.shape[:2]
    if min(height, width) < SMALL:
        yield f"{name} is only {width}x{height} px: its strokes cannot be seen; use a larger picture of the artwork"
    darkest, brightest = np.percentile(pixels.reshape(-1, 3), (0.5, 99.5), axis=0)
    if (brightest - darkest).max() < PLAIN * np.iinfo(pixels.dtype).max:
        yield f"{name} is of one color: it has no strokes that a film could be painted with; use another artwork"


def opaque_parts(rgba: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The opaque parts of a picture (H, W, 4) as one without holes (H, W, 3); None if it is wholly transparent.

    Transparent borders are cut off. Other holes are filled with mirrored pixels from the same row or column, so that
    only what is opaque counts in the statistics of the artwork.
    """
    solid = rgba[..., 3] >= OPAQUE
    if not solid.any():
        return None
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    inside = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    colors, solid = rgba[inside][..., :3], solid[inside]
    if solid.all():
        return cast("NDArray[np.uint8]", np.ascontiguousarray(colors))
    along, far = _mirrored(colors, solid)
    across, deep = (np.swapaxes(array, 0, 1) for array in _mirrored(np.swapaxes(colors, 0, 1), solid.T))
    filled = np.where((far <= deep)[..., None], along, across)
    unreached = np.isinf(far) & np.isinf(deep)  # in a row and in a column without anything opaque
    if unreached.any():
        return opaque_parts(np.dstack([filled, np.where(unreached, 0, 255).astype(np.uint8)]))
    return cast("NDArray[np.uint8]", np.ascontiguousarray(filled))


def _mirrored(colors: NDArray[np.uint8], solid: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Rows filled with their own opaque pixels, mirrored at the edges of the holes: (H, W, 3).

    Also how often a row's opaque pixels had to be repeated to reach each pixel (H, W): 0 for opaque ones, infinite for
    rows without any.
    """
    filled, reach = colors.copy(), np.where(solid, 0, np.inf)
    columns = np.arange(solid.shape[1])
    for row in np.flatnonzero(solid.any(1) & ~solid.all(1)):
        places = np.flatnonzero(solid[row])
        holes = columns[~solid[row]]
        after = np.searchsorted(places, holes)
        left, right = np.maximum(after - 1, 0), np.minimum(after, len(places) - 1)
        to_left = np.where(after > 0, holes - places[left], np.inf)
        to_right = np.where(after < len(places), places[right] - holes, np.inf)
        nearest = np.minimum(to_left, to_right).astype(int)
        wanted = np.where(to_left <= to_right, left - nearest + 1, right + nearest - 1)
        period = 2 * len(places)
        ranks = wanted % period
        ranks = np.where(ranks < len(places), ranks, period - 1 - ranks)
        filled[row, holes] = colors[row, places[ranks]]
        reach[row, holes] = nearest / len(places)
    return filled, reach
