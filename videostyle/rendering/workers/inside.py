"""The engine without workers of its own: this process paints, one piece at a time."""

from collections.abc import Generator

from videostyle.events import Event
from videostyle.paint.painter import Painter
from videostyle.rendering.renderer import RenderedFrame, render
from videostyle.rendering.store import Store
from videostyle.rendering.workers.engine import Engine, Finished, OnReport, Piece


class InProcess(Engine):
    """Paints in this process, with a painter that is given: it may be any, and its errors are raised as they are."""

    workers = 1

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._piece: Piece | None = None
        self._frames: Generator[RenderedFrame] | None = None
        self._on_report: OnReport | None = None

    def give(self, piece: Piece) -> None:
        def report(event: Event) -> None:
            assert self._on_report
            self._on_report(piece, event)

        commission = piece.commission
        self._piece = piece
        self._frames = render(
            commission.plan, Store(commission.job), self._painter, commission.slots, report, piece.chunks
        )

    def wait(self, on_report: OnReport) -> None:
        assert self._piece
        assert self._frames
        self._on_report = on_report
        if next(self._frames, None) is None:
            piece, self._piece, self._frames = self._piece, None, None
            on_report(piece, Finished())

    def abandon(self) -> None:
        if self._frames:
            self._frames.close()
            self._piece = self._frames = None
