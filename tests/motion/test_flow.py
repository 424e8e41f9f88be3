"""Optical flow and warping against exact motion: integer pans, borders, occlusions, carried frames."""

import subprocess
import sys
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from videostyle.frames import Picture, Pixels, to_picture
from videostyle.motion.flow import estimate, resize, warp
from videostyle.settings import FlowSettings

Method = Literal["farneback", "dis"]
METHODS: tuple[Method, ...] = ("farneback", "dis")
SHARED = Path(__file__).parents[2] / "../shared/data"
LIMITS = {"farneback": (0.8, 0.65, 0.08), "dis": (0.15, 0.8, 0.05)}
"""maximum end-point error (px), minimum share of occlusions detected, maximum share of good pixels rejected"""


def texture(height: int = 160, width: int = 224, seed: int = 0) -> Pixels:
    """Smooth noise at three scales."""
    rng = np.random.default_rng(seed)
    picture = sum(
        cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), sigma) * sigma for sigma in (1.5, 4.0, 10.0)
    )
    spread = 127 / np.abs(picture).max()
    return np.rint(128 + picture * spread).astype(np.uint8)


def moved(x: int, y: int, size: tuple[int, int] = (128, 160)) -> tuple[Pixels, Pixels]:
    """Current and previous frame of a moving camera: what is at p now was at p + (x, y)."""
    world, margin = texture(size[0] + 96, size[1] + 96), 48
    current = world[margin : margin + size[0], margin : margin + size[1]]
    previous = world[margin - y : margin - y + size[0], margin - x : margin - x + size[1]]
    return current.copy(), previous.copy()


def square(at: int) -> Pixels:
    """A textured square of 40 px at column ``at`` in front of another texture."""
    frame = texture(seed=1)
    frame[60:100, at : at + 40] = texture(seed=2)[:40, :40]
    return frame


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shift", [(0, 0), (3, -2), (-9, 4), (16, 8)])
def test_integer_pan(method: Method, shift: tuple[int, int]) -> None:
    current, previous = moved(*shift)
    motion = estimate(current, previous, FlowSettings(method=method))
    inside = motion.consistency > 0.99
    error = np.hypot(*(motion.flow - np.array(shift, np.float32)).transpose(2, 0, 1))
    assert inside.mean() > 0.65
    assert error[inside].mean() < 0.1
    assert motion.flow.dtype == motion.consistency.dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
def test_flow_from_outside_the_earlier_frame_is_not_trusted(method: Method) -> None:
    current, previous = moved(-12, 0)
    motion = estimate(current, previous, FlowSettings(method=method))
    assert motion.consistency[:, :11].max() < 0.001
    assert motion.consistency[:, 20:].mean() > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_uncovered_background_is_not_trusted(method: Method) -> None:
    motion = estimate(square(84), square(72), FlowSettings(method=method))
    assert motion.consistency[62:98, 74:82].mean() < 0.1  # uncovered by the square
    assert motion.consistency[66:94, 92:116].mean() > 0.7  # the square itself
    assert motion.consistency[:40].mean() > 0.95
    assert motion.flow[80, 104] == pytest.approx((-12, 0), abs=0.3)


def square_in_the_sky(at: int) -> Pixels:
    """A 60 px square, plain with a textured rim, at column ``at`` in front of a sky that gets lighter downward."""
    sky = np.linspace(150, 200, 160)[:, None, None] + np.zeros((160, 224, 3))
    sky[:20], sky[85:] = texture()[:20], texture()[85:160]
    sky[40:100, at : at + 60] = texture(seed=2)[:60, :60] * 0.5
    sky[56:84, at + 16 : at + 44] = 60
    return np.rint(sky).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_a_plain_sky_does_not_move_with_the_object_in_front_of_it(method: Method) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(square_in_the_sky(at) + rng.normal(0, 2, (160, 224, 3)), 0, 255) for at in (90, 82)]
    motion = estimate(*(frame.astype(np.uint8) for frame in noisy), FlowSettings(method=method))
    trusted = motion.consistency > 0.5
    square = np.zeros((160, 224), bool)
    square[40:100, 90:150] = True
    around = cv2.dilate(square.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool) & ~square
    around[:, 72:92] = False  # where the square was
    assert (np.abs(motion.flow[..., 0]) > 2)[around & trusted].mean() < 0.1
    if method == "farneback":  # DIS does not trust its own flow there
        assert motion.flow[70, 120] == pytest.approx((-8, 0), abs=1)  # the plain inside moves with the rim


