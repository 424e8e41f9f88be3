"""Gram matrices against einsum, and their gradient against autograd's own, for losses of every kind."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from videostyle.paint.terms.gram import gram


@pytest.fixture
def features() -> Tensor:
    return torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(1))


def plain(features: Tensor) -> Tensor:
    """The same as ``gram``, with autograd's gradient."""
    flat = features.flatten(2).to(torch.promote_types(features.dtype, torch.float32))
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def symmetric_only(features: Tensor) -> Tensor:
    """The gradient of one factor, doubled: right for losses that are symmetric in G, which all of ours are."""
    flat = features.flatten(2).float()
    half = flat @ flat.detach().transpose(1, 2) / flat.shape[2]
    return 2 * half - half.detach()


def asymmetric(grams: Tensor) -> Tensor:
    """A loss that weighs G_ij and G_ji differently."""
    weights = torch.arange(grams[0].numel(), dtype=grams.dtype).reshape(grams.shape[1:])
    return (weights * grams.square()).sum() + (grams[:, 0] * grams[:, :, 1]).sum()


def gradient(of: Callable[[Tensor], Tensor], loss: Callable[[Tensor], Tensor], features: Tensor) -> Tensor:
    features = features.detach().requires_grad_()
    (slope,) = torch.autograd.grad(loss(of(features)), features)
    return slope


def test_gram_is_the_mean_outer_product(features: Tensor) -> None:
    expected = np.einsum("bchw,bdhw->bcd", features.numpy(), features.numpy()) / (7 * 6)
    np.testing.assert_allclose(gram(features), expected, rtol=1e-5, atol=1e-6)


def test_gram_of_bfloat16_features_is_float32(features: Tensor) -> None:
    assert gram(features.bfloat16()).dtype == torch.float32


def test_gradient_passes_gradcheck_once_and_twice(features: Tensor) -> None:
    exact = features[:1, :3, :4].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: asymmetric(gram(x)), exact)
    assert torch.autograd.gradgradcheck(lambda x: asymmetric(gram(x)), exact)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_gradient_of_an_asymmetric_loss_equals_autograds(
    dtype: torch.dtype, tolerance: float, features: Tensor
) -> None:
    ours, expected = (gradient(of, asymmetric, features.to(dtype)) for of in (gram, plain))
    assert ours.dtype == dtype
    torch.testing.assert_close(ours, expected, rtol=tolerance, atol=tolerance * float(expected.abs().max()))
    trick = gradient(symmetric_only, asymmetric, features.to(dtype))
    assert (trick - expected).abs().max() > 0.1 * expected.abs().max(), "which the older trick gets wrong"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("last", [False, True], ids=["channels first", "channels last"])
def test_gradient_of_a_symmetric_loss_keeps_every_bit(dtype: torch.dtype, last: bool) -> None:
    """Films painted before this gradient was made exact must still be resumed bit for bit."""
    rng = torch.Generator().manual_seed(2)
    features = torch.randn(2, 24, 40, 52, generator=rng).to(dtype)
    if last:
        features = features.contiguous(memory_format=torch.channels_last)
    target = gram(torch.randn(1, 24, 40, 52, generator=rng))
    ours, older = (gradient(of, lambda g: (g - target).square().mean(), features) for of in (gram, symmetric_only))
    assert torch.equal(gram(features), symmetric_only(features))
    assert torch.equal(ours, older)
