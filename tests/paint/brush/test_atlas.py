"""Artworks side by side: sizes, places, and what may be used."""

import pytest
import torch

from tests.paint.brush.arts import CPU, art, atlas, prints
from videostyle.paint.brush.atlas import SOFTNESS, STRIP, Atlas, soft
from videostyle.paint.brush.blur import blurred


def test_an_artwork_has_the_films_area() -> None:
    for height, width in ((30, 90), (400, 100)):
        page = atlas(art(1, height, width), grid=(96, 128)).pages[0]
        (picture,) = prints(art(1, height, width), grid=(96, 128), times=3).pictures
        assert page.height * page.width == pytest.approx(96 * 128, rel=0.05)
        assert picture.shape[1] * picture.shape[2] == pytest.approx(9 * 96 * 128, rel=0.05)
        assert picture.shape[1] / picture.shape[2] == pytest.approx(height / width, rel=0.1)


def test_larger_strokes_come_from_a_larger_artwork() -> None:
    pages = [Atlas([art(1)], (1.0,), (48, 64), stroke, CPU).pages[0] for stroke in (1.0, 2.0)]
    assert (pages[1].height, pages[1].width) == (2 * pages[0].height, 2 * pages[0].width)


def test_patches_stay_within_one_artwork() -> None:
    made = atlas(art(1, 48, 64), art(2, 64, 48), mix=(0.5, 0.5))
    page = made.pages[0]
    allowed = (page.barred == 0).view(page.height, page.width)
    assert page.allowed.numel() == allowed.sum()
    left = prints(art(1, 48, 64), art(2, 64, 48)).lefts[1]
    assert not allowed[:, left - 2 : left + 2].any()
    assert allowed[10, left - 3]
    assert allowed[10, left + 2]
    assert not allowed[:2].any()
    assert not allowed[-2:].any()
    assert not allowed[47:, :left].any(), "below the shorter artwork"


def test_the_coarse_page_is_the_fine_one_at_half_size() -> None:
    fine, coarse = atlas(art(3)).pages
    colors = fine.colors.view(fine.height // 2, 2, fine.width // 2, 2, 3).mean((1, 3))
    torch.testing.assert_close(coarse.colors.view(colors.shape), colors)


def test_artworks_are_softened_in_strips_as_if_at_once() -> None:
    planes = torch.rand(3, 2 * STRIP // 700 + 9, 700, generator=torch.Generator().manual_seed(0)) * 255
    whole = blurred(planes.permute(1, 2, 0), SOFTNESS).permute(2, 0, 1)
    assert torch.equal(soft(planes), whole)
