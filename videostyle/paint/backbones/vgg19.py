"""VGG-19 as torchvision publishes it: its lower convolutions, downloaded once, verified, trimmed and cached.

Torchvision's file holds 575 MB, of which 52 MB are used. They are kept as a safetensors file in torch.hub's own cache
(``$TORCH_HOME/hub/checkpoints``).
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
from videostyle.paint.backbones.backbone import Backbone, Pooling
from videostyle.paint.backbones.weights import Report, download, fingerprint, read_weights, write_safetensors

SIZE = 574_673_361
"""of torchvision's file, bytes; for messages only"""
# Simonyan & Zisserman 2015, configuration E, as far as Gatys et al. (2016) use it
PLAN = (
    "64 relu1_1 64 relu1_2 P 128 relu2_1 128 relu2_2 P 256 relu3_1 256 relu3_2 256 relu3_3 256 relu3_4 P "
    "512 relu4_1 512 relu4_2 512 relu4_3 512 relu4_4 P 512 relu5_1"
)
DEEPER = frozenset((30, 32, 34))
"""positions in ``features`` of the convolutions beyond the plan"""
STYLE, CONTENT = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), ("relu4_2",)


@dataclass(frozen=True)
class Vgg19:
    """The lower convolutions of the network's ``features`` in torchvision."""

    url: str = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"  # VGG19_Weights.IMAGENET1K_V1
    """of the weights; the digits at the end of the file's name are the start of its sha256"""

    def load(self, weights: str = "", pooling: Pooling = "auto", report: Report | None = None) -> Backbone:
        """The backbone as deep as the file reaches; without ``weights``, the cached file's. Raises WeightsError."""
        tensors = self.read(Path(weights) if weights else self.fetch(report))
        whole = PLAN.split()
        ends = [place for place, token in enumerate(whole) if token.isdigit()] + [len(whole)]
        plan = " ".join(whole[: ends[len(tensors) // 2]]).removesuffix(" P")  # a weight and a bias per convolution
        pairs = enumerate(tensors.items())
        style = tuple(layer for layer in STYLE if layer in plan.split())
        complete = set(STYLE + CONTENT) <= set(plan.split())
        return Backbone(
            "vgg19",
            plan,
            {f"convs.{index // 2}.{name.rpartition('.')[2]}": value for index, (name, value) in pairs},
            pooling="max" if pooling == "auto" else pooling,
            default_style=style,
            default_content=CONTENT if complete else style[-1:],
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
                f"{path}: {error}; give another file with --weights: {self.url} ({SIZE // 1_000_000} MB)"
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
            with tempfile.TemporaryDirectory(prefix=".vgg19-", dir=trimmed.parent) as folder:
                fresh = Path(folder) / full.name
                digest = download(self.url, fresh, report)
                self._verify(self.url, fresh.stat().st_size, digest, "retry, or give a local file with --weights")
                return self._trim(fresh, trimmed)
        except OSError as error:
            raise WeightsError(f"{full.parent}: cannot write ({error}); set TORCH_HOME to another folder") from None

    def shapes(self) -> dict[int, tuple[int, int]]:
        """Position in ``features`` of every convolution of the plan -> its output and input channels."""
        shapes: dict[int, tuple[int, int]] = {}
        position, width = 0, 3
        for token in PLAN.split():
            if token.isdigit():
                shapes[position] = int(token), width
                width = int(token)
            # torchvision's ReLU and pooling modules have positions too
            position += 2 if token.isdigit() else token == "P"
        return shapes

    def _select(self, stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The convolutions of the plan, checked; raises WeightsError with the reason alone."""
        shapes = self.shapes()
        positions = {int(match[1]) for name in stored if (match := re.match(r"features\.(\d+)\.", name))}
        if strange := sorted(positions - set(shapes) - DEEPER):
            raise WeightsError(f"weights of another network (vgg19 has no features.{strange[0]})")
        tensors: dict[str, Tensor] = {}
        for position, (out, into) in shapes.items():
            names = (f"features.{position}.weight", f"features.{position}.bias")
            if not all(name in stored for name in names):
                break
            for name, shape in zip(names, ((out, into, 3, 3), (out,)), strict=True):
                given = tuple(stored[name].shape)
                if given != shape:
                    raise WeightsError(f"weights of another network ({name} has shape {given}, expected {shape})")
                tensors[name] = stored[name].float().contiguous()
                if not bool(tensors[name].isfinite().all()):
                    raise WeightsError(f"damaged ({name} has values that are not finite)")
        if not tensors:
            some = ", ".join(sorted(stored)[:3]) or "nothing"
            raise WeightsError(f"not vgg19 with torchvision's names (it holds {some})")
        return tensors

    def _cached_files(self) -> tuple[Path, Path]:
        """Where torch.hub keeps torchvision's file, and where the trimmed one is kept."""
        full = Path(torch.hub.get_dir()) / "checkpoints" / self.url.rpartition("/")[2]
        last = PLAN.split()[-1].replace("relu", "conv")
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
                f"{size} bytes, expected {SIZE}); {advice}"
            )


VGG19 = Vgg19()
