"""The brush pass as a finish: shapes, depths, settings, and the same frames after an interruption."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.paint.brush.arts import CPU, art
from videostyle.frames import Motion, Pixels
from videostyle.media.stills import resize
from videostyle.paint.brush.brush import Brush
from videostyle.paint.finish import Finished, FinishInput
from videostyle.presets import change
from videostyle.settings import RenderSettings

SIZE = 128, 96
"""of the film: width and height, px"""


def brush(*artworks: Pixels, **values: Any) -> Brush:
    given = {"brush.amount": 1.0} | {name.replace("__", "."): value for name, value in values.items()}
    return Brush(artworks or [art(1)], change(RenderSettings(), given, "test"), CPU, resize)


def frame(seed: int = 2, **values: Any) -> FinishInput:
    return replace(FinishInput(0, art(seed), SIZE), **values)


def still(size: tuple[int, int] = (48, 64)) -> Motion:
    return Motion(np.zeros((*size, 2), np.float32), np.ones(size, np.float32))


def follow(finish: Brush, count: int, pan: float = -1.5) -> list[Finished]:
    """A film of a picture that moves to the right."""
    flow = np.zeros((48, 64, 2), np.float32)
    flow[..., 0] = pan
    motion, film = Motion(flow, np.ones((48, 64), np.float32)), list[Finished]()
    large = art(2, 48, 96)
    for number in range(count):
        shift = 20 - round(-pan * number)
        given = FinishInput(number, np.ascontiguousarray(large[:, shift : shift + 64]), SIZE)
        film.append(finish.finish(replace(given, carry=film[-1].carry, motion=motion) if film else given))
    return film


@pytest.mark.parametrize("size", [(128, 96), (97, 131), (64, 48), (301, 55)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_size_and_depth(size: tuple[int, int], dtype: type) -> None:
    painted = resize(art(2), (max(16, size[0] // 2), max(16, size[1] // 2))).astype(dtype)
    if dtype == np.uint16:
        painted = painted * np.uint16(257)
    result = brush().finish(FinishInput(0, painted, size))
    assert result.pixels.shape == (size[1], size[0], 3)
    assert result.pixels.dtype == dtype
    mean = result.pixels.mean() / np.iinfo(dtype).max
    assert mean == pytest.approx(painted.mean() / np.iinfo(dtype).max, abs=0.03)


def test_both_depths_are_the_same_picture() -> None:
    eight = brush().finish(frame()).pixels
    sixteen = brush().finish(frame(painted=art(2).astype(np.uint16) * np.uint16(257))).pixels
    assert np.abs(sixteen / 257 - eight).max() < 2


def test_half_the_amount_is_half_way_from_the_enlarged_frame() -> None:
    whole, half = (brush(brush__amount=amount).finish(frame()).pixels.astype(int) for amount in (1.0, 0.5))
    enlarged = resize(art(2), SIZE).astype(int)
    assert np.abs(2 * half - whole - enlarged).max() <= 3
    assert np.abs(whole - enlarged).mean() > 3


def test_the_film_is_more_like_the_painted_frame_with_more_likeness() -> None:
    enlarged = resize(art(2), SIZE).astype(int)
    films = [brush(brush__likeness=likeness).finish(frame()).pixels for likeness in (0.0, 0.2, 0.5, 1.0)]
    distances = [np.square(film - enlarged).mean() for film in films]
    assert distances == sorted(distances, reverse=True)


def test_carried_paint_follows_the_clip() -> None:
    film = follow(brush(brush__likeness=0.0), 3, pan=-2.0)
    first, last = (film[place].pixels.astype(int) for place in (0, 2))
    assert np.abs(last[4:-4, 24:-24] - first[4:-4, 16:-32]).mean() < 1


def test_a_finish_that_starts_again_continues_the_same() -> None:
    film = follow(brush(), 4)
    other = brush()
    flow = np.zeros((48, 64, 2), np.float32)
    flow[..., 0] = -1.5
    motion = Motion(flow, np.ones((48, 64), np.float32))
    painted = np.ascontiguousarray(art(2, 48, 96)[:, 16:80])
    again = other.finish(FinishInput(3, painted, SIZE, film[2].carry, motion))
    np.testing.assert_array_equal(again.pixels, film[3].pixels)
    assert again.carry == film[3].carry


def test_strips_of_any_height_give_the_same_film(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = brush().finish(frame()).pixels
    monkeypatch.setattr("videostyle.paint.brush.brush.STRIP", 128 * 7)
    np.testing.assert_array_equal(brush().finish(frame()).pixels, whole)


def test_large_frames_are_compared_on_a_small_grid() -> None:
    assert brush().sees((1920, 1080)) == (455, 256)
    assert brush().sees((200, 300)) == (200, 300)
    painted = resize(art(2), (600, 400))
    result = brush().finish(FinishInput(0, painted, (600, 400)))
    assert result.pixels.shape == (400, 600, 3)


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_an_artwork_of_one_color_leaves_the_painted_frame_soft(color: tuple[int, int, int]) -> None:
    flat = np.full((40, 50, 3), color, np.uint8)
    film = brush(flat).finish(frame()).pixels.astype(int)
    assert np.abs(film - resize(art(2), SIZE).astype(int)).mean() < 25


def test_several_artworks_share_the_film() -> None:
    dark, light = art(1, color=(60, 60, 60)), art(3, color=(200, 200, 200))
    painted = np.full((48, 64, 3), 60, np.uint8)
    painted[:, 32:] = 200
    both = brush(dark, light, brush__likeness=0.0).finish(frame(painted=painted)).pixels
    assert both[:, :56].mean() < 100
    assert both[:, 72:].mean() > 160


def test_the_fingerprint_covers_what_decides_the_film() -> None:
    base = brush().fingerprint
    assert brush().fingerprint == base
    others = [
        brush(art(2)),
        brush(brush__likeness=0.4),
        brush(brush__stroke=2.0),
        brush(style__scale=1.5),
        brush(flow__method="dis"),
        brush(art(1), art(2)),
        brush(art(1), art(2), style__mix=[0.7, 0.3]),
    ]
    assert len({base, *(other.fingerprint for other in others)}) == len(others) + 1


def test_the_cost_grows_with_the_film_and_a_first_frame_takes_longest() -> None:
    small, large = (brush().cost((455, 256), size) for size in ((960, 540), (1920, 1080)))
    assert small.seconds_first > small.seconds_later
    assert large.seconds_later > small.seconds_later
    assert large.bytes_per_slot > small.bytes_per_slot
    for more in (brush(brush__stroke=2.0), brush(art(1), art(2), art(3), art(4))):  # four times the artworks' area
        cost = more.cost((455, 256), (960, 540))
        assert cost.bytes_per_slot - small.bytes_per_slot == 3 * 155 * 960 * 540
        assert cost.seconds_first > small.seconds_first
