"""Masks grow by so many pixels, and no further than the frame."""

import pytest
import torch
import torch.nn.functional as F

from videostyle.paint.brush.masks import grown, shrunk


@pytest.mark.parametrize("side", [1, 3, 5, 9])
@pytest.mark.parametrize("shape", [(40, 50), (3, 50), (1, 1)])
def test_masks_grow_and_shrink_like_pooled_ones(shape: tuple[int, int], side: int) -> None:
    mask = torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.05
    before = mask.clone()
    assert torch.equal(grown(mask, side), F.max_pool2d(mask[None].float(), side, 1, side // 2)[0] > 0)
    assert torch.equal(shrunk(~mask, side), ~grown(mask, side))
    assert torch.equal(mask, before)
