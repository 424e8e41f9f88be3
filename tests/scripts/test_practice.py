"""Training windows, and the pictures that the student paints."""

import dataclasses
from pathlib import Path

import practice
import pytest
import torch
from recipe import Recipe
from train_compact import SIDE, cut_crops

from tests.scripts.training import fresh, tiny_recipe
from videostyle.paint.terms.gram import gram


def test_crops_and_windows_repeat(pictures: Path) -> None:
    crops = cut_crops(pictures, 7, 3)
    assert crops.shape == (7, SIDE, SIDE, 3)
    assert (crops == cut_crops(pictures, 7, 3)).all()
    recipe = Recipe(batch=5)
    one, other = (practice.windows(torch.from_numpy(crops), recipe, 11) for _ in range(2))
    assert torch.equal(one, other)
    assert one.shape == (5, 3, 64, 64)
    assert not torch.equal(one, practice.windows(torch.from_numpy(crops), recipe, 12))


def test_painting_moves_toward_the_goals(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice, "KEPT", 8)
    recipe = tiny_recipe()
    pool, net = practice.Practice(recipe), fresh(recipe)
    crops = torch.from_numpy(cut_crops(pictures, 12, 0))
    assert [len(batch) for batch in pool.draw(1)] == [0, 0]
    for step in (2, 4):  # the pool grows to its size
        pool.paint(net, crops, step, "cpu")
    assert pool.pictures.shape == pool.goals.shape == (8, 3, 64, 64)
    before = pool.distances(net, "cpu")
    for step in range(6, 66, 2):
        pool.paint(net, crops, step, "cpu")
    after = pool.distances(net, "cpu")
    assert all(after[layer] < before[layer] / 2 for layer in ("relu1_1", "relu2_1", "relu3_1"))
    painted, goals = pool.draw(1)
    assert painted.shape == goals.shape == (2, 3, 64, 64)
    assert float(painted.min()) >= -0.11
    assert float(painted.max()) <= 1.11


def test_slopes_are_the_gradient_and_are_differentiable() -> None:
    recipe = tiny_recipe()
    net, x, y = fresh(recipe).double(), torch.rand(2, 3, 16, 16).double(), torch.rand(2, 3, 16, 16).double()
    net = net.requires_grad_(True)

    def loss(picture: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            pairs = zip(net(picture, net.layers).values(), net(y, net.layers).values(), strict=True)
            return sum(practice.gram_distance(gram(a), gram(b)).sum() for a, b in pairs)

    slope = practice.slopes(net, x, practice.aims(net, y, of_weights=False), of_weights=False)
    direction = torch.randn_like(x)
    numeric = (loss(x + 1e-7 * direction) - loss(x - 1e-7 * direction)) / 2e-7
    assert float((slope * direction).sum()) == pytest.approx(float(numeric), rel=1e-4)
    assert float(practice.slope_error(net, net, x, y).detach()) == pytest.approx(0, abs=1e-12)
    other, weights_ = fresh(dataclasses.replace(recipe, seed=5)).double(), list(net.parameters())
    gradients = torch.autograd.grad(practice.slope_error(net, other, x, y), weights_)
    directions = [torch.randn_like(weight) for weight in weights_]
    errors = []
    for step in (1e-6, -2e-6):
        with torch.no_grad():
            for weight, direction in zip(weights_, directions, strict=True):
                weight.add_(step * direction)
        errors.append(float(practice.slope_error(net, other, x, y).detach()))
    terms = [(gradient * direction).sum() for gradient, direction in zip(gradients, directions, strict=True)]
    assert (errors[0] - errors[1]) / 2e-6 == pytest.approx(float(sum(terms)), rel=1e-3)
