"""Picture -> named feature maps: VGG-19, and the compact network that ships inside the package.

Both are the same kind of thing, a trunk of 3x3 convolutions written down as a plan such as

    64 relu1_1 64 relu1_2 P 128 relu2_1

where a number is a convolution of that width with its ReLU, ``P`` halves the size, and a name is a layer that can be
asked for at this place. A layer may have a linear head (1x1 convolution), and the trunk may be run on several scales of
the picture; ``s2/relu3_1`` then is relu3_1 of the picture at half its size.
"""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from videostyle.errors import SettingsError, WeightsError
from videostyle.paint.backbones import weights as files
from videostyle.paint.mirror import mirrored
from videostyle.settings import BackboneSettings

Report = Callable[[str, int, int], None]
"""what is going on, bytes done, bytes in total (0: not known)"""

COMPACT_FILE = Path(__file__).with_name("compact.safetensors")

VGG19_PLAN = (
    "64 relu1_1 64 relu1_2 P 128 relu2_1 128 relu2_2 P 256 relu3_1 256 relu3_2 256 relu3_3 256 relu3_4 P "
    "512 relu4_1 512 relu4_2 512 relu4_3 512 relu4_4 P 512 relu5_1"
)
"""Simonyan & Zisserman 2015, configuration E, as far as Gatys et al. (2016) use it"""

GATYS_STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
GATYS_CONTENT = ("relu4_2",)


