"""A painter with a clock of its own, and jobs for it."""

import threading
from collections.abc import Sequence

from tests.painters import Blend
from videostyle.frames import FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep
from videostyle.settings import RenderSettings

JOBS = """
[defaults]
styles = "art.png"
backbone.device = "cpu"
preset = "standard"
fallback = "draft"
[[job]]
clips = ["clip.mp4", "silent.mkv"]
"""


class Clockwork(Blend):
    """Takes a second of a clock of its own for every frame, and may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.failures = 0.0, list[Exception]()
        self.threads = set[threading.Thread]()
        """in which it has painted"""

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return Cost(2.0, 1.0)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        self.now += len(tasks)
        self.threads.add(threading.current_thread())
        if self.failures:
            raise self.failures.pop(0)
        return super().paint(tasks, on_step)
