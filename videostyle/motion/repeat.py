"""Whether a frame repeats an earlier one: the same picture, but for the noise that a lossy codec adds."""

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Frame, Pixels

MEAN = 1.5
"""levels of 255, mean difference of two frames above which they are not compared any further"""
SPOT, SPOT_SIDE = 9.0, 7
"""levels of 255 and px: greatest root mean square of the difference in any window of this size; something small that
moves exceeds it"""
USUAL, SHARE = 1.5, 0.9
"""levels of 255: the same in this share of all windows; a slow pan or zoom, and grain, exceed it"""
LIGHT, LIGHT_SIDE = 1.0, 31
"""levels of 255 and px: mean difference in 99 % of the windows of this size; a fade exceeds it"""


class Runs:
    """Finds runs of repeated frames among frames that come in order.

    Each frame is compared with the first one of its run: if neighbors were compared, a run could hide a slow change.
    """

    def __init__(self) -> None:
        self._first: Frame | None = None

    def first_of(self, frame: Frame) -> int:
        """The number of the first frame of the run that this frame continues; its own if it begins one."""
        if self._first is None or not repeats(frame.pixels, self._first.pixels):
            self._first = frame
        return self._first.index


def repeats(frame: Pixels, earlier: Pixels) -> bool:
    """Whether a frame (H, W, 3) shows the same picture as an earlier one of equal size and depth.

    The limits lie between what x264 and MPEG-4 add to a repeated frame at usual qualities and the least that changes
    from frame to frame in film.
    """
    difference = cv2.absdiff(frame, earlier)
    if not difference.any():
        return True
    scale = 255 / np.iinfo(frame.dtype).max
    if difference.mean() * scale > MEAN:
        return False
    change = (frame.astype(np.float32) - earlier) * np.float32(scale)
    spots = _mean(np.square(change).mean(-1), SPOT_SIDE)
    if spots.max() > SPOT**2 or np.quantile(spots, SHARE) > USUAL**2:
        return False
    return bool(np.quantile(np.abs(_mean(change, LIGHT_SIDE)).max(-1), 0.99) <= LIGHT)


def _mean(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """The mean in a window around each pixel, side px wide."""
    return np.asarray(cv2.boxFilter(values, -1, (side, side)), np.float32)
