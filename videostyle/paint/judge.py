"""Distances of a picture from an artwork and from its content, measured by a backbone and by patches."""

from collections.abc import Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor

from videostyle.frames import Picture, Pixels
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.patches import PatchTargets
from videostyle.paint.tensors import resize, stack, to_tensor
from videostyle.paint.terms.content import content_loss
from videostyle.paint.terms.style import SIZES, StyleTargets, style_mix
from videostyle.settings import ContentSettings, StyleSettings


class Judge:
    """Relative distances of Gram matrices and features under one backbone; smaller is closer."""

    def __init__(self, backbone: Backbone, artworks: Sequence[Pixels], style: StyleSettings) -> None:
        self._backbone = backbone
        self._device = next(backbone.parameters()).device
        tensors = [to_tensor(artwork, self._device) for artwork in artworks]
        shares = style_mix(style, len(tensors))
        self._patches = lru_cache(SIZES)(partial(PatchTargets, tensors, shares))
        self._targets = lru_cache(SIZES)(partial(StyleTargets, tensors, backbone=backbone, settings=style))

    def style_distance(self, picture: Picture) -> dict[str, float]:
        """Layer -> mean (G - A)^2 / mean A^2 of a picture (H, W, 3) in 0..1; A: the artwork's Gram matrix."""
        pictures = self._tensor(picture)
        targets = self._targets(*pictures.shape[2:])
        with torch.no_grad():
            distances = targets.distances(self._backbone(pictures, targets.layers))
        return {layer: float(distance) for layer, distance in distances.items()}

    def content_distance(self, picture: Picture, content: Picture) -> float:
        """Mean over the content layers of mean (F - P)^2 / mean P^2 (P: of content); pictures (H, W, 3) in 0..1."""
        layers = ContentSettings().layers or self._backbone.default_content
        with torch.no_grad():
            features = self._backbone(self._tensor(picture), layers)
            targets = self._backbone(self._tensor(content), layers)
            losses = [content_loss(features[layer], targets[layer], "relative") for layer in layers]
        return float(torch.stack(losses).mean())

    def patch_distance(self, picture: Picture) -> float:
        """Distance of the patches of a picture (H, W, 3) in 0..1 from the artwork's; see ``PatchTargets``."""
        pictures = self._tensor(picture)
        return self._patches(*pictures.shape[2:]).distance(pictures)

    def _tensor(self, picture: Picture) -> Tensor:
        """A picture as (1, 3, H, W), enlarged if it is too small for the backbone."""
        pictures = stack([picture], self._device)
        height, width = pictures.shape[2:]
        factor = max(1.0, self._backbone.smallest / min(height, width))
        return resize(pictures, round(height * factor), round(width * factor))
