"""Patches of a picture as short vectors."""

from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

RADIUS = 2
"""px: patches are 5x5"""
KEPT = 24
"""principal components that describe a patch"""
SAMPLED = 4096
"""patches of the artwork from which they are found"""


def neighbors(plane: Tensor, radius: int = RADIUS) -> Tensor:
    """The square around every pixel of (H, W, C), edges repeated: (H * W, squares * C), row by row."""
    height, width, channels = plane.shape
    padded = F.pad(plane.permute(2, 0, 1)[None], (radius,) * 4, mode="replicate")[0].permute(1, 2, 0)
    side = range(2 * radius + 1)
    parts = [padded[y : y + height, x : x + width] for y in side for x in side]
    return torch.stack(parts, 2).reshape(height * width, len(parts) * channels)


class Basis:
    """Principal components of an artwork's patches."""

    def __init__(self, mean: Tensor, components: Tensor) -> None:
        self._mean, self._components = mean, components

    @classmethod
    def of(cls, patches: Tensor) -> Self:
        """Components of patches (N, values), by falling variance; squared distances are means over values."""
        step = max(1, len(patches) // SAMPLED)
        sample = patches[::step].double().cpu()
        mean = sample.mean(0)
        covariance = (sample - mean).T @ (sample - mean)
        components = torch.linalg.eigh(covariance)[1].flip(1)[:, :KEPT] / patches.shape[1] ** 0.5
        return cls(mean.to(patches), components.to(patches))

    def everywhere(self, plane: Tensor) -> Tensor:
        """Describe the patch around every pixel of (H, W, 3): (H * W, KEPT). Faster than copying patches."""
        side = 2 * RADIUS + 1
        kernels = self._components.T.reshape(-1, side, side, plane.shape[2]).permute(0, 3, 1, 2).contiguous()
        padded = F.pad(plane.permute(2, 0, 1)[None], (RADIUS,) * 4, mode="replicate")
        described = F.conv2d(padded, kernels, bias=-(self._mean @ self._components))[0]
        return described.permute(1, 2, 0).reshape(-1, described.shape[0])

    def __call__(self, patches: Tensor) -> Tensor:
        """Describe patches (N, values) as (N, KEPT)."""
        return (patches - self._mean) @ self._components
