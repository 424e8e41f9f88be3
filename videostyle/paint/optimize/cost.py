"""Time and memory that frames take, measured by painting one for a few iterations."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from videostyle.frames import FrameTask, Picture, TemporalTarget
from videostyle.paint.device import free_bytes, synchronize, within_memory
from videostyle.paint.optimize.objective import Objective
from videostyle.paint.optimize.solve import solve
from videostyle.paint.painter import Cost
from videostyle.paint.tensors import stack
from videostyle.settings import OptimizeSettings

CALIBRATION = 3
"""iterations that are timed"""
OTHER_PICTURES = 20
"""pictures in memory on a CPU besides the two histories of L-BFGS: points, gradients, directions, targets"""
WAY_BACK = 1.3
"""peak memory of an evaluation on a CPU relative to what is kept for its gradient; this and OTHER_PICTURES were fitted
to measured peaks, see scripts/LOG.md"""
MOST_VALUES = 2**31 - 1
"""in a batch of features: pooling on a GPU counts them in 32 bits"""
SLOTS_PER_CORE = 4
"""on a GPU: each slot has a decoder, an open file, and a few threads"""
MEMORY_SHARE = 0.9
"""share of free GPU memory that slots may fill"""

MakeObjective = Callable[[Sequence[FrameTask]], Objective]


@dataclass(frozen=True, slots=True)
class Measured:
    """Time and memory for a frame that is not the first of its chunk."""

    seconds: float
    """per iteration"""
    peak_bytes: int

    def scaled(self, factor: float) -> "Measured":
        """The same for pictures with ``factor`` times the area."""
        return Measured(factor * self.seconds, round(factor * self.peak_bytes))


def measure(
    height: int, width: int, smallest: int, make: MakeObjective, settings: OptimizeSettings, device: torch.device
) -> Measured:
    """Measure a later frame of this size. smallest: smallest short side that the backbone accepts, px.

    Raises OutOfMemoryError if the frame does not fit in the device's memory.
    """
    task = _noise_task(height, width)

    def paint(iterations: int) -> None:
        solve(make([task]), stack([task.initial], device), [iterations], settings)
        synchronize(device)

    def run() -> Measured:
        paint(1)  # kernels are chosen and Gram matrices computed here, not while the time is measured
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        start = time.perf_counter()
        paint(CALIBRATION)
        seconds = (time.perf_counter() - start) / CALIBRATION
        if device.type == "cuda":
            return Measured(seconds, torch.cuda.max_memory_allocated(device))
        pictures = 2 * settings.history + OTHER_PICTURES
        kept = _kept_bytes_per_pixel(make, max(256, smallest), device)
        return Measured(seconds, round(height * width * (4 * 3 * pictures + WAY_BACK * kept)))

    return within_memory(run, 1, height, width, device)


def cost_of(
    measured: Measured, pixels: int, settings: OptimizeSettings, num_scales: int, widest: int, device: torch.device
) -> Cost:
    """The cost of a frame. num_scales: sizes of a first frame. widest: most values per pixel in a layer."""
    usual, most = 1, Cost().most_slots
    if device.type != "cpu":  # on a CPU, frames are painted one by one: a batch gains nothing
        most = max(1, MOST_VALUES // (pixels * widest))
        fitting = int(MEMORY_SHARE * free_bytes(device) / max(measured.peak_bytes, 1))
        usual = max(1, min(fitting, SLOTS_PER_CORE * (os.cpu_count() or 1), most))
    share = 2 * (1 - 0.5**num_scales) / num_scales  # scales share the iterations; each has half the area of the next
    return Cost(
        seconds_first=measured.seconds * settings.first_iterations * share,
        seconds_later=measured.seconds * settings.iterations,
        bytes_per_slot=measured.peak_bytes,
        usual_slots=usual,
        most_slots=most,
    )


def _kept_bytes_per_pixel(make: MakeObjective, side: int, device: torch.device) -> float:
    """Bytes that one evaluation of the loss keeps for its gradient, per pixel of the picture."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    task = _noise_task(side, side)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        make([task]).parts(stack([task.initial], device).requires_grad_())
    return sum(kept.values()) / side**2


def _noise_task(height: int, width: int) -> FrameTask:
    noise: Picture = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    return FrameTask(noise, noise, (TemporalTarget(noise, np.ones((height, width), np.float32)),))
