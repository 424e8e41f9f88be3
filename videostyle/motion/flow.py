"""Two frames -> Motion: optical flow both ways, and how far it can be trusted; warping along it."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Motion, Picture, Pixels
from videostyle.settings import FlowSettings

Field = NDArray[np.float32]
"""(H, W, 2) px"""
Weight = NDArray[np.float32]
"""(H, W) in 0..1"""
Gray = NDArray[np.uint8]
"""(H, W) 0..255"""

COARSEST = 12
"""px, least short side of Farneback's coarsest level: with 24 it loses pans of 80 px in pictures 360 px high"""
NORMALIZED = 8.0
"""px, standard deviation of the window in which contrast is evened out for Farneback"""
ITERATIONS = 3, 6
"""of Farneback, at full size and on every smaller level, where they cost little and find large motion"""
WINDOW, NEIGHBORS, SPREAD = 11, 5, 1.1
"""px: over which Farneback averages, which it fits a polynomial to, and the standard deviation of the fit's weight"""
SMOOTHNESS, REFINEMENTS = 80.0, 10
"""of the variational refinement: weight of smooth flow (OpenCV's is 20) and fixed-point iterations"""
FAINTEST = 4.0
"""levels of 255: contrast below this is taken for noise and not raised"""
CAMERA_ROUNDS, CAMERA_SIDE = 5, 128
"""of reweighted least squares, on a grid of about so many points along the short side: six numbers need no more"""
APART, CLEAR = 1.0, 1.0
"""px between two motions that differ; levels of 255 by which one of them must explain a color better to be the one"""
REACH, STEEP = 1 / 8, 1e-3
"""of the guided filter: radius as a share of the short side, and variance of the guide below which it only averages"""
DIS_FULL = 512
"""px: pictures with a shorter side are followed by DIS down to full size, others to half size"""


