"""A film's picture: its video stream, and pixels -> frames for the encoder."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image

from videostyle.frames import Clip, Color, Pixels
from videostyle.media.color import FULL, HD, SRGB, SWS_ACCURATE, SWS_FULL_CHROMA, from_whole_range, is_rgb, matrix_name
from videostyle.media.ffmpeg import silence_encoders
from videostyle.media.light import shown
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.read.captions import Captions, keeps_captions
from videostyle.media.read.hdr import read_hdr
from videostyle.media.stills import rgb_frame
from videostyle.media.write.containers import codec_of, container_of, encoder_options, pixel_format, tick_of
from videostyle.media.write.timeline import Timeline
from videostyle.settings import FilmSettings

CONVERSION = 0x2 | SWS_ACCURATE | SWS_FULL_CHROMA
"""swscale's flags for RGB -> YUV of the same size; 0x2 is SWS_BILINEAR"""
RGB, BT709, BT601 = 0, 1, 6
"""H.273 matrices"""


def add_picture(
    output: OutputContainer, clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int], num_frames: int
) -> av.VideoStream:
    """Add a film's video stream, set up like the clip's. Raises MediaError if the container cannot hold the codec."""
    silence_encoders()
    clip = as_shown(clip)
    container, codec = container_of(path), codec_of(path, settings, clip)
    stream = output.add_stream(codec.encoder, rate=clip.rate)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = size
    pixels = stream.pix_fmt = pixel_format(clip, codec, container, size)
    context = stream.codec_context
    context.options = encoder_options(clip, codec, settings, container.format, num_frames, pixels)
    if codec.encoder == "libx265":
        context.options = context.options | {"x265-params": context.options["x265-params"] + read_hdr(clip).x265}
    if keeps_captions(clip, codec.encoder):
        context.options = context.options | {"a53cc": "1"}
    context.time_base = tick_of(clip, container.format, path)
    stream.time_base = context.time_base if container.format in ("avi", "gif") else clip.time_base
    context.flags |= int(av.codec.context.Flags.frame_duration)  # otherwise the last frame's duration is lost
    if (codec.encoder == "libx265" or codec.hardware == "h265") and container.format in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # the only tag that QuickTime plays
    context.sample_aspect_ratio = clip.sample_aspect
    if codec.encoder != "gif":
        context.color_range = clip.color.range
        context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
        context.colorspace = _matrix(clip, size)
    return stream


def _matrix(clip: Clip, size: tuple[int, int]) -> int:
    """The H.273 matrix for the film's tags: the clip's, or, if that is RGB, the usual one for the film's size."""
    if clip.color.matrix != RGB and not is_rgb(clip):
        return clip.color.matrix
    return BT709 if min(size) >= HD else BT601


def as_shown(clip: Clip) -> Clip:
    """A clip with the colors of its film: those of linear light become sRGB."""
    return dataclasses.replace(clip, color=Color(0, BT709, SRGB)) if clip.color.linear else clip


class FrameMaker:
    """Pixels -> frames for the encoder, with timestamps and color tags; all share one swscale context."""

    def __init__(self, clip: Clip, stream: av.VideoStream, size: tuple[int, int], timeline: Timeline) -> None:
        """stream: from ``add_picture``. size: width and height of the film, px."""
        assert stream.pix_fmt
        self._color, clip = clip.color, as_shown(clip)
        self._clip, self._size, self._timeline = clip, size, timeline
        self._format = stream.pix_fmt
        self._tick = stream.codec_context.time_base
        self.late = Fraction(0) if stream.time_base == self._tick else timeline.place(timeline.first)[0] % self._tick
        """seconds by which every frame is late for a tick; 0 if the film's ticks are the encoder's"""
        self._last = -1 << 62
        self._matrix = _matrix(clip, size)
        # players choose an untagged film's matrix by its size, which may differ from the clip's
        self._colorspace = Colorspace[matrix_name(dataclasses.replace(clip, width=size[0], height=size[1]))]
        self._levels = from_whole_range(full=clip.color.range == FULL)
        self._alpha = Alpha(clip, size) if self._format.startswith("yuva") else None
        self._captions = Captions(clip) if keeps_captions(clip, stream.codec_context.name) else None
        self._convert = VideoReformatter()

    def __call__(self, index: int, pixels: Pixels) -> tuple[av.VideoFrame, Fraction]:
        """The encoder's frame for the clip's frame ``index``, and its film time in seconds.

        pixels: upright RGB (H, W, 3) of the film's size; raises ValueError for any other shape.
        """
        check_shape(pixels, self._size)
        pixels = shown(self._color, pixels)
        frame = self._gif(pixels) if self._format == "pal8" else self._yuv(index, pixels)
        begins, stays = self._timeline.place(index)
        # the muxer refuses two frames on one tick, which rounding can cause in a GIF
        self._last = frame.pts = max(round((begins - self.late) / self._tick), self._last + 1)
        frame.time_base = self._tick
        frame.duration = max(1, round(stays / self._tick))
        frame.pict_type = 0
        return frame, begins

    def _yuv(self, index: int, pixels: Pixels) -> av.VideoFrame:
        clip = self._clip
        if pixels.dtype == np.uint16:
            pixels = self._levels[pixels]
        if self._alpha:
            pixels = with_alpha(pixels, self._alpha(index))
        frame = self._convert.reformat(
            rgb_frame(pixels),
            format=self._format,
            dst_colorspace=self._colorspace,
            dst_color_range="JPEG" if clip.color.range == FULL else "MPEG",
            interpolation=CONVERSION,
        )
        if self._captions:
            frame = self._captions.on(index, frame)
        frame.colorspace, frame.color_range = self._matrix, clip.color.range
        frame.color_primaries, frame.color_trc = clip.color.primaries, clip.color.transfer
        return frame

    def _gif(self, pixels: Pixels) -> av.VideoFrame:
        """A frame with its own palette of 256 colors."""
        rgb = self._convert.reformat(rgb_frame(pixels), format="rgb24", interpolation=CONVERSION)
        indexed = Image.fromarray(rgb.to_ndarray()).quantize(256)
        colors = np.array(indexed.getpalette(), np.uint8).reshape(-1, 3)
        palette = np.full((256, 4), 255, np.uint8)
        palette[: len(colors), 1:] = colors  # alpha, red, green, blue
        both = (np.asarray(indexed), palette)
        return av.VideoFrame.from_ndarray(both, "pal8")  # type: ignore[arg-type]  # the stub lacks pal8's pair of arrays


def check_shape(pixels: Pixels, size: tuple[int, int]) -> None:
    """Raise ValueError, naming both shapes, unless pixels are RGB (H, W, 3) of a size (width, height)."""
    wanted = (*size[::-1], 3)
    if pixels.shape != wanted:
        raise ValueError(f"a frame of this film has shape {wanted}, got {pixels.shape}")
