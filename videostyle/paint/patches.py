"""How far the patches of a picture are from those of artworks, measured without a network."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from videostyle.frames import BRIGHTNESS
from videostyle.paint.tensors import resize

SIDE = 7
"""px, side of a patch"""
COUNT = 16384
"""patches compared, at the same places in every picture of a size"""
FAINT = 2 / 255
"""of 0..1, added to the artwork's standard deviation, so that its noise does not count as much as its strokes"""
OPPONENT = (BRIGHTNESS, (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))
"""brightness, red against green, yellow against blue"""


class PatchTargets:
    """The patches of one or more artworks, each resized to the area of the picture, as in ``StyleTargets``.

    The distance is a sliced Wasserstein distance (Rabin et al. 2011). Its slices are fixed: the cosines of which a
    patch consists (DCT-II), in opponent colors. Each is measured in standard deviations of the artwork, because
    otherwise brightness would outweigh everything fine.
    """

    def __init__(self, artworks: Sequence[Tensor], shares: Sequence[float], height: int, width: int) -> None:
        """artworks: (1, 3, H, W) each. shares: of each, with a sum of 1."""
        parts = []
        for artwork, share in zip(artworks, shares, strict=True):
            rows, columns = artwork.shape[2:]
            factor = max((height * width / (rows * columns)) ** 0.5, SIDE / min(rows, columns))
            parts.append(slices(resize(artwork, round(rows * factor), round(columns * factor)), round(COUNT * share)))
        self._values = torch.cat(parts).sort(0).values
        self._spread = self._values.std(0, correction=0) + FAINT

    def distance(self, picture: Tensor) -> float:
        """Mean over slices of the Wasserstein-2 distance of a picture (1, 3, H, W) in 0..1."""
        values = slices(picture, len(self._values)).sort(0).values
        return float(((values - self._values).square().mean(0).sqrt() / self._spread).mean())


def slices(picture: Tensor, count: int) -> Tensor:
    """``count`` patches of a picture (1, 3, H, W), each as its 3 * SIDE^2 coefficients: (count, 3 * SIDE^2).

    The cosines are orthonormal: a plain patch has SIDE times its color as the first coefficient of each channel.
    """
    rows, columns = (side - SIDE + 1 for side in picture.shape[2:])
    # Places spread evenly and in no pattern: the R2 sequence (Roberts 2018).
    number = torch.arange(1, count + 1, dtype=torch.float64, device=picture.device)
    down = (number * 0.7548776662466927 % 1 * rows).long()
    right = (number * 0.5698402909980532 % 1 * columns).long()
    patches = picture[0].unfold(1, SIDE, 1).unfold(2, SIDE, 1)[:, down, right]
    cosines = _cosines().to(picture)
    colors = torch.tensor(OPPONENT, dtype=picture.dtype, device=picture.device)
    return torch.einsum("cnij,dc,ui,vj->nduv", patches, colors, cosines, cosines).flatten(1)


def _cosines() -> Tensor:
    """The orthonormal DCT-II of SIDE values: (SIDE, SIDE)."""
    place = torch.arange(SIDE, dtype=torch.float64)
    waves = torch.cos(math.pi / SIDE * (place + 0.5) * place[:, None])
    waves[1:] *= math.sqrt(2)
    return waves / math.sqrt(SIDE)
