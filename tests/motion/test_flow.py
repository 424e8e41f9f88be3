"""Optical flow and warping against exact motion: integer pans, borders, occlusions, carried frames."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from videostyle.frames import Picture, Pixels, to_picture
from videostyle.motion.flow import _camera, estimate, fill_unseen, resize, warp
from videostyle.settings import FlowSettings

METHODS = ("farneback", "dis")
SHARED = Path(__file__).parents[2] / "../shared/data"
LIMITS = {"farneback": (0.8, 0.65, 0.08), "dis": (0.15, 0.9, 0.05)}
"""largest end-point error (px), least share of occlusions caught, largest share of good pixels thrown away"""


def texture(height: int = 160, width: int = 224, seed: int = 0) -> Pixels:
    """Smooth noise at three scales."""
    rng = np.random.default_rng(seed)
    picture = sum(
        cv2.GaussianBlur(rng.normal(size=(height, width, 3)), (0, 0), sigma) * sigma for sigma in (1.5, 4.0, 10.0)
    )
    spread = 127 / np.abs(picture).max()
    return np.rint(128 + picture * spread).astype(np.uint8)


def moved(x: int, y: int, size: tuple[int, int] = (128, 160)) -> tuple[Pixels, Pixels]:
    """Current and previous frame of a camera that moves: what is at p was at p + (x, y)."""
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
def test_integer_pan(method: str, shift: tuple[int, int]) -> None:
    current, previous = moved(*shift)
    motion = estimate(current, previous, FlowSettings(method=method))  # type: ignore[arg-type]
    inside = motion.consistency > 0.99
    error = np.hypot(*(motion.flow - np.array(shift, np.float32)).transpose(2, 0, 1))
    assert inside.mean() > 0.65
    assert error[inside].mean() < 0.1
    assert motion.flow.dtype == motion.consistency.dtype == np.float32


@pytest.mark.parametrize("method", METHODS)
def test_what_lay_outside_is_not_trusted(method: str) -> None:
    current, previous = moved(-12, 0)
    motion = estimate(current, previous, FlowSettings(method=method))  # type: ignore[arg-type]
    assert motion.consistency[:, :11].max() == 0
    assert motion.consistency[:, 20:].mean() > 0.9


@pytest.mark.parametrize("method", METHODS)
def test_uncovered_background_is_not_trusted(method: str) -> None:
    motion = estimate(square(84), square(72), FlowSettings(method=method))  # type: ignore[arg-type]
    assert motion.consistency[62:98, 74:82].mean() < 0.1  # uncovered by the square
    assert motion.consistency[66:94, 92:116].mean() > 0.7  # the square itself
    assert motion.consistency[:40].mean() > 0.95
    assert motion.flow[80, 104] == pytest.approx((-12, 0), abs=0.3)


def square_in_the_sky(at: int) -> Pixels:
    """A square of 60 px, plain inside a textured rim, at column ``at`` before a sky that grows lighter downwards."""
    sky = np.linspace(150, 200, 160)[:, None, None] + np.zeros((160, 224, 3))
    sky[:20], sky[85:] = texture()[:20], texture()[85:160]
    sky[40:100, at : at + 60] = texture(seed=2)[:60, :60] * 0.5
    sky[56:84, at + 16 : at + 44] = 60
    return np.rint(sky).astype(np.uint8)


@pytest.mark.parametrize("method", METHODS)
def test_a_plain_sky_is_not_drawn_along(method: str) -> None:
    rng = np.random.default_rng(0)
    noisy = [np.clip(square_in_the_sky(at) + rng.normal(0, 2, (160, 224, 3)), 0, 255) for at in (90, 82)]
    motion = estimate(*(frame.astype(np.uint8) for frame in noisy), FlowSettings(method=method))  # type: ignore[arg-type]
    trusted = motion.consistency > 0.5
    square = np.zeros((160, 224), bool)
    square[40:100, 90:150] = True
    around = cv2.dilate(square.astype(np.uint8), np.ones((41, 41), np.uint8)).astype(bool) & ~square
    around[:, 72:92] = False  # where the square was
    assert (np.abs(motion.flow[..., 0]) > 2)[around & trusted].mean() < 0.1
    if method == "farneback":  # DIS does not trust its own flow there
        assert motion.flow[70, 120] == pytest.approx((-8, 0), abs=1)  # the plain inside of the square goes with its rim


def test_another_scene_is_not_trusted() -> None:
    motion = estimate(texture(seed=3), texture(seed=4), FlowSettings())
    assert motion.consistency.mean() < 0.2


def test_photometric_gate_off_and_motion_boundaries() -> None:
    current, previous = square(84), square(72)
    plain = estimate(current, previous, FlowSettings(method="dis", photometric=0))
    gated = estimate(current, previous, FlowSettings(method="dis", plain=False))
    strict = estimate(current, previous, FlowSettings(method="dis", plain=False, motion_boundary=True))
    assert gated.consistency.sum() <= plain.consistency.sum()
    assert strict.consistency.sum() < gated.consistency.sum()


@pytest.mark.parametrize("method", METHODS)
def test_sixteen_bits_give_the_same_flow(method: str) -> None:
    current, previous = moved(5, 3)
    settings = FlowSettings(method=method)  # type: ignore[arg-type]
    shallow = estimate(current, previous, settings)
    deep = estimate(current.astype(np.uint16) * 257, previous.astype(np.uint16) * 257, settings)
    assert np.array_equal(shallow.flow, deep.flow)
    assert np.allclose(shallow.consistency, deep.consistency, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_same_with_any_number_of_threads(method: str) -> None:
    current, previous = moved(7, -3, (240, 320))
    settings = FlowSettings(method=method)  # type: ignore[arg-type]
    usual = cv2.getNumThreads()
    try:
        found = []
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(estimate(current, previous, settings))
    finally:
        cv2.setNumThreads(usual)
    for other in found[1:]:
        assert np.array_equal(found[0].flow, other.flow)
        assert np.array_equal(found[0].consistency, other.consistency)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(16, 16), (17, 90), (33, 20)])
def test_small_pictures(method: str, size: tuple[int, int]) -> None:
    current, previous = texture(*size), texture(*size, seed=5)
    motion = estimate(current, previous, FlowSettings(method=method))  # type: ignore[arg-type]
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


def test_unseen_pixels_get_the_content_in_the_colors_of_the_film() -> None:
    content = to_picture(texture())
    recolored = content @ np.array([[0.2, 0.5, 0.1], [0.3, 0.1, 0.4], [0.1, 0.2, 0.3]], np.float32) + np.float32(0.1)
    seen = np.ones(content.shape[:2], np.float32)
    seen[:, -20:] = 0
    warped = np.where(seen[..., None] > 0, recolored, 0).astype(np.float32)
    filled = fill_unseen(warped, seen, content)
    assert filled.dtype == np.float32
    assert np.array_equal(filled[:, :-20], warped[:, :-20])
    assert np.abs(filled - recolored)[:, -20:].mean() < 0.02


def test_with_nothing_seen_the_content_is_left() -> None:
    content = to_picture(texture())
    filled = fill_unseen(np.zeros_like(content), np.zeros(content.shape[:2], np.float32), content)
    assert np.allclose(filled, content, atol=1e-5)


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
    """The shared sequences with exact flow, made anew: frames, flow, mask (valid) and vis (seen before)."""
    script = SHARED / "make_synthetic.py"
    if not script.exists():
        pytest.skip("the shared maker of sequences with exact flow is not here")
    names = {"pan": 21, "fg": 13, "static": 19}
    chosen = [part for name, n in names.items() for part in (f"--bg-{name}", f"photos/kodim{n}.png")]
    chosen += ["--fg", "photos/kodim23.png", "--fg-static", "photos/kodim07.png"]
    folder = tmp_path_factory.mktemp("truth")
    subprocess.run([sys.executable, script.name, "--out", folder, *chosen], cwd=SHARED, check=True, capture_output=True)
    return folder


def read(path: Path) -> Pixels:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pan_zoom", "fg_moving", "static_bg"])
@pytest.mark.parametrize("method", METHODS)
def test_exact_flow(truth: Path, method: str, name: str) -> None:
    settings = FlowSettings(method=method)  # type: ignore[arg-type]
    errors, caught, thrown = [], [], []
    for t in range(1, 24, 4):
        current, previous = (read(truth / name / f"frames/{k:04d}.png") for k in (t, t - 1))
        exact = np.load(truth / name / f"flow/{t:04d}.npy")
        valid, visible = (read(truth / name / part / f"{t:04d}.png")[..., 0] > 0 for part in ("mask", "vis"))
        motion = estimate(current, previous, settings)
        error = np.hypot(*(motion.flow - exact).transpose(2, 0, 1))
        errors.append(error[valid].mean())
        thrown.append((motion.consistency[valid & (error < 1)] < 0.5).mean())
        caught.append(motion.consistency[~visible & (warp(to_picture(previous), exact)[1] > 0)] < 0.5)
    most, least, lost = LIMITS[method]
    assert np.mean(errors) < most
    assert np.mean(thrown) < lost
    uncovered = np.concatenate(caught)
    assert not uncovered.size or uncovered.mean() > least


def test_the_camera_is_what_most_of_the_trusted_flow_follows() -> None:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:60, 0:90].astype(np.float32)
    camera = np.stack([5 + 0.02 * x, -3 + 0.01 * y], -1)
    flow = camera.copy()
    flow[20:40, 30:55] += (9, -7)  # something that moves otherwise
    trusted = rng.random((60, 90)) < 0.5
    flow[~trusted] = rng.normal(0, 20, (int((~trusted).sum()), 2))
    assert np.abs(_camera(flow.astype(np.float32), trusted) - camera).max() < 0.2
    np.testing.assert_allclose(_camera(flow.astype(np.float32), np.zeros_like(trusted)), 0, atol=1e-6)


def test_noisy_plain_areas_are_trusted_to_move_with_the_camera() -> None:
    rng = np.random.default_rng(1)
    scene = np.full((160, 240, 3), 120.0)
    scene[100:] = np.kron(rng.integers(0, 256, (15, 60, 3)), np.ones((4, 4, 1)))
    current, previous = (
        np.clip(np.rint(scene[:, at : at + 200] + rng.normal(0, 1.5, (160, 200, 1))), 0, 255).astype(np.uint8)
        for at in (9, 3)
    )
    shares = [
        (estimate(current, previous, FlowSettings(plain=plain)).consistency[8:80, 8:-20] > 0.99).mean()
        for plain in (False, True)
    ]
    assert shares[1] > 0.95
    assert shares[0] < shares[1]
