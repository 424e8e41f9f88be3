"""Two frames -> Motion: optical flow, how far to trust it, and warping along it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Motion, Picture, Pixels, to_bytes
from videostyle.motion.camera import Mask, Plane, camera_motion, plain_ground
from videostyle.motion.estimators import Field, Gray, dis, farneback, pan, resized
from videostyle.settings import FlowSettings

AGREEMENT, AGREEMENT_PX = 0.01, 0.5
"""forward-backward test of Sundaram et al. 2010, as in Ruder et al. 2016: share of the squared flows, and px^2"""
CALMEST = 10
"""percentile of the change of color along the flow that counts as grain; no more than half of what is allowed is"""
CALM, WINDOW = 1.5, 31
"""px: standard deviation of the blur that calms noise, and side of the window in which two motions are compared"""
STANDS, SLIGHT = 1.02, 0.05
"""by what factor, and by how many squared levels of 255, the error of a camera that stands still may be larger than the
error of its estimated motion"""
AS_GOOD, FAINT = 1.1, 0.5
"""the same for the camera's motion around a pixel, beside the pixel's own motion"""
EDGE = 0.1
"""px by which a position may lie outside: otherwise the border of a still picture would never be trusted"""


def estimate(current: Pixels, previous: Pixels, settings: FlowSettings, *, plain: bool = True) -> Motion:
    """Estimate the motion between two frames (H, W, 3) of equal size.

    A pixel's flow is trusted where forward and backward flow agree (Sundaram et al. 2010: ``|w1 + w2|^2 <
    0.01 (|w1|^2 + |w2|^2) + 0.5`` px^2, with the constants of Ruder et al. 2016), where it points inside the earlier
    frame and, unlike in both papers, where the warped earlier frame has about the same color, grain aside.

    plain: let plain areas, which have too little texture for optical flow, move with the camera. A pixel gets the
    camera's motion, and is trusted, if it keeps its color along that motion and its own flow is not trusted or belongs
    to a neighboring object. Needs ``settings.photometric`` > 0.
    """
    now, before = _gray(current), _gray(previous)
    flow = dis if settings.method == "dis" else farneback
    right, down = pan(now, before)
    backward, forward = flow(now, before, (right, down)), flow(before, now, (-right, -down))
    x, y = _places(backward)
    back = _sample(forward, x, y, cv2.INTER_LINEAR)
    lengths = _squares(backward) + _squares(back)
    inside = _inside(x, y)
    trusted = inside & (_squares(backward + back) < AGREEMENT * lengths + AGREEMENT_PX)
    if settings.motion_boundary:
        trusted &= ~_boundary(backward)
    if settings.photometric:
        change = _change(current, previous, x, y)
        grain = _grain(change, trusted, settings.photometric)
        allowed = settings.photometric + grain
        trusted &= change < allowed
    if settings.photometric and plain:
        errors = _Errors(now, before)
        camera = camera_motion(backward, now, trusted)
        still = np.zeros_like(camera)
        if errors.of(still).mean() <= STANDS * errors.of(camera).mean() + SLIGHT:
            camera = still
        x, y = _places(camera)
        camera_change = _change(current, previous, x, y)
        dragged, ground = plain_ground(now, backward - camera, change - camera_change, trusted, grain)
        # where the flow predicts no better, it only follows noise, elsewhere in each frame, which would stir the paint
        noise = errors.of(camera) <= AS_GOOD * errors.of(backward) + FAINT
        moves = ~trusted | dragged | (noise & ~ground)
        moves &= _inside(x, y) & (camera_change < allowed)
        backward = np.where(moves[..., None], camera, backward)
        inside |= moves
        trusted = (trusted & ~ground) | moves
    weight = cv2.erode(trusted.astype(np.float32), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    weight = cv2.GaussianBlur(weight, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE) * inside
    return Motion(backward, np.ascontiguousarray(weight, np.float32))


class _Errors:
    """How well motions predict the brightness of a frame."""

    def __init__(self, now: Gray, before: Gray) -> None:
        self._now, self._before = (
            np.asarray(cv2.GaussianBlur(gray, (0, 0), CALM), np.float32) for gray in (now, before)
        )

    def of(self, motion: Field) -> Plane:
        """Mean square error around each pixel, (H, W), squared levels of 255."""
        missed = self._now - _sample(self._before, *_places(motion), cv2.INTER_LINEAR)
        return np.asarray(cv2.boxFilter(np.square(missed), -1, (WINDOW, WINDOW)), np.float32)


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
    return resized(pixels, (width, height), cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)


def _gray(pixels: Pixels) -> Gray:
    return np.asarray(cv2.cvtColor(to_bytes(pixels), cv2.COLOR_RGB2GRAY), np.uint8)


def _places(flow: Field) -> tuple[Plane, Plane]:
    """The position of each pixel in the earlier frame: x and y, (H, W), px."""
    height, width = flow.shape[:2]
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    return x + flow[..., 0], y[:, None] + flow[..., 1]


def _sample(values: NDArray[np.float32], x: Plane, y: Plane, interpolation: int) -> NDArray[np.float32]:
    return np.asarray(cv2.remap(values, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _inside(x: Plane, y: Plane) -> Mask:
    height, width = x.shape
    inside = (x >= -EDGE) & (y >= -EDGE) & (x <= width - 1 + EDGE) & (y <= height - 1 + EDGE)
    return np.asarray(inside)


def _squares(field: Field) -> Plane:
    return np.asarray(np.square(field).sum(-1), np.float32)


def _boundary(flow: Field) -> Mask:
    """Motion boundaries of Ruder et al. 2016: ``|grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002``."""
    gradients = [np.square(slope) for channel in (0, 1) for slope in np.gradient(flow[..., channel])]
    return np.asarray(np.sum(gradients, 0) > 0.01 * _squares(flow) + 0.002)


def _grain(change: Plane, trusted: Mask, most: float) -> float:
    """The part of the change of color that even the best flow leaves, levels of 255: the film's grain."""
    agreed = change[::4, ::4][trusted[::4, ::4]]
    return min(float(np.percentile(agreed, CALMEST)), most / 2) if agreed.size else 0.0


def _change(current: Pixels, previous: Pixels, x: Plane, y: Plane) -> Plane:
    """Blurred difference between the current frame and the earlier one sampled at x, y: (H, W), levels of 255."""
    top = np.iinfo(current.dtype).max / 255
    warped = _sample(previous.astype(np.float32), x, y, cv2.INTER_LINEAR)
    difference = np.abs(warped - current.astype(np.float32)).mean(-1) / top
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 1.5), np.float32)
