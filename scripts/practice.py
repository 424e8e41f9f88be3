"""The pictures that the compact network is trained on: disturbed crops, and pictures that it paints itself."""

import dataclasses

import torch
import torch.nn.functional as F
from recipe import Recipe
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.terms.gram import gram

KEPT = 480
"""pictures in the pool that the student paints"""
RENEWED = 0.15
"""share of a batch of the pool that starts over"""
TURNS = 10
"""gradient steps per batch of the pool"""


def windows(crops: Tensor, recipe: Recipe, step: int) -> Tensor:
    """The training windows (B, 3, W, W) of one step, in -0.1..1.1; the same for the same seed and step.

    crops: (N, H, W, 3), 8 bits. Some windows are disturbed (white or blurred noise, tints, contrast): a picture that is
    being optimized does not look like a photograph, and errors that the student has not learned to see would remain.
    """
    dice = torch.Generator().manual_seed((recipe.seed * 1_000_003 + step) % 2**63)
    chosen = torch.randint(len(crops), (recipe.batch,), generator=dice)
    y, x = torch.randint(crops.shape[1] - recipe.window + 1, (2,), generator=dice).tolist()
    pictures = crops[chosen, y : y + recipe.window, x : x + recipe.window].permute(0, 3, 1, 2).float() / 255
    disturbed = (torch.rand(recipe.batch, 1, 1, 1, generator=dice) < recipe.noise).float()
    strength = torch.rand(recipe.batch, 1, 1, 1, generator=dice).square() * 0.3
    white = torch.randn(pictures.shape, generator=dice)
    coarse = F.interpolate(F.avg_pool2d(white, 4), scale_factor=4, mode="bilinear") * 3
    share = (torch.rand(recipe.batch, 1, 1, 1, generator=dice) < 0.5).float()
    contrast = 1 + 0.8 * (torch.rand(recipe.batch, 3, 1, 1, generator=dice) - 0.5)
    tint = 0.3 * (torch.rand(recipe.batch, 3, 1, 1, generator=dice) - 0.5)
    noisy = (pictures - 0.5) * contrast + 0.5 + tint + strength * (share * white + (1 - share) * coarse)
    return (pictures + disturbed * (noisy - pictures)).clamp(-0.1, 1.1)


def gram_distance(actual: Tensor, expected: Tensor) -> Tensor:
    """Relative distances (B,) between Gram matrices (B, C, C)."""
    return (actual - expected).square().sum((1, 2)) / expected.square().sum((1, 2)).clamp_min(1e-6)


def aims(net: Backbone, goals: Tensor, *, of_weights: bool) -> dict[str, Tensor]:
    """Gram matrices of goals (B, 3, W, W) per layer; of_weights: differentiable in the network's weights."""
    with torch.set_grad_enabled(of_weights):
        return {layer: gram(features) for layer, features in net(goals, net.layers).items()}


def slopes(net: Backbone, pictures: Tensor, targets: dict[str, Tensor], *, of_weights: bool) -> Tensor:
    """Gradient (B, 3, W, W) of the pictures' Gram distances to targets, summed over layers.

    of_weights: whether it can be differentiated again, in the network's weights.
    """
    pictures = pictures.detach().requires_grad_()
    features = net(pictures, list(targets))
    distances = [gram_distance(gram(features[layer]), target) for layer, target in targets.items()]
    (slope,) = torch.autograd.grad(torch.stack(distances).sum(), pictures, create_graph=of_weights)
    return slope


def slope_error(net: Backbone, teacher: Backbone, pictures: Tensor, goals: Tensor) -> Tensor:
    """Relative error of the student's gradient, mean over pictures.

    Where the student sees no error, its gradient vanishes but the teacher's does not. Accurate features on average do
    not keep an optimizer from exploiting such places; an accurate gradient does.
    """
    expected = slopes(teacher, pictures, aims(teacher, goals, of_weights=False), of_weights=False)
    actual = slopes(net, pictures, aims(net, goals, of_weights=True), of_weights=True)
    size = expected.square().sum((1, 2, 3)).clamp_min(1e-12)
    return ((actual - expected).square().sum((1, 2, 3)) / size).mean()


