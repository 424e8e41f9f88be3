"""Drawn pictures and sound -> a new clip."""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.color import SWS_ACCURATE, SWS_BICUBIC, SWS_FULL_CHROMA
from videostyle.media.files import whole_or_nothing

BLOCK = 1024
"""samples of one AAC frame"""
BT709 = 1
"""H.273 code point, as primaries, transfer and matrix"""


def create_clip(path: Path, pictures: Iterable[Pixels], rate: int, sound: NDArray[np.int16], sound_rate: int) -> None:
    """Write pictures (H, W, 3) at ``rate`` a second and stereo sound (n, 2) as H.264 and AAC in mp4.

    Sound longer than the pictures is cut; without samples there is no track. Raises MediaError where the file cannot
    be written or there are no pictures.
    """
    if sound.ndim != 2 or sound.shape[1] != 2 or sound.dtype != np.int16:
        raise ValueError(f"sound must be (n, 2) int16, got {sound.shape} {sound.dtype}")
    waiting = iter(pictures)
    first = next(waiting, None)
    if first is None:
        raise MediaError(f"{path}: there are no pictures to make a clip of; draw at least one")
    with (
        whole_or_nothing(path, "free some space or choose another folder") as temporary,
        av.open(os.path.abspath(temporary), "w", format="mp4", container_options={"movflags": "+faststart"}) as output,
    ):
        stream = _add_picture(output, first, rate)
        audio = output.add_stream("aac", rate=sound_rate, layout="stereo") if len(sound) else None
        scale = VideoReformatter()
        written = 0
        for count, picture in enumerate(_chain(first, waiting), start=1):
            output.mux(stream.encode(_frame(picture, stream, scale)))
            while audio and written + BLOCK <= min(len(sound), count * sound_rate // rate):
                output.mux(audio.encode(_block(sound[written : written + BLOCK], written, sound_rate)))
                written += BLOCK
        output.mux(stream.encode(None))
        if audio:
            rest = sound[written : count * sound_rate // rate]
            if len(rest):
                output.mux(audio.encode(_block(rest, written, sound_rate)))
            output.mux(audio.encode(None))


def _chain(first: Pixels, others: Iterator[Pixels]) -> Iterator[Pixels]:
    yield first
    yield from others


def _add_picture(output: Any, first: Pixels, rate: int) -> Any:
    stream = output.add_stream("libx264", rate=rate, options={"crf": "16"})
    stream.height, stream.width = first.shape[:2]
    odd = first.shape[0] % 2 or first.shape[1] % 2
    stream.pix_fmt = "yuv444p" if odd else "yuv420p"
    context = stream.codec_context
    context.color_range = 1
    context.color_primaries = context.color_trc = context.colorspace = BT709
    return stream


def _frame(picture: Pixels, stream: Any, scale: Any) -> Any:
    name = "rgb48le" if picture.dtype == np.uint16 else "rgb24"
    whole: Any = np.ascontiguousarray(picture)
    frame = scale.reformat(
        av.VideoFrame.from_ndarray(whole, name),
        format=stream.pix_fmt,
        dst_colorspace="itu709",
        dst_color_range="MPEG",
        interpolation=SWS_BICUBIC | SWS_ACCURATE | SWS_FULL_CHROMA,
    )
    frame.colorspace = frame.color_primaries = frame.color_trc = BT709
    return frame


def _block(samples: NDArray[np.int16], start: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
