"""Gram matrices: which features of a layer occur together, anywhere in the picture."""

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction, FunctionCtx


class _Gram(torch.autograd.Function):
    """F F^T / n of flat features F (B, C, n).

    The gradient (g + g^T) F / n takes one large product. Autograd needs two, because it does not know that both factors
    are the same; that would cost 10 to 20 % of an iteration.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, flat: Tensor) -> Tensor:
        ctx.save_for_backward(flat)
        return flat @ flat.transpose(1, 2) / flat.shape[2]

    @staticmethod
    def backward(ctx: BackwardCFunction, *gradients: Tensor) -> Tensor:
        (flat,), (gradient,) = ctx.saved_tensors, gradients
        return torch.bmm((gradient + gradient.transpose(1, 2)) / flat.shape[2], flat)


def gram(features: Tensor) -> Tensor:
    """Gram matrices G = F F^T / (H W) of features (B, C, H, W): (B, C, C), in float32 or wider.

    Can be differentiated twice.
    """
    flat = features.flatten(2).to(torch.promote_types(features.dtype, torch.float32))
    grams: Tensor = _Gram.apply(flat)
    return grams
