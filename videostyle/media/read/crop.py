"""Borders of the stored pictures that a container hides: Matroska's PixelCrop, QuickTime's clean aperture."""

import re
from typing import Any

import av.logging
import numpy as np

from videostyle.frames import Clip, Pixels


def crop_of(container: Any, stream: Any) -> tuple[int, int, int, int]:
    """Columns hidden on the left and on the right, rows hidden above and below, px of the stored pictures.

    PyAV gives no access to what FFmpeg knows of it but FFmpeg's own description of the file.
    """
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        streams = re.split(r"^  Stream #", container.dumps_format(), flags=re.MULTILINE)[1:]
    finally:
        av.logging.set_level(level)
    told = next((text for text in streams if re.match(rf"0:{stream.index}\b", text)), "")
    found = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", told)
    if not found:
        return 0, 0, 0, 0
    left, right, top, bottom = (int(number) for number in found.groups())
    return left, right, top, bottom


def visible(pixels: Any, clip: Clip) -> Pixels:
    """Pixels (H, W, channels) of a stored picture without the borders that are hidden."""
    left, right, top, bottom = clip.crop
    height, width = pixels.shape[:2]
    seen: Pixels = np.ascontiguousarray(pixels[top : height - bottom, left : width - right])
    return seen
