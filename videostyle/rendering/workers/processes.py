"""The engine of this machine: worker processes, which several jobs may share."""

from collections.abc import Callable
from queue import SimpleQueue

from videostyle.rendering.workers.engine import Engine, OnReport, Piece
from videostyle.rendering.workers.pool import Order, Pool, Reports


class Processes(Engine):
    """What one job sees of a pool. Closing it closes the pool; a job that shares it is abandoned instead."""

    def __init__(self, pool: Pool, rank: int = 0) -> None:
        """rank: place of the job among those that share the pool: pieces of lower rank come first."""
        self.crowded = not pool.gpus
        self.begun = False
        """whether a piece was given"""
        self._pool, self._rank = pool, rank
        self._reports: Reports = SimpleQueue()
        self._stop: Callable[[], BaseException] | None = None

    @property
    def workers(self) -> int:
        """All workers of the pool: jobs that share it have fewer of them at times."""
        return self._pool.workers

    @workers.setter
    def workers(self, workers: int) -> None:
        self._pool.workers = workers

    def fewer(self, seen: int) -> bool:
        return self._pool.fewer(seen)

    def give(self, piece: Piece) -> None:
        self._pool.give(Order(piece, self._reports, self._rank))
        self.begun = True

    def wait(self, on_report: OnReport) -> None:
        heard = None if self._stop else self._reports.get()
        if heard is None:
            assert self._stop
            raise self._stop()
        on_report(*heard)

    def stop(self, error: Callable[[], BaseException]) -> None:
        """Make ``wait`` raise an error. Called in another thread."""
        self._stop = error
        self._reports.put(None)

    def abandon(self) -> None:
        self._pool.withdraw(self._reports)
        self._reports = SimpleQueue()  # what its pieces have reported in the meantime is of no interest

    def close(self) -> None:
        self._pool.close()
        self.abandon()
