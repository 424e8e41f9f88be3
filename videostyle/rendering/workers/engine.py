"""The interface of an engine, which runs workers: in this process, in processes of this machine, or elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from videostyle import __version__
from videostyle.events import Event
from videostyle.frames import Chunk
from videostyle.rendering.plan.plan import RenderPlan


@dataclass(frozen=True, slots=True, eq=False)
class Commission:
    """What a worker must know of a job to paint chunks of it: a plain value, which pickles."""

    plan: RenderPlan
    job: Path
    """folder of the frames, absolute; all workers share it"""
    painter: str
    """fingerprint of the painter that the job was begun with"""
    slots: int = 1
    """chunks painted as one batch"""
    version: str = __version__


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """What one worker paints at a time."""

    commission: Commission
    chunks: tuple[Chunk, ...]

    def __str__(self) -> str:
        names = ", ".join(str(chunk.name) for chunk in self.chunks)
        return f"scene {names}" if len(self.chunks) == 1 else f"scenes {names}"


@dataclass(frozen=True, slots=True)
class Finished:
    """A piece is painted."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Painting a piece has raised an error."""

    error: Exception


@dataclass(frozen=True, slots=True)
class Lost:
    """The worker of a piece is gone, with its machine or alone."""

    why: str
    """``it was stopped by signal 9``"""
    for_memory: bool = False
    """whether the system took it because memory ran out"""


Report = Event | Finished | Failed | Lost
OnReport = Callable[[Piece, Report], object]


class Engine(ABC):
    """Runs workers, which paint pieces. It lives through several jobs, as a context.

    A piece reports events, and in the end one of Finished, Failed, and Lost. A lost worker is replaced when the next
    piece is given. Nothing is left running once the engine is closed.
    """

    workers: int
    """how many pieces may be painted at a time; 1 or more"""
    crowded: bool = False
    """whether workers share one memory, so that fewer of them have more of it each"""

    @abstractmethod
    def give(self, piece: Piece) -> None:
        """Have a free worker paint a piece."""

    @abstractmethod
    def wait(self, on_report: OnReport) -> None:
        """Wait until a piece that is being painted has something to report, and hand that on."""

    @abstractmethod
    def abandon(self) -> None:
        """Stop painting all pieces, and wait until nothing writes into their job folders any more."""

    def fewer(self, seen: int) -> bool:
        """Have one worker less, if there still are as many as were seen, and more than one. Returns whether.

        Jobs that share workers and run out of memory together lower the number once, not each of them.
        """
        if not 1 < self.workers == seen:
            return False
        self.workers -= 1
        return True

    def close(self) -> None:
        """End all workers."""
        self.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
