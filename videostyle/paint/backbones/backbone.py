"""The class of all backbones: pictures in, named feature maps out.

A backbone is a trunk of convolutions described by a plan such as

    64 relu1_1 64 relu1_2 P 128 relu2_1

where a number is a 3x3 convolution of that width with its ReLU, ``P`` halves the size, and a name makes the features at
this point available as a layer. ``64k11s4p2`` is an 11x11 convolution with stride 4 and padding 2 (if not given: half
the kernel); ``64d`` is depthwise separable (a kernel per channel, then 1x1 across channels; Howard et al. 2017); ``P3``
pools 3x3 pixels with stride 2. A layer may have a linear head (a 1x1 convolution). The trunk may run on several scales
of the picture: ``s2/relu3_1`` is relu3_1 of the picture at half its size.
"""

import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from functools import cache
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from videostyle.errors import SettingsError, WeightsError
from videostyle.paint.backbones.weights import fingerprint
from videostyle.paint.mirror import mirrored

Pooling = Literal["auto", "average", "max"]
"""auto: as the network was trained"""


class Step(NamedTuple):
    """A convolution to ``width`` channels, or pooling (width 0); padding before is at the top and left; all in px."""

    width: int
    size: int
    stride: int
    before: int
    after: int
    separable: bool = False


