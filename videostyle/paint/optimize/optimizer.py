"""Frames in, paintings out: the only gradient loop in the house."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal, TypeVar

import numpy as np
import torch
from torch import Tensor

from videostyle.errors import OutOfMemoryError
from videostyle.frames import FrameTask, Picture, Pixels, Stylized, TemporalTarget
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.device import Cost, choose_precision, keep_freed_memory
from videostyle.paint.optimize.objective import Held, Objective
from videostyle.paint.optimize.solve import Solution, solve
from videostyle.paint.terms.style import StyleTargets, resize, to_tensor
from videostyle.settings import RenderSettings

CALIBRATION = 3
"""iterations that are timed to estimate a render"""
FAR_ABOVE = 3.0
"""a frame whose content and style loss is this many times its predecessor's is rendered again"""
LEAST_PER_SCALE = 6
"""iterations of a first frame below which a coarser scale would only blur it, and is left out"""
RETRY_RATE = 0.03
"""Adam's learning rate for a frame that is rendered again"""
OTHER_PICTURES = 20
"""pictures in memory on a CPU beside the two histories of L-BFGS: points, gradients, directions, targets"""
WAY_BACK = 1.85
"""peak memory of an evaluation on a CPU over what is kept for its gradient; both fitted to peaks, see scripts/LOG.md"""
CPU_IS_FULL = "can't allocate memory"
"""of what torch says when it gets no memory on a CPU, a plain RuntimeError"""
MOST_VALUES = 2**31 - 1
"""of a batch of features: pooling on a GPU counts them in 32 bits"""

T = TypeVar("T")


