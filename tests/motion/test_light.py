"""Light that is known because the tests put it there."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from videostyle.frames import Pixels
from videostyle.motion.light import (
    BLINDING,
    SHADOW,
    USUAL,
    Light,
    after_blank,
    even,
    find_lights,
    glimpse,
    relight,
    sources,
)

HEIGHT, WIDTH = 72, 128


def shot(length: int, seed: int = 0, speed: int = 1) -> list[Pixels]:
    """A camera that pans over textures."""
    world = cv2.GaussianBlur(np.random.default_rng(seed).random((HEIGHT, WIDTH + speed * length, 3)), (0, 0), 3)
    world = 20 + 180 * (world - world.min()) / (world.max() - world.min())
    return [world[:, speed * step : speed * step + WIDTH].astype(np.uint8) for step in range(length)]


def lit(pictures: list[Pixels], gains: object) -> list[Pixels]:
    return [
        np.clip(np.rint(picture * np.float64(gain)), 0, 255).astype(np.uint8)
        for picture, gain in zip(pictures, np.asarray(gains), strict=True)
    ]


def lights(pictures: list[Pixels]) -> list[Light]:
    return find_lights([glimpse(picture) for picture in pictures])


def gains(pictures: list[Pixels]) -> NDArray[np.float64]:
    return np.array([light.gain for light in lights(pictures)])


@pytest.mark.parametrize("speed", [0, 1, 3])
@pytest.mark.parametrize("black", [0, 3])
def test_fades_are_followed(speed: int, black: int) -> None:
    wanted = np.array([*np.zeros(black), *np.linspace(0.1, 1, 10), *np.ones(10), *np.linspace(1, 0.1, 10), 0])
    np.testing.assert_allclose(
        gains(lit(shot(len(wanted), 0, speed), wanted)), wanted, atol=0.12 if speed > 1 else 0.06
    )


def test_slow_dusk_is_seen_and_stays() -> None:
    wanted = np.array([*np.linspace(1, 0.3, 230), *np.full(20, 0.3)])
    found = gains(lit([picture for picture in shot(1) for _ in wanted], wanted))
    np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.parametrize("speed", [0, 1, 4, 12])
def test_motion_is_not_light(speed: int) -> None:
    assert lights(shot(40, 1, speed)) == [USUAL] * 40


def test_noise_and_something_dark_that_passes_are_not_light() -> None:
    rng, pictures = np.random.default_rng(0), shot(30)
    noisy = [np.clip(picture + rng.normal(0, 7, picture.shape), 0, 255).astype(np.uint8) for picture in pictures]
    for step, picture in enumerate(noisy):
        picture[10:, max(0, 8 * step - 80) : 8 * step] = 12
    assert lights(noisy) == [USUAL] * 30


def test_after_a_flash_the_light_is_exactly_what_it_was() -> None:
    pictures = lit(shot(24), [*np.ones(8), 99, *np.ones(7), 3, 2, 1.4, *np.ones(5)])
    pictures[8][:] = 255
    found = gains(pictures)
    assert found[8] == BLINDING
    assert (found[[16, 17, 18]] > 1.15).all()
    assert (np.delete(found, [8, 16, 17, 18]) == 1).all()


@pytest.mark.parametrize("low", [0, 0.25])
def test_a_strobe_has_two_lights(low: float) -> None:
    wanted = [1, low] * 8
    np.testing.assert_allclose(gains(lit(shot(16), wanted)), wanted, atol=0.03)


def text(step: int, gain: float = 1.0) -> Pixels:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    cv2.putText(picture, "Made by nobody", (5, 90 - step), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255,) * 3)
    return np.rint(picture * gain).astype(np.uint8)


def test_credits_that_roll_have_one_light_and_a_title_that_fades_in_has_its_own() -> None:
    rolling = gains([text(2 * step) for step in range(30)])
    assert rolling[12:].min() > 0.85, "once a whole line is there"
    wanted = np.array([0, 0, *np.linspace(0.1, 1, 10), *np.ones(8)])
    np.testing.assert_allclose(gains([text(50, gain) for gain in wanted]), wanted, atol=0.05)


def test_frames_without_a_picture() -> None:
    black, white = (np.full((HEIGHT, WIDTH, 3), level, np.uint8) for level in (3, 255))
    assert lights([black, white]) == [Light(0.0), Light(BLINDING)]
    assert [one.blank for one in map(glimpse, (black, white, text(50)))] == [True, True, False]
    assert after_blank([glimpse(one) for one in (white, *shot(2))]) == [1], "nothing before it that it could be like"


def test_small_and_narrow_frames() -> None:
    for shape in ((2, 2, 3), (1, 40, 3), (144, 20, 3)):
        pictures = [np.full(shape, 90, np.uint8)] * 3
        assert [light.gain for light in lights(pictures)] == [1, 1, 1]


def test_a_dark_scene_has_more_shadow_than_a_well_lit_one() -> None:
    (day, dim, night) = (lights(lit(shot(8), np.full(8, gain)))[0] for gain in (1, 0.4, 0.1))
    assert day == USUAL
    assert day.shadow == SHADOW < dim.shadow < night.shadow
    assert (dim.gain, night.gain) == (1, 1), "dark all along is usual"


def test_frames_that_show_too_little_have_the_content_of_the_one_before() -> None:
    assert sources([3, 4, 5, 6, 7], [Light(0), Light(0.5), Light(0.01), Light(2.0), Light(1.1)]) == [4, 4, 4, 4, 7]
    assert sources([1, 2], [Light(0), Light(BLINDING)]) == [1, 2]
    assert sources([], []) == []


@pytest.mark.parametrize("depth", [1, 257])
def test_light_is_taken_out_and_put_back(depth: int) -> None:
    (usual,) = shot(1)
    dim: Pixels = np.rint(usual * (0.4 * depth)).astype(np.uint8 if depth == 1 else np.uint16)
    light = Light(0.4)
    evened = even(dim, light)
    assert evened.dtype == dim.dtype
    assert np.abs(evened / depth - usual).max() < 1.5
    assert np.abs(relight(evened, dim, light, 1.0) / depth - dim / depth).max() < 1
    for unchanged in (USUAL, Light(0.0), Light(BLINDING), Light(2.0)):
        assert even(dim, unchanged) is dim


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_black_stays_black_and_text_legible(dtype: type[np.uint8] | type[np.uint16]) -> None:
    top = np.iinfo(dtype).max
    painted: Pixels = np.full((2 * HEIGHT, 2 * WIDTH, 3), top // 2, dtype)
    picture = text(50)
    shown = relight(painted, picture, Light(1.0, 0.3), 1.0)[::2, ::2, 0] / top
    ground = cv2.dilate(picture[..., 0], np.ones((9, 9))) == 0
    assert (shown.dtype, painted.max()) == (np.float64, top // 2), "the painted frame itself stays"
    assert shown[ground].max() < 0.01
    assert shown[picture[..., 0] > 250].mean() > 0.4


def test_a_well_lit_frame_stays_as_it_is() -> None:
    (picture,) = shot(1)
    painted = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)
    assert relight(painted, picture, USUAL, 1.0) is painted


@pytest.mark.parametrize("light", [Light(0.5), Light(0.0), Light(BLINDING), Light(1.3)])
def test_following_halfway_is_halfway(light: Light) -> None:
    (picture,) = shot(1)
    painted = np.random.default_rng(0).integers(0, 180, picture.shape, np.uint8)
    none, half, full = (relight(painted, picture, light, follow).astype(float) for follow in (0.0, 0.5, 1.0))
    np.testing.assert_array_equal(none, painted)
    np.testing.assert_allclose(half, (none + full) / 2, atol=1)
    np.testing.assert_allclose(full, np.minimum(255, painted * light.gain) if light.gain < BLINDING else 255, atol=0.51)
