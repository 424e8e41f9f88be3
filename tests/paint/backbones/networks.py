"""Networks with random weights for the tests."""

import torch
from torch import Tensor

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.published import VGG19, Published


def tiny(**more: object) -> Backbone:
    """Two convolutions, pooling between them, a head on the second."""
    dice = torch.Generator().manual_seed(1)
    tensors = {
        "convs.0.weight": torch.randn(4, 3, 3, 3, generator=dice),
        "convs.0.bias": torch.randn(4, generator=dice),
        "convs.1.weight": torch.randn(5, 4, 3, 3, generator=dice),
        "convs.1.bias": torch.randn(5, generator=dice),
        "heads.b.weight": torch.randn(2, 5, 1, 1, generator=dice),
        "heads.b.bias": torch.randn(2, generator=dice),
    }
    return Backbone("tiny", "4 a P 5 b", tensors, **({"pooling": "average"} | more))  # type: ignore[arg-type]


def published_tensors(network: Published = VGG19, convolutions: int = 13) -> dict[str, Tensor]:
    """The first convolutions of a published network with random weights, under torchvision's names."""
    dice = torch.Generator().manual_seed(0)
    tensors = {}
    for position, shape in list(network.shapes().items())[:convolutions]:
        weight = torch.randn(shape, generator=dice)
        tensors[f"features.{position}.weight"] = weight * (2 / weight[0].numel()) ** 0.5
        tensors[f"features.{position}.bias"] = torch.zeros(shape[0])
    return tensors


def pictures(*shape: int) -> Tensor:
    """Random pictures in 0..1."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))
