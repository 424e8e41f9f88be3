"""Progress in a log, where a bar would be written over and over: a plain line now and then."""

import time
from collections.abc import Callable

from videostyle.words import counted, span

PARTS = 10
"""a line for each of so many parts of the work"""
LEAST, MOST = 5.0, 60.0
"""seconds between lines: parts that follow sooner have none, and slower ones have more"""


class Ticks:
    """Counts work, and says from time to time how much is done and how long the rest takes."""

    def __init__(self, say: Callable[[str], object], total: int, unit: str, done: int = 0, title: str = "") -> None:
        """total: 0: unknown. unit: ``frame``, or ``B`` for bytes. done: how much was done before. title: of lines."""
        self.n, self.total, self.desc = done, total, title
        self.initial = done
        """how much of it was done before, which took no time"""
        self._say, self._unit = say, unit
        self._start = self._last = time.monotonic()
        self._part = self._parts()

    def update(self, count: int = 1) -> None:
        """So much more is done."""
        self.n += count
        self.refresh()

    def refresh(self) -> None:
        """Say a line if one is due."""
        now, part = time.monotonic(), self._parts()
        if now - self._last < (LEAST if part != self._part else MOST):
            return
        self._part, self._last = part, now
        done, took = self.n - self.initial, now - self._start
        left = f", about {span(took * (self.total - self.n) / done)} left" if done > 0 and self.total > self.n else ""
        self._say(f"{self.desc}{': ' if self.desc else ''}{self._amount()} in {span(took)}{left}")

    def close(self) -> None:
        """End; nothing stays behind."""

    def _parts(self) -> int:
        return PARTS * self.n // self.total if self.total else 0

    def _amount(self) -> str:
        if self._unit == "B":
            return f"{self.n / 1e6:.0f}" + (f" of {self.total / 1e6:.0f} MB" if self.total else " MB")
        return f"{self.n} of {counted(self.total, self._unit)}"
