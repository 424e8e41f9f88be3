"""Two gray pictures -> optical flow, by either of OpenCV's estimators."""

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""(H, W, 2) px"""
Gray = NDArray[np.uint8]
"""(H, W) 0..255"""
Values = TypeVar("Values", bound=NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32])

NORMALIZED = 8.0
"""px, standard deviation of the window in which contrast is normalized for Farneback"""
ITERATIONS = 3
"""of Farneback"""
WINDOW, NEIGHBORS, SPREAD = 11, 5, 1.1
"""px, Farneback: size of the averaging window, size of the polynomial fit, standard deviation of the fit's weights"""
SMOOTHNESS, REFINEMENTS = 80.0, 10
"""variational refinement: weight of the smoothness term (OpenCV's default is 20) and fixed-point iterations"""
FAINTEST = 4.0
"""levels of 255: lower contrast counts as noise and is not amplified"""
DIS_FULL = 512
"""px: DIS runs up to full size on pictures with a smaller short side, up to half size on others"""


def farneback(current: Gray, previous: Gray) -> Field:
    """Farnebäck 2003, coarse to fine, with contrast normalized on every level.

    Differs from OpenCV's own pyramid, in which strong texture in a window drowns out weak texture. It starts from the
    flow that DIS finds in small pictures, because Farneback's windows are too small for pans of 80 px a frame. The flow
    of every level is then refined as in Brox et al. 2004, as DIS does, because Farneback's window blurs edges and is
    imprecise below a pixel. This halves the end-point error and makes films steadier (scripts/LOG.md).
    """
    refinement = cv2.VariationalRefinement.create()
    refinement.setAlpha(SMOOTHNESS)
    refinement.setFixedPointIterations(REFINEMENTS)
    height, width = current.shape
    half = max(1, round(width / 2)), max(1, round(height / 2))
    small = dis(*(resized(gray, half, cv2.INTER_AREA) for gray in (current, previous)))
    start = resized(small, (width, height), cv2.INTER_LINEAR) * np.array(
        [width / half[0], height / half[1]], np.float32
    )
    rough = cv2.calcOpticalFlowFarneback(
        _normalized(current),
        _normalized(previous),
        start,
        0.5,
        1,
        WINDOW,
        ITERATIONS,
        NEIGHBORS,
        SPREAD,
        cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(refinement.calc(current, previous, np.ascontiguousarray(rough)), np.float32)


def dis(current: Gray, previous: Gray) -> Field:
    """Kroeger et al. 2016 with OpenCV's medium preset, but up to full size for small pictures."""
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0 if min(current.shape) < DIS_FULL else 1)
    start = np.zeros((*current.shape, 2), np.float32)
    return np.asarray(estimator.calc(current, previous, start), np.float32)


def resized(values: Values, size: tuple[int, int], interpolation: int) -> Values:
    """Values (H, W, ...) resized to (width, height), of the same type."""
    return cast(Values, cv2.resize(values, size, interpolation=interpolation))


def _normalized(gray: Gray) -> Gray:
    """Subtract the local mean and divide by the local standard deviation."""
    values = gray.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), NORMALIZED)
    deviation = np.sqrt(cv2.GaussianBlur(np.square(detail), (0, 0), NORMALIZED) + FAINTEST**2)
    return np.asarray(np.clip(128 + 48 * detail / deviation, 0, 255), np.uint8)