def estimate(current: Pixels, previous: Pixels, settings: FlowSettings) -> Motion:
    """Motion between two frames (H, W, 3) of equal size.

    A pixel is trusted where the flow there and back agree (Sundaram et al. 2010: ``|w1 + w2|^2 < 0.01 (|w1|^2 + |w2|^2)
    + 0.5`` px^2, with the constants of Ruder et al. 2016), it lies inside the earlier frame, and, differing from both,
    the earlier frame warped shows about the same colour. What is not trusted, or has a neighbor's flow, and shows the
    same colour along the camera's motion gets that motion, and is trusted.
    """
    now, before = _gray(current), _gray(previous)
    backward = _flow(now, before, settings.method)
    forward = _flow(before, now, settings.method)
    back = _sample(forward, backward, cv2.INTER_LINEAR)
    lengths = _squares(backward) + _squares(back)
    trusted = _squares(backward + back) < settings.forward_backward * lengths + settings.forward_backward_px
    trusted &= _inside(backward)
    if settings.motion_boundary:
        trusted &= ~_boundary(backward)
    if settings.photometric:
        change = _change(current, previous, backward)
        trusted &= change < settings.photometric
    if settings.photometric and settings.plain:
        camera = _camera(backward, trusted)
        along = _change(current, previous, camera)
        plain = ~trusted | _drawn_along(now, backward - camera, change - along, trusted)
        plain &= _inside(camera) & (along < settings.photometric)
        backward = np.where(plain[..., None], camera, backward)
        trusted |= plain
    weight = cv2.erode(trusted.astype(np.float32), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    weight = cv2.GaussianBlur(weight, (0, 0), 0.8, borderType=cv2.BORDER_REPLICATE) * _inside(backward)
    return Motion(backward, np.ascontiguousarray(weight, np.float32))


def _camera(flow: Field, trusted: NDArray[np.bool_]) -> Field:
    """The affine motion that most of the trusted flow follows: (H, W, 2). Nothing trusted: no motion.

    Flow is random in plain areas, a sky or a wall; they are taken to move as the camera does.
    """
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
        away = np.square(wanted - known @ fit).sum(1, keepdims=True)
        weight = valid / (1 + away)  # Cauchy's weights: what moves otherwise loses its say
    return np.asarray(terms @ fit, np.float32)


def _drawn_along(gray: Gray, apart: Field, gain: Weight, trusted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Plain pixels beside something that moves by itself, whose flow is that thing's and not their own: (H, W).

    apart: their flow less the camera's motion, px. gain: by how much the latter explains their color better, levels of
    255. Where both explain it a pixel goes with those around it, of its brightness, of which only one is true.
    """
    differs = _squares(apart) > APART**2
    camera = (gain > CLEAR) | (trusted & ~differs)
    own = trusted & differs & (gain < -CLEAR)
    votes = _guided(camera.astype(np.float32) - own.astype(np.float32), np.float32(1 / 255) * gray)
    return differs & (gain > -CLEAR) & (votes > 0)


def _guided(values: Weight, guide: Weight) -> Weight:
    """Values (H, W) averaged within the borders of a guide in 0..1 (He et al. 2010, the guided filter)."""
    side = 2 * max(1, round(REACH * min(guide.shape))) + 1

    def mean(of: NDArray[Any]) -> Weight:
        return np.asarray(cv2.boxFilter(of, -1, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    level, average = mean(guide), mean(values)
    slope = (mean(guide * values) - level * average) / (mean(guide * guide) - level * level + STEEP)
    return mean(slope) * guide + mean(average - slope * level)


def warp(picture: Picture, flow: Field) -> tuple[Picture, Weight]:
    """An earlier picture (H, W, 3) brought to the current frame, and where it was seen (1) or lay outside (0).

    Sampled by Lanczos' kernel: carried through many frames, a picture is blurred by bilinear sampling, and by OpenCV's
    bicubic one sharpened.
    """
    warped = np.clip(_sample(picture, flow, cv2.INTER_LANCZOS4), 0, 1)
    return warped, _inside(flow).astype(np.float32)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Pixels (H, W, 3) at another size: by area where they shrink, bicubically where they grow."""
    if pixels.shape[:2] == (height, width):
        return pixels
    smaller = width * height < pixels.shape[0] * pixels.shape[1]
    found: Pixels = _resized(pixels, (width, height), cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
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


def _gray(pixels: Pixels) -> Gray:
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _flow(current: Gray, previous: Gray, method: str) -> Field:
    """Where the pixels of one gray frame were in another: (H, W, 2)."""
    return _dis(current, previous) if method == "dis" else _farneback(current, previous)


def _farneback(current: Gray, previous: Gray) -> Field:
    """Farnebäck 2003, coarse to fine, on pictures whose contrast is evened out at every scale.

    Differs from OpenCV's own pyramid: a window holds strong and weak texture, of which else only the strong counts.
    On every scale the flow is then refined by Brox et al. 2004, as DIS refines its own: Farneback's window blurs
    borders and fractions of a pixel. It halves the end-point error, and films are steadier for it (scripts/LOG.md).
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
        found = cv2.calcOpticalFlowFarneback(
            _even(now), _even(before), start, 0.5, 1, WINDOW, rounds, NEIGHBORS, SPREAD, initial
        )
        flow = np.asarray(refinement.calc(now, before, np.ascontiguousarray(found)), np.float32)
    return flow


def _dis(current: Gray, previous: Gray) -> Field:
    """Kroeger et al. 2016, OpenCV's medium preset, ending at full size where the picture is small."""
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(0 if min(current.shape) < DIS_FULL else 1)
    start = np.zeros((*current.shape, 2), np.float32)
    return np.asarray(estimator.calc(current, previous, start), np.float32)


def _even(gray: Gray) -> Gray:
    """Subtract the local mean and divide by the local deviation."""
    values = gray.astype(np.float32)
    detail = values - cv2.GaussianBlur(values, (0, 0), NORMALIZED)
    deviation = np.sqrt(cv2.GaussianBlur(np.square(detail), (0, 0), NORMALIZED) + FAINTEST**2)
    return np.asarray(np.clip(128 + 48 * detail / deviation, 0, 255), np.uint8)


def _resized(values: NDArray[Any], size: tuple[int, int], interpolation: int) -> NDArray[Any]:
    """Values (H, W, ...) of the same type at another width and height."""
    return np.asarray(cv2.resize(values, size, interpolation=interpolation), values.dtype)


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
    return np.asarray((x >= 0) & (y >= 0) & (x <= flow.shape[1] - 1) & (y <= flow.shape[0] - 1))


def _squares(field: Field) -> NDArray[np.float32]:
    return np.asarray(np.square(field).sum(-1), np.float32)


def _boundary(flow: Field) -> NDArray[np.bool_]:
    """Ruder et al. 2016: ``|grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002``."""
    gradients = [np.square(part) for channel in (0, 1) for part in np.gradient(flow[..., channel])]
    return np.asarray(np.sum(gradients, 0) > 0.01 * _squares(flow) + 0.002)


def _change(current: Pixels, previous: Pixels, flow: Field) -> Weight:
    """Difference of the earlier frame, warped, from the current one, over a few pixels: (H, W), levels of 255."""
    top = np.iinfo(current.dtype).max / 255
    warped = _sample(previous.astype(np.float32), flow, cv2.INTER_LINEAR)
    difference = np.abs(warped - current.astype(np.float32)).mean(-1) / top
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 1.5), np.float32)
