"""Adam (Kingma & Ba 2015) on the rows of a batch; used for frames on which L-BFGS fails."""

import torch
from torch import Tensor

SLOW, SLOWER = 0.9, 0.99
"""decay of the means of the gradient and of its square, per step"""


class BatchAdam:
    """Rows of (B, N) points that each minimize their own function; used like ``BatchLbfgs``."""

    def __init__(self, start: Tensor, learning_rate: float) -> None:
        self.point = start.clone()
        self._rate = learning_rate
        self._mean = torch.zeros_like(start)
        self._square = torch.zeros_like(start)
        self._count = 0

    def advance(self, loss: Tensor, gradient: Tensor) -> None:
        """Take the losses (B,) and gradients (B, N) at ``point``, and move ``point``."""
        self._count += 1
        self._mean = SLOW * self._mean + (1 - SLOW) * gradient
        self._square = SLOWER * self._square + (1 - SLOWER) * gradient.square()
        mean = self._mean / (1 - SLOW**self._count)
        square = self._square / (1 - SLOWER**self._count)
        self.point = self.point - self._rate * mean / (square.sqrt() + 1e-8)

    def keep(self, rows: Tensor) -> None:
        """Continue with these rows (indices) only."""
        for name in ("point", "_mean", "_square"):
            setattr(self, name, getattr(self, name)[rows])
