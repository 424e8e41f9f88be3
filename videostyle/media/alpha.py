"""The transparency of a clip, which is not painted: it goes from the source to the film."""

import itertools
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.decode import scaling, upright
from videostyle.media.probe import open_file
from videostyle.media.sequence import has_file, pictures
from videostyle.media.table import to_the_end

DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""decoders that show transparency where FFmpeg's own do not"""


class Alpha:
    """Transparency of the frames of a clip, asked for in ascending order."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        """size: width and height of the film, px, upright."""
        self._clip, self._size = clip, size
        self._pictures = _pictures(clip)
        self._scale: Any = VideoReformatter()

    def __call__(self, index: int) -> Pixels:
        """(H, W), 0 where nothing is seen, of the film's size; raises MediaError where it cannot be decoded."""
        for found, picture in self._pictures:
            if found == index:
                return self._plane(picture)
        raise MediaError(f"{self._clip.path}: the transparency of frame {index} cannot be decoded; give the clip again")

    def _plane(self, picture: Any) -> Pixels:
        clip = self._clip
        size = self._size if clip.rotation in (0, 180) else self._size[::-1]
        format = "rgba64le" if clip.depth > 8 else "rgba"
        plane: Any = self._scale.reformat(picture, *size, format, interpolation=scaling(clip, size)).to_ndarray()[
            ..., 3
        ]
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


def _pictures(clip: Clip) -> Iterator[tuple[int, Any]]:
    """(number, decoded picture) of a clip's frames, from the beginning on."""
    if not has_file(clip):
        yield from pictures(clip, clip.frames)
        return
    with open_file(clip.path) as container:
        stream = container.streams[clip.stream]
        name = DECODERS.get(clip.codec)
        decoder: Any = av.CodecContext.create(name, "r") if name else stream.codec_context
        places = {pts: index for index, pts in enumerate(clip.pts)}
        count = 0
        # None at the end: for the frames that the decoder still holds
        for packet in itertools.chain(to_the_end(container.demux(stream)), [None]):
            found = []
            with suppress(av.FFmpegError):  # a damaged packet costs its own frame, and keeps its place
                found = decoder.decode(packet)
            for place, picture in enumerate(found, start=count):
                yield places.get(picture.pts, -1) if clip.stamped else place, picture
            count += max(1, len(found)) if packet is not None else 0
