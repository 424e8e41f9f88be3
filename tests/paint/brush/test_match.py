"""Finding patches: a frame that is a piece of the artwork gets exactly that piece."""

import torch

from tests.paint.brush.arts import art, atlas, levels
from videostyle.paint.brush.match import Canvas


def test_a_piece_of_the_artwork_is_found_where_it_is() -> None:
    made = atlas(art(1))
    canvas = Canvas(made.pages[0], levels(art(1))[10:38, 20:60].contiguous())
    everywhere = canvas.everywhere()
    canvas.search(everywhere)
    canvas.improve(everywhere)
    inner = canvas.offsets()[4:-4, 4:-4]
    assert (inner == torch.tensor([20.0, 10.0])).all(-1).float().mean() > 0.95
    shown = canvas.picture.view(28, 40, 3)[6:-6, 6:-6]
    assert (shown - levels(art(1))[16:32, 26:54]).abs().mean() < 2


def test_only_the_asked_patches_change() -> None:
    made = atlas(art(1))
    canvas = Canvas(made.pages[0], levels(art(2)))
    canvas.place(torch.full((48, 64, 2), 0.0))
    before = canvas.offsets()
    where = torch.arange(20 * 64 + 11, 20 * 64 + 30)
    canvas.search(where)
    canvas.improve(where)
    changed = (canvas.offsets() != before).any(-1)
    assert changed[20, 11:30].any()
    changed[20, 11:30] = False
    assert not changed.any()


def test_patches_outside_the_atlas_are_reported() -> None:
    canvas = Canvas(atlas(art(1)).pages[0], levels(art(1)))
    outside = canvas.place(torch.full((48, 64, 2), 5.0)).view(48, 64)
    assert not outside[2:41, 2:57].any()
    assert outside[41:].all()
    assert outside[:, 57:].all()


def test_misfit_is_small_only_where_the_patch_looks_like_the_frame() -> None:
    picture = levels(art(1))
    picture[:, 40:] = 255 - picture[:, 40:]
    canvas = Canvas(atlas(art(1)).pages[0], picture)
    canvas.place(torch.zeros(48, 64, 2))
    misfit = canvas.misfit().sqrt().view(48, 64)
    assert misfit[4:-4, 4:36].max() < 1e-3
    assert misfit[4:-4, 44:-4].mean() > 10
