"""Repeated frames are told from frames that change, by how the pictures were made."""

import numpy as np
import pytest
from numpy.typing import NDArray

from videostyle.frames import Frame, Pixels
from videostyle.motion.repeat import Runs, repeats

Values = NDArray[np.float64]


def texture(shift: float = 0.0, height: int = 96, width: int = 160) -> Values:
    """Smooth waves of many sizes, (height, width, 3) in levels of 255, moved to the right by any part of a pixel."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    picture = np.full((height, width, 3), 120.0)
    for _ in range(24):
        down, across, phase = rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(0, 6)
        picture += rng.uniform(2, 8, 3) * np.sin(down * y + across * (x - shift) + phase)[..., None]
    return picture


def pixels(values: Values, dtype: type = np.uint8) -> Pixels:
    top = np.iinfo(dtype).max
    rounded: Pixels = np.rint(np.clip(values / 255, 0, 1) * top).astype(dtype)
    return rounded


def codec_noise(strength: float) -> Values:
    """Errors in some blocks of 8x8, as of a codec that improves parts of a frame that repeats."""
    rng = np.random.default_rng(1)
    blocks = np.kron(rng.random((12, 20)) < 0.3, np.ones((8, 8)))
    return blocks[..., None] * rng.normal(0, strength, (96, 160, 1))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_repeat_may_have_the_noise_of_a_codec(dtype: type) -> None:
    first = pixels(texture(), dtype)
    assert repeats(first.copy(), first)
    assert repeats(pixels(texture() + codec_noise(1.5), dtype), first)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_changes_is_no_repeat(dtype: type) -> None:
    first = pixels(texture(), dtype)
    mouth = texture()
    mouth[40:44, 60:66] += 40
    grain = np.random.default_rng(2).normal(0, 4, (96, 160, 1))
    for changed in (texture(0.5), texture() + 1.5, texture() * 0.98, mouth, texture() + grain, 255 - texture()):
        assert not repeats(pixels(changed, dtype), first)


def frames(*pictures: Values) -> list[Frame]:
    return [Frame(10 + index, index, pixels(picture)) for index, picture in enumerate(pictures)]  # type: ignore[arg-type]


def test_runs_begin_where_the_picture_changes() -> None:
    runs = Runs()
    shown = frames(*(texture(3.0 * (index // 3)) for index in range(8)))
    assert [runs.first_of(frame) for frame in shown] == [10, 10, 10, 13, 13, 13, 16, 16]


def test_a_slow_fade_is_not_one_run() -> None:
    runs = Runs()
    shown = frames(*(texture() + 0.4 * index for index in range(30)))
    firsts = [runs.first_of(frame) for frame in shown]
    values = {frame.index: 0.4 * (frame.index - 10) for frame in shown}
    assert max(abs(values[frame.index] - values[first]) for frame, first in zip(shown, firsts, strict=True)) <= 1.5
    assert len(set(firsts)) >= 8
