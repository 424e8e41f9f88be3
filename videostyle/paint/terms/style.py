"""Artworks -> the Gram matrices that a frame is pulled towards."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from videostyle.errors import SettingsError
from videostyle.frames import Pixels, to_picture
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.terms.losses import gram, style_loss
from videostyle.settings import StyleSettings

SMALLEST_STYLE = 32
"""px; an artwork is never shrunk below this side, however small the picture: its Gram matrices would say nothing"""


def to_tensor(picture: Pixels, device: torch.device) -> Tensor:
    """Pixels (H, W, 3) of either depth -> (1, 3, H, W) float32 in 0..1."""
    return torch.from_numpy(to_picture(picture)).to(device).permute(2, 0, 1)[None].contiguous()


def resize(pictures: Tensor, height: int, width: int) -> Tensor:
    """Pictures (B, 3, H, W) at another size, without aliasing, in 0..1."""
    if pictures.shape[2:] == (height, width):
        return pictures
    resized: Tensor = F.interpolate(pictures, (height, width), mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp(0, 1)


class StyleTargets:
    """Gram matrices of one or several artworks for one size of picture.

    An artwork is brought to the area of the picture times ``style.scale`` squared, so that its strokes keep their size
    relative to the picture (Gatys et al. resize it to the content's size).
    """

    def __init__(
        self, artworks: Sequence[Tensor], height: int, width: int, backbone: Backbone, settings: StyleSettings
    ) -> None:
        """artworks: (1, 3, H, W) each. Raises SettingsError where ``style.mix`` or the layers do not fit."""
        self._settings = settings
        self.layers = settings.layers or backbone.default_style
        weights = settings.layer_weights or (() if settings.layers else backbone.default_style_weights)
        self.layer_weights = shares(weights, len(self.layers), "style.layer_weights", "style.layers")
        self._mix = shares(settings.mix, len(artworks), "style.mix", "artworks (--style)")
        grams = [self._measure(artwork, height, width, backbone) for artwork in artworks]
        if settings.blend == "gram":
            grams = [{layer: _blend([one[layer] for one in grams], self._mix) for layer in self.layers}]
            self._mix = (1.0,)
        self._grams = grams

    @torch.no_grad()
    def _measure(self, artwork: Tensor, height: int, width: int, backbone: Backbone) -> dict[str, Tensor]:
        rows, columns = artwork.shape[2:]
        factor = self._settings.scale * (height * width / (rows * columns)) ** 0.5
        smallest = max(SMALLEST_STYLE, backbone.smallest)
        factor = max(factor, smallest / min(rows, columns))
        scaled = resize(artwork, round(rows * factor), round(columns * factor))
        return {layer: gram(features) for layer, features in backbone(scaled, self.layers).items()}

    def loss(self, features: dict[str, Tensor]) -> Tensor:
        """Style loss of features, over layers and artworks, not yet weighted: (B,)."""
        losses = []
        for layer, layer_weight in zip(self.layers, self.layer_weights, strict=True):
            grams = gram(features[layer])
            for target, share in zip(self._grams, self._mix, strict=True):
                losses.append(style_loss(grams, target[layer], self._settings.convention) * (layer_weight * share))
        return torch.stack(losses).sum(0)

    def distances(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        """Relative Gram distance of every layer, mixed over the artworks: layer -> (B,)."""
        return {
            layer: torch.stack(
                [
                    share * style_loss(gram(features[layer]), target[layer], "relative")
                    for target, share in zip(self._grams, self._mix, strict=True)
                ]
            ).sum(0)
            for layer in self.layers
        }


def shares(weights: Sequence[float], count: int, name: str, of_what: str) -> tuple[float, ...]:
    """Weights divided by their sum, one for each of ``count`` things; equal where none are given."""
    weights = weights or (1.0,) * count
    if len(weights) != count or sum(weights) <= 0:
        raise SettingsError(f"{name} = {list(weights)}: wanted {count} weights, one for each of the {of_what}, sum > 0")
    return tuple(weight / sum(weights) for weight in weights)


def _blend(grams: Sequence[Tensor], mix: Sequence[float]) -> Tensor:
    return torch.stack([one * share for one, share in zip(grams, mix, strict=True)]).sum(0)
