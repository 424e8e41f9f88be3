"""Filling pixels that an earlier frame did not show."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from videostyle.frames import Picture, Pixels, to_picture
from videostyle.paint.optimize.fill import fill_unseen

SHARED = Path(__file__).parents[3].parent / "shared" / "data"


def texture() -> Pixels:
    return np.kron(np.random.default_rng(0).integers(0, 256, (20, 28, 3), np.uint8), np.ones((8, 8, 1), np.uint8))


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


def test_paint_that_is_being_renewed_tells_nothing_about_colors() -> None:
    """In a dissolve the paint is partly seen everywhere, and shows the tones of the first shot."""
    content = to_picture(texture())
    seen = np.full(content.shape[:2], 0.6, np.float32)
    filled = fill_unseen(1 - content, seen, content)
    np.testing.assert_allclose(filled, 0.6 * (1 - content) + 0.4 * content, atol=1e-5)


def test_what_is_kept_only_in_part_still_tells_the_colors() -> None:
    content = to_picture(texture())
    inverted = np.ascontiguousarray(1 - content)
    seen = np.ones(content.shape[:2], np.float32)
    np.testing.assert_allclose(fill_unseen(inverted, seen, content, 0.25), inverted, atol=0.02)


def test_with_nothing_seen_the_content_keeps_its_colors() -> None:
    content = to_picture(texture())
    filled = fill_unseen(np.zeros_like(content), np.zeros(content.shape[:2], np.float32), content)
    assert np.allclose(filled, content, atol=1e-5)


def oracle(warped: Picture, seen: NDArray[np.float32], content: Picture) -> NDArray[np.float64]:
    """``fill_unseen`` by definition, in float64: the ridge adds four equations to the least squares."""
    film, clip = warped.reshape(-1, 3).astype(np.float64), content.reshape(-1, 3).astype(np.float64)
    colors, weight = np.insert(clip, 3, 1, axis=1), seen.reshape(-1, 1).astype(np.float64)
    known = np.sqrt(np.clip(4 * weight - 3, 0, 1))  # from three quarters on
    left = np.concatenate([known * colors, np.sqrt(1e-3 * seen.size) * np.eye(4)])
    right = np.concatenate([known * (film - clip), np.zeros((4, 3))])
    matched = np.clip(clip + colors @ np.linalg.lstsq(left, right, rcond=None)[0], 0, 1)
    return np.asarray(matched + weight * (film - matched)).reshape(content.shape)


def photos(width: int, height: int) -> tuple[Picture, Picture]:
    """Two photos of the same size."""
    paths = [SHARED / f"photos/{name}.jpg" for name in ("chicago", "tuebingen_neckarfront")]
    if not all(path.exists() for path in paths):
        pytest.skip("the shared photos are missing")
    content, film = (to_picture(np.asarray(Image.open(path).convert("RGB").resize((width, height)))) for path in paths)
    return content, film


def mask(width: int, height: int) -> NDArray[np.float32]:
    """A mask of seen pixels with small holes that have soft borders."""
    seen = (np.random.default_rng(1).random((height, width)) < 0.9).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.8), np.float32)


@pytest.mark.parametrize("size", [(97, 61), (256, 144), (456, 256), (703, 401), (1280, 720), (1920, 1080)])
@pytest.mark.parametrize("kind", ["photos", "gray", "dark", "noise"])
def test_float32_is_as_good_as_float64_to_a_millionth(kind: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    width, height = size
    if kind == "noise":
        warped, content = (rng.random((height, width, 3), np.float32) for _ in range(2))
        seen = rng.random((height, width), np.float32)
    else:
        content, film = photos(width, height)
        if kind == "gray":  # its three channels are the same, so that only the ridge makes the map unique
            content = np.repeat(content[..., :1], 3, 2)
        warped = film * np.float32(0.4) + content * np.float32(0.6)
        content = content * np.float32(0.01 if kind == "dark" else 1)
        seen = mask(width, height)
    for array in (warped, seen, content):
        array.flags.writeable = False
    expected = oracle(warped, seen, content)
    with ThreadPoolExecutor(2) as threads:
        for filled in threads.map(lambda _: fill_unseen(warped, seen, content), range(2)):
            np.testing.assert_allclose(filled, expected, rtol=0, atol=1e-6)
            assert filled.dtype == np.float32


def test_the_number_of_blas_threads_changes_nothing() -> None:
    code = """
import hashlib
import numpy as np
from videostyle.paint.optimize.fill import fill_unseen
rng = np.random.default_rng(0)
warped, content = (rng.random((1080, 1920, 3), np.float32) for _ in range(2))
filled = fill_unseen(warped, rng.random((1080, 1920), np.float32), content)
print(hashlib.sha256(filled.tobytes()).hexdigest())
"""
    hashes = set()
    for threads in ("1", "2"):
        variables = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        child = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
        hashes.add(child.stdout)
    assert len(hashes) == 1
