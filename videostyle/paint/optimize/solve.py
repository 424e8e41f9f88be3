"""The gradient loop: each picture of a batch minimizes its own loss, and leaves the batch once it has converged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from videostyle.paint.device import exact_dtype
from videostyle.paint.optimize.adam import BatchAdam
from videostyle.paint.optimize.freedom import Freedom
from videostyle.paint.optimize.lbfgs import BatchLbfgs
from videostyle.paint.optimize.objective import Objective, total
from videostyle.paint.painter import OnStep
from videostyle.settings import OptimizeSettings

CHECK_EVERY = 5
"""iterations between checks of the stopping rule, each of which makes the CPU wait for the GPU"""


@dataclass(slots=True)
class Solution:
    """The evaluated point with the lowest loss, one row per picture."""

    pictures: Tensor
    """(B, 3, H, W), not clipped"""
    loss: Tensor
    """(B,) in the exact dtype; infinite if no loss was finite"""
    initial_loss: Tensor
    """(B,)"""
    parts: dict[str, Tensor]
    """each weighted term at that point: (B,)"""
    iterations: list[int]
    """evaluations of loss and gradient, per picture"""


class Steps:
    """Counts the iterations of a batch over all its scales and solves, for a progress display."""

    def __init__(self, total: int, on_step: OnStep | None = None) -> None:
        self._total = total
        self._done = 0
        """iterations planned for the solves that have ended, including those that the stopping rule saved"""
        self._on_step = on_step

    def at(self, iteration: int) -> None:
        """Report an iteration of the current solve."""
        if self._on_step:
            self._on_step(self._done + iteration, self._total)

    def end(self, planned: int) -> None:
        """Report the end of a solve that was planned with this many iterations."""
        self._done += planned
        self.at(0)

    def add(self, planned: int) -> None:
        """Plan more iterations, for a frame that is painted again."""
        self._total += planned


def solve(
    objective: Objective,
    initial: Tensor,
    limits: Sequence[int],
    settings: OptimizeSettings,
    on_iteration: Callable[[int], object] | None = None,
) -> Solution:
    """Minimize the objective from pictures (B, 3, H, W), each with its own limit on iterations.

    on_iteration: called every CHECK_EVERY iterations with the number so far.
    A picture leaves the batch when its best loss fell by less than ``tolerance`` over ``window`` iterations.
    Differs from Ruder et al. 2016: the best loss counts, so one bad step neither ends a frame nor prolongs it.
    """
    walk = _start(objective, initial, settings)
    loss = torch.full((len(limits),), torch.inf, dtype=exact_dtype(initial.device), device=initial.device)
    solution = Solution(initial.clone(), loss, loss, {}, [0] * len(limits))
    rows = torch.arange(len(limits), device=initial.device)  # which picture each row of the walk is
    live = rows.tolist()  # the same, without waiting for the GPU
    trail: list[Tensor] = []
    iteration = 0
    while live:
        pictures = walk.point.view(-1, *initial.shape[1:])
        parts, gradient = _evaluate(objective, pictures)
        loss = total(parts).to(solution.loss.dtype)
        if iteration == 0:
            solution.initial_loss, solution.parts = loss, dict(parts)
        better = loss < solution.loss[rows]
        best = [solution.pictures, solution.loss, *solution.parts.values()]
        for stored, now in zip(best, [pictures, loss, *parts.values()], strict=True):
            stored[rows] = torch.where(better.view(-1, *[1] * (now.ndim - 1)), now, stored[rows])
        walk.advance(loss, gradient.flatten(1))
        iteration += 1
        for row in live:
            solution.iterations[row] = iteration
        leaving = {row for row in live if iteration >= limits[row]}
        if iteration % CHECK_EVERY == 0:
            if on_iteration:
                on_iteration(iteration)
            if settings.tolerance:
                trail.append(solution.loss.clone())
                leaving |= _converged(trail, settings)
        staying = [place for place, row in enumerate(live) if row not in leaving]
        if len(staying) < len(live):
            places = torch.tensor(staying, dtype=torch.long, device=initial.device)
            walk.keep(places)
            objective.keep(places)
            rows = rows[places]
            live = [live[place] for place in staying]
    return solution


def _start(objective: Objective, start: Tensor, settings: OptimizeSettings) -> BatchAdam | BatchLbfgs:
    if settings.method == "adam":
        return BatchAdam(start.flatten(1), settings.learning_rate)
    freedom = Freedom(start, objective.stiffness())
    return BatchLbfgs(start.flatten(1), settings.history, settings.learning_rate, freedom=freedom)


def _evaluate(objective: Objective, pictures: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """Terms and the gradient of their sum with respect to the pictures."""
    pictures = pictures.detach().requires_grad_()
    parts = objective.parts(pictures)
    # the sum over pictures, not the mean: each gradient is then that of the picture's own loss, whatever the batch
    (gradient,) = torch.autograd.grad(total(parts).sum(), pictures)
    return {name: part.detach() for name, part in parts.items()}, gradient


def _converged(trail: Sequence[Tensor], settings: OptimizeSettings) -> set[int]:
    """Pictures whose best loss has hardly moved over the window. trail: best losses (B,) at every check."""
    back = max(1, settings.window // CHECK_EVERY)
    if len(trail) <= back:
        return set()
    moved = trail[-1 - back] - trail[-1]
    return {row for row, still in enumerate((moved < settings.tolerance * trail[-1]).tolist()) if still}
