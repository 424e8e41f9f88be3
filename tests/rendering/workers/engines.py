"""An engine whose workers take turns in this process, and are lost or fail when a test wants it."""

import random
from collections.abc import Callable, Iterator

from videostyle.events import Event
from videostyle.paint.painter import Painter
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.engine import Engine, Finished, OnReport, Piece, Report

SCENES = (6, 5, 4)
"""frames of the scenes of the clip that engines with real workers paint"""
Fault = Callable[[Piece, Event], Report | None]
"""what becomes of a worker after an event, which then is not reported; None: nothing"""


class Turns(Engine):
    """Paints with a painter, one step of a random worker at a time."""

    def __init__(self, workers: int, painter: Painter, fault: Fault = lambda *_: None, seed: int = 0) -> None:
        self.workers = workers
        self.crowded = True
        self.painter, self.fault, self.chance = painter, fault, random.Random(seed)
        self.given: list[list[int]] = []
        """names of the chunks of each piece"""
        self.abandoned: list[list[int]] = []
        self._running: dict[Piece, Iterator[Report]] = {}

    def give(self, piece: Piece) -> None:
        self.given.append([chunk.name for chunk in piece.chunks])
        self._running[piece] = self._paint(piece)

    def wait(self, on_report: OnReport) -> None:
        piece = self.chance.choice(list(self._running))
        report = next(self._running[piece])
        if isinstance(report, Event):
            report = self.fault(piece, report) or report
        if not isinstance(report, Event):
            del self._running[piece]
        on_report(piece, report)

    def abandon(self) -> None:
        self.abandoned += [[chunk.name for chunk in piece.chunks] for piece in self._running]
        self._running.clear()

    def _paint(self, piece: Piece) -> Iterator[Report]:
        events: list[Event] = []
        commission = piece.commission
        for _ in render(
            commission.plan, Store(commission.job), self.painter, commission.slots, events.append, piece.chunks
        ):
            yield from events
            events.clear()
        yield from events
        yield Finished()
