"""Coordinates: carried without loss, moved exactly, never mixed across borders."""

import torch

from tests.paint.brush.arts import CPU
from videostyle.paint.brush.coordinates import NEXT, Coordinates, Corners

SIZE = (12, 20)


def random_paint(seed: int = 0, sheets: int = 2) -> Coordinates:
    make = torch.Generator().manual_seed(seed)
    laid = torch.randint(-300, 300, (sheets, *SIZE, 2), generator=make).float()
    offsets = 40 * torch.rand((*SIZE, 2), generator=make) - 20
    offsets[..., 0] += NEXT * torch.randint(0, sheets, SIZE, generator=make)
    return Coordinates(laid, offsets, 300 * torch.rand(SIZE, generator=make)).rounded()


def test_what_is_stored_comes_back_as_it_was() -> None:
    paint = random_paint()
    again = Coordinates.from_bytes(paint.to_bytes(), SIZE, CPU)
    for name in ("sheets", "offsets", "misfit"):
        assert torch.equal(getattr(again, name), getattr(paint, name)), name
    assert again.to_bytes() == paint.to_bytes()


def test_a_pan_moves_coordinates_exactly() -> None:
    paint = Coordinates(torch.zeros(1, *SIZE, 2), torch.zeros(*SIZE, 2), torch.zeros(SIZE))
    flow = torch.tensor([-0.75, 0.25]).expand(*SIZE, 2)
    for times in (1, 2, 3, 4):
        paint = paint.moved(flow).rounded()
        torch.testing.assert_close(paint.offsets, times * flow)


def test_two_pieces_of_paint_are_never_averaged() -> None:
    offsets = torch.zeros(*SIZE, 2)
    offsets[:, 10:] = torch.tensor([7.0, -3.0])
    moved = Coordinates(offsets[None], offsets, torch.zeros(SIZE)).moved(torch.full((*SIZE, 2), 0.5))
    values = {tuple(value) for value in (moved.offsets - 0.5).reshape(-1, 2).tolist()}
    assert values == {(0.0, 0.0), (7.0, -3.0)}


def test_the_corners_share_the_whole_weight() -> None:
    corners = Corners(random_paint().offsets, torch.rand(50, 1) * 13 - 1, torch.rand(1, 50) * 22 - 1)
    total = corners.share.clone().view(-1)
    for where, _, weight in corners.others:
        total.index_add_(0, where, weight)
    torch.testing.assert_close(total, torch.ones(2500))


def test_places_in_the_atlas_go_through_the_sheet() -> None:
    laid = torch.zeros(2, *SIZE, 2)
    laid[1] = torch.tensor([100.0, 50.0])
    offsets = torch.zeros(*SIZE, 2)
    offsets[:, 5:] = torch.tensor([NEXT + 2.0, 1.0])
    there = Coordinates(laid, offsets, torch.zeros(SIZE)).in_atlas()
    assert (there[:, :5] == 0).all()
    assert (there[:-1, 5:-2] == torch.tensor([102.0, 51.0])).all()


def test_a_sheet_shows_what_pixels_refer_to() -> None:
    offsets = torch.zeros(*SIZE, 2)
    offsets[3, 4] = torch.tensor([NEXT + 2.0, 1.0])
    paint = Coordinates(torch.zeros(2, *SIZE, 2), offsets, torch.zeros(SIZE))
    nothing = torch.zeros(SIZE, dtype=torch.bool)
    assert paint.shown(1, nothing).nonzero().tolist() == [[4, 6]]
    assert not paint.shown(1, ~nothing).any()
    assert not paint.shown(0, nothing)[3, 4]
