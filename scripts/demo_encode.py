"""Drawn pictures and sound -> clip."""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from videostyle.frames import Pixels
from videostyle.media.color import SWS_ACCURATE, SWS_BICUBIC, SWS_FULL_CHROMA

X264 = {"crf": "16", "threads": "1", "x264-params": "cpu-independent=1"}
"""one thread and the same arithmetic on every processor; otherwise frames differ slightly from run to run"""
BLOCK = 1024
"""samples per AAC frame"""
LIMITED = BT709 = 1
"""H.273 code points: color range; primaries, transfer, and matrix"""


def create_clip(path: Path, pictures: Iterable[Pixels], rate: int, sound: NDArray[np.int16], sound_rate: int) -> None:
    """Write pictures (H, W, 3) uint8 with even sides and stereo sound (n, 2) as H.264 and AAC in MP4.

    rate: frames per second; sound_rate: Hz. Sound that outlasts the pictures is trimmed.
    """
    waiting = iter(pictures)
    first = next(waiting)
    with av.open(path, "w", format="mp4", container_options={"movflags": "+faststart"}) as output:
        stream = output.add_stream("libx264", rate=rate, options=X264)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.color_range = LIMITED
        context.color_primaries = context.color_trc = context.colorspace = BT709
        audio = output.add_stream("aac", rate=sound_rate, layout="stereo")
        scale = VideoReformatter()
        written = end = 0
        for count, picture in enumerate(itertools.chain([first], waiting), start=1):
            output.mux(stream.encode(_frame(picture, scale)))
            end = min(len(sound), count * sound_rate // rate)
            while written + BLOCK <= end:
                output.mux(audio.encode(_block(sound[written : written + BLOCK], written, sound_rate)))
                written += BLOCK
        output.mux(stream.encode(None))
        if written < end:
            output.mux(audio.encode(_block(sound[written:end], written, sound_rate)))
        output.mux(audio.encode(None))


def _frame(picture: Pixels, scale: VideoReformatter) -> av.VideoFrame:
    frame = scale.reformat(
        av.VideoFrame.from_ndarray(np.ascontiguousarray(picture, np.uint8), "rgb24"),
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=SWS_BICUBIC | SWS_ACCURATE | SWS_FULL_CHROMA,
    )
    frame.colorspace = frame.color_primaries = frame.color_trc = BT709
    return frame


def _block(samples: NDArray[np.int16], start: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
