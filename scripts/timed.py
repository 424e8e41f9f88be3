"""A painter that records when it paints."""

import time
from collections.abc import Sequence

from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.settings import RenderSettings


class Timed(Painter):
    """Paints exactly like another painter, and records the times."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.name, self.reason, self.device = painter.name, painter.reason, painter.device
        self.fingerprint, self.smallest, self.reach = painter.fingerprint, painter.smallest, painter.reach
        self.palette = painter.palette
        self.spans: list[tuple[float, float]] = []
        """begin and end of every batch, on the clock of ``time.perf_counter``"""

    @property
    def seconds(self) -> float:
        """Time spent painting."""
        return sum(end - begin for begin, end in self.spans)

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return self.painter.cost(height, width, settings)

    def progress(self, need: float, height: int, width: int) -> float:
        return self.painter.progress(need, height, width)

    def task(self, frame: FrameInput) -> FrameTask:
        return self.painter.task(frame)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        begin = time.perf_counter()
        try:
            return self.painter.paint(tasks, on_step)
        finally:
            self.spans.append((begin, time.perf_counter()))
