"""Bars are found where they were drawn, and nothing else is taken for bars."""

import numpy as np
import pytest
from numpy.typing import NDArray

from videostyle.frames import NO_BARS, Bars, Pixels
from videostyle.motion.bars import find_bars

HEIGHT, WIDTH = 90, 160


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(seed).integers(30, 256, (height // 5 + 1, width // 5 + 1, 3), np.uint8)
    return np.kron(coarse, np.ones((5, 5, 1), np.uint8))[:height, :width]


def boxed(bars: Bars, color: int | tuple[int, int, int] = 0, seed: int = 0) -> NDArray[np.uint8]:
    left, right, top, bottom = bars
    frame = np.full((HEIGHT, WIDTH, 3), color, np.uint8)
    frame[top : HEIGHT - bottom, left : WIDTH - right] = picture(seed, HEIGHT - top - bottom, WIDTH - left - right)
    return frame


LETTERBOX, PILLARBOX, WINDOW = (0, 0, 11, 12), (21, 20, 0, 0), (20, 20, 9, 9)


@pytest.mark.parametrize("bars", [LETTERBOX, PILLARBOX, WINDOW])
@pytest.mark.parametrize("color", [0, 128, (20, 40, 90)])
def test_bars_are_found_in_any_color(bars: Bars, color: int | tuple[int, int, int]) -> None:
    assert find_bars(boxed(bars, color, seed) for seed in range(3)) == (bars, False)


def test_bars_of_16_bits_and_with_noise_are_found() -> None:
    rng = np.random.default_rng(0)
    noisy = [boxed(LETTERBOX, 4, seed) + rng.integers(0, 5, (HEIGHT, WIDTH, 3)) for seed in range(3)]
    deep: list[Pixels] = [(np.minimum(frame, 255) * 257).astype(np.uint16) for frame in noisy]
    assert find_bars(deep) == (LETTERBOX, False)


def test_black_frames_among_others_do_not_hide_bars() -> None:
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    assert find_bars([black, boxed(LETTERBOX), black]) == (LETTERBOX, False)
    assert find_bars([black, black]) == find_bars([]) == (NO_BARS, False)


def test_subtitles_in_a_bar_do_not_hide_it() -> None:
    texts = [boxed(LETTERBOX, 0, seed) for seed in range(4)]
    for frame in texts[1:]:
        frame[82:87, 50:110:3] = 255
    assert find_bars(texts) == (LETTERBOX, False)


def test_a_line_that_scaling_has_blended_is_picture_if_half_of_it_is() -> None:
    for share, line in ((0.6, 11), (0.2, 12)):
        frames = [boxed((0, 0, 12, 12), 0, seed) for seed in range(3)]
        for frame in frames:
            frame[11] = share * frame[12]
        assert find_bars(frames) == ((0, 0, line, 12), False)


def test_a_dark_sky_over_a_dark_ground_is_picture() -> None:
    """Black above and below, with a skyline and a shore that are not straight."""
    night = picture(0)
    x = np.arange(WIDTH)
    skyline, shore = 25 + 8 * np.sin(x / 9), 70 + 5 * np.cos(x / 13)
    y = np.arange(HEIGHT)[:, None]
    night[(y < skyline) | (y > shore)] = 0
    assert find_bars([night, night]) == (NO_BARS, False)


def test_plain_grounds_are_picture() -> None:
    text = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    text[30:60, 50:110] = picture(0, 30, 60)
    sky = picture(0)
    sky[:20], sky[70:] = (120, 190, 250), (90, 170, 70)
    one = boxed((0, 0, 0, 12))
    for frame in (text, sky, one):
        assert find_bars([frame, frame]) == (NO_BARS, False)


def test_bars_that_come_and_go_are_told() -> None:
    assert find_bars([boxed(LETTERBOX), picture(1), boxed(LETTERBOX)]) == (NO_BARS, True)
