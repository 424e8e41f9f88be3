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
        return Backbone(
            "compact",
            metadata["plan"],
            tensors,
            pooling="max" if pooling == "max" else "average",
            scales=tuple(int(scale) for scale in metadata["scales"].split()),
            default_style=metadata["style"].split(),
            default_style_weights=[float(weight) for weight in metadata["style_weights"].split()],
            default_content=metadata["content"].split(),
        )
    except (WeightsError, KeyError, ValueError) as error:
        reason = f"its metadata has no {error}" if isinstance(error, KeyError) else error
        raise WeightsError(
            f"{path}: not a file of the compact network ({reason}); "
            "give one made by scripts/train_compact.py, or leave out --weights"
        ) from None


def is_compact(path: Path) -> bool:
    """Whether a file holds a compact network."""
    try:
        return "plan" in read_safetensors(path)[1]
    except WeightsError:
        return False