class Stylizer:
    """Optimises the pixels of frames of one size towards their content, an artwork and the frames before."""

    def __init__(
        self, backbone: Backbone, artworks: Sequence[Pixels], settings: RenderSettings, device: torch.device
    ) -> None:
        """artworks: (H, W, 3) each. Raises SettingsError for layers the backbone does not have, or weights per layer or
        artwork that are too many or too few."""
        self._settings = settings
        self._device = device
        self._backbone = backbone.to(device, choose_precision(settings.optimize.precision, device))
        self._backbone.to(memory_format=torch.channels_last)
        self._artworks = [to_tensor(artwork, device) for artwork in artworks]
        self._targets: dict[tuple[int, int], StyleTargets] = {}
        # On a CPU a batch gains nothing, and its convolutions round differently with the batch size:
        # one image at a time keeps a frame's pixels the same in any company, bit for bit.
        self._together = device.type != "cpu"
        if device.type == "cpu":
            keep_freed_memory()
        else:  # the same frame twice is the same picture twice
            torch.backends.cudnn.deterministic = True
        # layers that are not there and weights that do not fit are told now, not after the clip was looked through
        self._objective([_noise_task(backbone.smallest, backbone.smallest)])

    @property
    def smallest(self) -> int:
        """Least side of a picture that the backbone can see, px."""
        return self._backbone.smallest

    def stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]:
        """Stylize frames of equal size, each for itself; with ``optimize.iterations`` 0 they are kept as they are.

        Raises OutOfMemoryError where the batch does not fit the device.
        """
        if not self._settings.optimize.iterations:
            return [Stylized(task.content, {}, 0) for task in tasks]
        height, width = tasks[0].content.shape[:2]
        if self._together:
            return self._within_memory(partial(self._stylize, tasks), len(tasks), height, width)
        return [self._within_memory(partial(self._stylize, [task]), 1, height, width)[0] for task in tasks]

    def calibrate(self, height: int, width: int) -> Cost:
        """Measure what an iteration of one later frame of this size costs; nothing where frames are kept as they are.

        Raises OutOfMemoryError where a single frame does not fit the device.
        """
        if not self._settings.optimize.iterations:
            return Cost(0.0, 0, 1)
        return self._within_memory(partial(self._calibrate, height, width), 1, height, width)

    def _calibrate(self, height: int, width: int) -> Cost:
        task = _noise_task(height, width)
        self._solve([task], [1])  # kernels are chosen and Gram matrices made here, not below
        self._wait()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        start = time.perf_counter()
        self._solve([task], [CALIBRATION])
        self._wait()
        seconds = (time.perf_counter() - start) / CALIBRATION
        if self._device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(self._device)
        else:
            pictures = 2 * self._settings.optimize.history + OTHER_PICTURES
            peak = round(height * width * (4 * 3 * pictures + WAY_BACK * self._kept_bytes_per_pixel()))
        return Cost(seconds, peak, MOST_VALUES // (height * width * self._backbone.widest))

    def _wait(self) -> None:
        """Until the device has done all that it was asked for: a GPU answers before it has."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)

    def _within_memory(self, work: Callable[[], T], count: int, height: int, width: int) -> T:
        try:
            return work()
        except RuntimeError as error:
            if not isinstance(error, torch.OutOfMemoryError) and CPU_IS_FULL not in str(error):
                raise
        if self._device.type == "cuda":
            torch.cuda.empty_cache()  # only here: while an error is handled, its traceback holds the batch's tensors
        raise OutOfMemoryError(
            f"{count} frame(s) of {width}x{height} do not fit the memory of {self._device}; "
            f"ask for smaller pictures with --size {max(64, min(height, width) * 2 // 3)}"
        )

    def _kept_bytes_per_pixel(self) -> float:
        """What one evaluation of the loss keeps for its gradient, per pixel of the picture."""
        side = max(256, self._backbone.smallest)
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        task = _noise_task(side, side)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            self._objective([task]).parts(self._stack([task], "initial").requires_grad_())
        return sum(kept.values()) / side**2

    def _stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]:
        settings = self._settings.optimize
        firsts = [row for row, task in enumerate(tasks) if task.first]
        tasks = list(tasks)
        full_share = 0
        if firsts:
            pictures, full_share = self._coarse_to_fine([tasks[row] for row in firsts])
            for row, picture in zip(firsts, pictures, strict=True):
                tasks[row] = replace(tasks[row], initial=picture)
        limits = [full_share if task.first else settings.iterations for task in tasks]
        solution = self._solve(tasks, limits)
        reasons = [self._retry(task, row, limits[row], solution) for row, task in enumerate(tasks)]
        pictures = _to_pictures(solution.pictures)
        return [
            Stylized(
                picture=pictures[row],
                losses={name: float(part[row]) for name, part in solution.parts.items()},
                iterations=solution.iterations[row],
                retried=reasons[row],
            )
            for row in range(len(tasks))
        ]

    def _coarse_to_fine(self, tasks: Sequence[FrameTask]) -> tuple[list[Picture], int]:
        """Solve the smaller scales of first frames; returns where full size starts and its share of the iterations."""
        height, width = tasks[0].content.shape[:2]
        settings = self._settings.optimize
        sizes = self._scales(height, width)
        per_scale = max(1, settings.first_iterations // (len(sizes) + 1))
        content, initial = self._stack(tasks, "content"), self._stack(tasks, "initial")
        for rows, columns in sizes:
            objective = Objective(
                self._backbone, self._settings, self._style(rows, columns), resize(content, rows, columns)
            )
            start = resize(initial, rows, columns)
            limits = [per_scale] * len(tasks)
            initial = solve(objective, start, limits, settings, settings.method, settings.learning_rate).pictures
        return _to_pictures(resize(initial, height, width)), per_scale

    def _scales(self, height: int, width: int) -> list[tuple[int, int]]:
        """Sizes below full size, smallest first, a factor sqrt 2 apart; fewer where iterations are few."""
        coarsest = max(self._settings.optimize.coarsest, self._backbone.smallest)
        sizes, factor = [], 2**-0.5
        while min(height, width) * factor >= coarsest:
            sizes.append((round(height * factor), round(width * factor)))
            factor *= 2**-0.5
        most = self._settings.optimize.first_iterations // LEAST_PER_SCALE - 1
        return sizes[: max(0, most)][::-1]

    def _solve(self, tasks: Sequence[FrameTask], limits: Sequence[int]) -> Solution:
        settings = self._settings.optimize
        return solve(
            self._objective(tasks),
            self._stack(tasks, "initial"),
            limits,
            settings,
            settings.method,
            settings.learning_rate,
        )

    def _retry(self, task: FrameTask, row: int, limit: int, solution: Solution) -> str:
        """Render a bad frame again from its content with Adam, and keep the better of the two; returns why, or ''."""
        reason = _what_is_wrong(task, row, limit, solution)
        if not reason:
            return ""
        content = self._stack([task], "content")
        again = solve(self._objective([task]), content, [limit], self._settings.optimize, "adam", RETRY_RATE)
        solution.iterations[row] += again.iterations[0]
        if again.loss[0] < solution.loss[row]:  # an infinite loss is greater than any
            solution.pictures[row], solution.loss[row] = again.pictures[0], again.loss[0]
            for name, part in again.parts.items():
                solution.parts[name][row] = part[0]
        elif not bool(torch.isfinite(solution.loss[row])):
            solution.pictures[row] = content[0]
        return reason

    def _objective(self, tasks: Sequence[FrameTask]) -> Objective:
        content = self._stack(tasks, "content")
        height, width = content.shape[2:]
        return Objective(self._backbone, self._settings, self._style(height, width), content, self._held(tasks))

    def _style(self, height: int, width: int) -> StyleTargets:
        """Gram matrices for pictures of this size; made once."""
        if (height, width) not in self._targets:
            self._targets[height, width] = StyleTargets(
                self._artworks, height, width, self._backbone, self._settings.style
            )
        return self._targets[height, width]

    def _stack(self, tasks: Sequence[FrameTask], name: Literal["content", "initial"]) -> Tensor:
        """One picture of every task: (B, 3, H, W)."""
        pictures = np.stack([getattr(task, name) for task in tasks])
        return torch.from_numpy(pictures).to(self._device).permute(0, 3, 1, 2).contiguous()

    def _held(self, tasks: Sequence[FrameTask]) -> list[Held]:
        """Temporal targets of every task, in order; a task that has fewer than another holds on to nothing there."""
        held = []
        for place in range(max(len(task.temporal) for task in tasks)):
            rows = [task.temporal[place] if place < len(task.temporal) else _nothing(task) for task in tasks]
            pictures = torch.from_numpy(np.stack([row.picture for row in rows])).permute(0, 3, 1, 2).contiguous()
            weights = torch.from_numpy(np.stack([row.weight for row in rows]))[:, None]
            held.append((pictures.to(self._device), weights.to(self._device)))
        return held


def _what_is_wrong(task: FrameTask, row: int, limit: int, solution: Solution) -> str:
    loss, start = float(solution.loss[row]), float(solution.initial_loss[row])
    if not np.isfinite(loss):
        return "its loss was no finite number"
    if limit > 1 and loss >= start > 0:
        return "its loss did not fall"
    seen = float(solution.parts["content"][row] + solution.parts["style"][row])
    if task.neighbor_loss and seen > FAR_ABOVE * task.neighbor_loss:
        return f"its loss is {seen / task.neighbor_loss:.1f} times that of the frame before"
    return ""


def _noise_task(height: int, width: int) -> FrameTask:
    noise: Picture = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    target = TemporalTarget(noise, np.ones((height, width), np.float32))
    return FrameTask(content=noise, initial=noise, temporal=(target,))


def _nothing(task: FrameTask) -> TemporalTarget:
    return TemporalTarget(task.initial, np.zeros(task.initial.shape[:2], np.float32))


def _to_pictures(pictures: Tensor) -> list[Picture]:
    """(B, 3, H, W) on a device -> (H, W, 3) each, in 0..1."""
    return list(pictures.clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy())
