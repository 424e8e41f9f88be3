"""Draws a short clip with two scenes, and makes its sound."""

from collections.abc import Iterator

import numpy as np
from demo_drawing import Canvas, Color, Noise, ball, blend, polygon, step, turn
from numpy.typing import NDArray

from videostyle.frames import Pixels

CHORDS = ((220.0, 277.18, 329.63), (146.83, 220.0, 293.66), (164.81, 246.94, 329.63), (220.0, 329.63, 440.0))
"""Hz"""


def make_clip(width: int, height: int, rate: int, seconds: float, seed: int = 0) -> Iterator[Pixels]:
    """Draw a short clip with a hard cut in the middle: frames (H, W, 3) uint8.

    rate: frames per second. In the first half a boat sails past hills; in the second a windmill turns and a balloon
    rises.
    """
    noise = Noise(seed)
    frames = max(2, round(rate * seconds))
    for frame in range(frames):
        canvas = Canvas(width, height)
        if frame < frames // 2:
            _draw_sea(canvas, noise, frame / rate)
        else:
            _draw_fields(canvas, noise, (frame - frames // 2) / rate)
        yield canvas.pixels(noise)


def make_sound(seconds: float, rate: int = 48000) -> NDArray[np.int16]:
    """Soft chords: stereo samples (n, 2) int16; rate: Hz."""
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


def _draw_sky(c: Canvas, noise: Noise, shift: float, sun: tuple[float, float], colors: tuple[Color, ...]) -> None:
    c.picture[:] = blend(c.y / 0.62, *colors)
    away = np.hypot(c.x - sun[0], c.y - sun[1])
    c.fill(away - 9, (1.0, 0.90, 0.62), 0.75 * np.exp(-5.5 * away))
    c.fill(away - 0.075, blend(away / 0.075, (1.0, 0.98, 0.86), (1.0, 0.86, 0.45)))
    x, y = c.x * 2.6 + shift, c.y * 6.5
    puff = noise(x, y, 5)
    lit = np.clip(0.5 + 3.2 * (puff - noise(x + 0.10, y - 0.28, 5)), 0, 1)
    cover = step(0.50, 0.66, puff) * step(0.60, 0.25, c.y)
    c.fill(away - 9, blend(lit, (0.70, 0.68, 0.78), (0.98, 0.93, 0.88), (1.0, 0.99, 0.95)), 0.92 * cover)


def _draw_ridge(c: Canvas, noise: Noise, top: float, rise: float, shift: float, colors: tuple[Color, ...]) -> None:
    """Draw wooded hills across the picture, lit from the right."""
    x = c.x + np.float32(shift)
    row = np.full_like(c.x, 7 * top)
    line = top - rise * noise(x * 1.9, row, 3)
    slope = noise(x * 1.9 + 0.08, row, 3) - noise(x * 1.9, row, 3)
    depth = c.y - line
    woods = noise(x * 14, c.y * 20, 3)
    light = 0.55 - 3.0 * slope + 0.9 * (woods - 0.5) - 1.2 * depth
    c.fill(-depth, blend(light, *colors))


def _draw_sea(c: Canvas, noise: Noise, time: float) -> None:
    sun = (1.36, 0.20)
    sky = ((0.24, 0.50, 0.78), (0.50, 0.74, 0.88), (0.98, 0.86, 0.70))
    _draw_sky(c, noise, 0.16 * time, sun, sky)
    _draw_ridge(c, noise, 0.60, 0.24, 0.05 * time, ((0.36, 0.44, 0.60), (0.52, 0.60, 0.70), (0.72, 0.74, 0.74)))
    _draw_ridge(c, noise, 0.64, 0.17, 0.09 * time + 3, ((0.16, 0.32, 0.30), (0.36, 0.52, 0.30), (0.76, 0.72, 0.36)))
    depth = np.clip((c.y - 0.58) / 0.42, 0, 1)
    near = 0.12 + depth
    ripple = noise((c.x + 0.12 * time) * 3 / near, 9 / near + 1.4 * time, 3)
    water = blend(ripple + 0.25 - 0.35 * depth, (0.05, 0.26, 0.44), (0.12, 0.48, 0.62), (0.62, 0.84, 0.84))
    glitter = step(0.50, 0.72, ripple) * np.exp(-(((c.x - sun[0]) / (0.10 + 0.25 * depth)) ** 2))
    water += (np.array((1.0, 0.90, 0.62), np.float32) - water) * (0.9 * glitter)[..., None]
    c.fill(0.58 - c.y, water)
    _draw_wave(c, noise, 0.70, 0.014, 7.5, 1.0 * time, (0.10, 0.42, 0.58))
    _draw_boat(c, noise, time)
    _draw_wave(c, noise, 0.79, 0.020, 5.6, 1.6 * time + 1, (0.07, 0.36, 0.54))
    _draw_wave(c, noise, 0.91, 0.028, 4.1, 2.2 * time + 2, (0.04, 0.27, 0.46))


def _draw_wave(c: Canvas, noise: Noise, top: float, rise: float, rate: float, phase: float, color: Color) -> None:
    """Draw one row of swell with foam on its crest; rate: radians per picture height."""
    swell = np.sin(rate * c.x + phase) + 0.5 * np.sin(2.3 * rate * c.x + 1.3 * phase)
    depth = c.y - (top - rise * swell)
    rough = noise(c.x * 9 + 0.6 * phase, depth * 34 + 5 * top, 3)
    light = 0.55 + 0.8 * (rough - 0.5) - 2.4 * depth + 0.10 * swell
    dark: Color = (0.55 * color[0], 0.62 * color[1], 0.72 * color[2])
    c.fill(-depth, blend(light, dark, color, (0.55, 0.80, 0.82)))
    foam = np.exp(-((depth / 0.010) ** 2)) * step(0.42, 0.62, rough) * (0.45 + 0.35 * swell)
    c.fill(-depth, (0.96, 0.97, 0.93), np.clip(foam, 0, 0.9))


def _draw_boat(c: Canvas, noise: Noise, time: float) -> None:
    x, y = turn(c.x - 0.42 - 0.17 * time, c.y - 0.735 - 0.012 * np.sin(3.1 * time), 0.07 * np.sin(2.4 * time + 0.5))
    x, y = x.astype(np.float32), y.astype(np.float32)
    weave = noise(x * 40, y * 12, 2) - 0.5
    c.fill(polygon(x, y, (-0.006, -0.50), (0.006, -0.50), (0.006, 0.0), (-0.006, 0.0)), (0.36, 0.22, 0.12))
    main = np.maximum(polygon(x, y, (-0.01, -0.47), (-0.01, -0.05), (-0.20, -0.05)), -9)
    belly = 0.62 + 2.0 * x + 0.5 * y + 0.35 * weave + 0.3
    c.fill(main, blend(belly, (0.80, 0.66, 0.50), (0.98, 0.94, 0.84)))
    seams = np.abs((y + 0.02 * x) % 0.105 - 0.05) - 0.002
    c.fill(np.maximum(main, seams), (0.72, 0.58, 0.44), 0.6)
    jib = polygon(x, y, (0.012, -0.42), (0.19, -0.06), (0.012, -0.06))
    c.fill(jib, blend(0.9 - 3.4 * x + 0.4 * weave, (0.66, 0.18, 0.13), (0.93, 0.40, 0.22)))
    hull = polygon(x, y, (-0.24, -0.035), (0.27, -0.045), (0.17, 0.07), (-0.19, 0.07))
    planks = 0.75 - 6 * (y + 0.03) + 0.8 * (noise(x * 6, y * 70, 2) - 0.5)
    c.fill(hull, blend(planks, (0.20, 0.09, 0.07), (0.46, 0.21, 0.13), (0.68, 0.36, 0.20)))
    c.fill(np.maximum(hull, np.abs(y + 0.025) - 0.008), (0.96, 0.90, 0.76))
    flag = y + 0.49 - 0.012 * np.sin(40 * x + 9 * time)
    c.fill(np.maximum(np.abs(flag) - 0.016, np.abs(x + 0.045) - 0.04), (0.94, 0.74, 0.24))


def _draw_fields(c: Canvas, noise: Noise, time: float) -> None:
    sky = ((0.20, 0.36, 0.66), (0.58, 0.70, 0.84), (1.0, 0.80, 0.58))
    _draw_sky(c, noise, 30 + 0.2 * time, (0.28, 0.30), sky)
    pan = 0.10 * time
    _draw_ridge(c, noise, 0.64, 0.20, 20 + 0.4 * pan, ((0.42, 0.42, 0.58), (0.60, 0.56, 0.62), (0.84, 0.72, 0.64)))
    _draw_balloon(c, noise, time)
    _draw_ridge(c, noise, 0.70, 0.12, 25 + 0.7 * pan, ((0.20, 0.36, 0.22), (0.44, 0.56, 0.24), (0.84, 0.78, 0.36)))
    _draw_rows(c, noise, 0.68, pan)
    _draw_windmill(c, noise, time)
    _draw_bushes(c, noise, pan)


def _draw_rows(c: Canvas, noise: Noise, top: float, pan: float) -> None:
    """Draw fields of wheat, lavender, and grass, in rows that meet at the horizon."""
    line = top + 0.02 * np.sin(2.2 * (c.x + 1.4 * pan))
    depth = np.clip(c.y - line, 0, 1)
    near = 0.10 + 1.6 * depth
    across = (c.x - 0.9 + 1.3 * pan) / near
    field = np.floor(across * 0.45 + 40) % 3
    rough = noise(across * 8, 3 / near, 3)
    furrow = 0.5 + 0.5 * np.sin(across * 17)
    light = np.clip(0.25 + 0.45 * furrow + 0.8 * (rough - 0.5), 0, 1)
    wheat = blend(light, (0.58, 0.38, 0.12), (0.86, 0.64, 0.22), (0.98, 0.86, 0.46))
    bloom = blend(light, (0.26, 0.18, 0.40), (0.50, 0.34, 0.64), (0.78, 0.62, 0.80))
    grass = blend(light, (0.12, 0.30, 0.16), (0.30, 0.50, 0.20), (0.62, 0.72, 0.30))
    land = np.where((field == 0)[..., None], wheat, np.where((field == 1)[..., None], bloom, grass))
    c.fill(line - c.y, land.astype(np.float32))


def _draw_windmill(c: Canvas, noise: Noise, time: float) -> None:
    x, y = c.x - np.float32(0.72 - 0.09 * time), c.y
    c.fill(np.hypot((x - 0.10) / 3.2, (y - 0.86) * 1.6) - 0.055, (0.12, 0.20, 0.12), 0.45)
    tower = polygon(x, y, (-0.065, 0.42), (0.065, 0.42), (0.115, 0.86), (-0.115, 0.86))
    stone = noise(x * 26, y * 34, 3) - 0.5
    c.fill(tower, blend(0.55 - 4.5 * x + 0.55 * stone, (0.42, 0.34, 0.36), (0.82, 0.72, 0.60), (0.99, 0.93, 0.80)))
    door = np.maximum(polygon(x, y, (-0.025, 0.76), (0.03, 0.76), (0.03, 0.86), (-0.025, 0.86)), -9)
    c.fill(door, (0.34, 0.18, 0.12))
    for height in (0.53, 0.65):
        c.fill(np.maximum(np.abs(x + 0.005) - 0.014, np.abs(y - height) - 0.02), (0.22, 0.26, 0.36))
    cap = np.maximum(ball(x, (y - 0.43) * 0.9, 0.085), y - 0.435)
    c.fill(cap, blend(0.5 - 5 * x + 0.6 * stone, (0.34, 0.10, 0.09), (0.66, 0.24, 0.16), (0.86, 0.44, 0.26)))
    for blade in range(4):
        u, v = turn(x, y - 0.405, 1.5 * time + 0.4 + blade * np.pi / 2)
        c.fill(np.maximum(np.abs(v) - 0.006, np.abs(u - 0.16) - 0.16), (0.28, 0.17, 0.10))
        cloth = np.maximum(np.abs(v - 0.036) - 0.028, np.abs(u - 0.195) - 0.125)
        c.fill(cloth, blend(0.8 - 6 * (v - 0.02), (0.80, 0.70, 0.58), (0.99, 0.96, 0.88)))
        lattice = np.minimum(np.abs((u - 0.07) % 0.05 - 0.025) - 0.0025, np.abs(v - 0.036) - 0.002)
        c.fill(np.maximum(cloth, lattice), (0.46, 0.32, 0.22), 0.8)
    c.fill(ball(x, y - 0.405, 0.018), (0.24, 0.14, 0.10))


def _draw_balloon(c: Canvas, noise: Noise, time: float) -> None:
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
    c.fill(basket, blend(0.7 - 9 * x, (0.36, 0.20, 0.10), (0.74, 0.50, 0.26)))


def _draw_bushes(c: Canvas, noise: Noise, pan: float) -> None:
    """Draw leaves and flowers in the foreground, which moves fastest."""
    x = c.x + np.float32(2.6 * pan)
    leaf = noise(x * 22, c.y * 26, 3)
    line = 0.95 - 0.16 * (noise(x * 2.2, np.full_like(x, 3.5), 2) - 0.35) - 0.06 * (leaf - 0.5)
    greens = (0.04, 0.16, 0.12), (0.16, 0.40, 0.18), (0.60, 0.70, 0.26)
    c.fill(line - c.y, blend(0.9 * leaf + 1.4 * (line + 0.06 - c.y), *greens))
    i, j = np.floor(x * 16), np.floor(c.y * 16)
    chance = noise(i * 7.31, j * 5.17)
    flower = ball(x * 16 - i - 0.5 + 0.3 * (chance - 0.5), c.y * 16 - j - 0.5, 0.20)
    c.fill(np.where((chance > 0.60) & (c.y > line + 0.03), flower / 16, 1), (0.98, 0.48, 0.36))
