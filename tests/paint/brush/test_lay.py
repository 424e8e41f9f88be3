"""Laying paint: once, and again only where it no longer fits."""

import torch

from tests.paint.brush.arts import art, atlas, levels
from videostyle.paint.brush.coordinates import NEXT, Coordinates
from videostyle.paint.brush.lay import SHEETS, lay, put, relay, stretched

TRUSTED = torch.ones(48, 64, dtype=torch.bool)


def test_a_first_frame_has_one_sheet_and_looks_like_the_painted_frame() -> None:
    made = atlas(art(1))
    paint = lay(made, levels(art(1)))
    assert paint.sheets.shape == (1, 48, 64, 2)
    assert not paint.offsets.any()
    assert paint.misfit.mean() < 8


def test_paint_that_still_fits_stays() -> None:
    made = atlas(art(1))
    painted = levels(art(2))
    paint = lay(made, painted)
    noise = torch.randn(painted.shape, generator=torch.Generator().manual_seed(0))
    again = relay(made, painted + noise, paint, TRUSTED)
    assert torch.equal(again.offsets, paint.offsets)
    assert torch.equal(again.sheets, paint.sheets)


def test_a_changed_area_gets_fresh_paint_and_nothing_else_does() -> None:
    made = atlas(art(1))
    painted = levels(art(1)).clone()
    paint = lay(made, painted)
    painted[16:32, 20:44] = levels(art(1))[28:44, 2:26]
    again = relay(made, painted, paint, TRUSTED)
    fresh = again.offsets[..., 0] >= NEXT / 2
    assert fresh[20:28, 24:40].all()
    fresh[10:38, 14:50] = False
    assert not fresh.any()
    assert again.misfit[20:28, 24:40].mean() < 10


def test_what_comes_into_view_gets_paint_of_its_own() -> None:
    """A pan: the paint of the frame's edge must not be drawn out over what follows it."""
    made, world = atlas(art(1)), levels(art(5, 48, 64 + 40 * 4))
    paint = lay(made, world[:, :64])
    pan = torch.tensor([4.0, 0.0]).expand(48, 64, 2)
    for step in range(1, 40):
        paint = relay(made, world[:, 4 * step : 4 * step + 64].contiguous(), paint.moved(pan), TRUSTED).rounded()
        assert paint.off().float().mean() < 0.02


def test_fresh_paint_shares_a_sheet_unless_it_would_cover_what_is_shown() -> None:
    start = Coordinates(torch.zeros(1, 48, 64, 2), torch.zeros(48, 64, 2), torch.zeros(48, 64))
    laid, misfit = torch.ones(48, 64, 2), torch.ones(48, 64)

    def area(top: int, left: int) -> torch.Tensor:
        mask = torch.zeros(48, 64, dtype=torch.bool)
        mask[top : top + 8, left : left + 8] = True
        return mask

    one = put(start, area(4, 4), laid, misfit)
    two = put(one, area(30, 40), laid, misfit)
    assert len(one.sheets) == len(two.sheets) == 2
    beside = put(two, area(4, 12), laid, misfit)
    assert len(beside.sheets) == 3
    again = put(two, area(4, 4), laid, misfit)
    assert len(again.sheets) == 2, "what it covers is no longer shown"


def test_there_are_never_too_many_sheets() -> None:
    paint = Coordinates(torch.zeros(1, 48, 64, 2), torch.zeros(48, 64, 2), torch.zeros(48, 64))
    make = torch.Generator().manual_seed(0)
    for number in range(2 * SHEETS):
        mask = torch.rand(48, 64, generator=make) < 0.1
        paint = put(paint, mask, torch.full((48, 64, 2), float(number)), torch.zeros(48, 64))
    assert len(paint.sheets) == SHEETS
    assert paint.on_sheets(paint.offsets)[0].max() < SHEETS


def test_worn_paint_is_stretched_or_squeezed() -> None:
    x = torch.arange(64.0).expand(48, -1)
    for zoom, worn in ((1.0, False), (1.3, False), (0.8, False), (1.6, True), (0.6, True)):
        offsets = torch.stack([(zoom - 1) * x, (zoom - 1) * torch.arange(48.0)[:, None].expand(-1, 64)], -1)
        assert bool(stretched(offsets)[4:-4, 4:-4].all()) == worn
        assert bool(stretched(offsets)[4:-4, 4:-4].any()) == worn
