"""The content term: the picture shows what the source frame shows."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.terms.term import EPSILON, Term, observe, shares
from videostyle.settings import ContentSettings


class ContentTerm(Term):
    """Distance of the features from those of the source frames (Gatys et al. 2016, eq. 1)."""

    name = "content"
    comparable = True

    def __init__(self, settings: ContentSettings, backbone: Backbone, content: Tensor) -> None:
        """content: the source frames, (B, 3, H, W) in 0..1."""
        self.weight = settings.weight
        self._convention = settings.convention
        self._layer_weights = content_layers(settings, backbone)
        self.layers = tuple(self._layer_weights)
        with torch.no_grad():
            self._targets = observe(backbone, content, self.layers)

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        losses = [
            weight * content_loss(features[layer], self._targets[layer], self._convention)
            for layer, weight in self._layer_weights.items()
        ]
        return torch.stack(losses).sum(0)

    def keep(self, rows: Tensor) -> None:
        self._targets = {layer: features[rows] for layer, features in self._targets.items()}


def content_layers(settings: ContentSettings, backbone: Backbone) -> dict[str, float]:
    """Layer -> share of the content loss. Raises SettingsError if a layer is repeated or weights do not match."""
    layers = settings.layers or backbone.default_content
    if len(set(layers)) < len(layers):
        raise SettingsError(f"content.layers = {list(layers)}: a layer is repeated; name each layer once")
    weights = shares(settings.layer_weights, len(layers), "content.layer_weights", "content.layers")
    return dict(zip(layers, weights, strict=True))


def content_loss(features: Tensor, target: Tensor, convention: Literal["relative", "gatys"]) -> Tensor:
    """Squared distance of features F (B, C, H, W) from the content's P: (B,).

    ``gatys``: 1/2 sum (F - P)^2; ``relative``: mean (F - P)^2 / mean P^2.
    """
    squares = (features.float() - target.float()).square().flatten(1)
    if convention == "gatys":
        return squares.sum(1) / 2
    return squares.mean(1) / (target.float().square().flatten(1).mean(1) + EPSILON)
