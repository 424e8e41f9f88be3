"""Borders of stored frames that a container hides: Matroska's PixelCrop, QuickTime's clean aperture."""

import re
from typing import cast

import av
import numpy as np
from av.container import InputContainer

from videostyle.frames import Clip, Pixels
from videostyle.media.read.extras import described

Crop = tuple[int, int, int, int]
"""hidden columns on the left and right, hidden rows at the top and bottom, px of the stored frames"""


def crop_of(container: InputContainer, stream: int) -> Crop:
    """The borders that a container hides of a stream's frames."""
    crop = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", described(container, stream))
    left, right, top, bottom = map(int, crop.groups()) if crop else (0, 0, 0, 0)
    return left, right, top, bottom


def visible(frame: av.VideoFrame, clip: Clip) -> av.VideoFrame:
    """A frame without its hidden borders; it must be RGB or RGBA, because they may split a subsampled chroma pixel."""
    left, right, top, bottom = clip.crop
    pixels = frame.to_ndarray()[top : frame.height - bottom, left : frame.width - right]
    return av.VideoFrame.from_ndarray(cast(Pixels, np.ascontiguousarray(pixels)), frame.format.name)