def test_a_different_scene_is_not_trusted() -> None:
    motion = estimate(texture(seed=3), texture(seed=4), FlowSettings())
    assert motion.consistency.mean() < 0.2


def test_photometric_gate_off_and_motion_boundaries() -> None:
    current, previous = square(84), square(72)
    ungated = estimate(current, previous, FlowSettings(method="dis", photometric=0))
    gated = estimate(current, previous, FlowSettings(method="dis"), plain=False)
    strict = estimate(current, previous, FlowSettings(method="dis", motion_boundary=True), plain=False)
    assert gated.consistency.sum() <= ungated.consistency.sum()
    assert strict.consistency.sum() < gated.consistency.sum()


@pytest.mark.parametrize("method", METHODS)
def test_sixteen_bits_have_the_same_flow(method: Method) -> None:
    current, previous = moved(5, 3)
    settings = FlowSettings(method=method)
    shallow = estimate(current, previous, settings)
    deep = estimate(current.astype(np.uint16) * 257, previous.astype(np.uint16) * 257, settings)
    assert np.array_equal(shallow.flow, deep.flow)
    assert np.allclose(shallow.consistency, deep.consistency, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_same_with_any_number_of_threads(method: Method) -> None:
    current, previous = moved(7, -3, (240, 320))
    settings = FlowSettings(method=method)
    usual = cv2.getNumThreads()
    try:
        motions = []
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            motions.append(estimate(current, previous, settings))
    finally:
        cv2.setNumThreads(usual)
    for other in motions[1:]:
        assert np.array_equal(motions[0].flow, other.flow)
        assert np.array_equal(motions[0].consistency, other.consistency)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(16, 16), (17, 90), (33, 20)])
def test_small_pictures(method: Method, size: tuple[int, int]) -> None:
    current, previous = texture(*size), texture(*size, seed=5)
    motion = estimate(current, previous, FlowSettings(method=method))
    assert motion.flow.shape == (*size, 2)
    assert np.isfinite(motion.flow).all()


def test_warp_of_an_integer_pan_is_a_roll() -> None:
    picture = to_picture(texture())
    flow = np.zeros((*picture.shape[:2], 2), np.float32)
    flow[...] = 5, -3
    warped, seen = warp(picture, flow)
    rolled = np.roll(picture, (3, -5), (0, 1))
    assert np.allclose(warped[3:, :-5], rolled[3:, :-5], atol=1e-6)
    assert seen[3:, :-5].min() == 1
    assert seen[:3].max() == 0
    assert seen[:, -5:].max() == 0


