"""The loss of a batch of frames: a sum of terms, one number per frame."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from videostyle.frames import FrameTask, Pixels, TemporalTarget
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.tensors import stack, to_tensor
from videostyle.paint.terms.content import ContentTerm, content_layers
from videostyle.paint.terms.range import RangeTerm
from videostyle.paint.terms.style import StyleTargets, StyleTerm, style_layers, style_mix
from videostyle.paint.terms.temporal import Held, TemporalTerm
from videostyle.paint.terms.term import Term, observe
from videostyle.paint.terms.variation import VariationTerm
from videostyle.settings import RenderSettings


class Objective:
    """L = the sum of weighted terms. The order of the terms is part of the result: sums of floats depend on it."""

    def __init__(self, backbone: Backbone, terms: Sequence[Term]) -> None:
        self._backbone = backbone
        self._terms = tuple(terms)
        self._layers = {layer for term in terms for layer in term.layers}

    @property
    def comparable(self) -> tuple[str, ...]:
        """Names of the terms whose values may be compared between neighboring frames."""
        return tuple(term.name for term in self._terms if term.comparable)

    def parts(self, pictures: Tensor) -> dict[str, Tensor]:
        """Every weighted term for pictures (B, 3, H, W): name -> (B,)."""
        features = observe(self._backbone, pictures, self._layers)
        return {term.name: term.weight * term(pictures, features) for term in self._terms}

    def keep(self, rows: Tensor) -> None:
        """Continue with these frames (indices) only."""
        for term in self._terms:
            term.keep(rows)

    def ease(self) -> Tensor | None:
        """How freely each pixel value moves, (B, 3 * H * W): 1 / (1 + stiffness). None: all alike."""
        stiff = [stiffness for term in self._terms if (stiffness := term.stiffness()) is not None]
        if not stiff:
            return None
        return (1 / (1 + torch.stack(stiff).sum(0))).expand(-1, 3, -1, -1).flatten(1)


def total(parts: Mapping[str, Tensor]) -> Tensor:
    """Sum of the weighted terms, still one number per frame: (B,)."""
    return torch.stack(list(parts.values())).sum(0)


def choose_terms(
    settings: RenderSettings, backbone: Backbone, style: StyleTargets, content: Tensor, held: Sequence[Held] = ()
) -> list[Term]:
    """The terms that the settings ask for. content: (B, 3, H, W) in 0..1."""
    terms: list[Term] = [
        ContentTerm(settings.content, backbone, content),
        StyleTerm(settings.style.weight, style),
        RangeTerm(settings.optimize.range_weight),
    ]
    if held:
        terms.append(TemporalTerm(settings.temporal.weight, held))
    if settings.tv.weight:
        terms.append(VariationTerm(settings.tv))
    return terms


def validate(settings: RenderSettings, backbone: Backbone, artworks: int) -> None:
    """Raise SettingsError if layers are unknown, or weights do not match the layers or the number of artworks."""
    style, _ = style_layers(settings.style, backbone)
    style_mix(settings.style, artworks)
    backbone.check([*style, *content_layers(settings.content, backbone)])


class Objectives:
    """Makes objectives; measures the artworks once per picture size."""

    def __init__(
        self, settings: RenderSettings, backbone: Backbone, artworks: Sequence[Pixels], device: torch.device
    ) -> None:
        self.device = device
        self._settings = settings
        self._backbone = backbone
        self._artworks = [to_tensor(artwork, device) for artwork in artworks]
        self._targets: dict[tuple[int, int], StyleTargets] = {}

    def of(self, tasks: Sequence[FrameTask]) -> Objective:
        """The objective of a batch of tasks of equal size."""
        return self.make(stack([task.content for task in tasks], self.device), self._held(tasks))

    def make(self, content: Tensor, held: Sequence[Held] = ()) -> Objective:
        """The objective of pictures that show ``content``, (B, 3, H, W) in 0..1."""
        height, width = content.shape[2:]
        if (height, width) not in self._targets:
            self._targets[height, width] = StyleTargets(
                self._artworks, height, width, self._backbone, self._settings.style
            )
        targets = self._targets[height, width]
        return Objective(self._backbone, choose_terms(self._settings, self._backbone, targets, content, held))

    def _held(self, tasks: Sequence[FrameTask]) -> list[Held]:
        """Held targets of every task, in order; a task with fewer than another holds on to nothing there."""
        held = []
        for place in range(max(len(task.held) for task in tasks)):
            rows = [task.held[place] if place < len(task.held) else _nothing(task) for task in tasks]
            weights = torch.from_numpy(np.stack([row.weight for row in rows]))[:, None]
            held.append((stack([row.picture for row in rows], self.device), weights.to(self.device)))
        return held


def _nothing(task: FrameTask) -> TemporalTarget:
    return TemporalTarget(task.initial, np.zeros(task.initial.shape[:2], np.float32))
