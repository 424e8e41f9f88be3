"""Reflection padding of pictures and features."""

import torch
from torch import Tensor
from torch.nn import functional as F


class _Context(torch.autograd.function.FunctionCtx):
    margin: int


class Mirror(torch.autograd.Function):
    """Reflection padding as copies of slices, for a GPU.

    PyTorch's own CUDA kernel sums its gradient in varying order, drops the channels-last layout, and rejects batches of
    2^31 values. This one returns the same bits every time and stores no tensors for the backward pass.
    """

    @staticmethod
    def forward(ctx: _Context, values: Tensor, margin: int) -> Tensor:
        ctx.margin = margin
        batch, channels, height, width = values.shape
        last = values.is_contiguous(memory_format=torch.channels_last)
        layout = torch.channels_last if last else torch.contiguous_format
        padded = torch.empty(
            (batch, channels, height + 2 * margin, width + 2 * margin),
            dtype=values.dtype, device=values.device, memory_format=layout,
        )  # fmt: skip
        middle = padded[:, :, margin : margin + height]
        middle[..., margin : margin + width] = values
        for step in range(1, margin + 1):
            middle[..., margin - step] = values[..., step]
            middle[..., margin + width - 1 + step] = values[..., width - 1 - step]
        for step in range(1, margin + 1):
            padded[:, :, margin - step] = padded[:, :, margin + step]
            padded[:, :, margin + height - 1 + step] = padded[:, :, margin + height - 1 - step]
        return padded

    @staticmethod
    def backward(ctx: _Context, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,), margin = gradients, ctx.margin
        width = gradient.shape[3] - 2 * margin
        left, inner, right = (_folded(band, margin) for band in torch.split(gradient, [margin, width, margin], dim=3))
        for step in range(1, margin + 1):
            inner[..., step] += left[..., margin - step]
            inner[..., width - 1 - step] += right[..., step - 1]
        return inner, None


def _folded(gradient: Tensor, margin: int) -> Tensor:
    """A copy without the rows of the margin; each is added to the row that it mirrors."""
    height = gradient.shape[2] - 2 * margin
    above, inner, below = torch.split(gradient, [margin, height, margin], dim=2)
    inner = inner.clone()
    for step in range(1, margin + 1):
        inner[:, :, step] += above[:, :, margin - step]
        inner[:, :, height - 1 - step] += below[:, :, step - 1]
    return inner


def mirrored(values: Tensor, margin: int) -> Tensor:
    """(B, C, H, W) with ``margin`` px more on every side, mirrored at the outermost pixel; H and W must exceed it."""
    if not values.is_cuda:
        return F.pad(values, (margin,) * 4, mode="reflect")  # on a busy CPU, one operation is faster than many
    padded: Tensor = Mirror.apply(values, margin)
    return padded