class Backbone(nn.Module):
    """A frozen network that turns pictures into named feature maps.

    Differs from Gatys et al. (2016): borders are padded by reflection, not with zeros, which show as a frame.
    """

    _mean: Tensor
    _deviation: Tensor
    _binomial: Tensor
    """(1 3 3 1) / 8 both ways: halves a picture"""
    layers: tuple[str, ...]
    """names of all layers, shallow to deep (scale by scale where there are several)"""
    default_style: tuple[str, ...]
    default_style_weights: tuple[float, ...]
    """one for each; empty: equal"""
    default_content: tuple[str, ...]
    smallest: int
    """least side of a picture, px"""
    widest: int
    """most values of a layer per pixel of the picture"""
    fingerprint: str
    """sha256 (hex) of weights, plan, scales, pooling and the layers that are used by default"""

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
        """tensors: ``convs.N.weight|bias`` for the N-th convolution, ``heads.LAYER.weight|bias`` for heads.

        Raises WeightsError where the tensors do not fit the plan.
        """
        super().__init__()
        self.name, self.pooling, self.plan, self._scales = name, pooling, plan.split(), scales
        with torch.device("meta"):
            self.convs, self.heads = _build(self.plan, tensors)
        # integers, because .to(bfloat16) would round fractions: ImageNet's mean and deviation in thousandths
        self.register_buffer("_mean", torch.tensor([485, 456, 406])[:, None, None], persistent=False)
        self.register_buffer("_deviation", torch.tensor([229, 224, 225])[:, None, None], persistent=False)
        row = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
        self.register_buffer("_binomial", row[:, None] * row, persistent=False)  # exact in bfloat16 too
        try:
            self.load_state_dict(dict(tensors), assign=True)
        except RuntimeError as error:
            raise WeightsError(f"the weights do not fit the {name} network: {' '.join(str(error).split())}") from None
        self.requires_grad_(False).eval()
        self._strides = _strides(self.plan, scales)
        self.layers = tuple(self._strides)
        self.default_style = tuple(default_style) or self.layers
        self.default_style_weights = tuple(default_style_weights)
        self.default_content = tuple(default_content) or self.layers[-1:]
        # reflection by one pixel needs two
        self.smallest = 2 * max(self._strides.values())
        self.widest = _widest(self.plan)
        chosen = f"{self.default_style}|{self.default_style_weights}|{self.default_content}"
        self.fingerprint = files.fingerprint(tensors, f"{plan}|{scales}|{pooling}|{chosen}")

    def check(self, layers: Collection[str]) -> None:
        """Raise SettingsError, listing those there are, where a layer is unknown to this network."""
        for layer in layers:
            if layer not in self._strides:
                raise SettingsError(
                    f"layer {layer}: {self.name}, as loaded here, has no such layer; choose style.layers and "
                    f"content.layers of {', '.join(self.layers)}, or give another file with --weights"
                )

    def forward(self, pictures: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Features of pictures (B, 3, H, W) in 0..1 at the layers asked for, in their order from shallow to deep.

        Returns (B, C, H / stride, W / stride) each, in the dtype of the weights. Computes no deeper than needed.
        Raises SettingsError for an unknown layer or a picture below ``smallest``.
        """
        self.check(layers)
        if min(pictures.shape[-2:]) < self.smallest:
            height, width = pictures.shape[-2:]
            raise SettingsError(f"a picture of {width}x{height}: {self.name} needs {self.smallest} px at least")
        current = (pictures - self._mean / 1000) / (self._deviation / 1000)
        features: dict[str, Tensor] = {}
        for index, scale in enumerate(self._scales):
            for _ in range(0 if index == 0 else (scale // self._scales[index - 1]).bit_length() - 1):
                current = _halve(current, self._binomial)
            prefix = _prefix(scale)
            wanted = {layer[len(prefix) :] for layer in layers if _scale_of(layer) == scale}
            found = self._trunk(current.to(next(self.parameters()).dtype), wanted)
            features |= {prefix + layer: value for layer, value in found.items()}
        return features

    def _trunk(self, current: Tensor, wanted: set[str]) -> dict[str, Tensor]:
        """Walk the plan until every wanted layer is found."""
        found: dict[str, Tensor] = {}
        convs = iter(self.convs)
        for token in self.plan:
            if len(found) == len(wanted):
                break
            if token.isdigit():
                current = next(convs)(mirrored(current, 1)).relu_()
            elif token == "P":
                current = _average_pool(current) if self.pooling == "average" else F.max_pool2d(current, 2)
            elif token in wanted:
                found[token] = _mix(current, self.heads[token]) if token in self.heads else current
        return found


def load_backbone(
    name: Literal["vgg19", "compact"],
    weights: str = "",
    pooling: Literal["auto", "average", "max"] = "auto",
    report: Report | None = None,
) -> Backbone:
    """A backbone with its weights, on the CPU, in float32.

    weights: a local file; empty: the packaged file (compact), or torchvision's, cached or else downloaded (vgg19).
    Raises WeightsError where the weights are missing, corrupt or of another network.
    """
    return _compact(weights, pooling) if name == "compact" else _vgg19(weights, pooling, report)


def choose_backbone(settings: BackboneSettings, report: Report | None = None) -> tuple[Backbone, str]:
    """The backbone that the settings ask for, and one sentence of why it is this one.

    Asked for by name it is that one or a WeightsError. ``auto`` is the network of the weights file where one is given,
    else vgg19 where its weights are cached or quickly fetched, else compact.
    """
    name, weights, pooling = settings.name, settings.weights, settings.pooling
    if name != "auto":
        return load_backbone(name, weights, pooling, report), f"{name}, as asked for."
    if weights:
        found: Literal["vgg19", "compact"] = "compact" if files.is_compact(Path(weights)) else "vgg19"
        return load_backbone(found, weights, pooling, report), f"{found}: its weights were given."
    if files.vgg19_is_cached():
        try:
            return load_backbone("vgg19", "", pooling, report), "vgg19: its weights are cached."
        except WeightsError as error:
            return load_backbone("compact", "", pooling), f"compact, because vgg19 cannot be used: {error}."
    try:
        files.fetch_vgg19(report, patient=False)
    except WeightsError:
        why = "compact, because vgg19's weights are not cached and cannot be fetched (--backbone vgg19 says why)."
        return load_backbone("compact", "", pooling), why
    return load_backbone("vgg19", "", pooling, report), "vgg19: its weights were downloaded."


def _vgg19(weights: str, pooling: Literal["auto", "average", "max"], report: Report | None) -> Backbone:
    path = Path(weights) if weights else files.fetch_vgg19(report)
    plan, tensors = _vgg19_part(files.read_vgg19(path), path)
    lower = tuple(layer for layer in GATYS_STYLE if layer in plan.split())
    whole = set(GATYS_STYLE + GATYS_CONTENT) <= set(plan.split())
    return Backbone(
        "vgg19",
        plan,
        tensors,
        pooling="max" if pooling == "auto" else pooling,
        default_style=lower,
        default_content=GATYS_CONTENT if whole else lower[-1:],
    )


def _vgg19_part(found: Mapping[str, Tensor], path: Path) -> tuple[str, dict[str, Tensor]]:
    """The plan as far as the file reaches, and its tensors under our names."""
    plan: list[str] = []
    tensors: dict[str, Tensor] = {}
    place, index = 0, 0
    for token in VGG19_PLAN.split():
        if token.isdigit():
            if f"features.{place}.weight" not in found:
                break
            for kind in ("weight", "bias"):
                tensors[f"convs.{index}.{kind}"] = found[f"features.{place}.{kind}"]
            index += 1
        # torchvision counts ReLU and pooling as places too
        place += 2 if token.isdigit() else token == "P"
        plan.append(token)
    while plan and plan[-1] == "P":
        plan.pop()
    if not plan:
        raise WeightsError(f"{path}: no weights of VGG-19 in it; wanted torchvision's names such as features.0.weight")
    return " ".join(plan), tensors


def _compact(weights: str, pooling: Literal["auto", "average", "max"]) -> Backbone:
    path = Path(weights) if weights else COMPACT_FILE
    tensors, about = files.read_compact(path)
    try:
        return Backbone(
            "compact",
            about["plan"],
            tensors,
            pooling="max" if pooling == "max" else "average",
            scales=tuple(int(scale) for scale in about["scales"].split()),
            default_style=about["style"].split(),
            default_style_weights=[float(weight) for weight in about["style_weights"].split()],
            default_content=about["content"].split(),
        )
    except (WeightsError, KeyError, ValueError) as error:
        raise WeightsError(f"{path}: not a file of the compact network ({error}); make it with train_compact") from None


def _build(plan: list[str], tensors: Mapping[str, Tensor]) -> tuple[nn.ModuleList, nn.ModuleDict]:
    """The convolutions of a plan and the heads that the tensors hold."""
    convs, heads, width = nn.ModuleList(), nn.ModuleDict(), 3
    for token in plan:
        if token.isdigit():
            convs.append(nn.Conv2d(width, int(token), 3))
            width = int(token)
        elif f"heads.{token}.weight" in tensors:
            heads[token] = nn.Conv2d(width, len(tensors[f"heads.{token}.weight"]), 1)
    return convs, heads


def _strides(plan: list[str], scales: tuple[int, ...]) -> dict[str, int]:
    """Layer name -> stride, for all scales."""
    strides: dict[str, int] = {}
    for scale in scales:
        stride = scale
        for token in plan:
            if token == "P":
                stride *= 2
            elif not token.isdigit():
                strides[_prefix(scale) + token] = stride
    return strides


def _widest(plan: list[str]) -> int:
    """Channels over squared stride, at most."""
    shares, stride = [1], 1
    for token in plan:
        stride *= 2 if token == "P" else 1
        shares += [-(-int(token) // stride**2)] if token.isdigit() else []
    return max(shares)


def _prefix(scale: int) -> str:
    return "" if scale == 1 else f"s{scale}/"


def _scale_of(layer: str) -> int:
    return int(layer[1 : layer.index("/")]) if "/" in layer else 1


def _average_pool(features: Tensor) -> Tensor:
    """Means of 2x2 pixels of (B, C, H, W)."""
    if features.is_cuda:
        return F.avg_pool2d(features, 2)
    # the same numbers as a convolution channel by channel: 2.5 times faster there and back on a CPU
    channels = features.shape[1]
    return F.conv2d(features, features.new_full((channels, 1, 2, 2), 0.25), stride=2, groups=channels)


def _mix(features: Tensor, head: nn.Module) -> Tensor:
    """A 1x1 convolution of (B, C, H, W) as the matrix product that it is, which is faster on a CPU.

    With channels last, as convolutions leave them: about two thirds of the time there and back.
    """
    weight, bias = head.get_parameter("weight"), head.get_parameter("bias")
    return F.linear(features.permute(0, 2, 3, 1), weight.flatten(1), bias).permute(0, 3, 1, 2)


def _halve(pictures: Tensor, kernel: Tensor) -> Tensor:
    """(B, C, H, W) at half its size, smoothed by a kernel (4, 4) so that nothing aliases."""
    batch, channels, height, width = pictures.shape
    flat = mirrored(pictures, 1).reshape(batch * channels, 1, height + 2, width + 2)
    halved = F.conv2d(flat, kernel.to(pictures.dtype)[None, None], stride=2)
    return halved.reshape(batch, channels, *halved.shape[-2:])
