"""Clip -> frames: upright RGB, exact in number whatever the file's key frames are."""

from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from videostyle.frames import Clip, Frame, FrameRange, Pixels
from videostyle.media.probe import open_file

NEAR = 64
"""frames; a range that starts this early is reached by decoding from the beginning"""
TRIES = 4
"""key frames tried before a range is reached by decoding from the beginning"""

SWS_BICUBIC, SWS_AREA, SWS_FULL_CHROMA, SWS_ACCURATE = 0x4, 0x20, 0x2000 | 0x4000, 0x40000
MATRICES = {1: "itu709", 4: "fcc", 5: "itu601", 6: "itu601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""H.273 matrix -> swscale's name"""
HD = 720
"""lines from which an untagged clip is taken for BT.709, as players do; below it is BT.601"""


def matrix_name(clip: Clip) -> str:
    """Swscale's name of the matrix between the clip's YUV and RGB."""
    untagged = "itu709" if min(clip.width, clip.height) >= HD else "itu601"
    return MATRICES.get(clip.color.matrix, untagged)


def decode(clip: Clip, frames: FrameRange | None = None, size: tuple[int, int] | None = None) -> Iterator[Frame]:
    """Frames of a clip in order, all or a range; those that cannot be decoded are left out.

    size: width and height, px, to which they are scaled (upright); None: the clip's own. A frame's pixels do not depend
    on where decoding began.
    """
    frames = frames or clip.frames
    places = {pts: index for index, pts in enumerate(clip.pts)}
    to_rgb = _Converter(clip, size or (clip.width, clip.height))
    with open_file(clip.path) as container:
        stream = container.streams[clip.stream]
        packets = _packets_from(container, stream, clip, frames.start) if clip.stamped else container.demux(stream)
        for count, frame in enumerate(_decoded(packets, stream)):
            index = places.get(frame.pts, -1) if clip.stamped else count
            if index >= frames.stop:
                return
            if index in frames:
                yield Frame(index, clip.seconds(index), to_rgb(frame))


def _packets_from(container: Any, stream: Any, clip: Clip, first: int) -> Iterator[Any]:
    """Packets from a key frame at or before a frame; from the beginning where no seek lands on one."""
    if first <= NEAR:
        yield from container.demux(stream)
        return
    target = clip.pts[first]
    with open_file(clip.path) as other:
        keys = [
            (packet.pts, packet.dts)
            for packet in other.demux(other.streams[clip.stream])
            if packet.size and packet.is_keyframe and packet.pts is not None and packet.pts <= target
        ]
    for pts, dts in sorted(keys, reverse=True)[:TRIES]:
        container.seek(dts if dts is not None else pts, stream=stream)
        packets = container.demux(stream)
        packet = next(packets, None)
        if (
            packet is not None
            and packet.size
            and packet.is_keyframe
            and packet.pts is not None
            and packet.pts <= target
        ):
            yield packet
            yield from packets
            return
    container.seek(0)
    yield from container.demux(stream)


def _decoded(packets: Iterator[Any], stream: Any) -> Iterator[Any]:
    """Every frame that can be decoded; a damaged packet costs its own frames only."""
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.FFmpegError:  # a read error ends the packets before the decoder gave all it had
            break
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue
    try:
        yield from stream.codec_context.decode(None)
    except av.FFmpegError:
        return


class _Converter:
    """Decoded frames -> pixels of one size; one swscale context for all of them."""

    def __init__(self, clip: Clip, size: tuple[int, int]) -> None:
        self._clip = clip
        stored = size if clip.rotation in (0, 180) else size[::-1]
        own = (clip.width, clip.height) if clip.rotation in (0, 180) else (clip.height, clip.width)
        scaling = SWS_AREA if stored[0] < own[0] else SWS_BICUBIC
        self._size = stored
        self._flags = scaling | SWS_ACCURATE | SWS_FULL_CHROMA
        self._format = "rgb48le" if clip.depth > 8 else "rgb24"
        self._scale = VideoReformatter()

    def __call__(self, frame: Any) -> Pixels:
        rgb = self._scale.reformat(
            frame,
            self._size[0],
            self._size[1],
            self._format,
            src_colorspace=matrix_name(self._clip),
            interpolation=self._flags,
        )
        pixels = rgb.to_ndarray()
        return np.ascontiguousarray(np.rot90(pixels, self._clip.rotation // 90))
