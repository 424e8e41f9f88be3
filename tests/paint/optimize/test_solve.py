"""The gradient loop against closed forms, and pictures that leave the batch."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from videostyle.paint.optimize.solve import Steps, solve
from videostyle.settings import OptimizeSettings


class Pull:
    """An objective with a known minimum: each picture is pulled toward its own target with its own strength."""

    def __init__(self, target: Tensor, strength: Tensor) -> None:
        self.target, self.strength = target, strength
        self.evaluated: list[int] = []

    def keep(self, rows: Tensor) -> None:
        self.target, self.strength = self.target[rows], self.strength[rows]

    def stiffness(self) -> None:
        return None

    def parts(self, pictures: Tensor) -> dict[str, Tensor]:
        self.evaluated.append(len(pictures))
        squares = (pictures - self.target).square()
        return {"near": self.strength * squares.flatten(1).mean(1), "bent": 0.1 * squares.square().flatten(1).mean(1)}


@pytest.fixture
def target() -> Tensor:
    return torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def run(pull: Any, start: Tensor, limits: list[int], **changes: Any) -> Any:
    settings = replace(OptimizeSettings(), **changes)
    return solve(pull, start, limits, settings)


def test_finds_the_minimum_of_every_picture(target: Tensor) -> None:
    solution = run(Pull(target, torch.tensor([1.0, 10, 100])), torch.zeros_like(target), [60] * 3)
    torch.testing.assert_close(solution.pictures, target, atol=2e-3, rtol=0)
    torch.testing.assert_close(sum(solution.parts.values()).double(), solution.loss, atol=1e-7, rtol=1e-4)
    assert (solution.initial_loss > solution.loss).all()


def test_every_picture_has_its_own_limit(target: Tensor) -> None:
    pull = Pull(target, torch.tensor([1.0, 1, 1]))
    solution = run(pull, torch.zeros_like(target), [1, 7, 3], tolerance=0)
    assert solution.iterations == [1, 7, 3]
    assert pull.evaluated == [3, 2, 2, 1, 1, 1, 1]
    torch.testing.assert_close(solution.pictures[0], torch.zeros_like(target[0]))


def test_other_pictures_of_the_batch_change_nothing(target: Tensor) -> None:
    strength = torch.tensor([1.0, 10, 100])
    together = run(Pull(target, strength), torch.zeros_like(target), [12, 4, 9], tolerance=0)
    for row, limit in enumerate([12, 4, 9]):
        alone = run(Pull(target[row : row + 1], strength[row : row + 1]), torch.zeros(1, 3, 8, 8), [limit], tolerance=0)
        torch.testing.assert_close(together.pictures[row], alone.pictures[0], atol=1e-5, rtol=1e-5)


def test_a_picture_that_has_converged_leaves(target: Tensor) -> None:
    start = torch.zeros_like(target)
    start[0] = target[0] + 1e-4 * torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(1))

    class Floor(Pull):
        def parts(self, pictures: Tensor) -> dict[str, Tensor]:
            return {**super().parts(pictures), "floor": torch.ones(len(pictures))}

    solution = run(Floor(target, torch.ones(3)), start, [100] * 3, tolerance=1e-3, window=10)
    assert solution.iterations[0] == 15
    assert all(15 <= count < 100 for count in solution.iterations)


def test_adam_finds_the_minimum(target: Tensor) -> None:
    solution = run(Pull(target, torch.ones(3)), torch.zeros_like(target), [200] * 3, method="adam", learning_rate=0.05)
    torch.testing.assert_close(solution.pictures, target, atol=2e-2, rtol=0)


def test_a_loss_that_is_not_a_number_is_never_returned(target: Tensor) -> None:
    class Broken(Pull):
        def parts(self, pictures: Tensor) -> dict[str, Tensor]:
            return {name: part * torch.nan for name, part in super().parts(pictures).items()}

    solution = run(Broken(target, torch.ones(3)), torch.zeros_like(target), [5] * 3)
    assert torch.isinf(solution.loss).all()
    assert torch.isfinite(solution.pictures).all()


def test_the_lowest_point_is_returned_not_the_last(target: Tensor) -> None:
    class Rising(Pull):
        def parts(self, pictures: Tensor) -> dict[str, Tensor]:
            parts = super().parts(pictures)
            self.seen = [*getattr(self, "seen", []), pictures.detach().clone()]
            return parts | {"late": torch.full((len(pictures),), 10.0 * max(0, len(self.evaluated) - 4))}

    pull = Rising(target, torch.ones(3))
    solution = run(pull, torch.zeros_like(target), [9] * 3, tolerance=0)
    assert solution.iterations == [9] * 3
    assert torch.equal(solution.pictures, pull.seen[3])
    assert torch.equal(solution.parts["late"], torch.zeros(3))
    assert torch.equal(sum(solution.parts.values()).double(), solution.loss)


def test_iterations_are_reported_at_every_check(target: Tensor) -> None:
    seen: list[int] = []
    settings = replace(OptimizeSettings(), tolerance=0.0)
    heard = solve(Pull(target, torch.ones(3)), torch.zeros_like(target), [12, 4, 3], settings, seen.append)  # type: ignore[arg-type]
    assert seen == [5, 10]
    assert torch.equal(
        heard.pictures, run(Pull(target, torch.ones(3)), torch.zeros_like(target), [12, 4, 3], tolerance=0.0).pictures
    )


def test_solves_that_end_early_count_with_their_planned_iterations() -> None:
    seen: list[tuple[int, int]] = []
    steps = Steps(30, lambda done, total: seen.append((done, total)))
    steps.at(5)
    steps.end(10)
    steps.at(5)
    steps.add(8)
    steps.end(20)
    steps.end(8)
    assert seen == [(5, 30), (10, 30), (15, 30), (30, 38), (38, 38)]


def test_steps_can_be_counted_without_a_callback() -> None:
    Steps(3).end(3)
