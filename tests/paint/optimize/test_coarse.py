import numpy as np
import pytest

from tests.paint.tasks import CPU, art, picture, settings, task
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.coarse import coarse_to_fine, per_scale, scales
from videostyle.paint.optimize.objective import Objectives
from videostyle.paint.optimize.steps import Steps


def test_scales_are_a_factor_of_sqrt_2_apart() -> None:
    many = settings(optimize__first_iterations=300, optimize__coarsest=96).optimize
    assert scales(400, 500, 32, many) == [(100, 125), (141, 177), (200, 250), (283, 354)]
    assert scales(400, 500, 250, many) == [(283, 354)], "the backbone sees nothing smaller"
    assert scales(100, 500, 32, many) == []
    assert per_scale(scales(400, 500, 32, many), many) == 60


@pytest.mark.parametrize(("iterations", "sizes"), [(12, [(453, 509)]), (6, []), (1, [])])
def test_few_iterations_are_spent_at_full_size(iterations: int, sizes: list[tuple[int, int]]) -> None:
    few = settings(optimize__first_iterations=iterations).optimize
    assert scales(640, 720, 32, few) == sizes


def test_first_frames_start_from_a_smaller_painting_of_themselves() -> None:
    chosen = settings(optimize__first_iterations=24)
    sizes = scales(64, 72, 32, chosen.optimize)
    assert sizes == [(45, 51)]
    objectives = Objectives(chosen, load_backbone("compact"), [art()], CPU)
    seen: list[tuple[int, int]] = []
    steps = Steps(24, lambda done, total: seen.append((done, total)))
    tasks = [task(0, first=True), task(1, first=True)]
    starts = coarse_to_fine(tasks, sizes, objectives, chosen.optimize, steps)
    assert [start.shape for start in starts] == [(64, 72, 3)] * 2
    assert np.abs(starts[0] - picture(50)).mean() > 0.02
    assert seen[-1] == (12, 24)
    assert not np.array_equal(starts[0], starts[1])
