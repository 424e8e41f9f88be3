"""Borders of frames: those that a container hides (Matroska's PixelCrop, QuickTime's clean aperture), and bars."""

import re
from dataclasses import replace
from typing import cast

import av
import numpy as np
from av.container import InputContainer

from videostyle.frames import Bars, Clip, Pixels
from videostyle.media.read.extras import described

Crop = tuple[int, int, int, int]
"""hidden columns on the left and right, hidden rows at the top and bottom, px of the stored frames"""


def crop_of(container: InputContainer, stream: int) -> Crop:
    """The borders that a container hides of a stream's frames."""
    crop = re.search(r"Frame Cropping: (\d+)/(\d+)/(\d+)/(\d+)", described(container, stream))
    left, right, top, bottom = map(int, crop.groups()) if crop else (0, 0, 0, 0)
    return left, right, top, bottom


def without_bars(clip: Clip, bars: Bars) -> Clip:
    """The clip as if its frames had been cropped: only what is inside the bars is decoded."""
    left, right, top, bottom = bars
    return replace(clip, width=clip.width - left - right, height=clip.height - top - bottom, bars=bars)


def inside(pixels: Pixels, bars: Bars) -> Pixels:
    """An upright frame (H, W, 3) without its bars."""
    left, right, top, bottom = bars
    return pixels[top : pixels.shape[0] - bottom, left : pixels.shape[1] - right]


def visible(frame: av.VideoFrame, clip: Clip) -> av.VideoFrame:
    """A frame without its hidden borders; it must be RGB or RGBA, because they may split a subsampled chroma pixel."""
    left, right, top, bottom = clip.crop
    pixels = frame.to_ndarray()[top : frame.height - bottom, left : frame.width - right]
    return av.VideoFrame.from_ndarray(cast(Pixels, np.ascontiguousarray(pixels)), frame.format.name)
