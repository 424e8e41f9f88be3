"""The interface of a term, one loss of the objective."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar

from torch import Tensor

from videostyle.errors import SettingsError
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.mirror import mirrored

MARGIN = 4
"""px of mirrored picture added on every side for the network. Without it fewer convolutions see border pixels, which
would stay unpainted, and a pan would carry them inward as stripes"""
EPSILON = 1e-12
"""keeps 0 / 0 finite if a target is empty, such as that of a black frame"""


class Term(ABC):
    """One loss of the objective, which owns its targets and returns one number per picture.

    No number may cross from one picture to another: a frame must not depend on the other frames of its batch.
    """

    name: ClassVar[str]
    """its key among a frame's losses"""
    comparable: ClassVar[bool] = False
    """whether its values for neighboring frames are similar, so that a jump means a bad frame"""
    weight: float
    layers: tuple[str, ...] = ()
    """layers of the backbone that it needs; empty: pixels only"""

    @abstractmethod
    def __call__(self, pictures: Tensor, features: Mapping[str, Tensor]) -> Tensor:
        """Unweighted loss of pictures (B, 3, H, W): (B,).

        features: layer -> features, as ``observe`` returns them.
        """

    def keep(self, rows: Tensor) -> None:  # noqa: B027 - most terms have one target for all pictures
        """Continue with these pictures (indices) only, and drop the targets of all others."""

    def stiffness(self) -> Tensor | None:
        """Curvature that the weighted term adds at each pixel, (B, 1, H, W), relative to all other terms.

        None: negligible. The optimizer takes smaller steps where it is high.
        """
        return None


def observe(backbone: Backbone, pictures: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
    """Features of pictures (B, 3, H, W), with a mirrored margin: layer -> (B, C, h, w)."""
    features: dict[str, Tensor] = backbone(mirrored(pictures, min(MARGIN, min(pictures.shape[2:]) - 1)), layers)
    return features


def shares(weights: Sequence[float], count: int, name: str, owners: str) -> tuple[float, ...]:
    """Weights divided by their sum, one per item; equal if there are none.

    name: the setting; owners: what the weights belong to, for the message. Raises SettingsError if there are too many
    or too few, or if they add up to 0.
    """
    weights = weights or (1.0,) * count
    if len(weights) != count or sum(weights) <= 0:
        raise SettingsError(
            f"{name} = {list(weights)}: wanted {count} weights with a sum > 0, one for each of the {owners}"
        )
    return tuple(weight / sum(weights) for weight in weights)
