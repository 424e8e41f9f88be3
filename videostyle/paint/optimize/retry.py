"""Recognizes bad frames and paints them again."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch

from videostyle.frames import FrameTask
from videostyle.paint.optimize.objective import Objective
from videostyle.paint.optimize.solve import Solution, Steps, solve
from videostyle.paint.tensors import stack
from videostyle.settings import OptimizeSettings

FAR_ABOVE = 3.0
"""a frame is painted again if its comparable losses are this many times what the scene's frames usually reach"""
RETRY_RATE = 0.03
"""Adam's learning rate for a frame that is painted again"""


def what_is_wrong(task: FrameTask, row: int, limit: int, solution: Solution, comparable: Iterable[str]) -> str:
    """Why a frame is bad, or an empty string if it is not.

    row: its row in the solution; limit: its maximum number of iterations; comparable: names of the losses that are
    similar for neighboring frames.
    """
    loss, start = float(solution.loss[row]), float(solution.initial_loss[row])
    if not np.isfinite(loss):
        return "its loss was not a finite number"
    if limit > 1 and loss >= start > 0:
        return "its loss did not fall"
    now = float(sum(solution.parts[name][row] for name in comparable))
    usual = sum(task.losses_before.get(name, 0.0) for name in comparable)
    if usual and now > FAR_ABOVE * usual:
        return f"its loss is {now / usual:.1f} times what the scene's frames usually reach"
    return ""


def paint_again(
    task: FrameTask, row: int, limit: int, solution: Solution, objective: Objective, settings: OptimizeSettings,
    steps: Steps,
) -> None:  # fmt: skip
    """Paint a bad frame again, from its content and with Adam, and keep the better result in the solution."""
    content = stack([task.content], solution.pictures.device)
    steps.add(limit)
    gentle = replace(settings, method="adam", learning_rate=RETRY_RATE)
    again = solve(objective, content, [limit], gentle, steps.at)
    steps.end(limit)
    solution.iterations[row] += again.iterations[0]
    if again.loss[0] < solution.loss[row]:  # an infinite loss is greater than any other
        solution.pictures[row], solution.loss[row] = again.pictures[0], again.loss[0]
        for name, part in again.parts.items():
            solution.parts[name][row] = part[0]
    elif not bool(torch.isfinite(solution.loss[row])):
        solution.pictures[row] = content[0]
