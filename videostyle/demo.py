"""A drawn short film, its sound and a painted artwork, all by arithmetic: something to try the program on."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels

Plane = NDArray[np.float32]
"""(H, W), one number per pixel"""
Color = tuple[float, float, float]
"""RGB in 0..1"""

LATTICE = 64
"""cells of the value noise before it repeats"""
CHORDS = ((220.0, 277.18, 329.63), (146.83, 220.0, 293.66), (164.81, 246.94, 329.63), (220.0, 329.63, 440.0))
"""Hz"""

NIGHT: tuple[Color, ...] = (
    (0.03, 0.06, 0.20),
    (0.06, 0.14, 0.38),
    (0.10, 0.27, 0.56),
    (0.16, 0.44, 0.62),
    (0.35, 0.64, 0.68),
    (0.70, 0.82, 0.72),
    (0.95, 0.92, 0.74),
)
"""sky from its depth to its brightest streaks"""
GLOW: tuple[Color, ...] = ((0.30, 0.46, 0.52), (0.78, 0.58, 0.18), (0.97, 0.78, 0.25), (1.00, 0.94, 0.70))
"""moon and stars, from the halo inwards"""
EARTH: tuple[Color, ...] = ((0.04, 0.08, 0.14), (0.07, 0.20, 0.24), (0.16, 0.33, 0.25), (0.46, 0.44, 0.16))
"""hills from shadow to light"""
STROKES = ((0.056, 0.18, 1.0), (0.030, 0.13, 1.5), (0.017, 0.085, 1.6), (0.010, 0.052, 1.3))
"""width and length as parts of the picture, and how often the strokes of that size cover it; large first"""


def make_clip(width: int, height: int, rate: int, seconds: float, seed: int = 0) -> Iterator[Pixels]:
    """Draw a short film of two scenes with a hard cut in the middle: frames (H, W, 3) uint8.

    rate: frames per second. A boat sails under hills in the first half; a windmill turns and a balloon rises in the
    second.
    """
    noise = _Noise(seed)
    frames = max(2, round(rate * seconds))
    for frame in range(frames):
        canvas = _Canvas(width, height)
        if frame < frames // 2:
            _draw_sea(canvas, noise, frame / rate)
        else:
            _draw_fields(canvas, noise, (frame - frames // 2) / rate)
        yield canvas.pixels(noise)


def make_sound(seconds: float, rate: int = 48000) -> NDArray[np.int16]:
    """Soft chords: stereo samples (n, 2), ``rate`` a second."""
    count = round(seconds * rate)
    time = np.arange(count) / rate
    beat = max(seconds / len(CHORDS), 1e-6)
    sound = np.zeros((count, 2))
    for place, chord in enumerate(CHORDS):
        since = time - place * beat
        envelope = np.clip(since / 0.08, 0, 1) * np.exp(-1.1 * np.clip(since, 0, None))
        for note, pitch in enumerate(chord):
            tone = np.sin(2 * np.pi * pitch * since) + 0.25 * np.sin(4 * np.pi * pitch * since)
            pan = 0.35 + 0.3 * note / 2
            sound += (tone * envelope)[:, None] * (1 - pan, pan)
    sound *= np.clip((seconds - time) / 0.15, 0, 1)[:, None]
    return np.rint(0.35 * 32767 * sound / max(float(np.abs(sound).max(initial=0)), 1e-9)).astype(np.int16)


def make_art(size: int, seed: int = 0) -> Pixels:
    """Paint a night sky over hills with thousands of curved brush strokes: (size, size, 3) uint8."""
    noise = _Noise(seed)
    draft = _draft_night(size, noise, seed)
    rng = np.random.default_rng(seed)
    paint = np.empty((size, size, 3), np.float32)
    paint[:] = (0.20, 0.17, 0.12)
    relief = np.zeros((size, size), np.float32)
    for width, length, cover in STROKES:
        step = max(1.0, size * (width * length / cover) ** 0.5)
        grid = np.arange(step / 2, size, step)
        places = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
        places = places + rng.uniform(-0.6, 0.6, places.shape) * step
        for x, y in places[rng.permutation(len(places))]:
            _paint_stroke(paint, relief, draft, (float(x), float(y)), (width * size, length * size), rng)
    return _light(paint, relief)


class _Noise:
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


class _Canvas:
    """A picture in 0..1 and its coordinates: y from 0 at the top to 1 at the bottom, x in the same unit."""

    def __init__(self, width: int, height: int) -> None:
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
        self.x: Plane = x / np.float32(height)
        self.y: Plane = y / np.float32(height)
        self.edge = 1.2 / height
        self.picture = np.zeros((height, width, 3), np.float32)

    def fill(self, distance: Plane, paint: NDArray[np.float32] | Color, opacity: Plane | float = 1.0) -> None:
        """Lay paint where the signed distance is negative, with a soft edge a pixel wide."""
        cover = (_step(self.edge, -self.edge, distance) * opacity)[..., None]
        self.picture += (np.asarray(paint, np.float32) - self.picture) * cover

    def pixels(self, noise: _Noise) -> Pixels:
        """The picture with a fine grain of paper, as uint8."""
        grain = noise(self.x * 90, self.y * 90, 2)[..., None] - 0.5
        return np.rint(np.clip(self.picture * (1 + 0.06 * grain), 0, 1) * 255).astype(np.uint8)


def _step(low: float, high: float, value: Plane) -> Plane:
    part = np.clip((value - low) / (high - low), 0, 1)
    smooth: Plane = (part * part * (3 - 2 * part)).astype(np.float32)
    return smooth


def _blend(part: Plane, *colors: Color) -> NDArray[np.float32]:
    """Colours along 0..1: (H, W) -> (H, W, 3)."""
    stops = np.linspace(0, 1, len(colors))
    channels = [np.interp(part, stops, [color[c] for color in colors]) for c in range(3)]
    return np.stack(channels, -1).astype(np.float32)


def _ball(x: Plane, y: Plane, radius: float) -> Plane:
    distance: Plane = np.hypot(x, y) - np.float32(radius)
    return distance


def _polygon(x: Plane, y: Plane, *corners: tuple[float, float]) -> Plane:
    """Signed distance to a convex polygon whose corners run clockwise as seen."""
    distance = np.full(x.shape, -np.inf, np.float32)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
        length = float(np.hypot(bx - ax, by - ay))
        distance = np.maximum(distance, ((by - ay) * (x - ax) - (bx - ax) * (y - ay)) / length)
    return distance


def _turn(x: Plane, y: Plane, angle: float) -> tuple[Plane, Plane]:
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cos + y * sin, y * cos - x * sin


def _draw_sky(c: _Canvas, noise: _Noise, shift: float, sun: tuple[float, float], colors: tuple[Color, ...]) -> None:
    c.picture[:] = _blend(c.y / 0.62, *colors)
    away = np.hypot(c.x - sun[0], c.y - sun[1])
    c.fill(away - 9, (1.0, 0.90, 0.62), 0.75 * np.exp(-5.5 * away))
    c.fill(away - 0.075, _blend(away / 0.075, (1.0, 0.98, 0.86), (1.0, 0.86, 0.45)))
    x, y = c.x * 2.6 + shift, c.y * 6.5
    puff = noise(x, y, 5)
    lit = np.clip(0.5 + 3.2 * (puff - noise(x + 0.10, y - 0.28, 5)), 0, 1)
    cover = _step(0.50, 0.66, puff) * _step(0.60, 0.25, c.y)
    c.fill(away - 9, _blend(lit, (0.70, 0.68, 0.78), (0.98, 0.93, 0.88), (1.0, 0.99, 0.95)), 0.92 * cover)


def _draw_ridge(c: _Canvas, noise: _Noise, top: float, rise: float, shift: float, colors: tuple[Color, ...]) -> None:
    """Hills across the picture, lit from the right and rough as woods are."""
    x = c.x + np.float32(shift)
    row = np.full_like(c.x, 7 * top)
    line = top - rise * noise(x * 1.9, row, 3)
    slope = noise(x * 1.9 + 0.08, row, 3) - noise(x * 1.9, row, 3)
    depth = c.y - line
    woods = noise(x * 14, c.y * 20, 3)
    light = 0.55 - 3.0 * slope + 0.9 * (woods - 0.5) - 1.2 * depth
    c.fill(-depth, _blend(light, *colors))


def _draw_sea(c: _Canvas, noise: _Noise, time: float) -> None:
    sun = (1.36, 0.20)
    sky = ((0.24, 0.50, 0.78), (0.50, 0.74, 0.88), (0.98, 0.86, 0.70))
    _draw_sky(c, noise, 0.16 * time, sun, sky)
    _draw_ridge(c, noise, 0.60, 0.24, 0.05 * time, ((0.36, 0.44, 0.60), (0.52, 0.60, 0.70), (0.72, 0.74, 0.74)))
    _draw_ridge(c, noise, 0.64, 0.17, 0.09 * time + 3, ((0.16, 0.32, 0.30), (0.36, 0.52, 0.30), (0.76, 0.72, 0.36)))
    depth = np.clip((c.y - 0.58) / 0.42, 0, 1)
    near = 0.12 + depth
    ripple = noise((c.x + 0.12 * time) * 3 / near, 9 / near + 1.4 * time, 3)
    water = _blend(ripple + 0.25 - 0.35 * depth, (0.05, 0.26, 0.44), (0.12, 0.48, 0.62), (0.62, 0.84, 0.84))
    glitter = _step(0.50, 0.72, ripple) * np.exp(-(((c.x - sun[0]) / (0.10 + 0.25 * depth)) ** 2))
    water += (np.array((1.0, 0.90, 0.62), np.float32) - water) * (0.9 * glitter)[..., None]
    c.fill(0.58 - c.y, water)
    _draw_wave(c, noise, 0.70, 0.014, 7.5, 1.0 * time, (0.10, 0.42, 0.58))
    _draw_boat(c, noise, time)
    _draw_wave(c, noise, 0.79, 0.020, 5.6, 1.6 * time + 1, (0.07, 0.36, 0.54))
    _draw_wave(c, noise, 0.91, 0.028, 4.1, 2.2 * time + 2, (0.04, 0.27, 0.46))


def _draw_wave(c: _Canvas, noise: _Noise, top: float, rise: float, rate: float, phase: float, color: Color) -> None:
    """One row of swell with foam on its crest; rate: radians per picture height."""
    swell = np.sin(rate * c.x + phase) + 0.5 * np.sin(2.3 * rate * c.x + 1.3 * phase)
    depth = c.y - (top - rise * swell)
    rough = noise(c.x * 9 + 0.6 * phase, depth * 34 + 5 * top, 3)
    light = 0.55 + 0.8 * (rough - 0.5) - 2.4 * depth + 0.10 * swell
    dark: Color = (0.55 * color[0], 0.62 * color[1], 0.72 * color[2])
    c.fill(-depth, _blend(light, dark, color, (0.55, 0.80, 0.82)))
    foam = np.exp(-((depth / 0.010) ** 2)) * _step(0.42, 0.62, rough) * (0.45 + 0.35 * swell)
    c.fill(-depth, (0.96, 0.97, 0.93), np.clip(foam, 0, 0.9))


def _draw_boat(c: _Canvas, noise: _Noise, time: float) -> None:
    x, y = _turn(c.x - 0.42 - 0.17 * time, c.y - 0.735 - 0.012 * np.sin(3.1 * time), 0.07 * np.sin(2.4 * time + 0.5))
    x, y = x.astype(np.float32), y.astype(np.float32)
    weave = noise(x * 40, y * 12, 2) - 0.5
    c.fill(_polygon(x, y, (-0.006, -0.50), (0.006, -0.50), (0.006, 0.0), (-0.006, 0.0)), (0.36, 0.22, 0.12))
    main = np.maximum(_polygon(x, y, (-0.01, -0.47), (-0.01, -0.05), (-0.20, -0.05)), -9)
    belly = 0.62 + 2.0 * x + 0.5 * y + 0.35 * weave + 0.3
    c.fill(main, _blend(belly, (0.80, 0.66, 0.50), (0.98, 0.94, 0.84)))
    seams = np.abs((y + 0.02 * x) % 0.105 - 0.05) - 0.002
    c.fill(np.maximum(main, seams), (0.72, 0.58, 0.44), 0.6)
    jib = _polygon(x, y, (0.012, -0.42), (0.19, -0.06), (0.012, -0.06))
    c.fill(jib, _blend(0.9 - 3.4 * x + 0.4 * weave, (0.66, 0.18, 0.13), (0.93, 0.40, 0.22)))
    hull = _polygon(x, y, (-0.24, -0.035), (0.27, -0.045), (0.17, 0.07), (-0.19, 0.07))
    planks = 0.75 - 6 * (y + 0.03) + 0.8 * (noise(x * 6, y * 70, 2) - 0.5)
    c.fill(hull, _blend(planks, (0.20, 0.09, 0.07), (0.46, 0.21, 0.13), (0.68, 0.36, 0.20)))
    c.fill(np.maximum(hull, np.abs(y + 0.025) - 0.008), (0.96, 0.90, 0.76))
    flag = y + 0.49 - 0.012 * np.sin(40 * x + 9 * time)
    c.fill(np.maximum(np.abs(flag) - 0.016, np.abs(x + 0.045) - 0.04), (0.94, 0.74, 0.24))


def _draw_fields(c: _Canvas, noise: _Noise, time: float) -> None:
    sky = ((0.20, 0.36, 0.66), (0.58, 0.70, 0.84), (1.0, 0.80, 0.58))
    _draw_sky(c, noise, 30 + 0.2 * time, (0.28, 0.30), sky)
    pan = 0.10 * time
    _draw_ridge(c, noise, 0.64, 0.20, 20 + 0.4 * pan, ((0.42, 0.42, 0.58), (0.60, 0.56, 0.62), (0.84, 0.72, 0.64)))
    _draw_balloon(c, noise, time)
    _draw_ridge(c, noise, 0.70, 0.12, 25 + 0.7 * pan, ((0.20, 0.36, 0.22), (0.44, 0.56, 0.24), (0.84, 0.78, 0.36)))
    _draw_rows(c, noise, 0.68, pan)
    _draw_windmill(c, noise, time)
    _draw_bushes(c, noise, pan)


def _draw_rows(c: _Canvas, noise: _Noise, top: float, pan: float) -> None:
    """Fields in rows that run together at the horizon, as wheat, lavender and grass."""
    line = top + 0.02 * np.sin(2.2 * (c.x + 1.4 * pan))
    depth = np.clip(c.y - line, 0, 1)
    near = 0.10 + 1.6 * depth
    across = (c.x - 0.9 + 1.3 * pan) / near
    field = np.floor(across * 0.45 + 40) % 3
    rough = noise(across * 8, 3 / near, 3)
    furrow = 0.5 + 0.5 * np.sin(across * 17)
    light = np.clip(0.25 + 0.45 * furrow + 0.8 * (rough - 0.5), 0, 1)
    wheat = _blend(light, (0.58, 0.38, 0.12), (0.86, 0.64, 0.22), (0.98, 0.86, 0.46))
    bloom = _blend(light, (0.26, 0.18, 0.40), (0.50, 0.34, 0.64), (0.78, 0.62, 0.80))
    grass = _blend(light, (0.12, 0.30, 0.16), (0.30, 0.50, 0.20), (0.62, 0.72, 0.30))
    land = np.where((field == 0)[..., None], wheat, np.where((field == 1)[..., None], bloom, grass))
    c.fill(line - c.y, land.astype(np.float32))


def _draw_windmill(c: _Canvas, noise: _Noise, time: float) -> None:
    x, y = c.x - np.float32(0.72 - 0.09 * time), c.y
    c.fill(np.hypot((x - 0.10) / 3.2, (y - 0.86) * 1.6) - 0.055, (0.12, 0.20, 0.12), 0.45)
    tower = _polygon(x, y, (-0.065, 0.42), (0.065, 0.42), (0.115, 0.86), (-0.115, 0.86))
    stone = noise(x * 26, y * 34, 3) - 0.5
    c.fill(tower, _blend(0.55 - 4.5 * x + 0.55 * stone, (0.42, 0.34, 0.36), (0.82, 0.72, 0.60), (0.99, 0.93, 0.80)))
    door = np.maximum(_polygon(x, y, (-0.025, 0.76), (0.03, 0.76), (0.03, 0.86), (-0.025, 0.86)), -9)
    c.fill(door, (0.34, 0.18, 0.12))
    for height in (0.53, 0.65):
        c.fill(np.maximum(np.abs(x + 0.005) - 0.014, np.abs(y - height) - 0.02), (0.22, 0.26, 0.36))
    cap = np.maximum(_ball(x, (y - 0.43) * 0.9, 0.085), y - 0.435)
    c.fill(cap, _blend(0.5 - 5 * x + 0.6 * stone, (0.34, 0.10, 0.09), (0.66, 0.24, 0.16), (0.86, 0.44, 0.26)))
    for blade in range(4):
        u, v = _turn(x, y - 0.405, 1.5 * time + 0.4 + blade * np.pi / 2)
        c.fill(np.maximum(np.abs(v) - 0.006, np.abs(u - 0.16) - 0.16), (0.28, 0.17, 0.10))
        cloth = np.maximum(np.abs(v - 0.036) - 0.028, np.abs(u - 0.195) - 0.125)
        c.fill(cloth, _blend(0.8 - 6 * (v - 0.02), (0.80, 0.70, 0.58), (0.99, 0.96, 0.88)))
        lattice = np.minimum(np.abs((u - 0.07) % 0.05 - 0.025) - 0.0025, np.abs(v - 0.036) - 0.002)
        c.fill(np.maximum(cloth, lattice), (0.46, 0.32, 0.22), 0.8)
    c.fill(_ball(x, y - 0.405, 0.018), (0.24, 0.14, 0.10))


def _draw_balloon(c: _Canvas, noise: _Noise, time: float) -> None:
    x = (c.x - np.float32(1.22 + 0.07 * time + 0.01 * np.sin(2 * time))).astype(np.float32)
    y = (c.y - np.float32(0.36 - 0.075 * time)).astype(np.float32)
    radius = 0.165
    taper = np.clip(1 - 0.42 * np.clip(y / radius, 0, 2) ** 1.5, 0.2, 1)
    envelope = np.maximum(np.hypot(x / taper, y * np.where(y > 0, 0.78, 1)) - radius, y - 0.195)
    around = np.arcsin(np.clip(x / (radius * taper * np.sqrt(np.clip(1 - (y / 0.22) ** 2, 0.15, 1))), -1, 1))
    stripe = np.floor(around * 8 / np.pi + 40) % 4
    shade = np.clip(0.70 - 2.8 * x - 1.3 * y + 0.2 * (noise(x * 20, y * 20, 2) - 0.5), 0.25, 1.05)
    colors = np.array(((0.90, 0.26, 0.18), (0.99, 0.80, 0.32), (0.16, 0.46, 0.60), (0.98, 0.92, 0.80)), np.float32)
    c.fill(envelope, colors[stripe.astype(np.int64)] * shade[..., None])
    for side in (-1, 1):
        rope = np.maximum(np.abs(x - side * (0.045 - 0.22 * (y - 0.19))) - 0.0025, np.abs(y - 0.225) - 0.035)
        c.fill(rope, (0.30, 0.22, 0.16))
    basket = np.maximum(np.abs(x) - 0.032, np.abs(y - 0.275) - 0.024)
    c.fill(basket, _blend(0.7 - 9 * x, (0.36, 0.20, 0.10), (0.74, 0.50, 0.26)))


def _draw_bushes(c: _Canvas, noise: _Noise, pan: float) -> None:
    """Leaves and flowers in front, which pass by fastest."""
    x = c.x + np.float32(2.6 * pan)
    leaf = noise(x * 22, c.y * 26, 3)
    line = 0.95 - 0.16 * (noise(x * 2.2, np.full_like(x, 3.5), 2) - 0.35) - 0.06 * (leaf - 0.5)
    c.fill(line - c.y, _blend(0.9 * leaf + 1.4 * (line + 0.06 - c.y), (0.04, 0.16, 0.12), (0.16, 0.40, 0.18), (0.60, 0.70, 0.26)))
    i, j = np.floor(x * 16), np.floor(c.y * 16)
    chance = noise(i * 7.31, j * 5.17)
    flower = _ball(x * 16 - i - 0.5 + 0.3 * (chance - 0.5), c.y * 16 - j - 0.5, 0.20)
    c.fill(np.where((chance > 0.60) & (c.y > line + 0.03), flower / 16, 1), (0.98, 0.48, 0.36))


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """What the brush follows: colours (n, n, 3), where it goes (n, n), radians, and how fine it must be, 0..1."""

    colors: NDArray[np.float32]
    angle: Plane
    detail: Plane


def _draft_night(size: int, noise: _Noise, seed: int) -> _Draft:
    rng = np.random.default_rng(seed + 1)
    y, x = (np.mgrid[0:size, 0:size].astype(np.float32) + np.float32(0.5)) / np.float32(size)
    along = 1.0 + 0.4 * noise(x * 3, y * 3)
    down = 0.8 * (noise(x * 2.5 + 9, y * 2.5, 2) - 0.5)
    tone = 0.16 + 0.34 * noise(x * 2 + 3 * y, y * 9 - 2 * x, 3) + 0.22 * np.exp(-(((y - 0.60) / 0.10) ** 2))
    detail = np.zeros_like(x)
    for px, py, radius, sense in ((0.40, 0.34, 0.17, 1), (0.66, 0.47, 0.12, -1), (0.13, 0.55, 0.08, 1)):
        px, py = px + rng.uniform(-0.03, 0.03), py + rng.uniform(-0.03, 0.03)
        dx, dy = x - np.float32(px), y - np.float32(py)
        away = np.hypot(dx, dy) + 1e-4
        pull = 5 * sense * np.exp(-((away / radius) ** 2))
        along, down = along - pull * dy / away, down + pull * dx / away
        arms = 0.5 + 0.5 * np.sin(2 * np.arctan2(dy, dx) * sense - 34 * away * 0.17 / radius)
        tone += (0.62 * arms - 0.12) * np.exp(-((away / radius) ** 2))
        detail = np.maximum(detail, np.exp(-((away / radius) ** 2)))
    colors = _blend(np.clip(tone, 0, 1), *NIGHT)
    lights = [(0.82, 0.17, 0.16)]
    spots = ((0.09, 0.12), (0.27, 0.09), (0.47, 0.08), (0.61, 0.22), (0.14, 0.33), (0.90, 0.42), (0.53, 0.57), (0.31, 0.56))
    lights += [(a + rng.uniform(-0.03, 0.03), b + rng.uniform(-0.02, 0.02), rng.uniform(0.05, 0.085)) for a, b in spots]
    for px, py, radius in lights:
        dx, dy = x - np.float32(px), y - np.float32(py)
        away = np.hypot(dx, dy) + 1e-4
        pull = 6 * np.exp(-((away / (1.1 * radius)) ** 4))
        along, down = along - pull * dy / away, down + pull * dx / away
        rings = np.clip(1.12 - away / radius + 0.16 * np.sin(away / radius * 16), 0, 1)
        cover = _step(1.1, 0.55, away / radius) * (0.75 + 0.25 * np.sin(away / radius * 15))
        colors += (_blend(rings, *GLOW) - colors) * np.clip(cover, 0, 1)[..., None]
        detail = np.maximum(detail, cover)
    colors = _carve_moon(colors, x, y, lights[0])
    return _add_hills(colors, np.arctan2(down, along), detail, x, y, noise)


def _carve_moon(
    colors: NDArray[np.float32], x: Plane, y: Plane, place: tuple[float, float, float]
) -> NDArray[np.float32]:
    """A crescent in the middle of its halo."""
    px, py, radius = (np.float32(value) for value in place)
    disc = _step(0.44, 0.38, np.hypot(x - px, y - py) / radius)
    bite = _step(0.40, 0.34, np.hypot(x - px + 0.2 * radius, y - py + 0.06 * radius) / radius)
    colors = colors + (np.array(GLOW[1], np.float32) - colors) * disc[..., None]
    moon: NDArray[np.float32] = colors + (np.array(GLOW[3], np.float32) - colors) * (disc * (1 - bite))[..., None]
    return moon


def _add_hills(
    colors: NDArray[np.float32], angle: Plane, detail: Plane, x: Plane, y: Plane, noise: _Noise
) -> _Draft:
    """Three ridges in front of the sky, each nearer one darker below and lit along its crest."""
    for layer, (top, rise) in enumerate(((0.72, 0.14), (0.82, 0.14), (0.94, 0.14))):
        row = np.full_like(x, 5.3 + 9 * layer)
        line = top - rise * (noise(x * 2.4 + 7 * layer, row, 2) - 0.35)
        slope = -rise * (noise(x * 2.4 + 7 * layer + 0.05, row, 2) - noise(x * 2.4 + 7 * layer, row, 2)) / (0.05 / 2.4)
        depth = y - line
        cover = _step(-0.004, 0.004, depth)
        rough = noise(x * 7 + 3 * layer, y * 16, 3)
        light = 0.95 * np.exp(-np.clip(depth, 0, 1) / 0.035) * rough + 0.75 * rough - 0.12 * layer
        land = _blend(np.clip(light, 0, 1), *EARTH)
        if layer == 0:
            land = land * 0.75 + np.array((0.08, 0.20, 0.36), np.float32) * 0.35
        colors = colors + (land - colors) * cover[..., None]
        angle = np.where(depth > -0.004, np.arctan(slope) + 0.9 * (rough - 0.5), angle)
        detail = np.maximum(detail * (1 - cover), np.exp(-((depth / 0.02) ** 2)))
    return _Draft(colors.astype(np.float32), angle.astype(np.float32), detail.astype(np.float32))


def _paint_stroke(
    paint: NDArray[np.float32],
    relief: Plane,
    draft: _Draft,
    place: tuple[float, float],
    shape: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """One pull of the brush, bent as the flow bends; place: x and y, px; shape: width and length, px."""
    size = len(paint)
    last = size - 1
    ix, iy = min(max(int(place[0]), 0), last), min(max(int(place[1]), 0), last)
    fine = float(draft.detail[iy, ix])
    width, length = shape[0] * rng.uniform(0.7, 1.2), shape[1] * rng.uniform(0.7, 1.25) * (1 - 0.35 * fine)
    if shape[0] < 0.02 * size and rng.random() > 0.45 + 0.55 * fine:
        return
    angle = float(draft.angle[iy, ix])
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    reach = length / 3
    ends = [
        float(draft.angle[min(max(int(iy + s * reach * sin), 0), last), min(max(int(ix + s * reach * cos), 0), last)])
        for s in (-1, 1)
    ]
    bend = float(np.clip(np.sin(ends[1] - ends[0]) / (2 * reach), -1.2 / length, 1.2 / length))
    half = length * 0.5 + width
    left, right = max(int(place[0] - half), 0), min(int(place[0] + half) + 2, size)
    top, bottom = max(int(place[1] - half), 0), min(int(place[1] + half) + 2, size)
    if left >= right or top >= bottom:
        return
    dx = np.arange(left, right, dtype=np.float32)[None] - np.float32(place[0])
    dy = np.arange(top, bottom, dtype=np.float32)[:, None] - np.float32(place[1])
    u, v = (dx * cos + dy * sin) * (2 / length), dy * cos - dx * sin
    v = (v - bend / 2 * (u * (length / 2)) ** 2) * (2 / width)
    hairs = rng.random(max(4, int(width * 0.9)) + 2, np.float32)
    hair = np.interp(v, np.linspace(-1.1, 1.1, len(hairs)), hairs).astype(np.float32)
    rim = 1 - np.abs(v) ** 3 - np.clip(np.abs(u) + 0.35 * hair * (u > 0), 0, 2) ** 6
    cover = np.clip(rim * width * 0.35, 0, 1) * np.clip(1.25 - 0.5 * hair * (u + 0.8), 0.15, 1)
    color = draft.colors[iy, ix] * np.float32(rng.uniform(0.82, 1.18)) + rng.uniform(-0.045, 0.045, 3)
    body = (color.astype(np.float32) * (0.84 + 0.32 * hair[..., None])).astype(np.float32)
    window = (slice(top, bottom), slice(left, right))
    paint[window] += (body - paint[window]) * cover[..., None]
    thick = (0.35 + 0.65 * hair + 0.35 * np.clip(v * v, 0, 1)) * min(width / 6, 1.6)
    relief[window] += (thick - relief[window]) * cover


def _light(paint: NDArray[np.float32], relief: Plane) -> Pixels:
    """Light from the upper left over thick paint: (n, n, 3) uint8."""
    down, along = np.gradient(relief)
    lit = np.clip(-(along + down) * np.float32(0.7), -1, 1)
    shine = np.clip(lit - 0.25, 0, 1)[..., None] * 0.28
    picture = np.clip(paint, 0, 1) * (1 + 0.36 * lit[..., None]) + shine
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
