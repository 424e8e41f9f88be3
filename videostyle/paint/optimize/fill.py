"""Fills what an earlier frame did not show from the clip, in the colors of the film."""

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Picture

PARTLY = 0.75
"""paint that is seen less than this is being renewed: made for other content, it tells nothing about colors"""
ROWS = 32
"""rows of a picture that are recolored at a time, so that the arrays stay in the processor's cache"""


def fill_unseen(warped: Picture, seen: NDArray[np.float32], content: Picture, strength: float = 1) -> Picture:
    """Fill the unseen pixels of a warped painted picture (H, W, 3) with the content, recolored like the film.

    seen: (H, W) in 0..1. strength: how far what is seen is kept, 0..1. The recoloring is the affine map of RGB that
    best turns the content into the warped picture where more than ``PARTLY`` is seen: least squares, with a ridge
    toward no change. If hardly anything is, the content keeps its colors. Computed in float32; only the 4x4 equations
    are summed over the rows and solved in float64.
    """
    known = np.maximum((seen - PARTLY) / (1 - PARTLY), 0)
    bands = [np.s_[top : top + ROWS] for top in range(0, len(seen), ROWS)]
    normal, right = np.zeros((4, 4)), np.zeros((4, 3))
    for band in bands:
        colors = _planes(content[band])
        weighted = colors * known[band, None]
        normal += (weighted @ colors.swapaxes(1, 2)).sum(0, dtype=np.float64)
        right += (weighted @ (warped[band] - content[band])).sum(0, dtype=np.float64)
    change = np.linalg.solve(normal + 1e-3 * seen.size * np.eye(4), right)
    recolor = (np.eye(4, 3) + change).T.astype(np.float32)
    filled = np.empty_like(warped)
    for band in bands:
        matched = np.clip(recolor @ _planes(content[band]), 0, 1)
        gap = warped[band].swapaxes(1, 2) - matched
        filled[band] = (matched + strength * seen[band, None] * gap).swapaxes(1, 2)
    return filled


def _planes(colors: Picture) -> NDArray[np.float32]:
    """Colors (H, W, 3) -> each row as planes of R, G, B, and a constant 1: (H, 4, W)."""
    planes = np.ones((len(colors), 4, colors.shape[1]), np.float32)
    planes[:, :3] = colors.swapaxes(1, 2)
    return planes
