"""Both estimators against exact shifts, fast ones above all."""

import cv2
import numpy as np
import pytest

from tests.motion.test_flow import METHODS, Method, texture
from videostyle.frames import Pixels
from videostyle.motion.estimators import Gray, dis, farneback, pan
from videostyle.motion.flow import estimate
from videostyle.settings import FlowSettings

ESTIMATORS = {"farneback": farneback, "dis": dis}


def gray(pixels: Pixels) -> Gray:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def panned(step: int, height: int = 180, width: int = 320, noise: float = 0) -> tuple[Pixels, Pixels]:
    """Current and previous frame of a camera that pans right; new content comes in at the right edge."""
    rng, world = np.random.default_rng(0), texture(height, width + step)
    frames = (world[:, step:], world[:, :width])
    current, previous = (np.clip(np.rint(frame + rng.normal(0, noise, frame.shape)), 0, 255) for frame in frames)
    return current.astype(np.uint8), previous.astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", [3, 20, 40])
def test_pans(method: Method, step: int) -> None:
    """40 px at 180 lines is as fast as 80 px at 360 lines."""
    current, previous = panned(step)
    now, before = gray(current), gray(previous)
    flow = ESTIMATORS[method](now, before, pan(now, before))
    error = np.hypot(flow[..., 0] - step, flow[..., 1])[5:-5, 5 : -step - 5]
    assert error.mean() < 0.2
    assert np.percentile(error, 99) < 1


@pytest.mark.parametrize(("x", "y"), [(40, 0), (-30, 12), (0, -40)])
def test_a_fast_pan_is_found(x: int, y: int) -> None:
    world = gray(texture(280, 420))
    current, previous = world[50:230, 50:370], world[50 - y : 230 - y, 50 - x : 370 - x]
    assert pan(current, previous) == pytest.approx((x, y), abs=1.5)
    assert pan(current, world[52:232, 50:370]) == (0, 0)  # slow
    assert pan(current, gray(texture(180, 320, seed=5))) == (0, 0)  # another scene


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("step", [20, 40])
def test_a_fast_pan_is_trusted_where_it_is_right(method: Method, step: int) -> None:
    motion = estimate(*panned(step, noise=3), FlowSettings(method=method))
    wrong = np.hypot(motion.flow[..., 0] - step, motion.flow[..., 1]) > 2
    trusted = motion.consistency > 0.5
    assert trusted[:, : -step - 5].mean() > 0.9
    assert trusted[:, -step:].mean() < 0.01  # came into view
    assert (trusted & wrong).mean() < 0.005


@pytest.mark.parametrize("method", METHODS)
def test_a_camera_that_follows_an_object(method: Method) -> None:
    """The ground moves by 24 px, the object before it hardly."""
    current, previous = panned(24)
    for frame, at in ((current, 122), (previous, 120)):
        frame[50:130, at : at + 80] = texture(seed=7)[:80, :80]
    motion = estimate(current, previous, FlowSettings(method=method))
    assert np.median(motion.flow[65:115, 137:187, 0]) == pytest.approx(-2, abs=0.3)
    assert np.median(motion.flow[:40, :280, 0]) == pytest.approx(24, abs=0.3)
    exact = np.full(current.shape[:2], 24.0)
    exact[50:130, 122:202] = -2
    wrong = np.abs(motion.flow[..., 0] - exact) > 2
    assert (wrong & (motion.consistency > 0.5)).mean() < 0.02
