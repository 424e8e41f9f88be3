import pytest
import torch

from videostyle.paint.terms.range import RangeTerm, range_loss


def test_range_loss_counts_only_what_is_outside() -> None:
    pictures = torch.tensor([-0.1, 0.0, 0.5, 1.0, 1.2]).reshape(1, 1, 1, 5)
    assert range_loss(pictures).item() == pytest.approx((0.1**2 + 0.2**2) / 5)
    assert RangeTerm(10.0)(pictures, {}) == range_loss(pictures)
