"""Small pictures, artworks, and tasks for the tests of painters."""

from typing import Any

import numpy as np
import torch

from videostyle.frames import FrameInput, FrameTask, Picture, Pixels, TemporalTarget
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.presets import change
from videostyle.settings import RenderSettings

CPU = torch.device("cpu")
HEIGHT, WIDTH = 64, 72


def settings(**values: object) -> RenderSettings:
    """Few iterations without early stopping; a double underscore stands for the dot in a setting's name."""
    few = {
        "optimize.iterations": 6,
        "optimize.first_iterations": 12,
        "optimize.coarsest": 40,
        "optimize.tolerance": 0.0,
    }
    return change(
        RenderSettings(), {**few, **{name.replace("__", "."): value for name, value in values.items()}}, "test"
    )


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Picture:
    """Waves in three colors."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rng = np.random.default_rng(seed)
    waves = [np.sin(x * rng.uniform(0.05, 0.4) + y * rng.uniform(0.05, 0.4) + rng.uniform(0, 6)) for _ in range(3)]
    return (0.5 + 0.4 * np.stack(waves, -1)).astype(np.float32)


def art() -> Pixels:
    return np.random.default_rng(9).integers(0, 256, (80, 80, 3), dtype=np.uint8)


def optimizer(**values: Any) -> Optimizer:
    return Optimizer(load_backbone("compact"), [art()], settings(**values), CPU)


def target(seed: int) -> TemporalTarget:
    return TemporalTarget(picture(seed), np.ones((HEIGHT, WIDTH), np.float32))


def frame(seed: int, first: bool = False, **values: Any) -> FrameInput:
    """A frame that is the first of its chunk or follows a painted one."""
    return FrameInput(seed, picture(seed), first, {} if first else {1: target(seed + 50)}, **values)


def task(seed: int, first: bool = False) -> FrameTask:
    """A task that is held to another picture."""
    return FrameTask(picture(seed), picture(seed + 50), () if first else (target(seed + 50),), first=first)
