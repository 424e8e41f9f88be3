"""The film's frame: sampled from the artworks, mixed by frequency, the same in strips."""

import torch

from tests.paint.brush.arts import art, levels, prints
from videostyle.paint.brush.blur import blurred, reach
from videostyle.paint.brush.coordinates import Coordinates
from videostyle.paint.brush.mix import drawn, mixed

FILM = (96, 128)


def paint(offset: tuple[float, float] = (0.0, 0.0), size: tuple[int, int] = (48, 64)) -> Coordinates:
    laid = torch.zeros(1, *size, 2)
    return Coordinates(laid, torch.tensor(offset).expand(*size, 2).clone(), torch.zeros(size))


def test_paint_in_its_place_is_the_artwork_at_the_films_size() -> None:
    made = prints(art(1))
    torch.testing.assert_close(drawn(made, paint(), FILM, 0, 96), made.pictures[0].permute(1, 2, 0), atol=0.05, rtol=0)


def test_moved_paint_is_the_artwork_moved() -> None:
    made = prints(art(1))
    shown = drawn(made, paint((3.0, -2.0)), FILM, 0, 96)
    wanted = made.pictures[0].permute(1, 2, 0)
    torch.testing.assert_close(shown[4:, :-6], wanted[:-4, 6:], atol=0.05, rtol=0)


def test_each_artwork_is_sampled_from_its_own_picture() -> None:
    made = prints(art(1, 48, 64), art(2, 48, 64))
    shown = drawn(made, paint((float(made.lefts[1]), 0.0)), FILM, 0, 96)
    torch.testing.assert_close(shown, made.pictures[1].permute(1, 2, 0), atol=0.05, rtol=0)


def test_the_painted_frame_stays_below_its_resolution() -> None:
    made, below = prints(art(1)), torch.full((96, 128, 3), 40.0)
    shown = mixed(made, paint(), below, FILM, 0, 2.0)
    picture = drawn(made, paint(), FILM, 0, 96)
    torch.testing.assert_close(shown, picture + blurred(below, 2.0) - blurred(picture, 2.0), atol=1e-2, rtol=0)
    assert torch.equal(mixed(made, paint(), below, FILM, 0, 0.0), picture)


def test_strips_are_the_same_picture() -> None:
    made, sigma = prints(art(1)), 1.5
    below = levels(art(4, *FILM))
    whole = mixed(made, paint((0.3, 0.7)), below, FILM, 0, sigma)
    rim = reach(sigma)
    for top, bottom in ((0, 30), (30, 61), (61, 96)):
        first, last = max(0, top - rim), min(96, bottom + rim)
        strip = mixed(made, paint((0.3, 0.7)), below[first:last], FILM, first, sigma)
        assert torch.equal(strip[top - first : bottom - first], whole[top:bottom])
