"""Two frames -> Motion: optical flow both ways, and how far it can be trusted; warping along it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Motion, Picture, Pixels
from videostyle.settings import FlowSettings

Field = NDArray[np.float32]
"""(H, W, 2) px"""
Weight = NDArray[np.float32]
"""(H, W) in 0..1"""

COARSEST = 24
"""px, least short side of Farneback's coarsest level; at 1080p five levels follow fast motion, three do not"""


def estimate(current: Pixels, previous: Pixels, settings: FlowSettings) -> Motion:
    """Motion between two frames (H, W, 3) of equal size.

    A pixel is trusted where the flow there and back agree (Sundaram et al. 2010: ``|w1 + w2|^2 < 0.01 (|w1|^2 + |w2|^2)
    + 0.5`` px^2, with the constants of Ruder et al. 2016), it lies inside the earlier frame, and, differing from both,
    the earlier frame warped shows about the same colour.
    """
    now, before = _gray(current), _gray(previous)
    backward = _flow(now, before, settings.method)
    forward = _flow(before, now, settings.method)
    there_and_back = backward + _sample(forward, backward, cv2.INTER_LINEAR)
    lengths = _squares(backward) + _squares(_sample(forward, backward, cv2.INTER_LINEAR))
    trusted = _squares(there_and_back) < settings.forward_backward * lengths + settings.forward_backward_px
    trusted &= _inside(backward)
    if settings.motion_boundary:
        trusted &= ~_boundary(backward)
    if settings.photometric:
        trusted &= _same_color(current, previous, backward, settings.photometric)
    weight = cv2.erode(trusted.astype(np.float32), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    weight = cv2.GaussianBlur(weight, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE) * _inside(backward)
    return Motion(backward, np.ascontiguousarray(weight, np.float32))


def warp(picture: Picture, flow: Field) -> tuple[Picture, Weight]:
    """An earlier picture (H, W, 3) brought to the current frame, and where it was seen (1) or lay outside (0).

    Sampled bicubically: bilinear sampling blurs a picture that is carried through many frames.
    """
    warped = np.clip(_sample(picture, flow, cv2.INTER_CUBIC), 0, 1)
    return warped, _inside(flow).astype(np.float32)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Pixels (H, W, 3) at another size: by area where they shrink, bicubically where they grow."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    found: Pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return found


def fill_unseen(warped: Picture, seen: Weight, content: Picture) -> Picture:
    """Put the content frame, in the colours of the stylized film, where nothing was seen.

    The colours are mapped by the affine map of RGB that best turns content into the warped picture where it was seen
    (ridge least squares, drawn towards changing nothing); with hardly anything seen the content stays as it is.
    """
    ridge = 1e-3 * seen.size
    inputs = np.concatenate([content.reshape(-1, 3), np.ones((seen.size, 1), np.float32)], 1).astype(np.float64)
    weighted = inputs * seen.reshape(-1, 1)
    identity = np.eye(4, 3)
    change = np.linalg.solve(
        weighted.T @ inputs + ridge * np.eye(4), weighted.T @ (warped.reshape(-1, 3) - inputs @ identity)
    )
    matched = np.clip(inputs @ (identity + change), 0, 1).reshape(content.shape).astype(np.float32)
    return matched + seen[..., None] * (warped - matched)


def _gray(pixels: Pixels) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _flow(current: NDArray[np.uint8], previous: NDArray[np.uint8], method: str) -> Field:
    """Where the pixels of one gray frame were in another: (H, W, 2)."""
    if method == "dis":
        return np.asarray(cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(current, previous, None))
    levels = max(1, int(np.log2(min(current.shape) / COARSEST)) + 1)
    return np.asarray(cv2.calcOpticalFlowFarneback(current, previous, None, 0.5, levels, 15, 3, 7, 1.5, 0))


def _places(flow: Field) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where every pixel was: x and y, (H, W)."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x + flow[..., 0], y + flow[..., 1]


def _sample(values: NDArray[np.float32], flow: Field, interpolation: int) -> NDArray[np.float32]:
    x, y = _places(flow)
    return np.asarray(cv2.remap(values, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _inside(flow: Field) -> NDArray[np.bool_]:
    x, y = _places(flow)
    return (x >= 0) & (y >= 0) & (x <= flow.shape[1] - 1) & (y <= flow.shape[0] - 1)


def _squares(field: Field) -> NDArray[np.float32]:
    return np.asarray(np.square(field).sum(-1), np.float32)


def _boundary(flow: Field) -> NDArray[np.bool_]:
    """Ruder et al. 2016: ``|grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002``."""
    gradients = [np.square(part) for channel in (0, 1) for part in np.gradient(flow[..., channel])]
    return np.asarray(np.sum(gradients, 0) > 0.01 * _squares(flow) + 0.002)


def _same_color(current: Pixels, previous: Pixels, flow: Field, levels: float) -> NDArray[np.bool_]:
    top = np.iinfo(current.dtype).max / 255
    warped = _sample(previous.astype(np.float32), flow, cv2.INTER_LINEAR)
    difference = np.abs(warped - current.astype(np.float32)).mean(-1) / top
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 1.5) < levels)
