"""Paints by optimizing the pixels of each frame."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch

from videostyle.frames import FrameInput, FrameTask, Painted, Pixels
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.device import choose_precision, within_memory
from videostyle.paint.optimize.coarse import coarse_to_fine, per_scale, scales
from videostyle.paint.optimize.cost import Measured, cost_of, measure
from videostyle.paint.optimize.objective import Objectives, validate
from videostyle.paint.optimize.retry import paint_again, what_is_wrong
from videostyle.paint.optimize.solve import solve
from videostyle.paint.optimize.start import make_task, reach
from videostyle.paint.optimize.steps import Steps
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.paint.tensors import stack, to_pictures
from videostyle.paint.terms.temporal import TemporalTerm
from videostyle.settings import RenderSettings


class Optimizer(Painter):
    """Optimizes the pixels of frames towards their content, the artworks, and earlier painted frames."""

    def __init__(
        self,
        backbone: Backbone,
        artworks: Sequence[Pixels],
        settings: RenderSettings,
        device: torch.device,
        reason: str = "",
    ) -> None:
        """artworks: (H, W, 3) each; the backbone is moved to the device. reason: why this backbone was chosen.

        Raises SettingsError if layers are unknown, or weights do not match the layers or the number of artworks.
        """
        validate(settings, backbone, len(artworks))
        precision = choose_precision(settings.optimize.precision, device)
        self.name, self.reason, self.device = backbone.name, reason, str(device)
        self.fingerprint = f"{backbone.fingerprint} {precision}"
        self.smallest = backbone.smallest
        self.reach = reach(settings)
        self._settings = settings
        self._artworks = tuple(artworks)
        self._backbone = backbone.to(device, precision)
        self._backbone.to(memory_format=torch.channels_last)
        self._objectives = Objectives(settings, backbone, artworks, device)
        self._measured: dict[tuple[int, int], Measured] = {}
        # On a CPU a batch gains nothing, and its convolutions round differently with the batch size:
        # painted one by one, a frame is the same in any company, bit for bit.
        self._together = device.type != "cpu"

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        chosen = (settings or self._settings).optimize
        if not chosen.iterations:
            return Cost()
        size, device = (height, width), self._objectives.device
        if size not in self._measured and settings and self._measured:
            # an estimate for other settings is not worth another measurement
            (rows, columns), measured = next(iter(self._measured.items()))
            measured = measured.scaled(height * width / (rows * columns))
        else:
            if size not in self._measured:
                own = self._settings.optimize
                self._measured[size] = measure(height, width, self._objectives, self._backbone, own)
            measured = self._measured[size]
        return cost_of(measured, height, width, chosen, self._backbone.widest, device)

    def task(self, frame: FrameInput) -> FrameTask:
        return make_task(frame, self._settings, self._artworks)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        height, width = tasks[0].content.shape[:2]
        batches = [tasks] if self._together else [[task] for task in tasks]
        sizes = scales(height, width, self.smallest, self._settings.optimize)
        steps = Steps(sum(self._planned(batch, sizes) for batch in batches), on_step)
        painted: list[Painted] = []
        for batch in batches:
            work = partial(self._paint, batch, sizes, steps)
            painted += within_memory(work, len(batch), height, width, self._objectives.device)
        return painted

    def _planned(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]]) -> int:
        """Iterations at most of a batch."""
        coarse = len(sizes) * per_scale(sizes, self._settings.optimize) if any(task.first for task in tasks) else 0
        return coarse + max(self._limits(tasks, sizes))

    def _limits(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]]) -> list[int]:
        """Iterations at most of each task at full size."""
        settings = self._settings.optimize
        return [per_scale(sizes, settings) if task.first else settings.iterations for task in tasks]

    def _paint(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]], steps: Steps) -> list[Painted]:
        """Paint tasks as one batch."""
        settings, tasks = self._settings.optimize, list(tasks)
        firsts = [row for row, task in enumerate(tasks) if task.first]
        if firsts:
            starts = coarse_to_fine([tasks[row] for row in firsts], sizes, self._objectives, settings, steps)
            for row, picture in zip(firsts, starts, strict=True):
                tasks[row] = replace(tasks[row], initial=picture)
        limits = self._limits(tasks, sizes)
        objective = self._objectives.of(tasks)
        initial = stack([task.initial for task in tasks], self._objectives.device)
        solution = solve(objective, initial, limits, settings, steps.at)
        steps.end(max(limits))
        reasons = []
        for row, (task, limit) in enumerate(zip(tasks, limits, strict=True)):
            reasons.append(what_is_wrong(task, row, limit, solution, objective.comparable))
            if reasons[row]:
                paint_again(task, row, limit, solution, self._objectives, settings, steps)
        return [
            Painted(
                picture,
                # a frame that holds on to nothing has no such loss, even if others of its batch have
                {
                    name: float(part[row])
                    for name, part in solution.parts.items()
                    if tasks[row].held or name != TemporalTerm.name
                },
                solution.iterations[row],
                reasons[row],
            )
            for row, picture in enumerate(to_pictures(solution.pictures))
        ]
