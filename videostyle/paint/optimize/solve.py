"""The gradient loop: every image of a batch walks down its own loss and leaves when it has converged."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from videostyle.paint.optimize.adam import BatchAdam
from videostyle.paint.optimize.lbfgs import BatchLbfgs
from videostyle.paint.optimize.objective import Objective
from videostyle.paint.terms.losses import total
from videostyle.settings import OptimizeSettings

CHECK_EVERY = 5
"""iterations between two looks at the stopping rule: each look makes a GPU wait"""


@dataclass(slots=True)
class Solution:
    """The lowest points found, one row per image."""

    pictures: Tensor
    """(B, 3, H, W), not clipped"""
    loss: Tensor
    """(B,) float64; infinite where no finite loss was met"""
    initial_loss: Tensor
    """(B,)"""
    parts: dict[str, Tensor]
    """every weighted term at that point: (B,)"""
    iterations: list[int]
    """evaluations of loss and gradient that each image had"""


def solve(
    objective: Objective,
    initial: Tensor,
    limits: Sequence[int],
    settings: OptimizeSettings,
    method: str,
    learning_rate: float,
) -> Solution:
    """Minimise the objective from pictures (B, 3, H, W), each with its own limit of iterations.

    An image leaves the batch when its best loss fell by less than ``tolerance`` over ``window`` iterations
    (Differs from Ruder et al. 2016: best loss, so that one bad step neither ends a frame nor saves it).
    """
    start = initial.flatten(1)
    walk: BatchAdam | BatchLbfgs
    if method == "adam":
        walk = BatchAdam(start, learning_rate)
    else:
        walk = BatchLbfgs(start, settings.history, learning_rate, ease=objective.ease())
    count = len(limits)
    solution = Solution(initial.clone(), walk.best_loss.clone(), walk.best_loss.clone(), {}, [0] * count)
    rows = list(range(count))  # which image each row of the walk is
    best: dict[str, Tensor] = {}
    trail: list[Tensor] = []
    iteration = 0
    while rows:
        parts, gradient = _evaluate(objective, walk.point.view(-1, *initial.shape[1:]))
        loss = total(parts).double()
        if iteration == 0:
            solution.initial_loss, best = loss, parts
            solution.parts = {name: torch.zeros_like(part) for name, part in parts.items()}
        better = loss < walk.best_loss
        best = {name: torch.where(better, part, best[name]) for name, part in parts.items()}
        walk.advance(loss, gradient.flatten(1))
        iteration += 1
        leaving = {place for place, row in enumerate(rows) if iteration >= limits[row]}
        if settings.tolerance and iteration % CHECK_EVERY == 0:
            trail.append(walk.best_loss)
            leaving |= _converged(trail, settings)
        if not leaving:
            continue
        for place in leaving:
            row = rows[place]
            solution.pictures[row] = walk.best[place].view(initial.shape[1:])
            solution.loss[row] = walk.best_loss[place]
            solution.iterations[row] = iteration
            for name, part in best.items():
                solution.parts[name][row] = part[place]
        staying = [place for place in range(len(rows)) if place not in leaving]
        rows = [rows[place] for place in staying]
        if rows:
            index = torch.tensor(staying, device=initial.device)
            walk.keep(index)
            objective.keep(index)
            best = {name: part[index] for name, part in best.items()}
            trail = [losses[index] for losses in trail]
    return solution


def _evaluate(objective: Objective, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Terms and the gradient of their sum with respect to the pictures."""
    pictures = pictures.detach().requires_grad_()
    parts = objective.parts(pictures)
    # the sum over images: each image's gradient is then that of its own loss, whoever its neighbours are
    (gradient,) = torch.autograd.grad(total(parts).sum(), pictures)
    return {name: part.detach() for name, part in parts.items()}, gradient


def _converged(trail: Sequence[Tensor], settings: OptimizeSettings) -> set[int]:
    """Places whose best loss has hardly moved over the window; trail: (B,) at every check."""
    back = max(1, settings.window // CHECK_EVERY)
    if len(trail) <= back:
        return set()
    moved = trail[-1 - back] - trail[-1]
    return {place for place, still in enumerate((moved < settings.tolerance * trail[-1]).tolist()) if still}
