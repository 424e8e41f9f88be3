"""A night sky over hills, painted in thousands of brush strokes."""

from dataclasses import dataclass

import numpy as np
from demo_drawing import Color, Noise, Plane, blend, step

from videostyle.frames import Pixels, to_pixels

NIGHT: tuple[Color, ...] = (
    (0.03, 0.06, 0.20),
    (0.06, 0.14, 0.38),
    (0.10, 0.27, 0.56),
    (0.16, 0.44, 0.62),
    (0.35, 0.64, 0.68),
    (0.70, 0.82, 0.72),
    (0.95, 0.92, 0.74),
)
"""sky, from its darkest parts to its brightest streaks"""
GLOW: tuple[Color, ...] = ((0.30, 0.46, 0.52), (0.78, 0.58, 0.18), (0.97, 0.78, 0.25), (1.00, 0.94, 0.70))
"""moon and stars, from the halo inward"""
EARTH: tuple[Color, ...] = ((0.05, 0.10, 0.18), (0.10, 0.28, 0.28), (0.34, 0.44, 0.24), (0.86, 0.68, 0.24))
"""hills from shadow to light"""
STROKES = ((0.056, 0.18, 1.0), (0.030, 0.13, 1.5), (0.017, 0.085, 1.6), (0.010, 0.052, 1.3))
"""width and length as fractions of the picture's side, and how many times such strokes cover it; largest first"""


def make_art(size: int, seed: int = 0) -> Pixels:
    """Paint a night sky over hills with thousands of curved brush strokes: (size, size, 3) uint8."""
    noise = Noise(seed)
    draft = _draft_night(size, noise, seed)
    rng = np.random.default_rng(seed)
    paint = 0.8 * draft.colors  # an underpainting, so that nothing stays bare between the strokes
    relief = np.zeros((size, size), np.float32)
    for width, length, cover in STROKES:
        step = max(1.0, size * (width * length / cover) ** 0.5)
        grid = np.arange(step / 2, size, step)
        places = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
        places = places + rng.uniform(-0.6, 0.6, places.shape) * step
        for x, y in places[rng.permutation(len(places))]:
            _paint_stroke(paint, relief, draft, (float(x), float(y)), (width * size, length * size), rng)
    return _light(paint, relief)


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """What the brush follows: colors (n, n, 3), direction (n, n) in radians, and detail (n, n) in 0..1."""

    colors: Plane
    angle: Plane
    detail: Plane


def _draft_night(size: int, noise: Noise, seed: int) -> _Draft:
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
    colors = blend(np.clip(tone, 0, 1), *NIGHT)
    lights = [(0.82, 0.17, 0.16)]
    spots = [(0.09, 0.12), (0.27, 0.09), (0.47, 0.08), (0.61, 0.22), (0.14, 0.33), (0.90, 0.42)]
    spots += [(0.53, 0.57), (0.31, 0.56)]
    lights += [(a + rng.uniform(-0.03, 0.03), b + rng.uniform(-0.02, 0.02), rng.uniform(0.05, 0.085)) for a, b in spots]
    for px, py, radius in lights:
        dx, dy = x - np.float32(px), y - np.float32(py)
        away = np.hypot(dx, dy) + 1e-4
        pull = 6 * np.exp(-((away / (1.1 * radius)) ** 4))
        along, down = along - pull * dy / away, down + pull * dx / away
        rings = np.clip(1.12 - away / radius + 0.16 * np.sin(away / radius * 16), 0, 1)
        cover = step(1.1, 0.55, away / radius) * (0.75 + 0.25 * np.sin(away / radius * 15))
        colors += (blend(rings, *GLOW) - colors) * np.clip(cover, 0, 1)[..., None]
        detail = np.maximum(detail, cover)
    colors = _carve_moon(colors, x, y, lights[0])
    return _add_hills(colors, np.arctan2(down, along), detail, x, y, noise)


def _carve_moon(colors: Plane, x: Plane, y: Plane, place: tuple[float, float, float]) -> Plane:
    """Draw a crescent in the middle of its halo."""
    px, py, radius = (np.float32(value) for value in place)
    disc = step(0.44, 0.38, np.hypot(x - px, y - py) / radius)
    bite = step(0.40, 0.34, np.hypot(x - px + 0.2 * radius, y - py + 0.06 * radius) / radius)
    colors = colors + (np.array(GLOW[1], np.float32) - colors) * disc[..., None]
    moon: Plane = colors + (np.array(GLOW[3], np.float32) - colors) * (disc * (1 - bite))[..., None]
    return moon


def _add_hills(colors: Plane, angle: Plane, detail: Plane, x: Plane, y: Plane, noise: Noise) -> _Draft:
    """Draw three ridges in front of the sky, lit along their crests; nearer ones are darker below."""
    for layer, (top, rise) in enumerate(((0.72, 0.14), (0.82, 0.14), (0.94, 0.14))):
        row = np.full_like(x, 5.3 + 9 * layer)
        line = top - rise * (noise(x * 2.4 + 7 * layer, row, 2) - 0.35)
        slope = -rise * (noise(x * 2.4 + 7 * layer + 0.05, row, 2) - noise(x * 2.4 + 7 * layer, row, 2)) / (0.05 / 2.4)
        depth = y - line
        cover = step(-0.004, 0.004, depth)
        rough = noise(x * 7 + 3 * layer, y * 16, 3)
        light = 0.95 * np.exp(-np.clip(depth, 0, 1) / 0.035) * rough + 0.75 * rough - 0.12 * layer
        land = blend(np.clip(light, 0, 1), *EARTH)
        if layer == 0:
            land = land * 0.75 + np.array((0.08, 0.20, 0.36), np.float32) * 0.35
        colors = colors + (land - colors) * cover[..., None]
        angle = np.where(depth > -0.004, np.arctan(slope) + 0.9 * (rough - 0.5), angle)
        detail = np.maximum(detail * (1 - cover), np.exp(-((depth / 0.02) ** 2)))
    return _Draft(colors.astype(np.float32), angle.astype(np.float32), detail.astype(np.float32))


def _paint_stroke(
    paint: Plane,
    relief: Plane,
    draft: _Draft,
    place: tuple[float, float],
    shape: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    """Paint one stroke, bent along the draft's direction; place: x and y, px; shape: width and length, px."""
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


def _light(paint: Plane, relief: Plane) -> Pixels:
    """Light the thick paint from the upper left: (n, n, 3) uint8."""
    down, along = np.gradient(relief)
    lit = np.asarray(np.clip(-(along + down) * 0.7, -1, 1), np.float32)[..., None]
    return to_pixels(np.clip(paint, 0, 1) * (1 + 0.36 * lit) + 0.28 * np.clip(lit - 0.25, 0, 1), np.dtype(np.uint8))
