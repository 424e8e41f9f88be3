"""The content loss against formulas, and its term's targets."""

import numpy as np
import pytest
import torch
from torch import Tensor

from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.terms.content import ContentTerm, content_layers, content_loss
from videostyle.paint.terms.term import observe
from videostyle.settings import ContentSettings


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return load_backbone("compact")


@pytest.fixture
def features() -> Tensor:
    return torch.randn(3, 5, 7, 6, generator=torch.Generator().manual_seed(1))


def test_relative_loss_does_not_depend_on_scale(features: Tensor) -> None:
    other = features.roll(1, 0)
    for scale in (0.1, 100):
        scaled = content_loss(features * scale, other * scale, "relative")
        torch.testing.assert_close(scaled, content_loss(features, other, "relative"))


def test_gatys_loss_is_half_the_sum_and_relative_loss_is_a_ratio_of_means(features: Tensor) -> None:
    other = features.roll(1, 0)
    f, p = features.flatten(1).double().numpy(), other.flatten(1).double().numpy()
    np.testing.assert_allclose(content_loss(features, other, "gatys"), ((f - p) ** 2).sum(1) / 2, rtol=1e-5)
    expected = ((f - p) ** 2).mean(1) / (p**2).mean(1)
    np.testing.assert_allclose(content_loss(features, other, "relative"), expected, rtol=1e-5)


def test_loss_of_an_empty_target_is_finite() -> None:
    assert torch.isfinite(content_loss(torch.ones(1, 2, 3, 3), torch.zeros(1, 2, 3, 3), "relative")).all()


def test_term_mixes_layers_and_keeps_rows(backbone: Backbone) -> None:
    rng = torch.Generator().manual_seed(2)
    content, x = torch.rand(3, 3, 32, 40, generator=rng), torch.rand(3, 3, 32, 40, generator=rng)
    settings = ContentSettings(layers=("relu1_1", "relu2_1"), layer_weights=(1, 3))
    term = ContentTerm(settings, backbone, content)
    assert term.layers == ("relu1_1", "relu2_1")
    assert term.comparable
    features, targets = observe(backbone, x, term.layers), observe(backbone, content, term.layers)
    losses = term(x, features)
    single = {layer: content_loss(features[layer], targets[layer], "relative") for layer in term.layers}
    torch.testing.assert_close(losses, 0.25 * single["relu1_1"] + 0.75 * single["relu2_1"])
    assert term(content, targets).abs().max() == 0
    rows = torch.tensor([2, 0])
    term.keep(rows)
    torch.testing.assert_close(term(x[rows], observe(backbone, x[rows], term.layers)), losses[rows])


def test_layers_are_the_backbones_own_unless_given(backbone: Backbone) -> None:
    assert content_layers(ContentSettings(), backbone) == {"relu3_1": 1.0}
    with pytest.raises(SettingsError, match=r"content\.layer_weights .* one for each of the content\.layers"):
        content_layers(ContentSettings(layer_weights=(1, 2)), backbone)
