"""Noise and soft-edged shapes, with which the demo is drawn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels, to_pixels

Plane = NDArray[np.floating[Any]]
"""(H, W): one number per pixel"""
Color = tuple[float, float, float]
"""RGB in 0..1"""

LATTICE = 64
"""cells after which the noise repeats"""


class Noise:
    """Value noise: random numbers at the corners of cells, smooth between them."""

    def __init__(self, seed: int) -> None:
        self._table = np.random.default_rng(seed).random((LATTICE, LATTICE)).astype(np.float32)

    def __call__(self, x: Plane, y: Plane, octaves: int = 1) -> Plane:
        """Noise in 0..1 at x and y, in cells; each octave is twice as fine and half as strong as the previous one."""
        total = np.zeros(np.broadcast(x, y).shape, np.float32)
        weight = 0.0
        for octave in range(octaves):
            scale = np.float32(2**octave)
            total += self._smooth(x * scale + 17 * octave, y * scale + 31 * octave) / scale
            weight += 1 / float(scale)
        return total / np.float32(weight)

    def _smooth(self, x: Plane, y: Plane) -> Plane:
        left, top = np.floor(x), np.floor(y)
        u, v = x - left, y - top
        u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
        i, j = left.astype(np.int64) % LATTICE, top.astype(np.int64) % LATTICE
        k, m = (i + 1) % LATTICE, (j + 1) % LATTICE
        upper = self._table[j, i] * (1 - u) + self._table[j, k] * u
        lower = self._table[m, i] * (1 - u) + self._table[m, k] * u
        mixed: Plane = (upper * (1 - v) + lower * v).astype(np.float32)
        return mixed


class Canvas:
    """A picture in 0..1 and its coordinates: y runs from 0 at the top to 1 at the bottom; x uses the same unit."""

    def __init__(self, width: int, height: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
        self.x: Plane = x / np.float32(height)
        self.y: Plane = y / np.float32(height)
        self.edge = 1.2 / height
        self.picture = np.zeros((height, width, 3), np.float32)

    def fill(self, distance: Plane, paint: NDArray[np.float32] | Color, opacity: Plane | float = 1.0) -> None:
        """Paint where the signed distance is negative, with a soft edge one pixel wide."""
        cover = (step(self.edge, -self.edge, distance) * opacity)[..., None]
        self.picture += (np.asarray(paint, np.float32) - self.picture) * cover

    def pixels(self, noise: Noise) -> Pixels:
        """The picture with a fine paper grain, (H, W, 3) uint8."""
        grain = noise(self.x * 90, self.y * 90, 2)[..., None] - 0.5
        return to_pixels(self.picture * (1 + 0.06 * grain), np.dtype(np.uint8))


def step(low: float, high: float, value: Plane) -> Plane:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``; ``low`` may be larger than ``high``."""
    share = np.clip((value - low) / (high - low), 0, 1)
    smooth: Plane = (share * share * (3 - 2 * share)).astype(np.float32)
    return smooth


def blend(share: Plane, *colors: Color) -> NDArray[np.float32]:
    """Interpolate evenly spaced colors: (H, W) in 0..1 -> (H, W, 3)."""
    stops = np.linspace(0, 1, len(colors))
    channels = [np.interp(share, stops, [color[c] for color in colors]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def ball(x: Plane, y: Plane, radius: float) -> Plane:
    """Signed distance to a disc around 0, negative inside."""
    distance: Plane = np.hypot(x, y) - np.float32(radius)
    return distance


def polygon(x: Plane, y: Plane, *corners: tuple[float, float]) -> Plane:
    """Signed distance to a convex polygon with its corners in clockwise order on the screen, negative inside."""
    distance = np.full(x.shape, -np.inf, np.float32)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = float(np.hypot(bx - ax, by - ay))
        distance = np.maximum(distance, ((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
    return distance


def turn(x: Plane, y: Plane, angle: float) -> tuple[Plane, Plane]:
    """Coordinates in a system that is rotated around 0 by an angle in radians."""
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cos + y * sin, y * cos - x * sin
