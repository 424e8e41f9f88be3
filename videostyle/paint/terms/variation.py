"""The total variation term: the picture is smooth."""

from collections.abc import Mapping
from typing import Literal

from torch import Tensor

from videostyle.paint.terms.term import Term
from videostyle.settings import TvSettings

POWER = 0.75
"""exponent of Kitov's variant (d^2)^gamma; our choice, halfway between |d| = (d^2)^0.5 and d^2"""


class VariationTerm(Term):
    """Differences of neighboring pixels; removes the finest grain."""

    name = "tv"

    def __init__(self, settings: TvSettings) -> None:
        self.weight = settings.weight
        self._kind = settings.kind

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return variation_loss(pictures, self._kind)


def variation_loss(pictures: Tensor, kind: Literal["squared", "absolute", "power"]) -> Tensor:
    """Mean over neighbors of d^2, |d| or (d^2)^POWER, where d is the difference of two pixels: (B,)."""

    def size(difference: Tensor) -> Tensor:
        if kind == "squared":
            return difference.square().flatten(1).mean(1)
        if kind == "absolute":
            return difference.abs().flatten(1).mean(1)
        # the small constant keeps the gradient finite at 0, since the exponent is below 1
        return (difference.square() + 1e-8).pow(POWER).flatten(1).mean(1)

    return size(pictures[..., 1:, :] - pictures[..., :-1, :]) + size(pictures[..., 1:] - pictures[..., :-1])
