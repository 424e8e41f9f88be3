"""Patches as vectors, against their pixels."""

import numpy as np
import torch

from tests.paint.brush.arts import art, levels
from videostyle.paint.brush.patches import Basis, neighbors


def test_a_patch_holds_the_pixels_around_it_row_by_row() -> None:
    picture = levels(art(1, 9, 11))
    patches = neighbors(picture)
    np.testing.assert_array_equal(patches[4 * 11 + 5].view(5, 5, 3), picture[2:7, 3:8])
    np.testing.assert_array_equal(patches[0].view(5, 5, 3)[:3, :3], picture[0].expand(3, -1, -1)[:, [0, 0, 0]])


def test_distances_are_those_of_the_pixels_as_far_as_the_components_reach() -> None:
    smooth = torch.linspace(0, 255, 40)[:, None, None] * torch.tensor([1.0, 0.5, 0.25]).expand(1, 30, 3)
    patches = neighbors(smooth)
    basis = Basis.of(patches)
    described = basis(patches)
    for a, b in ((40, 700), (5, 333)):
        wanted = (patches[a] - patches[b]).square().mean()
        torch.testing.assert_close((described[a] - described[b]).square().sum(), wanted, rtol=1e-3, atol=1e-2)


def test_all_patches_at_once_are_described_the_same() -> None:
    picture = levels(art(2))
    patches = neighbors(picture)
    basis = Basis.of(patches)
    torch.testing.assert_close(basis.everywhere(picture), basis(patches), atol=1e-2, rtol=1e-4)


def test_the_first_components_vary_most() -> None:
    patches = neighbors(levels(art(2)))
    spread = Basis.of(patches)(patches).var(0)
    assert (spread[:-1] >= 0.8 * spread[1:]).all()
