"""Gram targets of one and of several artworks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.terms.style import StyleTargets, resize, shares, to_tensor
from videostyle.settings import StyleSettings


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("compact")


@pytest.fixture(scope="module")
def artworks() -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (70, 90, 3), dtype=np.uint8), rng.integers(0, 128, (64, 64, 3), dtype=np.uint8)]
    return [to_tensor(one, torch.device("cpu")) for one in pixels]


def test_the_artwork_itself_has_no_style_loss(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
    targets = StyleTargets(artworks[:1], 70, 90, backbone, StyleSettings())
    assert targets.loss(backbone(artworks[0], targets.layers)).item() < 1e-9
    assert max(part.item() for part in targets.distances(backbone(artworks[0], targets.layers)).values()) < 1e-9
    assert targets.loss(backbone(artworks[1], targets.layers)).item() > 1e-3


def test_loss_blend_is_the_mixed_sum_of_single_losses(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
    settings = StyleSettings(mix=(3, 1))
    picture = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    features = backbone(picture, backbone.default_style)
    single = [StyleTargets([one], 64, 64, backbone, StyleSettings()).loss(features) for one in artworks]
    both = StyleTargets(artworks, 64, 64, backbone, settings).loss(features)
    torch.testing.assert_close(both, 0.75 * single[0] + 0.25 * single[1])


def test_gram_blend_of_one_artwork_twice_is_that_artwork(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
    features = backbone(torch.rand(1, 3, 64, 64), backbone.default_style)
    once = StyleTargets(artworks[:1], 64, 64, backbone, StyleSettings()).loss(features)
    settings = StyleSettings(blend="gram", mix=(1, 4))
    torch.testing.assert_close(StyleTargets([artworks[0]] * 2, 64, 64, backbone, settings).loss(features), once)


def test_gram_blend_lies_between_its_artworks(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
    settings = StyleSettings(blend="gram")
    features = backbone(artworks[1], backbone.default_style)
    blended = StyleTargets(artworks, 64, 64, backbone, settings).loss(features)
    far = StyleTargets(artworks[:1], 64, 64, backbone, StyleSettings()).loss(features)
    assert 0 < blended.item() < far.item()


@pytest.mark.parametrize("change", [{"mix": (1.0,)}, {"layer_weights": (1.0,)}, {"mix": (0.0, 0.0)}])
def test_weights_that_do_not_fit_are_told(backbone: Backbone, artworks: list[torch.Tensor], change: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(SettingsError, match="wanted"):
        StyleTargets(artworks, 64, 64, backbone, replace(StyleSettings(), **change))


def test_shares_are_divided_by_their_sum() -> None:
    assert shares((1, 3), 2, "a", "b") == (0.25, 0.75)
    assert shares((), 4, "a", "b") == (0.25,) * 4


def test_sixteen_bit_artworks_have_the_same_colours() -> None:
    eight = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    sixteen = eight.astype(np.uint16) * 257
    torch.testing.assert_close(to_tensor(eight, torch.device("cpu")), to_tensor(sixteen, torch.device("cpu")))


def test_resize_keeps_a_flat_picture_flat() -> None:
    torch.testing.assert_close(resize(torch.full((1, 3, 50, 40), 0.3), 21, 17), torch.full((1, 3, 21, 17), 0.3))
