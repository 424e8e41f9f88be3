"""Filling what an earlier frame did not show."""

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


def test_with_nothing_seen_the_content_keeps_its_colors() -> None:
    content = to_picture(texture())
    filled = fill_unseen(np.zeros_like(content), np.zeros(content.shape[:2], np.float32), content)
    assert np.allclose(filled, content, atol=1e-5)


def filled_at_once(warped: Picture, seen: NDArray[np.float32], content: Picture) -> Picture:
    """``fill_unseen`` by its definition, for the whole picture at once."""
    ridge = 1e-3 * seen.size * np.eye(4)
    colors = np.concatenate([content.reshape(-1, 3), np.ones((seen.size, 1))], 1)
    weighted = (colors * seen.reshape(-1, 1)).T
    change = np.linalg.solve(weighted @ colors + ridge, weighted @ (warped.reshape(-1, 3) - colors[:, :3]))
    matched = np.clip(colors @ (np.eye(4, 3) + change), 0, 1).astype(np.float32).reshape(content.shape)
    return np.asarray(matched + seen[..., None] * (warped - matched))


def photos(width: int, height: int) -> tuple[Picture, Picture]:
    """Two photos of one size."""
    paths = [SHARED / f"photos/{name}.jpg" for name in ("chicago", "tuebingen_neckarfront")]
    if not all(path.exists() for path in paths):
        pytest.skip("the shared photos are missing")
    content, film = (to_picture(np.asarray(Image.open(path).convert("RGB").resize((width, height)))) for path in paths)
    return content, film


SIZES = (97, 61), (256, 144), (456, 256), (703, 401), (1280, 720), (1920, 1080)


# Exact, because frames of existing settings must not change. Noise at 1080p is left out: without AVX-512, OpenBLAS sums
# in other runs, and one or two values of six million then differ in their last bit.
@pytest.mark.parametrize(
    ("kind", "size"), [*(("photos", size) for size in SIZES), *(("noise", size) for size in SIZES[:-1])]
)
def test_filling_block_by_block_gives_the_same_bits(kind: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    width, height = size
    if kind == "photos":
        content, film = photos(width, height)
        warped = film * np.float32(0.4) + content * np.float32(0.6)
        seen = cv2.GaussianBlur((rng.random((height, width)) < 0.9).astype(np.float32), (0, 0), 0.8)
    else:
        warped, content = (rng.random((height, width, 3), np.float32) for _ in range(2))
        seen = rng.random((height, width), np.float32)
    for array in (warped, seen, content):
        array.flags.writeable = False
    expected = filled_at_once(warped, seen, content)
    with ThreadPoolExecutor(2) as threads:
        for filled in threads.map(lambda _: fill_unseen(warped, seen, content), range(2)):
            assert np.array_equal(filled, expected)
            assert filled.shape == expected.shape
            assert filled.dtype == np.float32
