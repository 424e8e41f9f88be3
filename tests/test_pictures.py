"""Pictures that users pass."""

import numpy as np
import pytest

from videostyle.errors import SettingsError
from videostyle.pictures import as_picture, from_picture


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_pictures_of_every_type_survive_the_round_trip(dtype: type) -> None:
    rng = np.random.default_rng(0)
    kind = np.dtype(dtype)
    given = rng.random((9, 7, 3)).astype(np.float32)
    given = rng.integers(0, np.iinfo(kind).max, (9, 7, 3), kind, True) if kind.kind == "u" else given.astype(kind)
    picture = as_picture(given)
    assert picture.dtype == np.float32
    assert 0 <= picture.min() <= picture.max() <= 1
    back = from_picture(picture, kind)
    assert back.dtype == kind
    np.testing.assert_array_equal(back, given)


def test_the_extremes_of_every_type_are_black_and_white() -> None:
    for dtype, white in ((np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1)):
        given = np.zeros((1, 2, 3), dtype)
        given[0, 1] = white
        np.testing.assert_array_equal(as_picture(given), [[[0] * 3, [1] * 3]])


def test_a_picture_may_be_a_view() -> None:
    picture = np.arange(180, dtype=np.uint8).reshape(6, 10, 3)
    for view in (picture[..., ::-1], picture[::2], picture.transpose(1, 0, 2)):
        np.testing.assert_array_equal(as_picture(view), as_picture(view.copy()))
        np.testing.assert_array_equal(as_picture(view / 255), as_picture(view.copy()))


@pytest.mark.parametrize(
    ("shape", "dtype", "message"),
    [
        ((4, 5), np.uint8, r"a picture of shape \(4, 5\) and type uint8: wanted \(height, width, 3\) RGB"),
        ((4, 5, 1), np.uint8, r"shape \(4, 5, 1\) and type uint8: wanted \(height, width, 3\) RGB"),
        ((4, 5, 4), np.float32, r"shape \(4, 5, 4\) and type float32: wanted \(height, width, 3\) RGB"),
        ((1, 3, 4, 5), np.uint8, r"shape \(1, 3, 4, 5\) and type uint8: wanted \(height, width, 3\) RGB"),
        ((0, 5, 3), np.uint8, r"shape \(0, 5, 3\) and type uint8: wanted \(height, width, 3\) RGB"),
        (
            (4, 5, 3),
            np.int32,
            r"shape \(4, 5, 3\) and type int32: wanted uint8, uint16, or float with values in 0\.\.1",
        ),
        ((4, 5, 3), np.bool_, r"shape \(4, 5, 3\) and type bool: wanted uint8, uint16, or float"),
        ((4, 5, 3), np.complex64, r"shape \(4, 5, 3\) and type complex64: wanted uint8, uint16, or float"),
    ],
)
def test_errors_name_unsupported_shapes_and_types(shape: tuple[int, ...], dtype: type, message: str) -> None:
    with pytest.raises(SettingsError, match=f"{message}.*; convert it first"):
        as_picture(np.zeros(shape, dtype))


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0, np.nan, np.inf])
def test_floats_outside_the_range_are_refused(value: float) -> None:
    picture = np.zeros((4, 5, 3))
    picture[1, 2, 0] = value
    with pytest.raises(SettingsError, match=r"type float64: wanted uint8, uint16, or float with values in 0\.\.1"):
        as_picture(picture)


def test_a_picture_that_is_too_small_is_refused() -> None:
    assert as_picture(np.zeros((16, 20, 3)), least=16).shape == (16, 20, 3)
    with pytest.raises(
        SettingsError, match=r"shape \(15, 20, 3\).*: wanted at least 16 px on the short side; enlarge it"
    ):
        as_picture(np.zeros((15, 20, 3)), least=16)
