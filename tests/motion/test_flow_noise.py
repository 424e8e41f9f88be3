"""Optical flow of noisy frames: what stands still does, and slow motion is still followed."""

import cv2
import numpy as np
import pytest

from tests.motion.test_flow import texture
from videostyle.frames import Pixels
from videostyle.motion.flow import estimate
from videostyle.settings import FlowSettings


def noisy(shift: float, deviation: float, seed: int) -> Pixels:
    """Frame 0 or 1 of a camera that moves by a fraction of a pixel, with fresh noise."""
    moved = cv2.warpAffine(texture().astype(np.float32), np.array([[1.0, 0, -shift], [0, 1, 0]]), (224, 160))
    noise = np.random.default_rng(seed).normal(0, deviation, moved.shape)
    return np.clip(np.rint(moved + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("deviation", [1.0, 4.0, 8.0])
def test_a_noisy_picture_that_stands_still_does(deviation: float) -> None:
    motion = estimate(noisy(0, deviation, 1), noisy(0, deviation, 2), FlowSettings())
    assert (motion.flow == 0).mean() > 0.95
    assert (motion.consistency > 0.99).mean() > 0.95


@pytest.mark.parametrize(("shift", "deviation"), [(0.1, 1.0), (0.3, 4.0), (0.6, 8.0)])
def test_a_slow_pan_is_followed_through_noise(shift: float, deviation: float) -> None:
    motion = estimate(noisy(shift, deviation, 1), noisy(0, deviation, 2), FlowSettings())
    inner = motion.flow[16:-16, 16:-16]
    assert np.median(inner[..., 0]) == pytest.approx(shift, abs=0.05)
    assert np.abs(np.median(inner[..., 1])) < 0.05
