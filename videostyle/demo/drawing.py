"""Planes, noise and soft-edged shapes: what the demo is drawn with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels, to_pixels

Plane = NDArray[np.floating[Any]]
"""(H, W), one number per pixel"""
Color = tuple[float, float, float]
"""RGB in 0..1"""

LATTICE = 64
"""cells of the value noise before it repeats"""


class Noise:
    """Value noise that repeats after LATTICE cells."""

    def __init__(self, seed: int) -> None:
        self._table = np.random.default_rng(seed).random((LATTICE, LATTICE)).astype(np.float32)

    def __call__(self, x: Plane, y: Plane, octaves: int = 1) -> Plane:
        """Noise in 0..1 at x and y, in cells; every octave is twice as fine and half as strong."""
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
    """A picture in 0..1 and its coordinates: y from 0 at the top to 1 at the bottom, x in the same unit."""

    def __init__(self, width: int, height: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
        self.x: Plane = x / np.float32(height)
        self.y: Plane = y / np.float32(height)
        self.edge = 1.2 / height
        self.picture = np.zeros((height, width, 3), np.float32)

    def fill(self, distance: Plane, paint: NDArray[np.float32] | Color, opacity: Plane | float = 1.0) -> None:
        """Lay paint where the signed distance is negative, with a soft edge a pixel wide."""
        cover = (step(self.edge, -self.edge, distance) * opacity)[..., None]
        self.picture += (np.asarray(paint, np.float32) - self.picture) * cover

    def pixels(self, noise: Noise) -> Pixels:
        """The picture with a fine grain of paper, as uint8."""
        grain = noise(self.x * 90, self.y * 90, 2)[..., None] - 0.5
        return to_pixels(self.picture * (1 + 0.06 * grain), np.dtype(np.uint8))


def step(low: float, high: float, value: Plane) -> Plane:
    part = np.clip((value - low) / (high - low), 0, 1)
    smooth: Plane = (part * part * (3 - 2 * part)).astype(np.float32)
    return smooth


def blend(part: Plane, *colors: Color) -> NDArray[np.float32]:
    """Colours along 0..1: (H, W) -> (H, W, 3)."""
    stops = np.linspace(0, 1, len(colors))
    channels = [np.interp(part, stops, [color[c] for color in colors]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def ball(x: Plane, y: Plane, radius: float) -> Plane:
    distance: Plane = np.hypot(x, y) - np.float32(radius)
    return distance


def polygon(x: Plane, y: Plane, *corners: tuple[float, float]) -> Plane:
    """Signed distance to a convex polygon whose corners run clockwise as seen."""
    distance = np.full(x.shape, -np.inf, np.float32)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = float(np.hypot(bx - ax, by - ay))
        distance = np.maximum(distance, ((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
    return distance


def turn(x: Plane, y: Plane, angle: float) -> tuple[Plane, Plane]:
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cos + y * sin, y * cos - x * sin
