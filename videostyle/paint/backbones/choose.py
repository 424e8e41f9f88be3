"""Which backbone the settings ask for."""

from pathlib import Path
from typing import Literal

from videostyle.errors import WeightsError
from videostyle.paint.backbones.backbone import Backbone, Pooling
from videostyle.paint.backbones.compact import is_compact, load_compact
from videostyle.paint.backbones.published import NETWORKS, recognize
from videostyle.paint.backbones.weights import Report
from videostyle.settings import BackboneSettings

Name = Literal["vgg19", "vgg16", "alexnet", "compact"]


def load_backbone(name: Name, weights: str = "", pooling: Pooling = "auto", report: Report | None = None) -> Backbone:
    """A backbone with its weights, on the CPU, in float32.

    weights: a local file. Empty: the packaged file (compact), or torchvision's, downloaded unless cached.
    Raises WeightsError if the weights are missing, damaged or of another network.
    """
    return load_compact(weights, pooling) if name == "compact" else NETWORKS[name].load(weights, pooling, report)


def choose_backbone(settings: BackboneSettings, report: Report | None = None) -> tuple[Backbone, str]:
    """The backbone that the settings ask for, and a sentence that says why it is this one.

    ``auto`` is the network of the weight file if there is one (see ``recognize``), else vgg19 if its weights are
    cached, else compact; it never downloads. Raises WeightsError if a network or file asked for by name cannot be used.
    """
    name, weights, pooling = settings.name, settings.weights, settings.pooling
    if name != "auto":
        return load_backbone(name, weights, pooling, report), f"{name}, as requested."
    if weights:
        load = load_compact if is_compact(Path(weights)) else recognize(Path(weights)).load
        network = load(weights, pooling)
        return network, f"{network.name}: its weights were given."
    why = "compact: the vgg19 weights are not cached (--backbone vgg19 downloads them)."
    if NETWORKS["vgg19"].is_cached():
        try:
            return load_backbone("vgg19", "", pooling, report), "vgg19: its weights are cached."
        except WeightsError as error:
            why = f"compact: the cached vgg19 weights cannot be used ({error})."
    return load_backbone("compact", "", pooling), why
