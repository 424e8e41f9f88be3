"""The temporal term: the picture agrees with earlier painted frames wherever the motion is known."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from videostyle.paint.terms.term import Term

STIFFNESS = 0.004
"""curvature of the temporal loss at a fully held pixel relative to that of all other terms, per unit of its weight"""

CELL, BROAD = 8, 100.0
"""px, side of the cells whose mean change counts more, and how many times as much: a few iterations leave broad tones
short of their optimum, to which they would drift, frame by frame; fine strokes stay free to become sharp"""

Held = tuple[Tensor, Tensor]
"""earlier painted frames warped to the current ones, (B, 3, H, W), and the weights of their pixels, (B, 1, H, W)"""


class TemporalTerm(Term):
    """Distance from one or more earlier painted frames (Ruder et al. 2016)."""

    name = "temporal"

    def __init__(self, weight: float, held: Sequence[Held]) -> None:
        """held: at least one target."""
        self.weight = weight
        self._held = list(held)

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([temporal_loss(pictures, target, weight) for target, weight in self._held]).sum(0)

    def keep(self, rows: Tensor) -> None:
        self._held = [(target[rows], weight[rows]) for target, weight in self._held]

    def stiffness(self) -> Tensor:
        held = torch.stack([weight for _, weight in self._held]).sum(0)
        return STIFFNESS * self.weight * held


def temporal_loss(pictures: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """sum c (x - w)^2 / sum [c > 0] over pixels, mean over channels (after Ruder et al. 2016, eq. 6): (B,).

    To it is added the same for the means of c (x - w) over cells, ``BROAD`` times.

    pictures, target: (B, 3, H, W) in 0..1; weight: (B, 1, H, W) in 0..1.
    Differs from Ruder et al.: divided by the visible pixels, not by all, so that occlusion does not weaken it;
    a weight between 0 and 1 does, even if all pixels have it; and the means over cells.
    """
    apart = pictures - target
    cells = avg_pool2d(weight * apart, CELL, ceil_mode=True, count_include_pad=False)
    squares = (weight * apart.square()).flatten(1).sum(1) + BROAD * CELL**2 * cells.square().flatten(1).sum(1)
    squares = squares / pictures.shape[1]
    return squares / (weight > 0).flatten(1).sum(1).clamp_min(1)
