import pytest
import torch

from videostyle.paint.terms.variation import VariationTerm, variation_loss
from videostyle.settings import TvSettings


@pytest.mark.parametrize(("kind", "expected"), [("squared", 0.01), ("absolute", 0.1), ("power", 0.1**1.5)])
def test_variation_of_a_ramp(kind: str, expected: float) -> None:
    ramp = (torch.arange(6) * 0.1).expand(1, 3, 4, 6)
    # rows do not differ; the "power" of no difference is a small constant instead of 0
    assert variation_loss(ramp, kind).item() == pytest.approx(expected, rel=1e-3)  # type: ignore[arg-type]
    term = VariationTerm(TvSettings(weight=7.0, kind=kind))  # type: ignore[arg-type]
    assert term.weight == 7
    assert term(ramp, {}) == variation_loss(ramp, kind)  # type: ignore[arg-type]


def test_gradient_of_a_flat_picture_is_finite() -> None:
    flat = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    (gradient,) = torch.autograd.grad(variation_loss(flat, "power").sum(), flat)
    assert torch.isfinite(gradient).all()
