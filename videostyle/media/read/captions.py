"""Closed captions inside a clip's picture stream (CEA-608 and CEA-708), passed on to the film's frames."""

from collections.abc import Iterator

import av
from av.video.reformatter import VideoReformatter

from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.extras import CAPTIONS

CAPTIONED = ("libx264", "libx265")
"""encoders that write them"""


def keeps_captions(clip: Clip, encoder: str) -> bool:
    """Whether a clip has captions and an encoder writes them."""
    return CAPTIONS in clip.extras and encoder in CAPTIONED


class Captions:
    """The captions of a clip's frames, read in ascending order."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._frames: Iterator[tuple[int, av.VideoFrame]] | None = None
        self._gray, self._carrier = VideoReformatter(), VideoReformatter()

    def on(self, index: int, frame: av.VideoFrame) -> av.VideoFrame:
        """A film's frame with the captions of the clip's frame ``index``; without any if that cannot be decoded.

        PyAV cannot add captions to a frame, so the picture is copied into one that has them.
        """
        self._frames = self._frames or stored_frames(self._clip, FrameRange(index, self._clip.num_frames))
        source = next((found for number, found in self._frames if number >= index), None)
        if source is None:
            return frame
        # in two steps, of which one always makes a new frame; the decoder still needs its own
        gray = self._gray.reformat(source, frame.width, frame.height, "gray")
        carrier = self._carrier.reformat(gray, format=frame.format.name)
        for plane, wanted in zip(carrier.planes, frame.planes, strict=True):
            plane.update(bytes(wanted))
        return carrier
