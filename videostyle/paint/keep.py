"""A painter that does not paint."""

from collections.abc import Sequence

from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.settings import RenderSettings


class KeepPainter(Painter):
    """Keeps every frame as it is; used if ``optimize.iterations`` is 0."""

    name = "unpainted"
    reason = "Frames are kept as they are because optimize.iterations is 0."
    fingerprint = "keep"
    paints = False

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return Cost()

    def task(self, frame: FrameInput) -> FrameTask:
        return FrameTask(frame.content, frame.content, first=frame.first)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        return [Painted(task.content) for task in tasks]
