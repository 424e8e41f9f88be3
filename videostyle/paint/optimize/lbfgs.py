"""L-BFGS without a line search: one independent problem for each picture of the batch.

Nocedal & Wright 2006, algorithms 7.4 (two-loop recursion) and 7.5. ``torch.optim.LBFGS`` treats a batch as one vector,
so a picture would depend on its batch; here no number crosses from one row to another.
"""

import torch
from torch import Tensor

from videostyle.paint.device import exact_dtype
from videostyle.paint.optimize.freedom import Freedom

GROWTH = 1.02
"""a step is undone and halved if the loss becomes more than this many times the previous one"""


class BatchLbfgs:
    """Minimizes a function of its own for each row of points (B, N).

    The caller evaluates the functions at ``point`` and passes the results to ``advance``.

        walk = BatchLbfgs(start, history=10)
        for _ in range(iterations):
            loss, gradient = evaluate(walk.point)      # (B,), (B, N)
            walk.advance(loss, gradient)
    """

    def __init__(
        self,
        start: Tensor,
        history: int,
        learning_rate: float = 1.0,
        first_step: float = 0.01,
        freedom: Freedom | None = None,
    ) -> None:
        """start: (B, N). first_step: root mean square length of the first step, along the gradient.

        freedom: the initial guess of the inverse Hessian, but for its scale. None: the identity.

        Differs from torch's first step, whose coordinates sum to 1. Spread over the pixels of a picture, that is less
        than the gradient's rounding error; a step of two or three levels of 255 is enough to measure curvature.
        """
        rows, size = start.shape
        self.point = start.clone()
        self._freedom = freedom
        self._rate, self._first_step = learning_rate, first_step
        self._base = start.clone()
        """last accepted point; ``point`` is ``base + step``"""
        self._step = torch.zeros_like(start)
        self._loss = torch.full((rows,), torch.inf, dtype=exact_dtype(start.device), device=start.device)
        self._gradient = torch.zeros_like(start)
        self._steps = start.new_zeros((history, rows, size))
        self._changes = start.new_zeros((history, rows, size))
        self._curvature = torch.zeros((history, rows), dtype=exact_dtype(start.device), device=start.device)
        """1 / (s . y) of each correction; 0 marks an empty or rejected one, which adds nothing to the recursion"""
        self._scale = torch.zeros((rows,), dtype=exact_dtype(start.device), device=start.device)
        """s . y / y . y of the latest correction; 0: none yet"""
        self._newest = 0
        """place in the ring for the next correction"""
        self._filled = 0

    def advance(self, loss: Tensor, gradient: Tensor) -> None:
        """Move ``point``, given the losses (B,) and gradients (B, N) there."""
        # a comparison with NaN is false, so such a loss is rejected, too
        good = (loss <= self._loss * GROWTH)[:, None]
        self._remember(good, gradient)
        self._base = torch.where(good, self.point, self._base)
        self._gradient = torch.where(good, gradient, self._gradient)
        self._loss = torch.where(good[:, 0], loss, self._loss)

        self._step = torch.where(good, self._direction() * self._rate, self._step / 2)
        self.point = self._base + self._step

    def keep(self, rows: Tensor) -> None:
        """Continue with these rows (indices) only."""
        for name in ("point", "_base", "_step", "_loss", "_gradient", "_scale"):
            setattr(self, name, getattr(self, name)[rows])
        for name in ("_steps", "_changes", "_curvature"):
            setattr(self, name, getattr(self, name)[:, rows])
        if self._freedom:
            self._freedom.keep(rows)

    def _remember(self, good: Tensor, gradient: Tensor) -> None:
        """Store the step and the change in gradient of rows whose step was accepted."""
        step, change = self._step, gradient - self._gradient
        product, length = _dot(step, change), _dot(change, change)
        # s . y must be positive, or the inverse Hessian would not be; the bound is relative, so it has no unit
        useful = good[:, 0] & (product > 1e-8 * (_dot(step, step) * length).sqrt()) & (length > 0)
        place = self._newest
        # other rows store an empty correction, because the ring turns for all rows together
        self._steps[place] = torch.where(useful[:, None], step, 0)
        self._changes[place] = torch.where(useful[:, None], change, 0)
        self._curvature[place] = torch.where(useful, 1 / product, 0)
        self._scale = torch.where(useful, product / _dot(change, self._guess(change)), self._scale)
        self._newest = (place + 1) % len(self._steps)
        self._filled = min(self._filled + 1, len(self._steps))

    def _direction(self) -> Tensor:
        """-H g by the two-loop recursion; before the first correction, a step of ``first_step`` along -g."""
        direction = -self._gradient
        order = [(self._newest - k) % len(self._steps) for k in range(self._filled, 0, -1)]  # oldest first
        shares: dict[int, Tensor] = {}
        for place in reversed(order):
            shares[place] = self._curvature[place] * _dot(self._steps[place], direction)
            direction = direction - shares[place][:, None].to(direction.dtype) * self._changes[place]
        direction = self._guess(direction)
        # without a correction this is the guess times the gradient
        first = self._first_step / (_dot(direction, direction) / direction.shape[1]).sqrt().clamp_min(1e-30)
        scale = torch.where(self._scale > 0, self._scale, first)
        direction = scale[:, None].to(direction.dtype) * direction
        for place in order:
            share = shares[place] - self._curvature[place] * _dot(self._changes[place], direction)
            direction = direction + share[:, None].to(direction.dtype) * self._steps[place]
        return direction

    def _guess(self, vectors: Tensor) -> Tensor:
        return self._freedom @ vectors if self._freedom else vectors


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Inner product of each row, converted to the exact dtype: (B, N), (B, N) -> (B,)."""
    product: Tensor = torch.linalg.vecdot(a, b).to(exact_dtype(a.device))
    return product
