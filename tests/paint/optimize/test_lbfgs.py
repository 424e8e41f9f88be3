"""Ours against torch's on one picture, and a batch against single rows."""

import pytest
import torch
from torch import Tensor

from videostyle.paint.optimize.lbfgs import BatchLbfgs


def rosenbrock(points: Tensor) -> Tensor:
    """Sum over pairs, one number per row: a curved valley with its minimum at 1."""
    return (100 * (points[:, 1:] - points[:, :-1].square()).square() + (1 - points[:, :-1]).square()).sum(1)


def bowl(points: Tensor) -> Tensor:
    """Badly conditioned (1 : 1000), with its minimum at 0."""
    return (points.square() * torch.logspace(0, 3, points.shape[1], dtype=points.dtype)).sum(1)


def walk(function, start: Tensor, steps: int, history: int = 10, first_step: float = 0.01) -> BatchLbfgs:  # type: ignore[no-untyped-def]
    walker = BatchLbfgs(start, history, first_step=first_step)
    for _ in range(steps):
        point = walker.point.detach().requires_grad_()
        losses = function(point)
        (gradient,) = torch.autograd.grad(losses.sum(), point)
        walker.advance(losses.detach(), gradient)
    return walker


def test_same_steps_as_torch_on_one_picture() -> None:
    start = torch.linspace(-1, 2, 40, dtype=torch.float64)[None]

    def gentle(points: Tensor) -> Tensor:  # no step climbs here, so that none of ours is undone
        return (points.square() * torch.linspace(1, 4, 40, dtype=torch.float64)).sum(1) + points.pow(4).sum(1)

    parameter = start.clone().requires_grad_()
    theirs = torch.optim.LBFGS([parameter], lr=1, max_iter=12, history_size=4, tolerance_grad=0, tolerance_change=0)

    def closure() -> Tensor:
        theirs.zero_grad()
        loss = gentle(parameter).sum()
        loss.backward()
        return loss

    closure()
    assert parameter.grad is not None
    first_step = float(parameter.grad.square().mean().sqrt() / parameter.grad.abs().sum())  # torch's own
    theirs.step(closure)
    torch.testing.assert_close(walk(gentle, start, 12, 4, first_step).point, parameter.detach(), rtol=1e-9, atol=1e-12)


def test_finds_the_minimum_of_a_curved_valley() -> None:
    assert rosenbrock(walk(rosenbrock, torch.zeros(1, 6, dtype=torch.float64), 300).point).item() < 1e-8


def test_a_neighbor_changes_nothing() -> None:
    start = torch.randn(4, 30, generator=torch.Generator().manual_seed(3))
    together = walk(bowl, start, 25)
    for row in range(4):
        alone = walk(bowl, start[row : row + 1], 25)
        torch.testing.assert_close(together.point[row], alone.point[0], rtol=1e-4, atol=1e-6)


def test_a_neighbor_that_explodes_changes_nothing() -> None:
    def one_explodes(points: Tensor) -> Tensor:
        losses = bowl(points)
        if len(points) == 2:
            losses = losses * torch.tensor([1.0, torch.nan])
        return losses

    start = torch.randn(2, 30, generator=torch.Generator().manual_seed(4))
    together = walk(one_explodes, start, 25)
    torch.testing.assert_close(together.point[0], walk(bowl, start[:1], 25).point[0], rtol=1e-4, atol=1e-6)
    assert torch.equal(together.point[1], start[1])


def test_rows_that_leave_do_not_disturb_those_that_stay() -> None:
    start = torch.randn(3, 20, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    walker, alone = BatchLbfgs(start, 5), BatchLbfgs(start[1:2], 5)
    for step in range(20):
        for one in (walker, alone):
            one.advance(bowl(one.point), 2 * one.point * torch.logspace(0, 3, 20, dtype=torch.float64))
        if step == 8:
            walker.keep(torch.tensor([1]))
    torch.testing.assert_close(walker.point, alone.point)


def test_a_step_that_raises_the_loss_is_undone() -> None:
    start = torch.full((1, 3), 2.0, dtype=torch.float64)
    walker = BatchLbfgs(start, 5)
    walker.advance(torch.tensor([1.0]), torch.tensor([[1.0, 0, 0]], dtype=torch.float64))
    first = walker.point.clone()
    assert (first - start).square().mean().sqrt().item() == pytest.approx(0.01)
    walker.advance(torch.tensor([5.0]), torch.tensor([[9.0, 9, 9]], dtype=torch.float64))
    torch.testing.assert_close(walker.point, (start + first) / 2)
