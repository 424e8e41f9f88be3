"""The picture of a film: its stream, and pixels -> frames for its encoder."""

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image

from videostyle.frames import Clip, Pixels
from videostyle.media.color import (
    FULL,
    HD,
    SWS_ACCURATE,
    SWS_FULL_CHROMA,
    from_whole_range,
    is_rgb,
    looked_up,
    matrix_name,
)
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.read.hdr import read_hdr
from videostyle.media.write.containers import codec_of, container_of, encoder_options, pixel_format, tick_of
from videostyle.media.write.timeline import Timeline
from videostyle.settings import FilmSettings

SWS_BILINEAR, SWS_LANCZOS = 0x2, 0x200
SCALING = SWS_LANCZOS | SWS_ACCURATE
FRAME_DURATION = int(av.codec.context.Flags.frame_duration)
"""without it the last frame's length is lost"""
RGB, BT709, BT601 = 0, 1, 6
"""H.273 matrices"""


def add_picture(
    output: Any, clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int], num_frames: int
) -> Any:
    """Add the stream of a film, set up as the clip's was; its codec must be one of its container's."""
    container, codec = container_of(path), codec_of(path, settings)
    stream = output.add_stream(codec.encoder, rate=clip.rate)
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format(clip, codec, container, size)
    context = stream.codec_context
    context.options = encoder_options(codec, settings, container.format, num_frames, stream.pix_fmt)
    if codec.encoder == "libx265":
        context.options = context.options | {"x265-params": context.options["x265-params"] + read_hdr(clip).x265}
    context.time_base = tick_of(clip, container.format, path)
    stream.time_base = context.time_base if container.format in ("avi", "gif") else clip.time_base
    context.flags |= FRAME_DURATION
    if (codec.encoder == "libx265" or codec.hardware == "h265") and container.format in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # QuickTime plays no other
    context.sample_aspect_ratio = clip.sample_aspect
    if codec.encoder != "gif":
        context.color_range = clip.color.range
        context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
        context.colorspace = _matrix(clip, size)
    return stream


def _matrix(clip: Clip, size: tuple[int, int]) -> int:
    """The H.273 matrix that the film is tagged with: the clip's, or a named one where the clip was RGB."""
    if clip.color.matrix != RGB and not is_rgb(clip):
        return clip.color.matrix
    return BT709 if min(size) >= HD else BT601


class FrameMaker:
    """Pixels -> frames for the encoder, with time and colour; one swscale context for all of them."""

    def __init__(self, clip: Clip, stream: Any, size: tuple[int, int], timeline: Timeline) -> None:
        """stream: as ``add_picture`` made it."""
        self._clip, self._size, self._timeline = clip, size, timeline
        self._format = stream.pix_fmt
        self._tick = stream.codec_context.time_base
        self._last = -1 << 62
        self._matrix = _matrix(clip, size)
        # an untagged film is read by its own size, which need not be the clip's
        self._matrix_name = matrix_name(dataclasses.replace(clip, width=size[0], height=size[1]))
        self._levels = from_whole_range(full=clip.color.range == FULL)
        self._alpha = Alpha(clip, size) if stream.pix_fmt.startswith("yuva") else None
        self._scale: Any = VideoReformatter()
        self._resize: Any = VideoReformatter()

    def __call__(self, index: int, pixels: Pixels) -> tuple[Any, Fraction]:
        """A frame and the time at which it appears in the film, seconds."""
        frame = self._gif(pixels) if self._format == "pal8" else self._yuv(index, pixels)
        begins, stays = self._timeline.place(index)
        # two frames of a GIF that fall on one tick would be an error of the muxer
        self._last = frame.pts = max(round(begins / self._tick), self._last + 1)
        frame.time_base = self._tick
        frame.duration = max(1, round(stays / self._tick))
        frame.pict_type = 0
        return frame, begins

    def _yuv(self, index: int, pixels: Pixels) -> Any:
        clip = self._clip
        if pixels.dtype == np.uint16:
            pixels = looked_up(pixels, self._levels)
        if self._alpha:
            pixels = with_alpha(resized(pixels, self._size, self._resize), self._alpha(index))
        frame = self._scale.reformat(
            rgb_frame(pixels),
            self._size[0],
            self._size[1],
            self._format,
            dst_colorspace=self._matrix_name,
            dst_color_range="JPEG" if clip.color.range == FULL else "MPEG",
            interpolation=(SWS_BILINEAR if pixels.shape[1::-1] == self._size else SWS_LANCZOS)
            | SWS_ACCURATE
            | SWS_FULL_CHROMA,
        )
        frame.colorspace, frame.color_range = self._matrix, clip.color.range
        frame.color_primaries, frame.color_trc = clip.color.primaries, clip.color.transfer
        return frame

    def _gif(self, pixels: Pixels) -> Any:
        """A picture in its own 256 colours."""
        rgb = self._scale.reformat(rgb_frame(pixels), *self._size, "rgb24", interpolation=SCALING)
        picture = Image.fromarray(rgb.to_ndarray()).quantize(256)
        found = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
        palette = np.full((256, 4), 255, np.uint8)
        palette[: len(found), 1:] = found  # alpha, red, green, blue
        indexed: Any = (np.asarray(picture), palette)
        return av.VideoFrame.from_ndarray(indexed, "pal8")


def rgb_frame(pixels: Pixels) -> Any:
    """Pixels (H, W, 3), or (H, W, 4) with transparency, as a frame of FFmpeg's."""
    whole: Any = np.ascontiguousarray(pixels)
    transparent = pixels.shape[2] == 4
    if pixels.dtype == np.uint8:
        return av.VideoFrame.from_numpy_buffer(whole, "rgba" if transparent else "rgb24")  # without a copy
    return av.VideoFrame.from_ndarray(whole, "rgba64le" if transparent else "rgb48le")


def resized(pixels: Pixels, size: tuple[int, int], scale: Any) -> Pixels:
    """Pixels of another size (width, height); scale: a VideoReformatter, one for all of them."""
    if pixels.shape[1::-1] == size:
        return pixels
    frame = rgb_frame(pixels)
    scaled: Pixels = scale.reformat(frame, *size, frame.format.name, interpolation=SCALING).to_ndarray()
    return scaled
