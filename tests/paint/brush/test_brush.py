"""The brush pass as a finish: shapes, depths, settings, and the same frames after an interruption."""

from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from tests.paint.brush.arts import CPU, art
from videostyle.errors import OutOfMemoryError
from videostyle.frames import Motion, Pixels
from videostyle.media.stills import resize
from videostyle.paint.brush.brush import Brush
from videostyle.paint.finish import FinishInput
from videostyle.presets import change
from videostyle.settings import RenderSettings

SIZE = 128, 96
"""of the film: width and height, px"""


def brush(*artworks: Pixels, **values: Any) -> Brush:
    given = {"brush.amount": 1.0} | {name.replace("__", "."): value for name, value in values.items()}
    return Brush(artworks or [art(1)], change(RenderSettings(), given, "test"), CPU, resize)


def finished(finish: Brush, painted: Pixels | None = None, size: tuple[int, int] = SIZE) -> Pixels:
    """The film's frame for the first painted frame of a scene."""
    painted = art(2) if painted is None else painted
    return finish.picture(painted, finish.carry(FinishInput(0, painted)), size)


def follow(finish: Brush, count: int, pan: float = -1.5) -> list[tuple[Pixels, bytes]]:
    """A film of a picture that moves to the right, and what is carried from each frame."""
    flow = np.zeros((48, 64, 2), np.float32)
    flow[..., 0] = pan
    motion, film = Motion(flow, np.ones((48, 64), np.float32)), list[tuple[Pixels, bytes]]()
    large = art(2, 48, 96)
    for number in range(count):
        shift = 20 - round(-pan * number)
        given = FinishInput(number, np.ascontiguousarray(large[:, shift : shift + 64]))
        carry = finish.carry(replace(given, carry=film[-1][1], motion=motion) if film else given)
        film.append((finish.picture(given.painted, carry, SIZE), carry))
    return film


