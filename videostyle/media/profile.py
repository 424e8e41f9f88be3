"""ICC profiles of pictures, and artworks in the colors of a profile."""

import io
from typing import cast

import numpy as np
from PIL import Image, ImageCms

from videostyle.frames import Pixels, to_bytes

ROUNDING = 1
"""levels of 255 by which colors differ between two profiles that mean the same"""
BROKEN = (ImageCms.PyCMSError, OSError, ValueError)
"""what Pillow raises for a profile that is damaged or not of RGB"""


def kept_profile(profile: bytes) -> bytes:
    """The ICC profile of an RGB picture, if its colors are not sRGB's; empty if they are, or if it cannot be used."""
    steps = np.linspace(0, 255, 6, dtype=np.uint8)
    colors = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    try:
        apart = np.abs(in_profile(profile, colors).astype(int) - colors).max()
    except BROKEN:
        return b""
    return profile if apart > ROUNDING else b""


def in_profile(profile: bytes, pixels: Pixels) -> Pixels:
    """Convert an sRGB artwork (H, W, 3) to the colors of an ICC profile: uint8."""
    target = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    picture = Image.fromarray(to_bytes(pixels))
    converted = ImageCms.profileToProfile(picture, ImageCms.createProfile("sRGB"), target, outputMode="RGB")
    return cast(Pixels, np.array(converted))
