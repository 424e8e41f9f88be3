"""Networks as torchvision publishes them: their lower convolutions, downloaded once, verified, trimmed and cached.

Torchvision's files hold up to 575 MB, of which at most 52 MB are used. They are kept as a safetensors file in
torch.hub's own cache (``$TORCH_HOME/hub/checkpoints``).
"""

import hashlib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from videostyle.errors import WeightsError
from videostyle.paint.backbones.backbone import Backbone, Pooling, step_of
from videostyle.paint.backbones.weights import Report, download, fingerprint, read_weights, write_safetensors


@dataclass(frozen=True)
class Published:
    """The lower convolutions of a network's ``features`` in torchvision."""

    name: str
    url: str
    """of the weights; the digits at the end of the file's name are the start of its sha256"""
    size: int
    """of torchvision's file, bytes; for messages only"""
    plan: str
    """each convolution is followed by its layer's name"""
    deeper: frozenset[int]
    """positions in ``features`` of the convolutions beyond the plan"""
    content: str
    style: tuple[str, ...] = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")

    def load(self, weights: str = "", pooling: Pooling = "auto", report: Report | None = None) -> Backbone:
        """The backbone as deep as the file reaches; without ``weights``, the cached file's. Raises WeightsError."""
        tensors = self.read(Path(weights) if weights else self.fetch(report))
        whole = self.plan.split()
        layers = [token for token in whole if not step_of(token)][: len(tensors) // 2]  # a weight and a bias for each
        pairs = enumerate(tensors.items())
        style = tuple(layer for layer in self.style if layer in layers)
        complete = {*self.style, self.content} <= set(layers)
        return Backbone(
            self.name,
            " ".join(whole[: whole.index(layers[-1]) + 1]),
            {f"convs.{index // 2}.{name.rpartition('.')[2]}": value for index, (name, value) in pairs},
            pooling="max" if pooling == "auto" else pooling,
            default_style=style,
            default_content=(self.content,) if complete else style[-1:],
        )

    def read(self, path: Path) -> dict[str, Tensor]:
        """The plan's convolutions in a file (float32, torchvision's names), from the first to the last it holds.

        Raises WeightsError if the file is missing, damaged, of another network, or not what we cached.
        """
        try:
            stored, metadata = read_weights(path)
            tensors = self._select(stored)
        except WeightsError as error:
            raise WeightsError(
                f"{path}: {error}; give another file with --weights: {self.url} ({self.size // 1_000_000} MB)"
            ) from None
        if metadata.get("fingerprint", "") not in ("", fingerprint(tensors)):
            raise WeightsError(f"{path}: damaged (its values are not those that were stored); delete it and run again")
        return tensors

    def is_cached(self) -> bool:
        """Whether the weights can be used without a download."""
        return any(file.is_file() for file in self._cached_files())

    def fetch(self, report: Report | None = None) -> Path:
        """The cached file with the plan's convolutions, made from torchvision's, which is downloaded if missing.

        Raises WeightsError. Leaves no half-written file behind.
        """
        full, trimmed = self._cached_files()
        if trimmed.is_file():
            return trimmed
        if full.is_file():
            with full.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            self._verify(str(full), full.stat().st_size, digest, "delete it and run again")
            try:
                return self._trim(full, trimmed)
            except OSError:
                return full  # the folder is read-only or full: use the file as it is
        try:
            trimmed.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=f".{self.name}-", dir=trimmed.parent) as folder:
                fresh = Path(folder) / full.name
                digest = download(self.url, fresh, report)
                self._verify(self.url, fresh.stat().st_size, digest, "retry, or give a local file with --weights")
                return self._trim(fresh, trimmed)
        except OSError as error:
            raise WeightsError(f"{full.parent}: cannot write ({error}); set TORCH_HOME to another folder") from None

    def shapes(self) -> dict[int, tuple[int, int, int, int]]:
        """Position in ``features`` of every convolution of the plan -> the shape of its weight."""
        shapes: dict[int, tuple[int, int, int, int]] = {}
        position, width = 0, 3
        for step in filter(None, map(step_of, self.plan.split())):
            if step.width:
                shapes[position] = step.width, width, step.size, step.size
                width = step.width
            # torchvision's ReLU and pooling modules have positions too
            position += 2 if step.width else 1
        return shapes

    def strange(self, stored: Mapping[str, Tensor]) -> list[int]:
        """Positions in a file's ``features`` that are not convolutions of this network."""
        positions = {int(match[1]) for name in stored if (match := re.match(r"features\.(\d+)\.", name))}
        return sorted(positions - set(self.shapes()) - self.deeper)

    def _select(self, stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The convolutions of the plan, checked; raises WeightsError with the reason alone."""
        if strange := self.strange(stored):
            raise WeightsError(f"weights of another network ({self.name} has no features.{strange[0]})")
        tensors: dict[str, Tensor] = {}
        for position, weight in self.shapes().items():
            names = (f"features.{position}.weight", f"features.{position}.bias")
            if not all(name in stored for name in names):
                break
            for name, shape in zip(names, (weight, weight[:1]), strict=True):
                given = tuple(stored[name].shape)
                if given != shape:
                    raise WeightsError(f"weights of another network ({name} has shape {given}, expected {shape})")
                if not _is_plain(stored[name]):
                    raise WeightsError(f"{name} is not a plain tensor of floats ({stored[name].dtype})")
                tensors[name] = stored[name].float().contiguous()
                if not bool(tensors[name].isfinite().all()):
                    raise WeightsError(f"damaged ({name} has values that are not finite)")
        if not tensors:
            some = ", ".join(sorted(stored)[:3]) or "nothing"
            raise WeightsError(f"not {self.name} with torchvision's names (it holds {some})")
        return tensors

    def _cached_files(self) -> tuple[Path, Path]:
        """Where torch.hub keeps torchvision's file, and where the trimmed one is kept."""
        full = Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]
        last = self.plan.split()[-1].replace("relu", "conv")
        return full, full.with_name(f"{full.stem}-to-{last}.safetensors")

    def _trim(self, full: Path, trimmed: Path) -> Path:
        """Write the trimmed file; raises OSError."""
        tensors = self.read(full)
        write_safetensors(trimmed, tensors, {"fingerprint": fingerprint(tensors), "source": self.url})
        return trimmed

    def _verify(self, name: str, size: int, digest: str, advice: str) -> None:
        """Raise WeightsError if the sha256 does not start with the digits in the URL."""
        promised = re.search(r"-([0-9a-f]{8,})\.", self.url.rpartition("/")[2])
        if promised and not digest.startswith(promised[1]):
            raise WeightsError(
                f"{name}: not the expected file (sha256 {digest[:12]}, expected {promised[1]}...; "
                f"{size} bytes, expected {self.size}); {advice}"
            )


