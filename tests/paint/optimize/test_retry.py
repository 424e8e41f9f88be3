"""Bad frames are recognized, and the better of two attempts is kept."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.paint.tasks import HEIGHT, WIDTH, optimizer, task
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.optimize.retry import FAR_ABOVE, what_is_wrong
from videostyle.paint.optimize.solve import Solution

COMPARABLE = "content", "style"


@pytest.fixture(scope="module")
def painter() -> Optimizer:
    return optimizer()


def solution(loss: float, initial: float = 100.0) -> Solution:
    """A solution of one picture with these losses at the start and at the end; a third of the loss is style."""
    values = torch.tensor([loss], dtype=torch.float64)
    parts = {"content": values / 3, "style": values / 3, "temporal": values / 3}
    return Solution(torch.zeros(1, 3, 4, 4), values, torch.tensor([initial]), parts, [6])


@pytest.mark.parametrize(
    ("loss", "initial", "limit", "reason"),
    [
        (float("inf"), 100, 6, "its loss was not a finite number"),
        (100, 100, 6, "its loss did not fall"),
        (100, 100, 1, ""),
        (0, 0, 6, ""),
        (50, 100, 6, ""),
    ],
)
def test_a_loss_must_be_finite_and_fall(loss: float, initial: float, limit: int, reason: str) -> None:
    assert what_is_wrong(task(0), 0, limit, solution(loss, initial), COMPARABLE) == reason


def test_only_comparable_losses_are_compared_with_the_usual_ones() -> None:
    reached = solution(9.0)  # 6 of it comparable
    for before, wrong in ((6 / FAR_ABOVE * 0.99, True), (6 / FAR_ABOVE * 1.01, False), (0.0, False)):
        one = replace(task(0), losses_before={"content": before / 2, "style": before / 2, "temporal": 1e-9})
        assert bool(what_is_wrong(one, 0, 6, reached, COMPARABLE)) == wrong
    assert not what_is_wrong(replace(task(0), losses_before={"temporal": 1e-9}), 0, 6, reached, COMPARABLE)


def test_a_frame_far_above_the_usual_is_painted_again(painter: Optimizer) -> None:
    usual = painter.paint([task(0)])[0]
    low = {name: loss / 10 for name, loss in usual.losses.items()}
    again = painter.paint([replace(task(0), losses_before=low)])[0]
    assert again.retried == "its loss is 10.0 times what the scene's frames usually reach"
    assert again.iterations == 2 * usual.iterations
    assert sum(again.losses.values()) <= sum(usual.losses.values()) * (1 + 1e-6)
    assert not painter.paint([replace(task(0), losses_before=usual.losses)])[0].retried


def test_a_frame_without_a_finite_loss_is_painted_again_and_never_nan(painter: Optimizer) -> None:
    seen: list[tuple[int, int]] = []
    broken = replace(task(0), initial=np.full((HEIGHT, WIDTH, 3), np.nan, np.float32))
    (painted,) = painter.paint([broken], lambda done, total: seen.append((done, total)))
    assert painted.retried == "its loss was not a finite number"
    assert np.isfinite(painted.picture).all()
    assert np.isfinite(sum(painted.losses.values()))
    assert seen[-1] == (12, 12), "the second attempt counts as well"
