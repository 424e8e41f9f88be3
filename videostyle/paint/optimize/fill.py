"""What an earlier frame did not show, filled from the clip in the colors of the film."""

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Picture

Doubles = NDArray[np.float64]
"""(N, 4) or (4, 4)"""
RUN = 384
"""pixels that one matrix product sums over: as many as OpenBLAS does, so that sums round as in one large product"""
BLOCK = 160 * RUN
"""pixels recolored at a time: their float64 copies take 2 MiB each, not 66 as those of a 1080p frame would"""


def fill_unseen(warped: Picture, seen: NDArray[np.float32], content: Picture) -> Picture:
    """Fill what was not seen in a warped painted picture (H, W, 3) with the content, recolored like the film.

    seen: (H, W) in 0..1. The recoloring is the affine map of RGB that best turns the content into the warped picture
    where it was seen: least squares, with a ridge toward no change. If hardly anything was seen, the content keeps its
    colors. In float64, block by block: float32 is hardly faster and would change the pixels.
    """
    film, clip, weight = warped.reshape(-1, 3), content.reshape(-1, 3), seen.reshape(-1, 1)
    blocks = [np.s_[start : start + BLOCK] for start in range(0, len(film), BLOCK)]
    run = RUN if len(blocks) > 1 else len(film)
    normal, right = np.zeros((4, 4)), np.zeros((4, 4))
    for block in blocks:
        colors = _with_one(clip[block])
        weighted = colors * weight[block]
        normal = _add_products(normal, weighted, colors, run)
        right = _add_products(right, weighted, _with_one(film[block]) - colors, run)
    ridge = 1e-3 * seen.size * np.eye(4)
    recolor = np.eye(4, 3) + np.linalg.solve(normal + ridge, right[:, :3])
    filled = np.empty_like(film)
    for block in blocks:
        matched = np.clip((_with_one(clip[block]) @ recolor).astype(np.float32), 0, 1)
        np.add(matched, weight[block] * (film[block] - matched), out=filled[block])
    return filled.reshape(content.shape)


def _with_one(colors: Picture) -> Doubles:
    """Colors (N, 3) with a constant 1 as fourth channel: (N, 4)."""
    padded = np.ones((len(colors), 4))
    padded[:, :3] = colors
    return padded


def _add_products(total: Doubles, left: Doubles, right: Doubles, run: int) -> Doubles:
    """Add ``left.T @ right`` of two (N, 4) arrays to a total (4, 4), one run of rows after the other."""
    whole = len(left) - len(left) % run
    products = left[:whole].reshape(-1, run, 4).swapaxes(1, 2) @ right[:whole].reshape(-1, run, 4)
    rest = left[whole:].T @ right[whole:]
    return np.asarray(np.concatenate([total[None], products, rest[None]]).sum(0))
