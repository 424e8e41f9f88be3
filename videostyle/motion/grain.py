"""How noisy a picture is: film grain, sensor noise."""

import cv2
import numpy as np
from numpy.typing import NDArray

KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32) / 6
"""Immerkaer 1996: the difference of two Laplacians; noise of standard deviation s gives s, even slopes give 0"""
WINDOW, SMOOTHEST = 15, 0.05
"""px, and the share of windows that are smoothest: what they show is noise, not texture"""


def grain_of(gray: NDArray[np.uint8]) -> float:
    """Standard deviation of the noise in a picture (H, W), levels of 255.

    Of grain that is soft, it is only the finest part: about a third.
    """
    fine = np.square(cv2.filter2D(gray.astype(np.float32), -1, KERNEL))
    return float(np.sqrt(max(0.0, np.quantile(cv2.boxFilter(fine, -1, (WINDOW, WINDOW))[::2, ::2], SMOOTHEST))))
