"""The terms of the objective, each of its own size and with one number per image: ``(B, ...) -> (B,)``.

Sources: Gatys et al. 2016 (content, style), Ruder et al. 2016 (temporal), METHOD of Kitov (total variation variants).
"""

from typing import Literal

import torch
from torch import Tensor

EPSILON = 1e-12
"""keeps 0 / 0 finite where a target is empty: a black frame, a fully occluded one"""


def gram(features: Tensor) -> Tensor:
    """Gram matrices G = F F^T / (H W) of features (B, C, H, W), in float32 whatever they came in: (B, C, C).

    The gradient is right for losses that are symmetric in G, as all of ours are: it then is twice that of one factor,
    which saves one of the three products of a training step (10 to 20 % of an iteration).
    """
    flat = features.flatten(2).float()
    half = flat @ flat.detach().transpose(1, 2) / flat.shape[2]
    return 2 * half - half.detach()


def content_loss(features: Tensor, target: Tensor, convention: Literal["relative", "mean", "gatys"]) -> Tensor:
    """Squared distance of features (B, C, H, W) from the content's (Gatys 2016, eq. 1): (B,).

    ``gatys``: 1/2 sum (F - P)^2; ``mean``: mean (F - P)^2; ``relative``: mean (F - P)^2 / mean P^2.
    """
    squares = (features.float() - target.float()).square().flatten(1)
    if convention == "gatys":
        return squares.sum(1) / 2
    if convention == "mean":
        return squares.mean(1)
    return squares.mean(1) / (target.float().square().flatten(1).mean(1) + EPSILON)


def style_loss(grams: Tensor, target: Tensor, convention: Literal["relative", "kitov", "gatys"]) -> Tensor:
    """Squared distance of Gram matrices (B, C, C) from the artwork's (1, C, C) or (B, C, C): (B,).

    ``kitov``: mean over (C, C) of (G - A)^2; ``gatys``: 1/(4 N^2 M^2) sum (F F^T - A')^2, which is a quarter of it;
    ``relative``: mean (G - A)^2 / mean A^2.
    """
    distance = (grams - target).square().mean((1, 2))
    if convention == "gatys":
        return distance / 4
    if convention == "kitov":
        return distance
    return distance / (target.square().mean((1, 2)) + EPSILON)


def temporal_loss(pictures: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """sum c (x - w)^2 / sum c over pixels, mean over channels (Ruder 2016, eq. 6): (B,).

    pictures, target: (B, 3, H, W) in 0..1; weight: (B, 1, H, W) in 0..1.
    Differs from Ruder et al.: divided by the visible pixels and not by all, else its pull fades under occlusion.
    """
    squares = (weight * (pictures - target).square()).flatten(1).sum(1) / pictures.shape[1]
    return squares / weight.flatten(1).sum(1).clamp_min(1.0)


def tv_loss(pictures: Tensor, kind: Literal["squared", "absolute", "power"], power: float) -> Tensor:
    """Mean over neighbours of d^2, |d| or (d^2)^power, d being the difference of two pixels: (B,)."""

    def size(difference: Tensor) -> Tensor:
        if kind == "squared":
            return difference.square().flatten(1).mean(1)
        if kind == "absolute":
            return difference.abs().flatten(1).mean(1)
        # the small constant keeps the gradient finite at 0 for powers below 1
        return (difference.square() + 1e-8).pow(power).flatten(1).mean(1)

    return size(pictures[..., 1:, :] - pictures[..., :-1, :]) + size(pictures[..., 1:] - pictures[..., :-1])


def range_loss(pictures: Tensor) -> Tensor:
    """Mean squared distance of the pixels from 0..1: (B,). Keeps them in range without clipping under L-BFGS."""
    return (pictures - pictures.clamp(0, 1)).square().flatten(1).mean(1)


def total(parts: dict[str, Tensor]) -> Tensor:
    """Sum of the weighted terms, still one number per image: (B,)."""
    return torch.stack(list(parts.values())).sum(0)
