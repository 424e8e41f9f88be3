"""Masks that grow and shrink."""

from torch import Tensor


def grown(mask: Tensor, side: int) -> Tensor:
    """A mask (h, w) of bools, grown by half of ``side`` px in each direction; many times faster than pooling."""
    for dim in (0, 1):
        thin, mask = mask, mask.clone()
        for step in range(1, min(side // 2, mask.shape[dim] - 1) + 1):
            rest = mask.shape[dim] - step
            mask.narrow(dim, 0, rest).logical_or_(thin.narrow(dim, step, rest))
            mask.narrow(dim, step, rest).logical_or_(thin.narrow(dim, 0, rest))
    return mask


def shrunk(mask: Tensor, side: int) -> Tensor:
    """The opposite of ``grown``."""
    return ~grown(~mask, side)
