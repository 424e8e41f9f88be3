"""The compact network that ships inside the package (see compact.md)."""

from pathlib import Path

from videostyle.errors import WeightsError
from videostyle.paint.backbones.backbone import Backbone, Pooling
from videostyle.paint.backbones.weights import read_safetensors

COMPACT_FILE = Path(__file__).with_name("compact.safetensors")


def load_compact(weights: str = "", pooling: Pooling = "auto") -> Backbone:
    """The network in a file that train_compact.py wrote, by default the packaged one; raises WeightsError."""
    path = Path(weights) if weights else COMPACT_FILE
    try:
        tensors, metadata = read_safetensors(path)
        for key in ("plan", "scales", "style", "style_weights", "content"):
            if key not in metadata:
                raise WeightsError(f"its metadata has no {key!r}")
        for name, tensor in tensors.items():
            if not bool(tensor.isfinite().all()):
                raise WeightsError(f"damaged: {name} has values that are not finite")
        return Backbone(
            "compact",
            metadata["plan"],
            tensors,
            pooling="max" if pooling == "max" else "average",
            scales=_scales(metadata["scales"]),
            default_style=metadata["style"].split(),
            default_style_weights=[float(weight) for weight in metadata["style_weights"].split()],
            default_content=metadata["content"].split(),
        )
    # torch raises many types for plans that describe no network
    except (WeightsError, KeyError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        raise WeightsError(
            f"{path}: not a file of the compact network ({error}); "
            "give one made by scripts/train_compact.py, or leave out --weights"
        ) from None


def _scales(text: str) -> tuple[int, ...]:
    """Read ``1 2 4``; raises ValueError unless they are ascending powers of 2."""
    scales = tuple(int(scale) for scale in text.split())
    if not scales or sorted(set(scales)) != list(scales) or any(s < 1 or s & (s - 1) for s in scales):
        raise ValueError(f"scales {text!r}: expected ascending powers of 2")
    return scales


def is_compact(path: Path) -> bool:
    """Whether a file holds a compact network."""
    try:
        return "plan" in read_safetensors(path)[1]
    except WeightsError:
        return False
