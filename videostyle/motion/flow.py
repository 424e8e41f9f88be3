"""Two frames -> Motion: optical flow, how far to trust it, and warping along it."""

from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Motion, Picture, Pixels, to_bytes
from videostyle.motion.grain import grain_of
from videostyle.settings import FlowSettings

Field = NDArray[np.float32]
"""(H, W, 2) px"""
Plane = NDArray[np.float32]
"""(H, W)"""
Mask = NDArray[np.bool_]
"""(H, W)"""
Gray = NDArray[np.uint8]
"""(H, W) 0..255"""
Values = TypeVar("Values", bound=NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32])

AGREEMENT, AGREEMENT_PX = 0.01, 0.5
"""forward-backward test of Sundaram et al. 2010, as in Ruder et al. 2016: share of the squared flows, and px^2"""
COARSEST = 12
"""px, short side of Farneback's coarsest level: at 24 it misses pans of 80 px in pictures 360 px high"""
NORMALIZED = 8.0
"""px, standard deviation of the window in which contrast is normalized for Farneback"""
ITERATIONS = 3, 6
"""of Farneback, at full size and on each smaller level, where iterations are cheap and large motion is found"""
WINDOW, NEIGHBORS, SPREAD = 11, 5, 1.1
"""px, Farneback: size of the averaging window, size of the polynomial fit, standard deviation of the fit's weights"""
SMOOTHNESS, REFINEMENTS = 80.0, 10
"""variational refinement: weight of the smoothness term (OpenCV's default is 20) and fixed-point iterations"""
FAINTEST = 4.0
"""levels of 255: lower contrast counts as noise and is not amplified"""
CAMERA_ROUNDS, CAMERA_SIDE = 5, 128
"""rounds of reweighted least squares, on a grid with about this many points along the short side"""
APART, CLEAR = 1.0, 1.0
"""px by which two motions must differ; levels of 255 by which one must predict a color better to be preferred"""
GRAIN = 2.0
"""by how much noise raises the photometric limit, in standard deviations"""
REACH, STEEP = 1 / 8, 1e-3
"""guided filter: radius as a fraction of the short side, and the guide's variance below which it only averages"""
DIS_FULL = 512
"""px: DIS runs up to full size on pictures with a smaller short side, up to half size on others"""


