"""The first guess of L-BFGS at how freely the parts of a picture move: held pixels less, broad tones more."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from videostyle.paint.terms.temporal import BROAD

LEVELS, GAIN = 4, 1.5
"""halvings of the picture, and how much more freely tones move at each than at the one before"""
SPLINE = 32**-0.5
"""scale of the spline 1 3 3 1 at which a plain row that is halved and doubled stays as it is"""


class Freedom:
    """A symmetric, positive definite matrix for each picture of a batch, which multiplies vectors (B, N).

    A multilevel preconditioner (Bramble, Pasciak & Xu 1990). Every loss looks at neighborhoods, so a whole area can
    change much further than its pixels one by one; L-BFGS would need its few corrections to find that out.
    """

    def __init__(self, start: Tensor, stiffness: Tensor | None = None) -> None:
        """start: (B, C, H, W). stiffness: (B, 1, H, W), curvature of held pixels relative to that of all others."""
        self._shape = start.shape[1:]
        stiff = torch.zeros_like(start[:, :1]) if stiffness is None else stiffness
        self._fine, self._broad = 1 / (1 + stiff), (1 + BROAD * stiff).rsqrt()

    def __matmul__(self, vectors: Tensor) -> Tensor:
        """Multiply each picture's vector: (B, N) -> (B, N)."""
        pictures = vectors.view(-1, *self._shape)
        height, width = self._shape[1:]
        whole = 2**LEVELS
        padded = pad(self._broad * pictures, (0, -width % whole, 0, -height % whole))
        broad = _spread(padded, LEVELS)[..., :height, :width]
        return (self._fine * pictures + self._broad * broad).flatten(1)

    def keep(self, rows: Tensor) -> None:
        """Continue with these pictures (indices) only."""
        self._fine, self._broad = self._fine[rows], self._broad[rows]


def _spread(picture: Tensor, levels: int) -> Tensor:
    """What is left of a picture (B, C, H, W) at half its size and below, the broader the more, at its own size."""
    if not levels:
        return torch.zeros_like(picture)
    small = _halved(_halved(picture).mT.contiguous()).mT
    small = GAIN * (small + _spread(small, levels - 1))
    return _doubled(_doubled(small.mT).mT.contiguous())


def _halved(picture: Tensor) -> Tensor:
    """Half as many rows, by the quadratic B-spline 1 3 3 1; ``_doubled`` is the transpose."""
    even, odd = SPLINE * picture[..., ::2, :], SPLINE * picture[..., 1::2, :]
    small = 3 * (even + odd)
    small[..., 1:, :] += odd[..., :-1, :]
    small[..., :-1, :] += even[..., 1:, :]
    return small


def _doubled(picture: Tensor) -> Tensor:
    """Twice as many rows."""
    picture = SPLINE * picture
    even, odd = 3 * picture, 3 * picture
    even[..., 1:, :] += picture[..., :-1, :]
    odd[..., :-1, :] += picture[..., 1:, :]
    return torch.stack([even, odd], -2).flatten(-3, -2)