class Practice:
    """Pictures that the student paints while it learns, which show its errors.

    An optimizer finds what the student mistakes for the style, and no folder holds such pictures. A pool of small ones
    is painted during the whole training, each toward its own goal, so that they get as close to their goals as in a
    long render. The teacher supplies their true features.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.pictures = torch.zeros(0, 3, recipe.window, recipe.window, dtype=torch.float16)
        self.goals = torch.zeros_like(self.pictures)

    def paint(self, net: Backbone, crops: Tensor, step: int, device: str) -> None:
        """Continue painting a batch of the pool with steps of random size; some pictures start over."""
        dice = torch.Generator().manual_seed(self._recipe.seed * 7_919 + step)
        fresh = (
            windows(crops, self._recipe, -step),
            windows(crops, dataclasses.replace(self._recipe, noise=0.0), -step - 1),
        )
        batch = len(fresh[0])
        if len(self.pictures) < KEPT:
            self.pictures = torch.cat([fresh[0].half(), self.pictures])
            self.goals = torch.cat([fresh[1].half(), self.goals])
            chosen = torch.arange(batch)
        else:
            chosen = torch.randperm(KEPT, generator=dice)[:batch]
            restarted = torch.rand(batch, generator=dice) < RENEWED
            self.pictures[chosen[restarted]] = fresh[0][restarted].half()
            self.goals[chosen[restarted]] = fresh[1][restarted].half()
        pictures, goals = self.pictures[chosen].float().to(device), self.goals[chosen].float().to(device)
        length = (0.002 * 20 ** torch.rand(batch, 1, 1, 1, generator=dice)).to(device)  # 0.002 to 0.04
        self.pictures[chosen] = _painted(net, pictures, goals, length).half().cpu()

    def draw(self, step: int) -> tuple[Tensor, Tensor]:
        """Painted pictures and their goals (B, 3, W, W) for a training step; B is 0 while the pool is empty."""
        count = round(self._recipe.batch * self._recipe.practice) if len(self.pictures) else 0
        dice = torch.Generator().manual_seed(self._recipe.seed * 104_729 + step)
        chosen = torch.randint(max(1, len(self.pictures)), (count,), generator=dice)
        return self.pictures[chosen].float(), self.goals[chosen].float()

    def distances(self, teacher: Backbone, device: str) -> dict[str, float]:
        """Geometric mean over the pool of the relative Gram distance to the goals per layer, as the teacher sees it."""
        pairs = zip(torch.split(self.pictures, 48), torch.split(self.goals, 48), strict=True)
        rows: dict[str, list[Tensor]] = {layer: [] for layer in teacher.heads}
        with torch.no_grad():
            for pictures, goals in pairs:
                painted = teacher(pictures.float().to(device), list(rows))
                targets = teacher(goals.float().to(device), list(rows))
                for layer in rows:
                    rows[layer].append(gram_distance(gram(painted[layer]), gram(targets[layer])))
        return {layer: float(torch.cat(row).log().mean().exp()) for layer, row in rows.items() if row}


def _painted(net: Backbone, pictures: Tensor, goals: Tensor, length: Tensor) -> Tensor:
    """Move pictures toward the Gram matrices of goals (B, 3, W, W) by steps of given lengths (B, 1, 1, 1)."""
    net.requires_grad_(False)
    mean, square = torch.zeros_like(pictures), torch.zeros_like(pictures)
    targets = aims(net, goals, of_weights=False)
    for turn in range(1, TURNS + 1):  # Adam (Kingma & Ba 2015): every pixel moves, as with L-BFGS
        slope = slopes(net, pictures, targets, of_weights=False)
        mean, square = 0.8 * mean + 0.2 * slope, 0.9 * square + 0.1 * slope.square()
        step = mean / (1 - 0.8**turn) / ((square / (1 - 0.9**turn)).sqrt() + 1e-12)
        pictures = (pictures - length * step).clamp(-0.1, 1.1)
    net.requires_grad_(True)
    return pictures
