"""The transparency of a clip, which is not painted: it goes from the source to the film."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.color import scaling
from videostyle.media.read.crop import visible
from videostyle.media.read.decode import shown, upright


class Alpha:
    """Transparency of the frames of a clip, asked for in ascending order."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        """size: width and height of the film, px, upright."""
        self._clip, self._size = clip, size
        self._pictures: Iterator[tuple[int, Any]] | None = None
        self._scale: Any = VideoReformatter()

    def __call__(self, index: int) -> Pixels:
        """(H, W), 0 where nothing is seen, of the film's size; raises MediaError where it cannot be decoded."""
        clip = self._clip
        self._pictures = self._pictures or shown(clip, FrameRange(index, clip.num_frames))
        for found, picture in self._pictures:
            if found == index:
                return self._plane(picture)
        raise MediaError(f"{clip.path}: the transparency of frame {index} cannot be decoded; give the clip again")

    def _plane(self, picture: Any) -> Pixels:
        clip = self._clip
        size = self._size if clip.rotation in (0, 180) else self._size[::-1]
        format = "rgba64le" if clip.depth > 8 else "rgba"
        seen = picture
        if any(clip.crop):
            whole = self._scale.reformat(picture, format=format).to_ndarray()
            seen = av.VideoFrame.from_ndarray(visible(whole, clip), format)
        scaled = self._scale.reformat(seen, *size, format, interpolation=scaling(clip, size))
        plane: Any = scaled.to_ndarray()[..., 3]
        if clip.depth > 8 and picture.format.name.startswith("yuva"):
            top = 65536 - (1 << (16 - clip.depth))  # what swscale makes of the largest number
            plane = np.rint(np.minimum(plane, top) * (65535 / top)).astype(np.uint16)
        return upright(plane, picture, clip)


def with_alpha(pixels: Pixels, plane: Pixels) -> Pixels:
    """RGB (H, W, 3) and transparency (H, W) of perhaps another depth -> (H, W, 4)."""
    fitting: Any = plane
    if plane.dtype != pixels.dtype:
        fitting = plane >> 8 if pixels.dtype == np.uint8 else plane * np.uint16(257)
    both: Pixels = np.dstack([pixels, fitting.astype(pixels.dtype)])
    return both
