"""Adam (Kingma & Ba 2015) on the rows of a batch; used for frames on which L-BFGS fails."""

import torch
from torch import Tensor

SLOW, SLOWER = 0.9, 0.99
"""decay per step of the mean gradient and of the mean squared gradient"""


class BatchAdam:
    """Minimizes a function of its own for each row of points (B, N); used like ``BatchLbfgs``."""

    def __init__(self, start: Tensor, learning_rate: float) -> None:
        self.point = start.clone()
        self._rate = learning_rate
        self._mean = torch.zeros_like(start)
        self._square = torch.zeros_like(start)
        self._count = 0

    def advance(self, loss: Tensor, gradient: Tensor) -> None:
        """Move ``point``, given the losses (B,) and gradients (B, N) there."""
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
