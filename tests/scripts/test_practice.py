"""The pictures that the student paints, and the gradient of its style loss."""

import dataclasses
from pathlib import Path

import practice
import pytest
import torch
from windows import cut_windows

from tests.scripts.training import fresh, tiny_recipe
from videostyle.paint.terms.gram import gram


def test_painting_moves_toward_the_goals(pictures: Path) -> None:
    recipe = dataclasses.replace(tiny_recipe(), turns=60)
    pool, net, windows = practice.Pool(recipe), fresh(recipe), cut_windows(pictures, 12, 32, 0)
    pool.paint(net, windows, 1, "cpu")
    assert pool.pictures.shape == pool.goals.shape == (recipe.painted, 3, 32, 32)

    def distances() -> torch.Tensor:
        with torch.no_grad():
            ours, goals = (net(half.float(), recipe.style) for half in (pool.pictures, pool.goals))
            rows = [practice.gram_distance(gram(ours[layer]), gram(goals[layer])) for layer in recipe.style]
            return torch.stack(rows)

    kept = pool.goals.clone()
    before = distances()
    pool.paint(net, windows, 2, "cpu")
    same = (kept == pool.goals).flatten(1).all(1)
    assert int(same.sum()) > 0, "most pictures are painted further, toward the same goals"
    assert float(distances()[:, same].log().mean()) < float(before[:, same].log().mean())
    assert float(pool.pictures.min()) >= -0.11
    assert float(pool.pictures.max()) <= 1.11


def test_slopes_are_the_gradient_and_are_differentiable() -> None:
    recipe = tiny_recipe()
    net, x, y = fresh(recipe).double(), torch.rand(2, 3, 16, 16).double(), torch.rand(2, 3, 16, 16).double()
    net = net.requires_grad_(True)

    def loss(picture: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            pairs = zip(net(picture, net.layers).values(), net(y, net.layers).values(), strict=True)
            return sum(practice.gram_distance(gram(a), gram(b)).sum() for a, b in pairs)

    def slope_of(of: torch.nn.Module) -> torch.Tensor:
        return practice.slopes(of, x, practice.aims(of, y, net.layers, of_weights=False), of_weights=False)

    slope = slope_of(net)
    direction = torch.randn_like(x)
    numeric = (loss(x + 1e-7 * direction) - loss(x - 1e-7 * direction)) / 2e-7
    assert float((slope * direction).sum()) == pytest.approx(float(numeric), rel=1e-4)
    assert float(practice.slope_error(net, slope, x, y, net.layers).detach()) == pytest.approx(0, abs=1e-12)
    other, weights_ = fresh(dataclasses.replace(recipe, seed=5)).double(), list(net.parameters())
    theirs = slope_of(other)
    gradients = torch.autograd.grad(practice.slope_error(net, theirs, x, y, net.layers), weights_)
    directions = [torch.randn_like(weight) for weight in weights_]
    errors = []
    for step in (1e-6, -2e-6):
        with torch.no_grad():
            for weight, direction in zip(weights_, directions, strict=True):
                weight.add_(step * direction)
        errors.append(float(practice.slope_error(net, theirs, x, y, net.layers).detach()))
    terms = [(gradient * direction).sum() for gradient, direction in zip(gradients, directions, strict=True)]
    assert (errors[0] - errors[1]) / 2e-6 == pytest.approx(float(sum(terms)), rel=1e-3)
