"""The style term: the picture is painted like the artworks."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.tensors import resize
from videostyle.paint.terms.gram import gram
from videostyle.paint.terms.term import EPSILON, Term, shares
from videostyle.settings import StyleSettings

SMALLEST_STYLE = 32
"""px; an artwork is never shrunk below this short side, however small the picture is: Gram matrices would be noise"""
SIZES = 32
"""number of picture sizes whose targets are kept; a first frame needs about six"""


class StyleTargets:
    """Gram matrices of one or more artworks for one picture size, shared by all frames.

    An artwork is resized to the area of the picture times ``style.scale`` squared, so that strokes keep their size
    relative to the picture. Differs from Gatys et al. 2016, who resize it to the size of the content.
    """

    def __init__(
        self, artworks: Sequence[Tensor], height: int, width: int, backbone: Backbone, settings: StyleSettings
    ) -> None:
        """artworks: (1, 3, H, W) each. Raises SettingsError if layers or ``style.mix`` do not match."""
        self._settings = settings
        self.layers, self._layer_weights = style_layers(settings, backbone)
        self._mix = style_mix(settings, len(artworks))
        grams = [self._measure(artwork, height, width, backbone) for artwork in artworks]
        if settings.blend == "gram":
            shared = list(zip(grams, self._mix, strict=True))
            grams = [{layer: torch.stack([one[layer] * s for one, s in shared]).sum(0) for layer in self.layers}]
            self._mix = (1.0,)
        self._grams = grams

    @torch.no_grad()
    def _measure(self, artwork: Tensor, height: int, width: int, backbone: Backbone) -> dict[str, Tensor]:
        rows, columns = artwork.shape[2:]
        least = max(SMALLEST_STYLE, backbone.smallest) / min(rows, columns)
        factor = max(self._settings.scale * (height * width / (rows * columns)) ** 0.5, least)
        scaled = resize(artwork, round(rows * factor), round(columns * factor))
        return {layer: gram(features) for layer, features in backbone(scaled, self.layers).items()}

    def loss(self, features: Mapping[str, Tensor]) -> Tensor:
        """Style loss of features, summed over layers and artworks: (B,)."""
        losses = []
        for layer, layer_weight in zip(self.layers, self._layer_weights, strict=True):
            grams = gram(features[layer])
            for target, share in zip(self._grams, self._mix, strict=True):
                losses.append(style_loss(grams, target[layer], self._settings.convention) * (layer_weight * share))
        return torch.stack(losses).sum(0)

    def distances(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Relative distance of Gram matrices, averaged over the artworks with their shares: layer -> (B,)."""
        distances = {}
        for layer in self.layers:
            grams, targets = gram(features[layer]), zip(self._grams, self._mix, strict=True)
            losses = [share * style_loss(grams, target[layer], "relative") for target, share in targets]
            distances[layer] = torch.stack(losses).sum(0)
        return distances


class StyleTerm(Term):
    """Distance of the Gram matrices from the artworks' (Gatys et al. 2016, eq. 3 to 5)."""

    name = "style"
    comparable = True

    def __init__(self, weight: float, targets: StyleTargets) -> None:
        self.weight = weight
        self.layers = targets.layers
        self._targets = targets

    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        return self._targets.loss(features)


def style_layers(settings: StyleSettings, backbone: Backbone) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Layers, and each one's share of the style loss. Raises SettingsError if layers and weights do not match."""
    layers = settings.layers or backbone.default_style
    weights = settings.layer_weights or (() if settings.layers else backbone.default_style_weights)
    return layers, shares(weights, len(layers), "style.layer_weights", "style.layers")


def style_mix(settings: StyleSettings, artworks: int) -> tuple[float, ...]:
    """Share of each artwork. Raises SettingsError if ``style.mix`` does not match the number of artworks."""
    return shares(settings.mix, artworks, "style.mix", "artworks (--style)")


def style_loss(grams: Tensor, target: Tensor, convention: Literal["relative", "gatys"]) -> Tensor:
    """Squared distance of Gram matrices G (B, C, C) from the artwork's A (1, C, C): (B,).

    ``gatys``: 1/(4 N^2 M^2) sum (F F^T - A')^2 of features F (N, M), which is a quarter of mean (G - A)^2;
    ``relative``: mean (G - A)^2 / mean A^2.
    """
    distance = (grams - target).square().mean((1, 2))
    if convention == "gatys":
        return distance / 4
    return distance / (target.square().mean((1, 2)) + EPSILON)
