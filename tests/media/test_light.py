import numpy as np
import pytest

from tests.media.linear import ACESCG, glowing
from videostyle.frames import Color
from videostyle.media.light import CHROMATICITIES, artwork_values, light_of, matrix_between, shown, to_values

LINEAR = Color(chromaticities=CHROMATICITIES[1])


def test_light_survives_within_half_precision() -> None:
    light = glowing()
    back = light_of(LINEAR, to_values(light))
    assert (np.abs(back - light) <= 0.001 * light + 2e-6).all(), "half precision has steps of 0.001"
    assert np.array_equal(light_of(LINEAR, to_values(np.ones((1, 1, 3), np.float32))), np.ones((1, 1, 3)))


def test_values_grow_smoothly_with_light() -> None:
    light = np.linspace(0.9, 1.1, 2001, dtype=np.float32)
    steps = np.diff(to_values(light).astype(int))
    assert steps.min() >= 0
    assert abs(steps[980:1000].mean() - steps[1001:1021].mean()) < 0.4, "the slope is the same on both sides of white"
    assert to_values(np.array([1024, np.inf, -1, np.nan], np.float32)).tolist() == [65535, 65535, 0, 0]


def test_published_matrices() -> None:
    # ITU-R BT.2087, and ACES S-2014-004 (AP1) adapted to D65 by Bradford
    wide = [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    assert np.allclose(matrix_between(CHROMATICITIES[9], CHROMATICITIES[1]), wide, atol=2e-4)
    aces = [[1.70505, -0.62179, -0.08326], [-0.13026, 1.14080, -0.01055], [-0.02400, -0.12897, 1.15297]]
    assert np.allclose(matrix_between(ACESCG, CHROMATICITIES[1]), aces, atol=5e-4)


@pytest.mark.parametrize(
    ("transfer", "value", "light"),
    [
        (16, 0.5807, 1),  # BT.2408: 203 cd/m2
        (16, 0.7518, 1000 / 203),
        (16, 0.5081, 100 / 203),
        (18, 0.75, 1),
        (18, 1.0, 3.7743),
        (1, 1.0, 1),
        (13, 0.5, 0.21404),
        (2, 0.02, 0.02 / 12.92),
    ],
)
def test_published_transfer_functions(transfer: int, value: float, light: float) -> None:
    pixels = np.full((1, 1, 3), round(value * 65535), np.uint16)
    assert np.allclose(light_of(Color(transfer=transfer), pixels), light, rtol=1e-3)


def test_an_artwork_looks_the_same_in_a_film_of_linear_light() -> None:
    art = np.random.default_rng(1).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    for primaries in (CHROMATICITIES[1], CHROMATICITIES[9], ACESCG):
        color = Color(chromaticities=primaries)
        values = artwork_values(color, art)
        assert np.abs(shown(color, values) / 257 - art.astype(float)).max() < 0.1
        assert np.allclose(light_of(color, artwork_values(color, np.full((1, 1, 3), 255, np.uint8))), 1, atol=1e-3)


def test_films_clip_light_above_white() -> None:
    light = np.array([[[0.21404, 1, 50]]], np.float32)
    assert np.allclose(shown(LINEAR, to_values(light)) / 65535, [[[0.5, 1, 1]]], atol=1e-4)
    pixels = np.zeros((1, 1, 3), np.uint8)
    assert shown(Color(), pixels) is pixels
