"""Painting while the compact network learns: Gram distances, their gradients, and a pool of painted pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from recipe import Recipe
from torch import Tensor
from windows import as_tensor, disturbed

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.terms.gram import gram

RENEWED = 0.15
"""share of the pool that starts over before a round"""
BATCH = 16
"""pictures painted at a time"""

Grams = dict[str, Tensor]
"""layer -> (B, C, C)"""


def gram_distance(actual: Tensor, expected: Tensor) -> Tensor:
    """Relative distances (B,) between Gram matrices (B, C, C)."""
    return (actual - expected).square().sum((1, 2)) / expected.square().sum((1, 2)).clamp_min(1e-6)


def aims(net: Backbone, goals: Tensor, layers: tuple[str, ...], *, of_weights: bool) -> Grams:
    """Gram matrices of goals (B, 3, S, S) per layer; of_weights: differentiable in the network's weights."""
    with torch.set_grad_enabled(of_weights):
        return {layer: gram(features) for layer, features in net(goals, layers).items()}


def slopes(net: Backbone, pictures: Tensor, targets: Grams, *, of_weights: bool) -> Tensor:
    """Gradient (B, 3, S, S) of the pictures' Gram distances to targets, summed over layers.

    of_weights: whether it can be differentiated again, in the network's weights.
    """
    pictures = pictures.detach().requires_grad_()
    features = net(pictures, list(targets))
    distances = [gram_distance(gram(features[layer]), target) for layer, target in targets.items()]
    (slope,) = torch.autograd.grad(torch.stack(distances).sum(), pictures, create_graph=of_weights)
    return slope


def slope_error(net: Backbone, expected: Tensor, pictures: Tensor, goals: Tensor, layers: tuple[str, ...]) -> Tensor:
    """Relative error of the student's gradient against the teacher's (B, 3, S, S), mean over pictures.

    Where the student sees no error, its gradient vanishes but the teacher's does not. Accurate features on average do
    not keep an optimizer from exploiting such places; an accurate gradient does.
    """
    actual = slopes(net, pictures, aims(net, goals, layers, of_weights=True), of_weights=True)
    size = expected.square().sum((1, 2, 3)).clamp_min(1e-12)
    return ((actual - expected).square().sum((1, 2, 3)) / size).mean()


class Pool:
    """Pictures that the student paints while it learns, each toward a goal; they show its errors.

    An optimizer finds what the student mistakes for the style, and no folder holds such pictures. They are painted
    during the whole training, so that they get as close to their goals as in a long render.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.pictures = torch.zeros(0, 3, recipe.side, recipe.side, dtype=torch.float16)
        self.goals = torch.zeros_like(self.pictures)

    def paint(self, net: Backbone, windows: NDArray[np.uint8], turn: int, device: str) -> None:
        """Paint on before round ``turn`` with steps of random size; some pictures start over.

        windows: (N, S, S, 3), from which pictures and goals are drawn.
        """
        recipe = self._recipe
        dice = torch.Generator().manual_seed(recipe.seed * 7_919 + turn)
        first, second = (torch.randint(len(windows), (recipe.painted,), generator=dice) for _ in range(2))
        fresh = disturbed(as_tensor(windows[first]), recipe.noise, recipe.seed * 7_919 - turn - 1).half()
        goals = as_tensor(windows[second]).half()
        restarted = torch.rand(recipe.painted, generator=dice) < RENEWED
        if len(self.pictures):
            self.pictures[restarted], self.goals[restarted] = fresh[restarted], goals[restarted]
        else:
            self.pictures, self.goals = fresh, goals
        lengths = 0.002 * 20 ** torch.rand(recipe.painted, 1, 1, 1, generator=dice)  # 0.002 to 0.04
        for some in torch.split(torch.arange(recipe.painted), BATCH):
            pictures, aim, length = (all_[some].float().to(device) for all_ in (self.pictures, self.goals, lengths))
            self.pictures[some] = painted(net, pictures, aim, length, recipe.style, recipe.turns).half().cpu()


def painted(
    net: Backbone, pictures: Tensor, goals: Tensor, lengths: Tensor, layers: tuple[str, ...], turns: int
) -> Tensor:
    """Move pictures toward the Gram matrices of goals (B, 3, S, S) by steps of given lengths (B, 1, 1, 1)."""
    net.requires_grad_(False)
    mean, square = torch.zeros_like(pictures), torch.zeros_like(pictures)
    targets = aims(net, goals, layers, of_weights=False)
    for turn in range(1, turns + 1):  # Adam (Kingma & Ba 2015): every pixel moves, as with L-BFGS
        slope = slopes(net, pictures, targets, of_weights=False)
        mean, square = 0.8 * mean + 0.2 * slope, 0.9 * square + 0.1 * slope.square()
        step = mean / (1 - 0.8**turn) / ((square / (1 - 0.9**turn)).sqrt() + 1e-12)
        pictures = (pictures - lengths * step).clamp(-0.1, 1.1)
    net.requires_grad_(True)
    return pictures
