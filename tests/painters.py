"""Painters that need no network: how the renderer treats a painter is tested with them."""

import random
import threading
import time
from collections.abc import Sequence

import numpy as np

from videostyle.errors import OutOfMemoryError
from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.settings import RenderSettings


class Gray(Painter):
    """Paints every frame gray, and counts."""

    name = "gray"
    fingerprint = "gray 1"

    def __init__(self) -> None:
        self.batches: list[int] = []

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return Cost(2.0, 1.0, usual_slots=2)

    def task(self, frame: FrameInput) -> FrameTask:
        held = tuple(frame.earlier.values())
        return FrameTask(frame.content, frame.content, held, frame.first, frame.losses_before)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        self.batches.append(len(tasks))
        if on_step:
            on_step(1, 2)
            on_step(2, 2)
        return [self.picture(task) for task in tasks]

    def picture(self, task: FrameTask) -> Painted:
        return Painted(np.full_like(task.content, 0.5), {"style": 1.0}, 2)


class Blend(Gray):
    """Blends the content with earlier painted frames: a wrong carried pixel or loss shows in all frames after it."""

    name = "blend"
    fingerprint = "blend 1"

    def __init__(self, *reach: int) -> None:
        super().__init__()
        self.reach = reach or (1,)

    def picture(self, task: FrameTask) -> Painted:
        picture = 0.9 * task.content
        for held in task.held:
            picture += 0.5 * held.weight[..., None] * (held.picture - picture)
        picture += 0.1 * task.losses_before.get("mean", 1.0)
        return Painted(np.clip(picture, 0, 1).astype(np.float32), {"mean": float(picture.mean()) / 3}, 1)


class Stumbling(Blend):
    """Is interrupted at random."""

    def __init__(self, seed: int, *reach: int) -> None:
        super().__init__(*reach)
        self.chance = random.Random(seed)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        if self.chance.random() < 0.4:
            raise KeyboardInterrupt
        return super().paint(tasks, on_step)


class Small(Blend):
    """Paints on a device that holds so many frames."""

    def __init__(self, fits: int) -> None:
        super().__init__()
        self.fits = fits

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        if len(tasks) > self.fits:
            self.batches.append(len(tasks))
            raise OutOfMemoryError("full; use smaller pictures with --size")
        return super().paint(tasks, on_step)


class Slow(Gray):
    """Takes a while to make a task, and counts how many are made at the same time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.busy, self.most = seconds, 0, 0
        self.lock = threading.Lock()

    def task(self, frame: FrameInput) -> FrameTask:
        with self.lock:
            self.busy += 1
            self.most = max(self.most, self.busy)
        time.sleep(self.seconds)
        with self.lock:
            self.busy -= 1
        return super().task(frame)
