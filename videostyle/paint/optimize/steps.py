"""Counts the iterations of a batch, over all its scales and solves, for a progress display."""

from videostyle.paint.painter import OnStep


class Steps:
    """How many iterations of a batch are done, of how many at most."""

    def __init__(self, total: int, on_step: OnStep | None = None) -> None:
        self._total = total
        self._done = 0
        """iterations of the solves that have ended; those saved by the stopping rule count as done"""
        self._on_step = on_step

    def at(self, iteration: int) -> None:
        """Report an iteration of the current solve."""
        if self._on_step:
            self._on_step(self._done + iteration, self._total)

    def end(self, planned: int) -> None:
        """Report that a solve has ended for which this many iterations were planned."""
        self._done += planned
        self.at(0)

    def add(self, planned: int) -> None:
        """Plan more iterations: a frame is painted again."""
        self._total += planned