@pytest.mark.parametrize("size", [(128, 96), (97, 131), (64, 48), (301, 55)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_size_and_depth(size: tuple[int, int], dtype: type) -> None:
    painted = resize(art(2), (max(16, size[0] // 2), max(16, size[1] // 2))).astype(dtype)
    if dtype == np.uint16:
        painted = painted * np.uint16(257)
    result = finished(brush(), painted, size)
    assert result.shape == (size[1], size[0], 3)
    assert result.dtype == dtype
    mean = result.mean() / np.iinfo(dtype).max
    assert mean == pytest.approx(painted.mean() / np.iinfo(dtype).max, abs=0.03)


def test_a_large_picture_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    finish, steps = brush(), list[tuple[int, int]]()
    carry = finish.carry(FinishInput(0, art(2)))
    whole = finish.picture(art(2), carry, SIZE, lambda *step: steps.append(step))
    assert steps == [], "a small one is done at once"
    monkeypatch.setattr("videostyle.paint.brush.brush.STRIP", 40 * SIZE[0])
    assert np.array_equal(finish.picture(art(2), carry, SIZE, lambda *step: steps.append(step)), whole)
    assert steps == [(40, 96), (80, 96), (96, 96)]


def test_both_depths_are_the_same_picture() -> None:
    eight = finished(brush())
    sixteen = finished(brush(), art(2).astype(np.uint16) * np.uint16(257))
    assert np.abs(sixteen / 257 - eight).max() < 2


def test_half_the_amount_is_half_way_from_the_enlarged_frame() -> None:
    whole, half = (finished(brush(brush__amount=amount)).astype(int) for amount in (1.0, 0.5))
    enlarged = resize(art(2), SIZE).astype(int)
    assert np.abs(2 * half - whole - enlarged).max() <= 3
    assert np.abs(whole - enlarged).mean() > 3


def test_the_film_is_more_like_the_painted_frame_with_more_likeness() -> None:
    enlarged = resize(art(2), SIZE).astype(int)
    films = [finished(brush(brush__likeness=likeness)) for likeness in (0.0, 0.2, 0.5, 1.0)]
    distances = [np.square(film - enlarged).mean() for film in films]
    assert distances == sorted(distances, reverse=True)


def test_carried_paint_follows_the_clip() -> None:
    film = follow(brush(brush__likeness=0.0), 3, pan=-2.0)
    first, last = (film[place][0].astype(int) for place in (0, 2))
    assert np.abs(last[4:-4, 24:-24] - first[4:-4, 16:-32]).mean() < 1


def test_a_finish_that_starts_again_continues_the_same() -> None:
    film = follow(brush(), 4)
    other = brush()
    flow = np.zeros((48, 64, 2), np.float32)
    flow[..., 0] = -1.5
    motion = Motion(flow, np.ones((48, 64), np.float32))
    painted = np.ascontiguousarray(art(2, 48, 96)[:, 16:80])
    carry = other.carry(FinishInput(3, painted, film[2][1], motion))
    assert carry == film[3][1]
    np.testing.assert_array_equal(other.picture(painted, carry, SIZE), film[3][0])


def test_strips_of_any_height_give_the_same_film(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = finished(brush())
    monkeypatch.setattr("videostyle.paint.brush.brush.STRIP", 128 * 7)
    np.testing.assert_array_equal(finished(brush()), whole)


def test_large_frames_are_compared_on_a_small_grid() -> None:
    assert brush().sees((1920, 1080)) == (455, 256)
    assert brush().sees((200, 300)) == (200, 300)
    painted = resize(art(2), (600, 400))
    assert finished(brush(), painted, (700, 500)).shape == (500, 700, 3)


def test_a_painted_frame_of_the_films_size_is_left_alone() -> None:
    assert not brush().carries((64, 48), (64, 48))
    assert brush().carries((64, 48), SIZE)
    np.testing.assert_array_equal(brush().picture(art(2), b"", (64, 48)), art(2))


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 30)])
def test_an_artwork_of_one_color_leaves_the_painted_frame_soft(color: tuple[int, int, int]) -> None:
    flat = np.full((40, 50, 3), color, np.uint8)
    film = finished(brush(flat)).astype(int)
    assert np.abs(film - resize(art(2), SIZE).astype(int)).mean() < 25


def test_several_artworks_share_the_film() -> None:
    dark, light = art(1, color=(60, 60, 60)), art(3, color=(200, 200, 200))
    painted = np.full((48, 64, 3), 60, np.uint8)
    painted[:, 32:] = 200
    both = finished(brush(dark, light, brush__likeness=0.0), painted)
    assert both[:, :56].mean() < 100
    assert both[:, 72:].mean() > 160


def test_the_fingerprint_covers_what_decides_how_paint_is_laid() -> None:
    base = brush().fingerprint
    assert brush().fingerprint == base
    assert brush(brush__amount=0.5, brush__likeness=0.4).fingerprint == base, "they only mix what is laid"
    others = [
        brush(art(2)),
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


def test_what_is_carried_takes_space_on_the_disk() -> None:
    assert brush().stored((64, 48), SIZE) >= len(follow(brush(), 4)[-1][1])
    assert brush().stored((64, 48), (64, 48)) == 0
    assert brush().stored((1920, 1080), (3840, 2160)) == brush().stored((455, 256), (960, 540))


def test_too_little_memory_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    finish, painted = brush(), art(2)
    carry = finish.carry(FinishInput(0, painted))
    full = Mock(side_effect=RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"))
    height, width = painted.shape[:2]
    monkeypatch.setattr("videostyle.paint.brush.brush.lay", full)
    with pytest.raises(OutOfMemoryError, match=rf"1 frame\(s\) of {width}x{height} do not fit in the memory of cpu"):
        finish.carry(FinishInput(0, painted))
    monkeypatch.setattr("videostyle.paint.brush.brush.mixed", full)
    with pytest.raises(OutOfMemoryError, match=r"1 frame\(s\) of 128x96 do not fit in the memory of cpu"):
        finish.picture(painted, carry, SIZE)
