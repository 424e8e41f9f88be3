"""The painter that optimizes the pixels of each frame."""

import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

import torch
from torch import Tensor

from videostyle.frames import FrameInput, FrameTask, Painted, Picture, Pixels, hash_of
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.colors import mixed, palette_of
from videostyle.paint.device import choose_precision, within_memory
from videostyle.paint.optimize.cost import Measured, cost_of, measure
from videostyle.paint.optimize.objective import Objective, choose_terms, held_targets
from videostyle.paint.optimize.retry import paint_again, what_is_wrong
from videostyle.paint.optimize.solve import Steps, solve
from videostyle.paint.optimize.start import make_task, reach
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.paint.tensors import resize, stack, to_pictures, to_tensor
from videostyle.paint.terms.content import content_layers
from videostyle.paint.terms.style import SIZES, StyleTargets, style_layers, style_mix
from videostyle.paint.terms.temporal import Held, TemporalTerm
from videostyle.settings import OptimizeSettings, RenderSettings

LEAST_PER_SCALE = 6
"""iterations of a first frame per scale; with fewer, a coarser scale would only blur it, so scales are left out"""
LITTLE, MUCH = 0.08, 0.5
"""need of a frame up to which it gets a later frame's work, and from which on it gets a first frame's"""
COARSE = 0.25
"""least share of a first frame's iterations at smaller sizes: what comes into view gets large strokes at once"""

MEASURED: dict[str, dict[tuple[int, int], Measured]] = {}
"""network, device, and kind of loss -> what this process has measured: one calibration serves all clips of a batch"""