def _is_plain(tensor: Tensor) -> bool:
    """Whether a tensor holds ordinary floats: not integers, and not sparse, quantized, or without values."""
    return tensor.is_floating_point() and tensor.layout == torch.strided and not tensor.is_meta


VGG19 = Published(  # VGG19_Weights.IMAGENET1K_V1
    "vgg19",
    "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    574_673_361,
    # Simonyan & Zisserman 2015, configuration E, as far as Gatys et al. (2016) use it
    "64 relu1_1 64 relu1_2 P 128 relu2_1 128 relu2_2 P 256 relu3_1 256 relu3_2 256 relu3_3 256 relu3_4 P "
    "512 relu4_1 512 relu4_2 512 relu4_3 512 relu4_4 P 512 relu5_1",
    frozenset((30, 32, 34)),
    "relu4_2",
)
VGG16 = Published(  # VGG16_Weights.IMAGENET1K_V1
    "vgg16",
    "https://download.pytorch.org/models/vgg16-397923af.pth",
    553_433_881,
    # Simonyan & Zisserman 2015, configuration D
    "64 relu1_1 64 relu1_2 P 128 relu2_1 128 relu2_2 P 256 relu3_1 256 relu3_2 256 relu3_3 P "
    "512 relu4_1 512 relu4_2 512 relu4_3 P 512 relu5_1",
    frozenset((26, 28)),
    "relu4_2",
)
ALEXNET = Published(  # AlexNet_Weights.IMAGENET1K_V1
    "alexnet",
    "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth",
    244_408_911,
    # Krizhevsky 2014
    "64k11s4p2 relu1_1 P3 192k5 relu2_1 P3 384 relu3_1 256 relu4_1 256 relu5_1",
    frozenset(),
    "relu4_1",  # the fourth of five stages, like VGG's relu4_2; relu3_1 and relu5_1 give nearly the same pictures
)
NETWORKS = {network.name: network for network in (VGG19, VGG16, ALEXNET)}


def recognize(path: Path) -> Published:
    """The network whose convolutions a file holds.

    vgg19 and vgg16 share the shapes and positions of their first seven convolutions: a file without more is taken for
    vgg19. So is a file that cannot be read or fits none of the networks; ``read`` says what is wrong with it.
    """
    try:
        stored = read_weights(path)[0]
    except WeightsError:
        return VGG19
    first = getattr(stored.get("features.0.weight"), "shape", None)
    fitting = (net for net in NETWORKS.values() if first == net.shapes()[0] and not net.strange(stored))
    return next(fitting, VGG19)
