"""Small pictures as JPEG."""

import io

import numpy as np
import pytest
from PIL import Image

from videostyle.media.jpeg import to_jpeg


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_of_either_depth(dtype: type[np.uint8] | type[np.uint16]) -> None:
    top = np.iinfo(dtype).max
    pixels = np.zeros((16, 24, 3), dtype)
    pixels[..., 0], pixels[..., 1] = top, top // 2
    opened = Image.open(io.BytesIO(to_jpeg(pixels)))
    assert (opened.format, opened.size) == ("JPEG", (24, 16))
    assert np.abs(np.asarray(opened).astype(int) - (255, 127, 0)).max() <= 3
    assert len(to_jpeg(pixels, 20)) <= len(to_jpeg(pixels, 90))
