"""The camera's motion, and which plain areas go with it rather than with what moves in front of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.motion.estimators import Field, Gray

Plane = NDArray[np.float32]
"""(H, W)"""
Mask = NDArray[np.bool_]
"""(H, W)"""

ROUNDS, SIDE = 5, 64
"""rounds of reweighted least squares, on a grid with about this many points along the short side"""
PLAIN = 0.3
"""weight of a place whose flow is not certain: at 0 the camera's motion misses roads and lawns"""
CORNER, ABOVE_NOISE = 4.0, 4.0
"""squared levels of 255 per px: least change of brightness in every direction at a place whose flow is certain; and how
many times as much it must be as at the picture's plainest places, which show the noise"""
PLAINEST = 10
"""percentile of the plainest places"""
CELLS, CELL, SHARE = 12, 0.02, 0.25
"""cells along the short side; share of its pixels that speak for a cell; weight of a cell without texture"""
APART, CLEAR = 1.0, 1.0
"""px by which two motions must differ; levels of 255 by which one must predict a color better to be preferred"""
UNDECIDED = 0.1
"""vote for the camera of a pixel whose color both motions predict; none inside an area of one color"""
FLAT, FLATTEST = 3.0, 6.0
"""levels of 255: most change of brightness over 3 px in a plain area without noise, and with any"""
REACH, STEEP = 1 / 8, 1e-3
"""guided filter: radius as a fraction of the short side, and the guide's variance below which it only averages"""


def camera_motion(flow: Field, gray: Gray, trusted: Mask) -> Field:
    """The affine motion that most of the trusted flow follows where the picture has texture: (H, W, 2) px.

    Optical flow is guesswork in plain areas, where it follows whatever moves next to them, so these have less say. They
    speak for a camera that stands still, though, because an object in front of a plain sky is not the camera: no motion
    is returned if less of the picture has texture that follows the fit than stands still or is plain.
    """
    height, width = trusted.shape
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    terms = np.stack([np.ones_like(x), x, y], -1)
    step = max(1, min(height, width) // SIDE)
    textured, valid = _corners(gray)[::step, ::step], trusted[::step, ::step].ravel()
    known, wanted = terms[::step, ::step].reshape(-1, 3), flow[::step, ::step].reshape(-1, 2).astype(np.float64)
    usual = np.where(textured.ravel(), 1, PLAIN) * valid
    weight, fit, residual = usual, np.zeros((3, 2)), np.zeros(valid.shape)
    for _ in range(ROUNDS):
        normal = known.T * weight
        fit = np.linalg.solve(normal @ known + np.eye(3) * 1e-3, normal @ wanted)
        residual = np.square(wanted - known @ fit).sum(1)
        weight = usual / (1 + residual)  # Cauchy's weights: objects that move on their own count less

    def cells(plane: Mask) -> int:
        size = max(1, round(width / height * CELLS)), CELLS
        held = plane.reshape(textured.shape).astype(np.float32)
        return int((cv2.resize(held, size, interpolation=cv2.INTER_AREA) > CELL).sum())

    certain, follows = textured.ravel() & valid, residual < APART**2
    stands = np.square(wanted).sum(1) < APART**2
    unknown = cells(np.ones_like(certain)) - cells(textured)
    if cells(certain & follows) < cells(certain & stands & ~follows) + SHARE * unknown:
        return np.zeros_like(flow)
    return np.asarray(terms @ fit, np.float32)


def plain_ground(gray: Gray, apart: Field, gain: Plane, trusted: Mask, grain: float = 0.0) -> tuple[Mask, Mask]:
    """Find pixels of a plain background that have the flow of a moving object next to them: two masks (H, W).

    apart: their flow minus the camera's motion, px. gain: how much better the camera's motion predicts their color,
    levels of 255. grain: what noise adds to it, levels of 255. If both motions predict the color, nearby
    pixels of similar brightness decide; an area without any texture is decided as a whole. The first mask holds the
    pixels that go with the camera, the second those of plain ground, which only the camera can move: where it does not
    predict their color, they were covered before.
    """
    differs = np.square(apart).sum(-1) > APART**2
    clear = CLEAR + grain
    camera = (gain > clear) | (trusted & ~differs)
    own = trusted & differs & (gain < -clear)
    ground = _ground(_plain(gray), camera, own)
    said = np.where(camera | ground, np.float32(1), np.where(own, np.float32(-1), np.float32(UNDECIDED)))
    votes = _guided(said, np.float32(1 / 255) * gray)
    return differs & (ground | ((gain > -clear) & (votes > 0))), differs & ground


def _ground(plain: Mask, camera: Mask, own: Mask) -> Mask:
    """The plain areas that belong to the background: more of their pixels go with the camera than on their own.

    An area that reaches the picture's edge is rarely an object's; its undecided pixels speak for the camera.
    """
    count, labels = cv2.connectedComponents(plain.astype(np.uint8), connectivity=4)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    votes = camera.astype(np.float32) - own
    votes[~camera & ~own & np.isin(np.arange(count), edge)[labels]] = UNDECIDED
    background = np.bincount(labels.ravel(), votes.ravel(), count) > 0
    background[0] = False  # not plain
    return np.asarray(background[labels])


def _corners(gray: Gray) -> Mask:
    """Where brightness changes in every direction, and more than by noise."""
    least = cv2.cornerMinEigenVal(gray, 5, ksize=3) * 255**2
    return np.asarray(least > max(CORNER, ABOVE_NOISE * float(np.percentile(least[::4, ::4], PLAINEST))))


def _plain(gray: Gray) -> Mask:
    """Where brightness hardly changes, except by noise."""
    spread = cv2.morphologyEx(cv2.medianBlur(gray, 5), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    noise = float(np.percentile(spread[::4, ::4], PLAINEST))
    return np.asarray(spread < min(FLAT + noise, FLATTEST))


def _guided(values: Plane, guide: Plane) -> Plane:
    """Average values (H, W) without crossing the edges of a guide in 0..1 (guided filter, He et al. 2010)."""
    side = 2 * max(1, round(REACH * min(guide.shape))) + 1

    def mean(plane: Plane) -> Plane:
        return np.asarray(cv2.boxFilter(plane, -1, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)

    level, average = mean(guide), mean(values)
    covariance, variance = mean(guide * values) - level * average, mean(guide * guide) - level * level
    slope = np.asarray(covariance / (variance + STEEP), np.float32)
    return mean(slope) * guide + mean(average - slope * level)
