"""Noise is measured where it was added, and texture and slopes are not taken for it."""

import numpy as np
import pytest
from numpy.typing import NDArray

from videostyle.motion.flow import estimate
from videostyle.motion.grain import grain_of
from videostyle.settings import FlowSettings


def scene(noise: float, seed: int = 0) -> NDArray[np.float64]:
    y, x = np.mgrid[0:120, 0:160]
    picture = 60 + 0.5 * x + 0.4 * y
    picture[30:90, 40:120] += 30 * np.sign(np.sin(x * y / 40))[30:90, 40:120]
    noisy: NDArray[np.float64] = np.clip(picture + np.random.default_rng(seed).normal(0, noise, picture.shape), 0, 255)
    return noisy


@pytest.mark.parametrize("noise", [1.5, 4.0, 8.0])
def test_noise_is_measured(noise: float) -> None:
    assert grain_of(np.rint(scene(noise)).astype(np.uint8)) == pytest.approx(noise, rel=0.2)


def test_slopes_and_texture_are_no_noise() -> None:
    assert grain_of(np.rint(scene(0)).astype(np.uint8)) < 0.6, "rounding"
    assert grain_of(np.full((20, 20), 90, np.uint8)) < 1e-3


def test_grain_of_a_still_does_not_hide_that_it_stands_still() -> None:
    first, second = (np.rint(scene(9.0, seed)).astype(np.uint8)[..., None].repeat(3, -1) for seed in (0, 1))
    assert np.abs(first.astype(int) - second).mean() > FlowSettings().photometric
    assert estimate(second, first, FlowSettings()).consistency.mean() > 0.9


def test_without_grain_another_color_is_not_trusted() -> None:
    first = np.rint(scene(0)).astype(np.uint8)[..., None].repeat(3, -1)
    changed = first.copy()
    changed[50:70, 60:90] += 12
    assert estimate(changed, first, FlowSettings()).consistency[55:65, 65:85].max() < 0.05
