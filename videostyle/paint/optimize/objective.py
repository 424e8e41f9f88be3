"""The loss of a batch of frames: a sum of terms, one number per frame."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from videostyle.frames import FrameTask
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.tensors import stack
from videostyle.paint.terms.content import ContentTerm
from videostyle.paint.terms.range import RangeTerm
from videostyle.paint.terms.style import StyleTargets, StyleTerm
from videostyle.paint.terms.temporal import Held, TemporalTerm
from videostyle.paint.terms.term import Term, observe
from videostyle.paint.terms.variation import VariationTerm
from videostyle.settings import RenderSettings


class Objective:
    """L = the sum of weighted terms. The order of the terms affects the result, because floats are rounded."""

    def __init__(self, backbone: Backbone, terms: Sequence[Term]) -> None:
        self._backbone = backbone
        self._terms = tuple(terms)
        self._layers = {layer for term in terms for layer in term.layers}

    @property
    def comparable(self) -> tuple[str, ...]:
        """Names of the terms whose values may be compared between neighboring frames."""
        return tuple(term.name for term in self._terms if term.comparable)

    def parts(self, pictures: Tensor) -> dict[str, Tensor]:
        """Each weighted term for pictures (B, 3, H, W): name -> (B,)."""
        features = observe(self._backbone, pictures, self._layers)
        return {term.name: term.weight * term(pictures, features) for term in self._terms}

    def keep(self, rows: Tensor) -> None:
        """Continue with these frames (indices) only."""
        for term in self._terms:
            term.keep(rows)

    def stiffness(self) -> Tensor | None:
        """Curvature of pixels that are held, (B, 1, H, W), relative to that of all other terms. None: none are."""
        stiff = [stiffness for term in self._terms if (stiffness := term.stiffness()) is not None]
        return torch.stack(stiff).sum(0) if stiff else None


def total(parts: Mapping[str, Tensor]) -> Tensor:
    """Sum of the weighted terms, one number per frame: (B,)."""
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
        # the fourth power makes the middle of the range visible: half the weight looks like all of it
        terms.append(TemporalTerm(settings.temporal.weight * settings.temporal.strength**4, held))
    if settings.tv.weight:
        terms.append(VariationTerm(settings.tv))
    return terms


def held_targets(tasks: Sequence[FrameTask], device: torch.device) -> list[Held]:
    """Held targets of all tasks, in order; where a task has fewer than others, its weight is 0."""
    held = []
    for targets in itertools.zip_longest(*(task.held for task in tasks)):
        weights, pictures = [], []
        for task, target in zip(tasks, targets, strict=True):
            pictures.append(target.picture if target else task.initial)
            weights.append(target.weight if target else np.zeros(task.initial.shape[:2], np.float32))
        held.append((stack(pictures, device), torch.from_numpy(np.stack(weights))[:, None].to(device)))
    return held