class Backbone(nn.Module):
    """A frozen network that turns pictures into named feature maps.

    Differs from Gatys et al. (2016): borders are padded by reflection; zeros would show as a frame in the picture.
    """

    _mean: Tensor
    _deviation: Tensor
    _binomial: Tensor
    """kernel (4, 4) that smooths a picture before it is halved"""
    layers: tuple[str, ...]
    """names of all layers, scale by scale, shallow to deep"""
    default_style: tuple[str, ...]
    default_style_weights: tuple[float, ...]
    """one per layer; empty: equal"""
    default_content: tuple[str, ...]
    smallest: int
    """smallest side of a picture, px"""
    widest: int
    """most values that a convolution gives per pixel of the picture"""
    fingerprint: str
    """sha256 (hex) of weights, plan, scales, pooling and default layers"""

    def __init__(
        self,
        name: str,
        plan: str,
        tensors: Mapping[str, Tensor],
        *,
        pooling: Literal["average", "max"],
        scales: tuple[int, ...] = (1,),
        default_style: Collection[str] = (),
        default_style_weights: Collection[float] = (),
        default_content: Collection[str] = (),
    ) -> None:
        """tensors: ``convs.N.weight|bias`` for convolution N (from 0), ``heads.LAYER.weight|bias`` for heads.

        A separable convolution has ``convs.N.depth.weight`` and ``convs.N.point.weight|bias``.

        Raises WeightsError if the tensors do not fit the plan.
        """
        super().__init__()
        self.name, self.pooling, self.plan = name, pooling, plan.split()
        self._prefixes = {scale: f"s{scale}/" if scale > 1 else "" for scale in scales}
        with torch.device("meta"):
            self.convs, self.heads, strides, self.widest = _build(self.plan, tensors)
        # ImageNet's mean and deviation in thousandths: .to(bfloat16) would round fractions
        self.register_buffer("_mean", torch.tensor([485, 456, 406])[:, None, None], persistent=False)
        self.register_buffer("_deviation", torch.tensor([229, 224, 225])[:, None, None], persistent=False)
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("_binomial", row[:, None] * row, persistent=False)  # exact in bfloat16
        try:
            self.load_state_dict(dict(tensors), assign=True)
        except RuntimeError as error:
            raise WeightsError(f"the weights do not fit the {name} network: {' '.join(str(error).split())}") from None
        self.requires_grad_(False).eval()
        self.layers = tuple(prefix + layer for prefix in self._prefixes.values() for layer in strides)
        self.default_style = tuple(default_style) or self.layers
        self.default_style_weights = tuple(default_style_weights)
        self.default_content = tuple(default_content) or self.layers[-1:]
        self.smallest = max(scales) * _smallest(self.plan)
        chosen = f"{self.default_style}|{self.default_style_weights}|{self.default_content}"
        self.fingerprint = fingerprint(tensors, f"{plan}|{scales}|{pooling}|{chosen}")

    def check(self, layers: Collection[str]) -> None:
        """Raise SettingsError, listing the known ones, if this network lacks a layer."""
        for layer in layers:
            if layer not in self.layers:
                raise SettingsError(
                    f"layer {layer}: not in {self.name} as loaded here; choose style.layers and content.layers from "
                    f"{', '.join(self.layers)}, or give another file with --weights"
                )

    def forward(self, pictures: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Features of pictures (B, 3, H, W) in 0..1 at the given layers, shallow to deep.

        Each is about (B, C, H / stride, W / stride) in the dtype of the weights. Computes no deeper than needed. Raises
        SettingsError for an unknown layer or a picture below ``smallest``.
        """
        self.check(layers)
        if min(pictures.shape[-2:]) < self.smallest:
            height, width = pictures.shape[-2:]
            raise SettingsError(f"a picture of {width}x{height}: {self.name} needs at least {self.smallest} px")
        current = (pictures - self._mean / 1000) / (self._deviation / 1000)
        features: dict[str, Tensor] = {}
        reached = 1
        for scale, prefix in self._prefixes.items():
            while reached < scale:
                current, reached = _halve(current, self._binomial), 2 * reached
            wanted = {token for token in self.plan if prefix + token in layers}
            maps = self._trunk(current.to(next(self.parameters()).dtype), wanted)
            features |= {prefix + layer: value for layer, value in maps.items()}
        return features

    def _trunk(self, current: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        """Walk the plan until every wanted layer is computed."""
        features: dict[str, Tensor] = {}
        convs = iter(self.convs)
        for token in self.plan:
            if len(features) == len(wanted):
                break
            step = step_of(token)
            if step and step.width:
                skipped = step.after - step.before
                current = next(convs)(mirrored(current, step.after)[..., skipped:, skipped:]).relu_()
            elif step:
                pool = _average_pool if self.pooling == "average" else F.max_pool2d
                current = pool(current, step.size, step.stride)
            elif token in wanted:
                features[token] = _mix(current, self.heads[token]) if token in self.heads else current
        return features


@cache
def step_of(token: str) -> Step | None:
    """The convolution or pooling that a token of a plan stands for; None if it names a layer."""
    whole = r"[1-9]\d*"
    if pooling := re.fullmatch(rf"P({whole})?", token, re.A):
        return Step(0, int(pooling[1] or 2), 2, 0, 0)
    if not (convolution := re.fullmatch(rf"({whole})(d?)(?:k({whole}))?(?:s({whole}))?(?:p(\d+))?", token, re.A)):
        return None
    size, stride = int(convolution[3] or 3), int(convolution[4] or 1)
    padding = int(convolution[5] or size // 2)
    # Differs from torchvision: stride - 1 px more at the bottom and right, so that no pixel is left out there
    return Step(int(convolution[1]), size, stride, padding, padding + stride - 1, bool(convolution[2]))


def _smallest(plan: list[str]) -> int:
    """Smallest side of a picture that leaves a pixel everywhere and enough for reflection, px."""
    side = 1
    for step in filter(None, map(step_of, reversed(plan))):
        side = max((side - 1) * step.stride + step.size - step.before - step.after, step.after + 1)
    return side


def _build(plan: list[str], tensors: Mapping[str, Tensor]) -> tuple[nn.ModuleList, nn.ModuleDict, dict[str, int], int]:
    """Walk a plan: its convolutions, the heads among the tensors, the stride of each layer, and ``widest``."""
    convs, heads, strides = nn.ModuleList(), nn.ModuleDict(), dict[str, int]()
    width, stride, widest = 3, 1, 1
    for token in plan:
        if step := step_of(token):
            stride *= step.stride
            if step.width:
                convs.append(_convolution(width, step))
                width = step.width
                widest = max(widest, -(-width // stride**2))
        else:
            strides[token] = stride
            if f"heads.{token}.weight" in tensors:
                heads[token] = nn.Conv2d(width, len(tensors[f"heads.{token}.weight"]), 1)
    return convs, heads, strides, widest


def _convolution(channels: int, step: Step) -> nn.Module:
    """A step's convolution over this many channels; ``_trunk`` pads its input."""
    if not step.separable:
        return nn.Conv2d(channels, step.width, step.size, step.stride)
    depth = nn.Conv2d(channels, channels, step.size, step.stride, groups=channels, bias=False)
    return nn.Sequential(OrderedDict(depth=depth, point=nn.Conv2d(channels, step.width, 1)))


def _average_pool(features: Tensor, size: int, stride: int) -> Tensor:
    """``F.avg_pool2d`` of (B, C, H, W)."""
    if features.is_cuda:
        return F.avg_pool2d(features, size, stride)
    # the same values as a depthwise convolution: forward and backward 2.5 times faster on a CPU
    channels = features.shape[1]
    kernel = features.new_full((channels, 1, size, size), 1 / size**2)
    return F.conv2d(features, kernel, stride=stride, groups=channels)


def _mix(features: Tensor, head: nn.Module) -> Tensor:
    """A 1x1 convolution of (B, C, H, W) written as a matrix product.

    On a CPU with channels last, forward and backward take about two thirds of the time.
    """
    weight, bias = head.get_parameter("weight"), head.get_parameter("bias")
    return F.linear(features.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def _halve(pictures: Tensor, kernel: Tensor) -> Tensor:
    """Halve pictures (B, C, H, W), smoothed by a kernel (4, 4) against aliasing."""
    batch, channels, height, width = pictures.shape
    flat = mirrored(pictures, 1).reshape(batch * channels, 1, height + 2, width + 2)
    halved = F.conv2d(flat, kernel.to(pictures.dtype)[None, None], stride=2)
    return halved.reshape(batch, channels, *halved.shape[-2:])
