"""What frames cost, measured by painting a few iterations of one."""

import os
import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from videostyle.frames import FrameTask, Picture, TemporalTarget
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.device import free_bytes, synchronize, within_memory
from videostyle.paint.optimize.objective import Objectives
from videostyle.paint.optimize.solve import solve
from videostyle.paint.painter import Cost
from videostyle.paint.tensors import stack
from videostyle.settings import OptimizeSettings

CALIBRATION = 3
"""iterations that are timed"""
FIRST_SHARE = 2 / 3
"""cost of a first frame's iteration at most, over that of one at full size: its scales share the iterations, each has
half the area of the next"""
OTHER_PICTURES = 20
"""pictures in memory on a CPU besides the two histories of L-BFGS: points, gradients, directions, targets"""
WAY_BACK = 1.85
"""peak memory of an evaluation on a CPU over what is kept for its gradient; both fitted to peaks, see scripts/LOG.md"""
MOST_VALUES = 2**31 - 1
"""of a batch of features: pooling on a GPU counts them in 32 bits"""
SLOTS_PER_CORE = 4
"""on a GPU: each slot has a decoder, an open file and a few threads"""
MEMORY_SHARE = 0.9
"""of free GPU memory that slots may fill"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a later frame costs."""

    seconds: float
    """per iteration"""
    peak_bytes: int

    def scaled(self, factor: float) -> "Measured":
        """The same for pictures of ``factor`` times the area."""
        return Measured(factor * self.seconds, round(factor * self.peak_bytes))


def measure(
    height: int, width: int, objectives: Objectives, backbone: Backbone, settings: OptimizeSettings
) -> Measured:
    """Time a later frame of this size. Raises OutOfMemoryError if it does not fit the device."""

    def run() -> Measured:
        task = _noise_task(height, width)
        device = objectives.device
        _solve(task, 1, objectives, settings)  # kernels are chosen and Gram matrices made here, not below
        synchronize(device)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        start = time.perf_counter()
        _solve(task, CALIBRATION, objectives, settings)
        synchronize(device)
        seconds = (time.perf_counter() - start) / CALIBRATION
        if device.type == "cuda":
            return Measured(seconds, torch.cuda.max_memory_allocated(device))
        pictures = 2 * settings.history + OTHER_PICTURES
        kept = _kept_bytes_per_pixel(objectives, max(256, backbone.smallest))
        return Measured(seconds, round(height * width * (4 * 3 * pictures + WAY_BACK * kept)))

    return within_memory(run, 1, height, width, objectives.device)


def cost_of(
    measured: Measured, height: int, width: int, settings: OptimizeSettings, widest: int, device: torch.device
) -> Cost:
    """The cost of frames of this size. widest: most values of a layer per pixel of the picture."""
    usual, most = 1, Cost().most_slots
    if device.type != "cpu":  # on a CPU frames are painted one by one, and a batch gains nothing
        most = max(1, MOST_VALUES // (height * width * widest))
        fitting = int(MEMORY_SHARE * free_bytes(device) / max(measured.peak_bytes, 1))
        usual = max(1, min(fitting, SLOTS_PER_CORE * (os.cpu_count() or 1), most))
    return Cost(
        seconds_first=measured.seconds * settings.first_iterations * FIRST_SHARE,
        seconds_later=measured.seconds * settings.iterations,
        bytes_per_slot=measured.peak_bytes,
        usual_slots=usual,
        most_slots=most,
    )


def _solve(task: FrameTask, iterations: int, objectives: Objectives, settings: OptimizeSettings) -> None:
    solve(objectives.of([task]), stack([task.initial], objectives.device), [iterations], settings)


def _kept_bytes_per_pixel(objectives: Objectives, side: int) -> float:
    """Bytes that one evaluation of the loss keeps for its gradient, per pixel of the picture."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    task = _noise_task(side, side)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        objectives.of([task]).parts(stack([task.initial], objectives.device).requires_grad_())
    return sum(kept.values()) / side**2


def _noise_task(height: int, width: int) -> FrameTask:
    noise: Picture = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    return FrameTask(noise, noise, (TemporalTarget(noise, np.ones((height, width), np.float32)),))