def test_warp_stays_in_range_and_never_darkens_borders() -> None:
    picture: Picture = np.ones((40, 50, 3), np.float32)
    warped, _ = warp(picture, np.full((40, 50, 2), -7.3, np.float32))
    assert np.allclose(warped, 1, atol=1e-6)
    sharp = (np.indices((40, 50)).sum(0) // 4 % 2).astype(np.float32)[..., None].repeat(3, 2)
    warped, _ = warp(sharp, np.full((40, 50, 2), 0.5, np.float32))
    assert warped.min() >= 0
    assert warped.max() <= 1


def test_a_carried_picture_stays_sharp() -> None:
    start = to_picture(texture())
    carried, there, back = start, np.full((*start.shape[:2], 2), 0.4, np.float32), np.float32(-1)
    for _ in range(12):
        carried = warp(warp(carried, there)[0], there * back)[0]
    middle = np.s_[20:-20, 20:-20]
    assert np.abs(carried - start)[middle].mean() < 1.5 / 255
    sharpness = np.abs(np.diff(carried[middle], axis=1)).mean() / np.abs(np.diff(start[middle], axis=1)).mean()
    assert 0.9 < sharpness < 1.05


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_resize(dtype: type) -> None:
    pixels = texture().astype(dtype)
    assert resize(pixels, 224, 160) is pixels
    smaller, larger = resize(pixels, 112, 80), resize(pixels, 300, 200)
    assert smaller.shape == (80, 112, 3)
    assert larger.shape == (200, 300, 3)
    assert smaller.dtype == larger.dtype == dtype
    assert abs(float(smaller.mean()) - float(pixels.mean())) < 1


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shared synthetic sequences, generated: frames, exact flow, mask (valid) and vis (visible before)."""
    script = SHARED / "make_synthetic.py"
    if not script.exists():
        pytest.skip("the shared script that generates sequences with exact flow is missing")
    names = {"pan": 21, "fg": 13, "static": 19}
    photos = [argument for name, n in names.items() for argument in (f"--bg-{name}", f"photos/kodim{n}.png")]
    photos += ["--fg", "photos/kodim23.png", "--fg-static", "photos/kodim07.png"]
    folder = tmp_path_factory.mktemp("truth")
    subprocess.run([sys.executable, script.name, "--out", folder, *photos], cwd=SHARED, check=True, capture_output=True)
    return folder


def read(path: Path) -> Pixels:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pan_zoom", "fg_moving", "static_bg"])
@pytest.mark.parametrize("method", METHODS)
def test_exact_flow(truth: Path, method: Method, name: str) -> None:
    settings = FlowSettings(method=method)
    errors, detected, rejected = [], [], []
    for t in range(1, 24, 4):
        current, previous = (read(truth / name / f"frames/{k:04d}.png") for k in (t, t - 1))
        exact = np.load(truth / name / f"flow/{t:04d}.npy")
        valid, visible = (read(truth / name / kind / f"{t:04d}.png")[..., 0] > 0 for kind in ("mask", "vis"))
        motion = estimate(current, previous, settings)
        error = np.hypot(*(motion.flow - exact).transpose(2, 0, 1))
        errors.append(error[valid].mean())
        rejected.append((motion.consistency[valid & (error < 1)] < 0.5).mean())
        detected.append(motion.consistency[~visible & (warp(to_picture(previous), exact)[1] > 0)] < 0.5)
    max_error, min_detected, max_rejected = LIMITS[method]
    assert np.mean(errors) < max_error
    assert np.mean(rejected) < max_rejected
    uncovered = np.concatenate(detected)
    assert not uncovered.size or uncovered.mean() > min_detected


def test_noisy_plain_areas_are_trusted_to_move_with_the_camera() -> None:
    rng = np.random.default_rng(1)
    scene = np.full((160, 240, 3), 120.0)
    scene[100:] = np.kron(rng.integers(0, 256, (15, 60, 3)), np.ones((4, 4, 1)))
    current, previous = (
        np.clip(np.rint(scene[:, at : at + 200] + rng.normal(0, 1.5, (160, 200, 1))), 0, 255).astype(np.uint8)
        for at in (9, 3)
    )
    shares = [
        (estimate(current, previous, FlowSettings(), plain=plain).consistency[8:80, 8:-20] > 0.99).mean()
        for plain in (False, True)
    ]
    assert shares[1] > 0.95
    assert shares[0] < shares[1]


@pytest.mark.parametrize("method", METHODS)
def test_grain_does_not_cost_trust(method: Method) -> None:
    current, previous = moved(5, 2)
    rng = np.random.default_rng(0)
    grainy = [
        np.clip(np.rint(0.6 * frame + 50 + rng.normal(0, 7, frame.shape)), 0, 255).astype(np.uint8)
        for frame in (current, previous)
    ]
    motion = estimate(*grainy, FlowSettings(method=method))
    assert (motion.consistency[8:-8, 8:-8] > 0.5).mean() > 0.95
    assert np.hypot(*(motion.flow - (5, 2)).transpose(2, 0, 1))[8:-8, 8:-8].mean() < 0.5
