"""The range term: pixel values stay within 0..1."""

from collections.abc import Mapping

from torch import Tensor

from videostyle.paint.terms.term import Term


class RangeTerm(Term):
    """Penalty on pixel values outside 0..1. Clipping them would distort the curvature that L-BFGS measures."""

    name = "range"

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return range_loss(pictures)


def range_loss(pictures: Tensor) -> Tensor:
    """Mean squared distance of pixel values from 0..1: (B,)."""
    return (pictures - pictures.clamp(0, 1)).square().flatten(1).mean(1)