def estimate(current: Pixels, previous: Pixels, settings: FlowSettings, *, plain: bool = True) -> Motion:
    """Estimate the motion between two frames (H, W, 3) of equal size.

    A pixel's flow is trusted where forward and backward flow agree (Sundaram et al. 2010: ``|w1 + w2|^2 <
    0.01 (|w1|^2 + |w2|^2) + 0.5`` px^2, with the constants of Ruder et al. 2016), where it points inside the earlier
    frame and, unlike in both papers, where the warped earlier frame has about the same color.

    plain: let plain areas, which have too little texture for optical flow, move with the camera. A pixel gets the
    camera's motion, and is trusted, if it keeps its color along that motion and its own flow is not trusted or belongs
    to a neighboring object. Needs ``settings.photometric`` > 0.
    """
    now, before = _gray(current), _gray(previous)
    flow = _dis if settings.method == "dis" else _farneback
    backward, forward = flow(now, before), flow(before, now)
    x, y = _places(backward)
    back = _sample(forward, x, y, cv2.INTER_LINEAR)
    lengths = _squares(backward) + _squares(back)
    inside = _inside(x, y)
    trusted = inside & (_squares(backward + back) < AGREEMENT * lengths + AGREEMENT_PX)
    if settings.motion_boundary:
        trusted &= ~_boundary(backward)
    if settings.photometric:
        change = _change(current, previous, x, y)
        limit = settings.photometric + GRAIN * grain_of(now)  # two noisy frames always differ
        trusted &= change < limit
    if settings.photometric and plain:
        camera = _camera(backward, trusted)
        x, y = _places(camera)
        camera_change = _change(current, previous, x, y)
        moves = ~trusted | _follows_neighbor(now, backward - camera, change - camera_change, trusted)
        moves &= _inside(x, y) & (camera_change < limit)
        backward = np.where(moves[..., None], camera, backward)
        inside |= moves
        trusted |= moves
    weight = cv2.erode(trusted.astype(np.float32), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    weight = cv2.GaussianBlur(weight, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE) * inside
    return Motion(backward, np.ascontiguousarray(weight, np.float32))


def _camera(flow: Field, trusted: Mask) -> Field:
    """The affine motion that most of the trusted flow follows: (H, W, 2). No motion if nothing is trusted."""
    height, width = trusted.shape
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y], -1)
    step = max(1, min(height, width) // CAMERA_SIDE)
    known, wanted = terms[::step, ::step].reshape(-1, 3), flow[::step, ::step].reshape(-1, 2).astype(np.float64)
    valid = trusted[::step, ::step].reshape(-1, 1).astype(np.float64)
    weight, fit = valid, np.zeros((3, 2))
    for _ in range(CAMERA_ROUNDS):
        normal = (known * weight).T
        fit = np.linalg.solve(normal @ known + np.eye(3) * 1e-3, normal @ wanted)
        residual = np.square(wanted - known @ fit).sum(1, keepdims=True)
        weight = valid / (1 + residual)  # Cauchy's weights: objects that move on their own count less
    return np.asarray(terms @ fit, np.float32)


def _follows_neighbor(gray: Gray, apart: Field, gain: Plane, trusted: Mask) -> Mask:
    """Find pixels of a plain background that have the flow of a moving object next to them: (H, W).

    apart: their flow minus the camera's motion, px. gain: how much better the camera's motion predicts their color,
    levels of 255. If both motions predict the color, nearby pixels of similar brightness decide.
    """
    differs = _squares(apart) > APART**2
    camera = (gain > CLEAR) | (trusted & ~differs)
    own = trusted & differs & (gain < -CLEAR)
    votes = _guided(camera.astype(np.float32) - own.astype(np.float32), np.float32(1 / 255) * gray)
    return differs & (gain > -CLEAR) & (votes > 0)


def _guided(values: Plane, guide: Plane) -> Plane:
    """Average values (H, W) without crossing the edges of a guide in 0..1 (guided filter, He et al. 2010)."""
    side = 2 * max(1, round(REACH * min(guide.shape))) + 1

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.boxFilter(plane, -1, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    level, average = mean(guide), mean(values)
    covariance, variance = mean(guide * values) - level * average, mean(guide * guide) - level * level
    slope = np.asarray(covariance / (variance + STEEP), np.float32)
    return mean(slope) * guide + mean(average - slope * level)


def warp(picture: Picture, flow: Field) -> tuple[Picture, Plane]:
    """Warp an earlier picture (H, W, 3) to the current frame; the weight is 1 inside the earlier picture, 0 outside.

    Samples with a Lanczos kernel: over many frames, bilinear sampling blurs a picture, and OpenCV's bicubic sampling
    sharpens it.
    """
    x, y = _places(flow)
    warped = _sample(picture, x, y, cv2.INTER_LANCZOS4)
    return np.clip(warped, 0, 1, out=warped), _inside(x, y).astype(np.float32)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Resize pixels (H, W, 3): by area when shrinking, bicubically when enlarging."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    return _resized(pixels, (width, height), cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _gray(pixels: Pixels) -> Gray:
    return np.asarray(cv2.cvtColor(to_bytes(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _farneback(current: Gray, previous: Gray) -> Field:
    """Farnebäck 2003, coarse to fine, with contrast normalized on every level.

    Differs from OpenCV's own pyramid, in which strong texture in a window drowns out weak texture. The flow of every
    level is then refined as in Brox et al. 2004, as DIS does, because Farneback's window blurs edges and is imprecise
    below a pixel. This halves the end-point error and makes films steadier (scripts/LOG.md).
    """
    refinement = cv2.VariationalRefinement.create()
    refinement.setAlpha(SMOOTHNESS)
    refinement.setFixedPointIterations(REFINEMENTS)
    height, width = current.shape
    flow: Field = np.zeros((1, 1, 2), np.float32)
    for level in reversed(range(max(1, int(np.log2(min(height, width) / COARSEST)) + 1))):
        size = max(1, round(width / 2**level)), max(1, round(height / 2**level))
        now, before = (_resized(gray, size, cv2.INTER_AREA) for gray in (current, previous))
        growth = np.array([size[0] / flow.shape[1], size[1] / flow.shape[0]], np.float32)
        start = _resized(flow, size, cv2.INTER_LINEAR) * growth
        rounds, initial = ITERATIONS[level > 0], cv2.OPTFLOW_USE_INITIAL_FLOW
        rough = cv2.calcOpticalFlowFarneback(
            _normalized(now), _normalized(before), start, 0.5, 1, WINDOW, rounds, NEIGHBORS, SPREAD, initial
        )
        flow = np.asarray(refinement.calc(now, before, np.ascontiguousarray(rough)), np.float32)
    return flow


def _dis(current: Gray, previous: Gray) -> Field:
    """Kroeger et al. 2016 with OpenCV's medium preset, but up to full size for small pictures."""
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0 if min(current.shape) < DIS_FULL else 1)
    start = np.zeros((*current.shape, 2), np.float32)
    return np.asarray(estimator.calc(current, previous, start), np.float32)


def _normalized(gray: Gray) -> Gray:
    """Subtract the local mean and divide by the local standard deviation."""
    values = gray.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), NORMALIZED)
    deviation = np.sqrt(cv2.GaussianBlur(np.square(detail), (0, 0), NORMALIZED) + FAINTEST**2)
    return np.asarray(np.clip(128 + 48 * detail / deviation, 0, 255), np.uint8)


def _resized(values: Values, size: tuple[int, int], interpolation: int) -> Values:
    """Values (H, W, ...) resized to (width, height), of the same type."""
    return cast(Values, cv2.resize(values, size, interpolation=interpolation))


def _places(flow: Field) -> tuple[Plane, Plane]:
    """The position of each pixel in the earlier frame: x and y, (H, W), px."""
    height, width = flow.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return x + flow[..., 0], y[:, None] + flow[..., 1]


def _sample(values: NDArray[np.float32], x: Plane, y: Plane, interpolation: int) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(values, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _inside(x: Plane, y: Plane) -> Mask:
    height, width = x.shape
    return np.asarray((x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1))


def _squares(field: Field) -> Plane:
    return np.asarray(np.square(field).sum(-1), np.float32)


def _boundary(flow: Field) -> Mask:
    """Motion boundaries of Ruder et al. 2016: ``|grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002``."""
    gradients = [np.square(slope) for channel in (0, 1) for slope in np.gradient(flow[..., channel])]
    return np.asarray(np.sum(gradients, 0) > 0.01 * _squares(flow) + 0.002)


def _change(current: Pixels, previous: Pixels, x: Plane, y: Plane) -> Plane:
    """Blurred difference between the current frame and the earlier one sampled at x, y: (H, W), levels of 255."""
    top = np.iinfo(current.dtype).max / 255
    warped = _sample(previous.astype(np.float32), x, y, cv2.INTER_LINEAR)
    difference = np.abs(warped - current.astype(np.float32)).mean(-1) / top
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 1.5), np.float32)
