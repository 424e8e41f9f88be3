"""A Gaussian blur whose every pixel depends on its own neighborhood alone, bit for bit, however a picture is cut."""

import math

import torch
from torch import Tensor


def reach(sigma: float) -> int:
    """Radius of the blur, px."""
    return math.ceil(3 * sigma)


def blurred(planes: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (H, W, C), edges repeated."""
    radius = reach(sigma)
    curve = [math.exp(-0.5 * (place / sigma) ** 2) for place in range(-radius, radius + 1)]
    taps = [value / sum(curve) for value in curve]
    for dim in (0, 1):
        size = planes.shape[dim]
        index = torch.arange(-radius, size + radius, device=planes.device).clamp_(0, size - 1)
        padded = planes.index_select(dim, index)
        planes = torch.zeros_like(planes)
        for place, tap in enumerate(taps):
            planes.add_(padded.narrow(dim, place, size), alpha=tap)
    return planes
