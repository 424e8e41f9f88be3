"""The style loss against formulas, and targets of one or more artworks."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.tensors import to_tensor
from videostyle.paint.terms.gram import gram
from videostyle.paint.terms.style import StyleTargets, StyleTerm, style_loss
from videostyle.settings import StyleSettings


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("compact")


@pytest.fixture(scope="module")
def artworks() -> list[torch.Tensor]:
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, (70, 90, 3), dtype=np.uint8), rng.integers(0, 128, (64, 64, 3), dtype=np.uint8)]
    return [to_tensor(one, torch.device("cpu")) for one in pixels]


def test_the_artwork_has_no_style_loss(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
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
def test_weights_that_do_not_match_are_an_error(backbone: Backbone, artworks: list[torch.Tensor], change: dict) -> None:  # type: ignore[type-arg]
    with pytest.raises(SettingsError, match="wanted"):
        StyleTargets(artworks, 64, 64, backbone, replace(StyleSettings(), **change))


def test_term_shares_its_targets_between_frames(backbone: Backbone, artworks: list[torch.Tensor]) -> None:
    targets = StyleTargets(artworks, 64, 64, backbone, StyleSettings())
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    term, features = StyleTerm(100.0, targets), backbone(pictures, targets.layers)
    assert (term.layers, term.comparable, term.weight) == (backbone.default_style, True, 100.0)
    torch.testing.assert_close(term(pictures, features), targets.loss(features))
    term.keep(torch.tensor([1]))
    alone = {layer: values[1:] for layer, values in features.items()}
    torch.testing.assert_close(term(pictures[1:], alone), targets.loss(features)[1:])


def test_gatys_style_loss_is_the_papers_sum() -> None:
    rng = torch.Generator().manual_seed(1)
    features, other = torch.randn(3, 5, 7, 6, generator=rng), torch.randn(1, 5, 7, 6, generator=rng)
    n, m = 5, 7 * 6
    f, a = features.flatten(2).double().numpy(), other.flatten(2).double().numpy()
    expected = [((f[b] @ f[b].T - a[0] @ a[0].T) ** 2).sum() / (4 * n**2 * m**2) for b in range(3)]
    np.testing.assert_allclose(style_loss(gram(features), gram(other), "gatys"), expected, rtol=1e-4)
    size = ((a[0] @ a[0].T / m) ** 2).mean()
    np.testing.assert_allclose(
        style_loss(gram(features), gram(other), "relative"), np.multiply(expected, 4 / size), rtol=1e-4
    )


def test_relative_style_loss_does_not_depend_on_scale() -> None:
    features = torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(1))
    for scale in (0.1, 100):
        torch.testing.assert_close(
            style_loss(gram(features * scale), gram(features.roll(1, 0) * scale), "relative"),
            style_loss(gram(features), gram(features.roll(1, 0)), "relative"),
        )
