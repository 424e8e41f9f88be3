"""Two gray pictures -> optical flow, by either of OpenCV's estimators."""

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""(H, W, 2) px"""
Gray = NDArray[np.uint8]
"""(H, W) 0..255"""
Step = tuple[float, float]
"""x and y, px"""
Values = TypeVar("Values", bound=NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32])

PAN_SIDE = 96
"""px, short side of the pictures in which a pan is looked for"""
FAST, BETTER = 0.05, 0.75
"""least motion of a fast pan, as a share of the short side; most that may remain of the pictures' difference"""
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
SMALLEST = 12
"""px: DIS needs pictures of this size"""
DIS_FULL = 512
"""px: DIS runs up to full size on pictures with a smaller short side, up to half size on others"""


def pan(current: Gray, previous: Gray) -> Step:
    """The motion of the whole picture if it is large, by phase correlation (Kuglin & Hines 1975): x and y, px.

    (0, 0) unless it joins the two pictures clearly better than no motion does. Estimators that search from coarse to
    fine miss a fast pan over texture that has no coarse structure, such as grass.
    """
    height, width = current.shape
    scale = min(1.0, PAN_SIDE / min(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    now, before = (resized(gray, size, cv2.INTER_AREA) for gray in (current, previous))
    window = cv2.createHanningWindow(size, cv2.CV_32F) if min(size) > 1 else np.ones(size[::-1], np.float32)
    signals = [_normalized(gray).astype(np.float32) - 128 for gray in (now, before)]
    (right, down), _ = cv2.phaseCorrelate(signals[0], signals[1], window)
    x, y = round(right), round(down)
    if np.hypot(x, y) < FAST * min(size) or abs(x) > size[0] // 2 or abs(y) > size[1] // 2:
        return 0.0, 0.0
    shown = now[max(0, -y) : size[1] - max(0, y), max(0, -x) : size[0] - max(0, x)]
    found = before[max(0, y) : size[1] + min(0, y), max(0, x) : size[0] + min(0, x)]
    if cv2.norm(shown, found, cv2.NORM_L1) / shown.size > BETTER * cv2.norm(now, before, cv2.NORM_L1) / now.size:
        return 0.0, 0.0
    return right * width / size[0], down * height / size[1]


def farneback(current: Gray, previous: Gray, start: Step = (0, 0)) -> Field:
    """Farnebäck 2003 at full size, on normalized contrast.

    Differs from OpenCV's own pyramid: it starts from the flow that DIS finds at half size, because Farneback's windows
    are too small for pans of 80 px a frame; contrast is normalized, because strong texture in a window drowns out weak
    texture; and the flow is then refined as in Brox et al. 2004, as DIS does, because Farneback's window blurs edges
    and is imprecise below a pixel. Films become steadier (scripts/LOG.md).

    start: the motion from which it searches.
    """
    refinement = cv2.VariationalRefinement.create()
    refinement.setAlpha(SMOOTHNESS)
    refinement.setFixedPointIterations(REFINEMENTS)
    height, width = current.shape
    half = max(SMALLEST, round(width / 2)), max(SMALLEST, round(height / 2))
    growth = np.array([width / half[0], height / half[1]], np.float32)
    now, before = (resized(gray, half, cv2.INTER_AREA) for gray in (current, previous))
    small = dis(now, before, (start[0] / float(growth[0]), start[1] / float(growth[1])))
    large = resized(small, (width, height), cv2.INTER_LINEAR) * growth
    rough = cv2.calcOpticalFlowFarneback(
        _normalized(current),
        _normalized(previous),
        large,
        0.5,
        1,
        WINDOW,
        ITERATIONS,
        NEIGHBORS,
        SPREAD,
        cv2.OPTFLOW_USE_INITIAL_FLOW,
    )
    return np.asarray(refinement.calc(current, previous, np.ascontiguousarray(rough)), np.float32)


def dis(current: Gray, previous: Gray, start: Step = (0, 0)) -> Field:
    """Kroeger et al. 2016 with OpenCV's medium preset, but up to full size for small pictures.

    start: the motion from which it searches.
    """
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0 if min(current.shape) < DIS_FULL else 1)
    initial = np.zeros((*current.shape, 2), np.float32)
    initial += np.array(start, np.float32)
    return np.asarray(estimator.calc(current, previous, initial), np.float32)


def resized(values: Values, size: tuple[int, int], interpolation: int) -> Values:
    """Values (H, W, ...) resized to (width, height), of the same type."""
    return cast(Values, cv2.resize(values, size, interpolation=interpolation))


def _normalized(gray: Gray) -> Gray:
    """Subtract the local mean and divide by the local standard deviation."""
    values = gray.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), NORMALIZED)
    deviation = np.sqrt(cv2.GaussianBlur(np.square(detail), (0, 0), NORMALIZED) + FAINTEST**2)
    return np.asarray(np.clip(128 + 48 * detail / deviation, 0, 255), np.uint8)
