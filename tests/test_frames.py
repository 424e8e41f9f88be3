"""The values validate themselves."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from videostyle.errors import SettingsError
from videostyle.frames import (
    Chunk,
    Clip,
    Frame,
    FrameRange,
    Motion,
    to_bytes,
    to_picture,
    to_pixels,
)


def test_range_arithmetic() -> None:
    one = FrameRange(3, 9)
    assert len(one) == 6
    assert list(one.indices) == [3, 4, 5, 6, 7, 8]
    assert 3 in one
    assert 9 not in one
    assert str(one) == "3:9"
    with pytest.raises(SettingsError):
        FrameRange(4, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_go_to_pictures_and_back_exactly(dtype: type) -> None:
    values = np.arange(np.iinfo(dtype).max + 1, dtype=dtype)
    pixels = np.resize(values, (len(values) // 3 + 1, 1, 3))
    np.testing.assert_array_equal(to_pixels(to_picture(pixels), np.dtype(dtype)), pixels)


def test_bytes_are_the_high_bits() -> None:
    deep = np.array([[[0, 255, 256]], [[32767, 65280, 65535]]], np.uint16)
    np.testing.assert_array_equal(to_bytes(deep), [[[0, 0, 1]], [[127, 255, 255]]])
    flat = deep.astype(np.uint8)
    assert to_bytes(flat) is flat


def test_pixels_are_clipped_and_rounded() -> None:
    picture = np.array([[[-0.2, 1.7, 0.5 / 255 + 1e-4]]], np.float32)
    np.testing.assert_array_equal(to_pixels(picture, np.dtype(np.uint8)), [[[0, 255, 1]]])


def test_chunks_keep_their_own_frames_and_render_the_lead_in() -> None:
    chunk = Chunk(FrameRange(10, 30), FrameRange(15, 20))
    assert (chunk.name, chunk.render) == (10, FrameRange(10, 20))
    with pytest.raises(ValueError, match="chunk 10 keeps 5:20, which is outside its frames 10:30"):
        Chunk(FrameRange(10, 30), FrameRange(5, 20))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="frame pixels"):
        Frame(0, Fraction(0), np.zeros((4, 4), np.uint8))
    with pytest.raises(ValueError, match="frame pixels"):
        Frame(0, Fraction(0), np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="motion"):
        Motion(np.zeros((4, 4, 2), np.float32), np.zeros((4, 5), np.float32))


def test_clip_times_are_exact() -> None:
    clip = Clip(
        path=Path("a.mp4"), stream=0, width=4, height=4, rate=Fraction(24000, 1001), time_base=Fraction(1, 24000),
        pts=(1001, 2002, 3003), durations=(1001, 1001, 1001),
    )  # fmt: skip
    assert clip.seconds(2) == Fraction(3003, 24000)
    assert clip.duration == Fraction(3003, 24000)
    assert (clip.num_frames, clip.dtype) == (3, np.uint8)
