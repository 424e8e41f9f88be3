"""The camera's motion against a known one, and plain ground that must not be dragged along."""

import cv2
import numpy as np
import pytest

from tests.motion.test_flow import METHODS, Method, texture
from videostyle.frames import Pixels
from videostyle.motion.camera import Mask, camera_motion, plain_ground
from videostyle.motion.estimators import Gray
from videostyle.motion.flow import estimate
from videostyle.settings import FlowSettings

STEP = 7


def gray(pixels: Pixels) -> Gray:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def ball(at: int, noise: float = 0.0) -> Pixels:
    """A ball with an outline, its center at column ``at``, before a plain sky and a plain meadow."""
    frame = np.full((144, 256, 3), (120, 190, 250), np.uint8)
    frame[100:] = 90, 170, 70
    cv2.circle(frame, (at, 77), 22, (230, 60, 50), -1, cv2.LINE_AA)
    cv2.circle(frame, (at, 77), 22, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.circle(frame, (at + 7, 72), 4, (255, 255, 255), -1, cv2.LINE_AA)
    grain = np.random.default_rng(at).normal(0, noise, frame.shape)
    return np.clip(np.rint(frame + grain), 0, 255).astype(np.uint8)


def disc(at: int, radius: int) -> Mask:
    y, x = np.mgrid[0:144, 0:256]
    return np.asarray(np.hypot(x - at, y - 77) < radius)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("noise", [0.0, 3.0])
@pytest.mark.parametrize("at", [60, 140])
def test_plain_ground_is_not_dragged_along(method: Method, noise: float, at: int) -> None:
    motion = estimate(ball(at + STEP, noise), ball(at, noise), FlowSettings(method=method))
    trusted, around = motion.consistency > 0.5, ~disc(at + STEP, 27) & ~disc(at, 27)
    moved = np.hypot(*motion.flow.transpose(2, 0, 1)) > 1
    assert (moved & trusted & around).mean() < 0.01
    assert trusted[around].mean() > 0.95
    uncovered = disc(at, 23) & ~disc(at + STEP, 27)
    assert trusted[uncovered].mean() < 0.05
    inside = disc(at + STEP, 16)
    assert np.median(motion.flow[..., 0][inside]) == pytest.approx(-STEP, abs=0.5)


def test_most_of_the_trusted_flow_follows_the_camera() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:60, 0:90].astype(np.float32)
    camera = np.stack([5 + 0.02 * x, -3 + 0.01 * y], -1)
    flow = camera.copy()
    flow[20:40, 30:55] += (9, -7)  # an object that moves on its own
    trusted = rng.random((60, 90)) < 0.5
    flow[~trusted] = rng.normal(0, 20, (int((~trusted).sum()), 2))
    picture = gray(texture(60, 90))
    assert np.abs(camera_motion(flow.astype(np.float32), picture, trusted) - camera).max() < 0.2
    np.testing.assert_array_equal(camera_motion(flow.astype(np.float32), picture, np.zeros_like(trusted)), 0)


def test_what_moves_before_a_plain_sky_is_not_the_camera() -> None:
    """Even if the optical flow says so everywhere."""
    flow, trusted = np.full((144, 256, 2), (-STEP, 0), np.float32), np.ones((144, 256), bool)
    np.testing.assert_array_equal(camera_motion(flow, gray(ball(100)), trusted), 0)
    half = texture(144, 256)
    half[:72] = 180  # a sky over a landscape: the camera pans
    np.testing.assert_allclose(camera_motion(flow, gray(half), trusted), flow, atol=0.01)


def test_an_area_of_one_color_is_decided_as_a_whole() -> None:
    picture = np.full((60, 80), 120, np.uint8)
    picture[20:40, 30:50] = 200
    apart = np.zeros((60, 80, 2), np.float32)
    apart[10:50, 20:60] = 5, 0  # the object and what is around it
    gain = np.zeros((60, 80), np.float32)
    gain[18:42, 28:32] = -9  # uncovered: only the object's motion predicts the color
    gain[20:40, 30:34] = gain[20:40, 46:50] = -9  # the object's edges
    moves, ground = plain_ground(picture, apart, gain, np.ones((60, 80), bool))
    assert moves[10:16, 20:60].all()
    assert ground[22:38, 24:27].all()
    assert not ground[24:36, 34:46].any()
    assert not moves[24:36, 34:46].any()
