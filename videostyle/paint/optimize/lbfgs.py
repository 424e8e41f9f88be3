"""L-BFGS without a line search, one independent problem per image of the batch.

Nocedal & Wright 2006, algorithms 7.4 (two-loop recursion) and 7.5. ``torch.optim.LBFGS`` treats a batch as one vector,
so a neighbour in the batch would change an image; here no number crosses from one row to another.
"""

import torch
from torch import Tensor

GROWTH = 1.02
"""a step after which the loss is more than this times the one before is taken back and halved"""


class BatchLbfgs:
    """Rows of (B, N) points that each walk down their own function.

    The caller evaluates: ``point`` holds where losses and gradients are wanted next, ``advance`` takes them.

        walk = BatchLbfgs(start, history=10)
        for _ in range(iterations):
            loss, gradient = evaluate(walk.point)      # (B,), (B, N)
            walk.advance(loss, gradient)

    ``best`` and ``best_loss`` hold the lowest point that was evaluated, per row.
    """

    def __init__(
        self,
        start: Tensor,
        history: int,
        learning_rate: float = 1.0,
        first_step: float = 0.01,
        ease: Tensor | None = None,
    ) -> None:
        """start: (B, N). first_step: root mean square length of the first step, along the gradient.

        ease: (B, N), how freely each coordinate moves compared with the others: the inverse of what is known of the
        Hessian's diagonal. It shapes the first guess of the inverse Hessian; None: all are alike.

        Differs from torch's first step, whose coordinates sum to 1 and which, spread over the pixels of a picture, is
        less than the rounding of its gradient; a step of two or three levels of 255 measures the curvature there is.
        """
        rows, size = start.shape
        self.point = start.clone()
        self.best = start.clone()
        self.best_loss = torch.full((rows,), torch.inf, dtype=torch.float64, device=start.device)
        self._ease = torch.ones_like(start) if ease is None else ease
        self._rate, self._first_step = learning_rate, first_step
        self._base = start.clone()
        """last accepted point; ``point`` is ``base + step``"""
        self._step = torch.zeros_like(start)
        self._loss = torch.full_like(self.best_loss, torch.inf)
        self._gradient = torch.zeros_like(start)
        self._steps = start.new_zeros((history, rows, size))
        self._changes = start.new_zeros((history, rows, size))
        self._curvature = torch.zeros((history, rows), dtype=torch.float64, device=start.device)
        """1 / (s . y) of each correction; 0 marks an empty or refused one, which then has no part in the recursion"""
        self._scale = torch.zeros((rows,), dtype=torch.float64, device=start.device)
        """s.y / y.y of the newest correction; 0: none yet"""
        self._newest = 0
        """place in the ring for the next correction"""
        self._filled = 0

    def advance(self, loss: Tensor, gradient: Tensor) -> None:
        """Take the losses (B,) and gradients (B, N) at ``point`` and move on."""
        loss = loss.double()
        better = loss < self.best_loss
        self.best = torch.where(better[:, None], self.point, self.best)
        self.best_loss = torch.where(better, loss, self.best_loss)

        # a comparison with NaN is false: a loss that is no number is refused as well
        good = (loss <= self._loss * GROWTH)[:, None]
        self._remember(good, gradient)
        self._base = torch.where(good, self.point, self._base)
        self._gradient = torch.where(good, gradient, self._gradient)
        self._loss = torch.where(good[:, 0], loss, self._loss)

        self._step = torch.where(good, self._direction() * self._rate, self._step / 2)
        self.point = self._base + self._step

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows (indices) only; the others have converged and cost nothing more."""
        for name in ("point", "best", "best_loss", "_base", "_step", "_loss", "_gradient", "_scale", "_ease"):
            setattr(self, name, getattr(self, name)[rows])
        for name in ("_steps", "_changes", "_curvature"):
            setattr(self, name, getattr(self, name)[:, rows])

    def _remember(self, good: Tensor, gradient: Tensor) -> None:
        """Store step and change of gradient of the rows that moved on."""
        step, change = self._step, gradient - self._gradient
        product, length = _dot(step, change), _dot(change, change)
        # y.s must be positive, else the inverse Hessian is not; the bound is relative, so that it has no units
        useful = good[:, 0] & (product > 1e-8 * (_dot(step, step) * length).sqrt()) & (length > 0)
        slot = self._newest
        # rows that refuse keep an empty slot: the ring turns for all rows together
        self._steps[slot] = torch.where(useful[:, None], step, 0)
        self._changes[slot] = torch.where(useful[:, None], change, 0)
        self._curvature[slot] = torch.where(useful, 1 / product, 0)
        self._scale = torch.where(useful, product / _dot(change, self._ease * change), self._scale)
        self._newest = (slot + 1) % len(self._steps)
        self._filled = min(self._filled + 1, len(self._steps))

    def _direction(self) -> Tensor:
        """-H g by the two-loop recursion; before the first correction a step of the first step's length along -g."""
        direction = -self._gradient
        order = [(self._newest - k) % len(self._steps) for k in range(self._filled, 0, -1)]  # oldest first
        shares: dict[int, Tensor] = {}
        for slot in reversed(order):
            shares[slot] = self._curvature[slot] * _dot(self._steps[slot], direction)
            direction = direction - shares[slot][:, None].to(direction.dtype) * self._changes[slot]
        eased = self._ease * self._gradient
        first = self._first_step / (_dot(eased, eased) / eased.shape[1]).sqrt().clamp_min(1e-30)
        scale = torch.where(self._scale > 0, self._scale, first)
        direction = self._ease * direction * scale[:, None].to(direction.dtype)
        for slot in order:
            share = shares[slot] - self._curvature[slot] * _dot(self._changes[slot], direction)
            direction = direction + share[:, None].to(direction.dtype) * self._steps[slot]
        return direction


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Inner product of each row, as float64: (B, N), (B, N) -> (B,)."""
    product: Tensor = torch.linalg.vecdot(a, b).double()
    return product
