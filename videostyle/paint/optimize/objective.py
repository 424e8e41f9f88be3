"""The loss of a batch of frames: content + style + temporal + total variation, one number per image."""

from collections.abc import Sequence

import torch
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.mirror import mirrored
from videostyle.paint.terms.losses import content_loss, range_loss, temporal_loss, tv_loss
from videostyle.paint.terms.style import StyleTargets, shares
from videostyle.settings import RenderSettings

Held = tuple[Tensor, Tensor]
"""a temporal target: pictures (B, 3, H, W) and where to hold on to them (B, 1, H, W)"""


MARGIN = 4
"""px by which a picture is mirrored outwards before the network sees it: else its border pixels, which fewer
convolutions see than others, stay unpainted, and a pan carries them inwards as stripes"""
STIFFNESS = 0.004
"""curvature of the temporal loss at a fully held pixel over that of all other terms, per unit of ``temporal.weight``"""


class Objective:
    """L = alpha L_content + beta L_style + gamma L_temporal + tau L_tv + the penalty on leaving 0..1."""

    def __init__(
        self,
        backbone: Backbone,
        settings: RenderSettings,
        style: StyleTargets,
        content: Tensor,
        temporal: Sequence[Held] = (),
    ) -> None:
        """content: (B, 3, H, W) in 0..1."""
        self._backbone = backbone
        self._settings = settings
        self._style = style
        self._temporal = list(temporal)
        layers = settings.content.layers or backbone.default_content
        weights = shares(settings.content.layer_weights, len(layers), "content.layer_weights", "content.layers")
        self._content_weights = dict(zip(layers, weights, strict=True))
        self._layers = {*style.layers, *layers}
        with torch.no_grad():
            self._content = backbone(_with_margin(content), layers)

    def keep(self, rows: Tensor) -> None:
        """Go on with these images (indices) only."""
        self._content = {layer: features[rows] for layer, features in self._content.items()}
        self._temporal = [(pictures[rows], weight[rows]) for pictures, weight in self._temporal]

    def ease(self) -> Tensor | None:
        """How freely each value moves, (B, 3 * H * W): pixels that are held by the frames before are stiff."""
        if not self._temporal:
            return None
        held = torch.stack([weight for _, weight in self._temporal]).sum(0)
        return (1 / (1 + STIFFNESS * self._settings.temporal.weight * held)).expand(-1, 3, -1, -1).flatten(1)

    def parts(self, pictures: Tensor) -> dict[str, Tensor]:
        """Every weighted term for pictures (B, 3, H, W): name -> (B,)."""
        settings = self._settings
        features = self._backbone(_with_margin(pictures), self._layers)
        content = torch.stack(
            [
                weight * content_loss(features[layer], self._content[layer], settings.content.convention)
                for layer, weight in self._content_weights.items()
            ]
        ).sum(0)
        parts = {
            "content": settings.content.weight * content,
            "style": settings.style.weight * self._style.loss(features),
            "range": settings.optimize.range_weight * range_loss(pictures),
        }
        if self._temporal:
            losses = [temporal_loss(pictures, target, weight) for target, weight in self._temporal]
            parts["temporal"] = settings.temporal.weight * torch.stack(losses).sum(0)
        if settings.tv.weight:
            parts["tv"] = settings.tv.weight * tv_loss(pictures, settings.tv.kind, settings.tv.power)
        return parts


def _with_margin(pictures: Tensor) -> Tensor:
    return mirrored(pictures, min(MARGIN, min(pictures.shape[2:]) - 1))
