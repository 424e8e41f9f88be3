"""Every loss against a formula written out another way, and one number per image."""

import numpy as np
import pytest
import torch

from videostyle.paint.terms.losses import content_loss, gram, range_loss, style_loss, temporal_loss, tv_loss


@pytest.fixture
def features() -> torch.Tensor:
    return torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(1))


def test_gram_is_the_mean_outer_product(features: torch.Tensor) -> None:
    expected = np.einsum("bchw,bdhw->bcd", features.numpy(), features.numpy()) / (7 * 6)
    np.testing.assert_allclose(gram(features), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_style_loss_is_autograds_own(features: torch.Tensor) -> None:
    target = gram(features.roll(1, 0)).detach()
    ours, plain = features.double().requires_grad_(), features.double().requires_grad_()
    style_loss(gram(ours), target, "relative").sum().backward()  # type: ignore[no-untyped-call]
    flat = plain.flatten(2).float()
    style_loss(flat @ flat.transpose(1, 2) / flat.shape[2], target, "relative").sum().backward()  # type: ignore[no-untyped-call]
    torch.testing.assert_close(ours.grad, plain.grad, rtol=1e-4, atol=1e-7)


def test_gram_of_bfloat16_features_is_float32(features: torch.Tensor) -> None:
    assert gram(features.bfloat16()).dtype == torch.float32


def test_gatys_style_loss_is_the_papers_sum(features: torch.Tensor) -> None:
    other = torch.randn(1, 5, 7, 6, generator=torch.Generator().manual_seed(2))
    n, m = 5, 7 * 6
    f, a = features.flatten(2).double().numpy(), other.flatten(2).double().numpy()
    expected = [((f[b] @ f[b].T - a[0] @ a[0].T) ** 2).sum() / (4 * n**2 * m**2) for b in range(3)]
    np.testing.assert_allclose(style_loss(gram(features), gram(other), "gatys"), expected, rtol=1e-4)
    np.testing.assert_allclose(style_loss(gram(features), gram(other), "kitov"), np.multiply(expected, 4), rtol=1e-4)


def test_relative_losses_do_not_know_units(features: torch.Tensor) -> None:
    other = features.roll(1, 0)
    for scale in (0.1, 100):
        torch.testing.assert_close(
            content_loss(features * scale, other * scale, "relative"), content_loss(features, other, "relative")
        )
        torch.testing.assert_close(
            style_loss(gram(features * scale), gram(other * scale), "relative"),
            style_loss(gram(features), gram(other), "relative"),
        )


def test_content_conventions_differ_by_the_count(features: torch.Tensor) -> None:
    other = features.roll(1, 0)
    ratio = content_loss(features, other, "gatys") / content_loss(features, other, "mean")
    torch.testing.assert_close(ratio, torch.full((3,), 5 * 7 * 6 / 2))


def test_temporal_loss_is_a_mean_over_visible_pixels() -> None:
    pictures, target, weight = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5), torch.zeros(2, 1, 4, 5)
    weight[0, 0, :2], weight[1, 0, 1, 1] = 1, 1
    expected = [
        (pictures[0, :, :2] - target[0, :, :2]).square().mean(),
        (pictures[1, :, 1, 1] - target[1, :, 1, 1]).square().mean(),
    ]
    torch.testing.assert_close(temporal_loss(pictures, target, weight), torch.stack(expected))


def test_temporal_loss_of_a_frame_without_visible_pixels_is_zero() -> None:
    assert temporal_loss(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 0


@pytest.mark.parametrize(
    ("kind", "power", "expected"), [("squared", 1, 0.01), ("absolute", 1, 0.1), ("power", 0.5, 0.1)]
)
def test_tv_of_a_ramp(kind: str, power: float, expected: float) -> None:
    ramp = (torch.arange(6) * 0.1).expand(1, 3, 4, 6)
    assert tv_loss(ramp, kind, power).item() == pytest.approx(expected, rel=1e-2)  # type: ignore[arg-type]


def test_range_loss_counts_only_what_is_outside() -> None:
    pictures = torch.tensor([-0.1, 0.0, 0.5, 1.0, 1.2]).reshape(1, 1, 1, 5)
    assert range_loss(pictures).item() == pytest.approx((0.1**2 + 0.2**2) / 5)
