"""Pictures as users pass them: any depth, checked."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError
from videostyle.frames import Picture, to_picture, to_pixels


def as_picture(picture: NDArray[Any], least: int = 1) -> Picture:
    """Convert a user's picture (H, W, 3) of uint8, uint16 or float in 0..1 to float32 in 0..1.

    least: smallest short side allowed, px. Raises SettingsError, naming shape and type, for anything else.
    """
    given = f"a picture of shape {picture.shape} and type {picture.dtype}"
    if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < 1:
        raise SettingsError(f"{given}: wanted (height, width, 3) RGB; convert it first")
    if min(picture.shape[:2]) < least:
        raise SettingsError(f"{given}: wanted at least {least} px on the short side; enlarge it first")
    if picture.dtype in (np.uint8, np.uint16):
        return to_picture(picture)
    if picture.dtype.kind != "f" or not (np.isfinite(picture).all() and picture.min() >= 0 and picture.max() <= 1):
        raise SettingsError(f"{given}: wanted uint8, uint16, or float with values in 0..1; convert it first")
    return np.ascontiguousarray(picture, np.float32)


def from_picture(picture: Picture, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert a float picture to uint8, uint16 or any float type: the inverse of ``as_picture``."""
    return picture.astype(dtype) if dtype.kind == "f" else to_pixels(picture, dtype)
