"""Distances of patches whose distributions are known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from videostyle.paint.patches import FAINT, OPPONENT, SIDE, PatchTargets, slices

HEIGHT, WIDTH = 90, 120


def noise(seed: int = 0, spread: float = 0.1) -> Tensor:
    values = np.random.default_rng(seed).normal(0.5, spread, (1, 3, HEIGHT, WIDTH))
    return torch.from_numpy(values.astype(np.float32))


def targets(*artworks: Tensor, shares: tuple[float, ...] = (1.0,)) -> PatchTargets:
    return PatchTargets(artworks, shares, HEIGHT, WIDTH)


def test_slices_are_an_orthonormal_basis() -> None:
    """Sum of squares over a patch, in each opponent color (Parseval)."""
    one = noise()[..., :SIDE, :SIDE]
    coefficients = slices(one, 1).reshape(3, -1)
    colors = torch.einsum("dc,chw->dhw", torch.tensor(OPPONENT), one[0])
    torch.testing.assert_close(coefficients.square().sum(1), colors.square().sum((1, 2)))
    flat = slices(torch.full((1, 3, SIDE, SIDE), 0.4), 1)[0]
    assert flat[0] == pytest.approx(0.4 * SIDE)
    assert flat[1:].abs().max() < 1e-6


def test_an_artwork_has_distance_zero_from_itself() -> None:
    assert targets(noise()).distance(noise()) == 0
    assert targets(noise()).distance(noise(1)) < 0.06, "nor does it matter which noise"


def test_a_shift_of_color_is_measured_exactly() -> None:
    """The Wasserstein distance of a shifted distribution is the shift; only one slice in 147 sees brightness."""
    art, shift = noise(), 0.07
    spread = slices(art, 16384)[:, 0].std(correction=0)
    expected = SIDE * shift / float(spread + FAINT) / (3 * SIDE**2)
    assert targets(art).distance(art + shift) == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("gain", [0.0, 0.5, 2.0])
def test_a_change_of_contrast_is_measured_exactly(gain: float) -> None:
    """The W2 distance of a zero-mean distribution from itself scaled by g is |g - 1| standard deviations."""
    art = noise() - 0.5
    spread = slices(art, 16384).square().mean(0).sqrt()
    expected = float((abs(gain - 1) * spread / (slices(art, 16384).std(0, correction=0) + FAINT)).mean())
    assert targets(art).distance(gain * art) == pytest.approx(expected, rel=1e-3)


def test_an_enlarged_artwork_is_far_at_its_size_and_near_at_half() -> None:
    art = (F.avg_pool2d(noise(spread=0.4), 3, 1, 1)).clamp(0, 1)
    small = F.interpolate(art, scale_factor=0.5, mode="area")
    enlarged = F.interpolate(small, (HEIGHT, WIDTH), mode="bicubic")
    full = targets(art).distance(enlarged)
    half = PatchTargets([art], [1.0], HEIGHT // 2, WIDTH // 2).distance(F.avg_pool2d(enlarged, 2))
    assert full > 0.4
    assert half < 0.6 * full


def test_artworks_are_mixed_by_their_shares() -> None:
    dark, bright = torch.full((1, 3, 40, 40), 0.2), torch.full((1, 3, 50, 30), 0.8)
    picture = torch.full((1, 3, HEIGHT, WIDTH), 0.2)
    only, mixture = targets(dark), targets(dark, bright, shares=(0.75, 0.25))
    assert only.distance(picture) == pytest.approx(0, abs=1e-5)
    spread = 0.6 * SIDE * math.sqrt(0.75 * 0.25)
    expected = math.sqrt(0.25) * 0.6 * SIDE / (spread + FAINT) / (3 * SIDE**2)
    assert mixture.distance(picture) == pytest.approx(expected, rel=1e-3)


def test_pictures_barely_larger_than_a_patch_are_measured() -> None:
    tiny = noise()[..., :SIDE, :SIDE]
    assert PatchTargets([noise()[..., :3, :5]], [1.0], SIDE, SIDE).distance(tiny) > 0