class Optimizer(Painter):
    """Optimizes the pixels of frames toward their content, the artworks, and earlier painted frames."""

    def __init__(
        self,
        backbone: Backbone,
        artworks: Sequence[Pixels],
        settings: RenderSettings,
        device: torch.device,
        reason: str = "",
    ) -> None:
        """artworks: (H, W, 3) each. The backbone is moved to the device and converted to its precision, in place.

        reason: why this backbone was chosen. Raises SettingsError if layers are unknown or weights do not match the
        layers or the number of artworks.
        """
        style, _ = style_layers(settings.style, backbone)
        shares = style_mix(settings.style, len(artworks))
        if settings.colors.match:
            self.palette = mixed([palette_of(artwork) for artwork in artworks], shares)
        backbone.check([*style, *content_layers(settings.content, backbone)])
        precision = choose_precision(settings.optimize.precision, device)
        self.name, self.reason, self.device = backbone.name, reason, str(device)
        looks = [backbone.fingerprint, device.type, str(precision), settings.fingerprint(), *map(hash_of, artworks)]
        looks += [str(self.palette)]
        self.fingerprint = hashlib.sha256(" ".join(looks).encode()).hexdigest()
        self.smallest = backbone.smallest
        self.reach = reach(settings)
        self._settings = one_pass(settings)
        self._artworks = tuple(artworks)
        self._backbone = backbone.to(device, precision)
        self._backbone.to(memory_format=torch.channels_last)
        self._device = device
        tensors = [to_tensor(artwork, device) for artwork in artworks]
        self._targets = lru_cache(SIZES)(partial(StyleTargets, tensors, backbone=backbone, settings=settings.style))
        network = [backbone.fingerprint, str(device), str(precision), settings.style.layers, settings.content.layers]
        chosen = settings.optimize
        self._measured = MEASURED.setdefault(str([*network, chosen.method, chosen.history, self.reach]), {})
        # On a CPU a batch gains nothing, and convolutions round differently for each batch size:
        # painted one by one, a frame is the same bit for bit, whatever else is in the batch.
        self._together = device.type != "cpu"

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        chosen = (one_pass(settings) if settings else self._settings).optimize
        if not chosen.iterations:
            return Cost()
        size = height, width
        if size not in self._measured and not (settings and self._measured):
            own = self._settings.optimize
            self._measured[size] = measure(height, width, self.smallest, self._objective, own, self._device)
        # an estimate for other settings does not justify another measurement: it is scaled from the nearest
        rows, columns = min(self._measured, key=lambda known: abs(math.log(_area(known) / _area(size))))
        measured = self._measured[rows, columns].scaled(height * width / (rows * columns))
        num_scales = len(scales(height, width, self.smallest, chosen)) + 1
        return cost_of(measured, height * width, chosen, num_scales, self._backbone.widest, self._device)

    def progress(self, need: float, height: int, width: int) -> float:
        settings = self._settings.optimize
        first = per_scale(scales(height, width, self.smallest, settings), settings)
        return min(1.0, between(need, settings.iterations, first) / first)

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
            painted += within_memory(work, len(batch), height, width, self._device)
        return painted

    def _planned(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]]) -> int:
        """Maximum number of iterations of a batch, all scales together."""
        return len(sizes) * max(self._coarse_limits(tasks, sizes)) + max(self._limits(tasks, sizes))

    def _limits(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]]) -> list[int]:
        """Maximum number of iterations of each task at full size."""
        first = per_scale(sizes, self._settings.optimize)
        return [between(need_of(task), self._settings.optimize.iterations, first) for task in tasks]

    def _coarse_limits(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]]) -> list[int]:
        """Maximum number of iterations of each task at each smaller size; 0: it is painted at full size only."""
        first = per_scale(sizes, self._settings.optimize)
        needs = map(need_of, tasks)
        return [between(need, round(COARSE * first), first) if need > LITTLE else 0 for need in needs]

    def _paint(self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]], steps: Steps) -> list[Painted]:
        """Paint tasks as one batch."""
        settings, tasks = self._settings.optimize, list(tasks)
        coarse = self._coarse_limits(tasks, sizes)
        if sizes and (rows := [row for row, limit in enumerate(coarse) if limit]):
            starts = self._coarse_to_fine([tasks[row] for row in rows], sizes, [coarse[row] for row in rows], steps)
            for row, picture in zip(rows, starts, strict=True):
                tasks[row] = replace(tasks[row], initial=picture)
        limits = self._limits(tasks, sizes)
        objective = self._objective(tasks)
        initial = stack([task.initial for task in tasks], self._device)
        solution = solve(objective, initial, limits, settings, steps.at)
        steps.end(max(limits))
        reasons = []
        for row, (task, limit) in enumerate(zip(tasks, limits, strict=True)):
            reasons.append(what_is_wrong(task, row, limit, solution, objective.comparable))
            if reasons[row]:
                paint_again(task, row, limit, solution, self._objective([task]), settings, steps)
        return [
            Painted(
                picture,
                # a frame that is not held to anything has no such loss, even if others in its batch do
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

    def _coarse_to_fine(
        self, tasks: Sequence[FrameTask], sizes: Sequence[tuple[int, int]], limits: Sequence[int], steps: Steps
    ) -> list[Picture]:
        """Paint what is new at small sizes, so that strokes become large; returns the starts at full size.

        What earlier paint covers is held at every size. The less it has been worked out, the more the coarse strokes
        change it; its detail is kept.
        """
        content = stack([task.content for task in tasks], self._device)
        given = stack([task.initial for task in tasks], self._device)
        held = held_targets(tasks, self._device)
        covered = torch.stack([weight for _, weight in held]).sum(0) if held else torch.zeros_like(given[:, :1])
        pictures = resize(given, *sizes[0])
        for size, larger in itertools.pairwise([*sizes, content.shape[2:]]):
            smaller = [(resize(target, *size), resize(weight, *size)) for target, weight in held]
            objective = self._showing(resize(content, *size), smaller)
            pictures = solve(objective, pictures, limits, self._settings.optimize, steps.at).pictures
            steps.end(max(limits))
            stays, start = resize(covered, *larger), resize(given, *larger)
            detail = start - resize(resize(given, *size), *larger)
            pictures = torch.lerp(resize(pictures, *larger) + stays.sqrt() * detail, start, stays)
        return to_pictures(pictures)

    def _objective(self, tasks: Sequence[FrameTask]) -> Objective:
        """The objective of tasks of equal size."""
        content = stack([task.content for task in tasks], self._device)
        return self._showing(content, held_targets(tasks, self._device))

    def _showing(self, content: Tensor, held: Sequence[Held] = ()) -> Objective:
        """The objective of pictures that show ``content``, (B, 3, H, W) in 0..1."""
        targets = self._targets(*content.shape[2:])
        return Objective(self._backbone, choose_terms(self._settings, self._backbone, targets, content, held))


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def one_pass(settings: RenderSettings) -> RenderSettings:
    """The settings of one pass, with its share of the iterations."""
    share = math.ceil(settings.optimize.iterations / settings.temporal.passes)
    return replace(settings, optimize=replace(settings.optimize, iterations=share))


def scales(height: int, width: int, smallest: int, settings: OptimizeSettings) -> list[tuple[int, int]]:
    """Sizes below full size, smallest first, a factor of sqrt 2 apart; fewer if there are few iterations.

    smallest: smallest short side that the backbone accepts, px.
    """
    coarsest = max(settings.coarsest, smallest)
    sizes, factor = [], 2**-0.5
    while min(height, width) * factor >= coarsest:
        sizes.append((round(height * factor), round(width * factor)))
        factor *= 2**-0.5
    most = settings.first_iterations // LEAST_PER_SCALE - 1
    return sizes[: max(0, most)][::-1]


def need_of(task: FrameTask) -> float:
    """Share of a frame that still needs a first frame's work."""
    return 1.0 if task.first else task.need


def between(need: float, little: int, much: int) -> int:
    """Iterations of a frame with this need, given those of frames that need little and much."""
    share = min(1.0, max(0.0, (need - LITTLE) / (MUCH - LITTLE)))
    return round(little + share * (much - little))


def per_scale(sizes: Sequence[tuple[int, int]], settings: OptimizeSettings) -> int:
    """Iterations of a first frame at each of these sizes and at full size."""
    return max(1, settings.first_iterations // (len(sizes) + 1))
