"""Drawn pictures and sound -> a new clip."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels
from videostyle.media.encode import whole_or_nothing

BLOCK = 1024
"""samples of one AAC frame"""


def create_clip(path: Path, pictures: Iterable[Pixels], rate: int, sound: NDArray[np.int16], sound_rate: int) -> None:
    """Write pictures (H, W, 3) at ``rate`` a second and stereo sound (n, 2) as H.264 and AAC in mp4.

    Raises MediaError where the file cannot be written.
    """
    pictures = iter(pictures)
    first = next(pictures)
    with whole_or_nothing(path) as temporary, av.open(str(temporary), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=rate, options={"crf": "16"})
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "yuv420p"
        audio = output.add_stream("aac", rate=sound_rate, layout="stereo")
        written = 0
        for count, picture in enumerate(chain([first], pictures), start=1):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), "rgb24")))
            while written + BLOCK <= min(len(sound), count * sound_rate // rate):
                output.mux(audio.encode(_block(sound, written, sound_rate)))
                written += BLOCK
        output.mux(stream.encode(None))
        output.mux(audio.encode(None))


def _block(sound: NDArray[np.int16], start: int, rate: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(sound[start : start + BLOCK].reshape(1, -1), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
    return frame
