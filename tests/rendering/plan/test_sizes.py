"""Sizes of films and frames."""

from dataclasses import replace
from typing import Any

import pytest

from tests.rendering.jobs import plan_of, settings
from videostyle.errors import SettingsError
from videostyle.frames import Clip
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.plan.sizes import check_size, film_size, stored_bytes


def plan(clip: Clip, *parts: range, lost: tuple[int, ...] = (), **values: Any) -> RenderPlan:
    return plan_of(clip, (14, 12), *parts, lost=lost, **values)


@pytest.mark.parametrize(
    ("values", "size", "work"),
    [
        ({}, (80, 64), (80, 64)),
        ({"picture__size": 32}, (40, 32), (40, 32)),
        ({"picture__work": 48}, (80, 64), (60, 48)),
        ({"picture__work": 500}, (80, 64), (80, 64)),
        ({"picture__size": 128, "picture__work": 96}, (160, 128), (120, 96)),
        ({"picture__work": 48, "optimize__iterations": 0}, (80, 64), (80, 64)),
    ],
)
def test_sizes(clip: Clip, values: dict[str, int], size: tuple[int, int], work: tuple[int, int]) -> None:
    made = plan(clip, **values)
    assert (made.size, made.work) == (size, work)
    assert film_size(clip, made.settings) == size


def test_an_upright_film_keeps_its_shape(clip: Clip) -> None:
    tall = replace(clip, width=90, height=160)
    assert film_size(tall, settings(picture__size=45)) == (45, 80)


def test_a_size_that_is_too_small_names_one_that_is_not() -> None:
    check_size((40, 16), (40, 16), 16)
    check_size((40, 16), (10, 4), 16)
    with pytest.raises(SettingsError, match="--size 16"):
        check_size((40, 15), (40, 15), 16)


def test_hardly_any_pixels_are_not_enlarged() -> None:
    check_size((1, 400), (1, 400), 1)
    for work in ((1, 400), (32, 12800)):
        with pytest.raises(SettingsError, match=r"1x400 px show too little .* wanted 8 px or more"):
            check_size(work, (1, 400), 32)


def test_a_painted_frame_on_disk() -> None:
    assert stored_bytes((80, 64), 1) == 80 * 64 * 3 * 3 / 4 + 4096
    assert stored_bytes((80, 64), 2) == 80 * 64 * 6 * 3 / 4 + 4096
