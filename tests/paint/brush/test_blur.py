"""The blur, against its definition."""

import numpy as np

from tests.paint.brush.arts import art, levels
from videostyle.paint.brush.blur import blurred, reach


def test_the_blur_is_a_gaussian() -> None:
    picture, sigma = levels(art(3)), 1.3
    taps = np.exp(-0.5 * (np.arange(-4, 5) / sigma) ** 2)
    kernel = np.outer(taps, taps) / taps.sum() ** 2
    padded = np.pad(picture.numpy().astype(np.float64), ((4, 4), (4, 4), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (9, 9), (0, 1))
    assert reach(sigma) == 4
    np.testing.assert_allclose(blurred(picture, sigma), (windows * kernel).sum((-1, -2)), atol=1e-3)
