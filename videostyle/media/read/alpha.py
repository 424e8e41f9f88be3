"""A clip's transparency, which is copied to the film instead of being painted."""

from collections.abc import Iterator
from typing import cast

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.color import scaling
from videostyle.media.exr import values_of
from videostyle.media.read.crop import visible
from videostyle.media.read.decode import stored_frames, upright
from videostyle.media.stills import rgb_frame


class Alpha:
    """The transparency of a clip's frames, read in ascending order."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        """size: width and height of the film, px, upright."""
        self._clip, self._size = clip, size
        self._frames: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._scale = VideoReformatter()

    def __call__(self, index: int) -> Pixels:
        """The alpha channel (H, W) of a frame at the film's size; 0 is transparent.

        Raises MediaError if the frame cannot be decoded.
        """
        clip = self._clip
        self._frames = self._frames or stored_frames(clip, FrameRange(index, clip.num_frames))
        for number, frame in self._frames:
            if number == index:
                return self._plane(frame)
        raise MediaError(f"{clip.path}: the transparency of frame {index} cannot be decoded; restore the file")

    def _plane(self, frame: av.VideoFrame) -> Pixels:
        clip = self._clip
        size = self._size if clip.rotation in (0, 180) else self._size[::-1]
        format = "rgba64le" if clip.depth > 8 else "rgba"
        cropped = rgb_frame(values_of(frame)) if clip.color.linear else frame
        if any(clip.crop):
            cropped = visible(self._scale.reformat(cropped, format=format), clip)
        scaled = self._scale.reformat(cropped, *size, format, interpolation=scaling(clip, size))
        plane = cast(Pixels, scaled.to_ndarray()[..., 3])
        if clip.depth > 8 and frame.format.name.startswith("yuva"):
            top = 65536 - (1 << (16 - clip.depth))  # the 16-bit value that swscale outputs for the largest one
            plane = np.asarray(np.rint(np.minimum(plane, top) * (65535 / top)), np.uint16)
        return upright(plane, frame, clip)


def with_alpha(pixels: Pixels, plane: Pixels) -> Pixels:
    """RGB (H, W, 3) and transparency (H, W), which may differ in depth -> RGBA (H, W, 4)."""
    alpha = plane.astype(np.uint16)
    if plane.dtype != pixels.dtype:
        alpha = alpha // 256 if pixels.dtype == np.uint8 else alpha * np.uint16(257)
    return cast(Pixels, np.dstack([pixels, alpha.astype(pixels.dtype)]))
