"""The colors of pictures: their mean and covariance, and the map that gives one picture the colors of another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import BRIGHTNESS, Picture, Pixels, to_picture, to_pixels

LUMA = np.array(BRIGHTNESS)
STEEPEST = 2.5
"""most that differences of color are enlarged, because noise and coding errors are enlarged with them"""
FLATTEST = 0.5
"""least share of a scene's contrast that is kept, so that an artwork of one color does not hide what the scene shows"""
GAINS = 0.4, 2.5
"""least and most that the contrast of paint is changed when it gets the clip's"""
KNEE = 0.8
"""brightness, 0..1, from which on highlights are compressed if they would leave the scale; likewise for shadows"""
DARK = 2.0
"""standard deviations below an artwork's mean brightness: as dark as it is; black becomes no brighter than that"""
STRIP = 256
"""rows that are recolored at once"""
FAINT = 0.01
"""standard deviation, of 0..1: spreads of color far below this are noise and are not followed"""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colors of a picture, or of several: the mean and covariance of RGB in 0..1, as plain numbers."""

    mean: tuple[float, ...]
    """3 numbers"""
    covariance: tuple[tuple[float, ...], ...]
    """3 rows of 3 numbers"""

    @property
    def contrast(self) -> float:
        """Standard deviation of brightness."""
        return float(np.sqrt(max(LUMA @ np.array(self.covariance) @ LUMA, 0)))

    def brighter(self, factor: float) -> "Palette":
        """The palette after all values have been multiplied."""
        mean = tuple(factor * value for value in self.mean)
        return Palette(mean, tuple(tuple(factor**2 * value for value in row) for row in self.covariance))


@dataclass(frozen=True, slots=True, eq=False)
class Recoloring:
    """An affine map of RGB in 0..1, the same for every pixel of every frame of a scene."""

    matrix: NDArray[np.float64]
    """(3, 3)"""
    offset: NDArray[np.float64]
    """(3,)"""

    def __call__(self, picture: Picture) -> Picture:
        """Recolor a picture (H, W, 3).

        Brightness that would leave 0..1 is compressed near its end of the scale, so that bright and dark detail stays;
        colors that would leave it lose saturation instead of changing their hue.
        """
        matrix, offset = self.matrix.T.astype(np.float32), self.offset.astype(np.float32)
        mapped = picture @ matrix + offset
        luma = _luma(mapped)
        black, white = float(LUMA @ self.offset), float(LUMA @ (self.matrix.sum(1) + self.offset))
        return _fitted(luma, mapped - luma, black, white)


def with_colors_of(clip: Pixels, painted: Pixels, share: float = 1.0) -> Pixels:
    """Painted pixels (H, W, 3) in the colors of the clip's frame: their brightness with the frame's color differences.

    The brightness gets the frame's mean and standard deviation, as in Gatys et al. 2017 ("Controlling Perceptual
    Factors in Neural Style Transfer", section 5). Their other way, an artwork in the clip's colors, puts the right
    colors in the wrong places. share: 1: the clip's colors; 0: the painted ones; between: a mixture.
    """
    strips = [slice(top, top + STRIP) for top in range(0, len(painted), STRIP)]  # whole frames may take gigabytes
    gain, shift = _tones(
        *(np.concatenate([_luma(to_picture(pixels[strip])) for strip in strips]) for pixels in (clip, painted))
    )
    result = np.empty_like(painted)
    for strip in strips:
        shown, laid = to_picture(clip[strip]), to_picture(painted[strip])
        seen, paint = _luma(shown), _luma(laid)
        colored = _fitted(gain * paint + np.float32(shift), shown - seen, shift, gain + shift)
        result[strip] = to_pixels(laid + np.float32(share) * (colored - laid), painted.dtype)
    return result


def _tones(seen: NDArray[np.float32], paint: NDArray[np.float32]) -> tuple[float, float]:
    """Gain and shift that give painted brightness the mean and standard deviation of the clip's."""
    gain = float(np.clip(seen.std(dtype=np.float64) / max(paint.std(dtype=np.float64), FAINT), *GAINS))
    return gain, float(seen.mean(dtype=np.float64)) - gain * float(paint.mean(dtype=np.float64))


def _luma(picture: Picture) -> NDArray[np.float32]:
    """Brightness of a picture (H, W, 3): (H, W, 1)."""
    return np.asarray((picture @ LUMA.astype(np.float32))[..., None], np.float32)


def _fitted(luma: NDArray[np.float32], chroma: Picture, black: float, white: float) -> Picture:
    """A picture (H, W, 3) within 0..1 of brightness (H, W, 1) in black..white and color differences from it."""
    luma = np.clip(_shoulder(1 - _shoulder(1 - luma, 1 - black), white), 0, 1)
    room = np.maximum(np.where(chroma > 0, 1 - luma, luma), 1e-6)
    saturated = np.maximum((np.abs(chroma) / room).max(-1, keepdims=True), 1)
    return np.asarray(np.clip(luma + chroma / saturated, 0, 1), np.float32)


def _shoulder(luma: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Compress brightness between ``KNEE`` and ``white`` smoothly into ``KNEE`` .. 1, if white is above 1."""
    if white <= 1:
        return luma
    steep = (white - KNEE) / (1 - KNEE)
    above = np.maximum(luma - KNEE, 0) / np.float32(white - KNEE)
    return np.asarray(np.minimum(luma, KNEE) + (1 - KNEE) * steep * above / (1 + (steep - 1) * above), np.float32)


def palette_of(pixels: Pixels) -> Palette:
    """The palette of a picture (H, W, 3).

    Sums of 8-bit levels are whole numbers that float64 holds exactly, so it does not depend on how they are added.
    """
    levels = pixels.reshape(-1, 3).astype(np.float64)
    top, count = np.iinfo(pixels.dtype).max, len(levels)
    mean = levels.sum(0) / count
    covariance = levels.T @ levels / count - np.outer(mean, mean)
    return _palette(mean / top, covariance / top**2)


def mixed(palettes: Sequence[Palette], shares: Sequence[float] = ()) -> Palette:
    """The palette of several pictures together. shares: of each, with a sum of 1; empty: equal."""
    parts = np.array(shares or [1 / len(palettes)] * len(palettes))
    means = np.array([palette.mean for palette in palettes])
    squares = np.array([np.array(palette.covariance) + np.outer(palette.mean, palette.mean) for palette in palettes])
    mean = parts @ means
    return _palette(mean, np.tensordot(parts, squares, 1) - np.outer(mean, mean))


def _palette(mean: NDArray[np.float64], covariance: NDArray[np.float64]) -> Palette:
    return Palette(tuple(mean.tolist()), tuple(map(tuple, covariance.tolist())))


def match(scene: Palette, wanted: Palette) -> Recoloring:
    """The map that gives a scene the wanted mean and covariance and moves colors as little as possible.

    It is the optimal transport between two normal distributions (Pitie & Kokaram 2007, "The linear
    Monge-Kantorovitch linear color mapping"): ``S^-1/2 (S^1/2 W S^1/2)^1/2 S^-1/2`` of the covariances.

    Gains are at most ``STEEPEST``. Where that leaves a scene with less contrast than wanted, its brightness and colors
    move only part of the way too, and black becomes no brighter than what is dark in the wanted colors: a black frame
    stays black, a dark scene becomes neither fog nor noise.
    """
    spread, noise = np.array(scene.covariance), FAINT**2 * np.eye(3)
    root = _root(spread + noise)
    inverse = np.linalg.inv(root)
    matrix = inverse @ _root(root @ (np.array(wanted.covariance) + noise) @ root) @ inverse
    gains, axes = np.linalg.eigh((matrix + matrix.T) / 2)
    matrix = (axes * np.minimum(gains, STEEPEST)) @ axes.T
    amount = min(1.0, STEEPEST * scene.contrast / max(wanted.contrast, FAINT))
    matrix = np.eye(3) + amount * (matrix - np.eye(3))
    gray = np.outer(np.ones(3), LUMA)
    contrast = np.sqrt(max(LUMA @ matrix @ spread @ matrix.T @ LUMA, 0))
    matrix += max(0.0, FLATTEST * scene.contrast - contrast) / max(scene.contrast, FAINT) * gray
    before, after = np.array(scene.mean), np.array(wanted.mean)
    offset = before + amount * (after - before) - matrix @ before
    fog = max(0.0, LUMA @ offset - max(0.0, LUMA @ after - DARK * wanted.contrast))
    return Recoloring(matrix + fog * gray, offset - fog)  # white stays where it is


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, axes = np.linalg.eigh(matrix)
    root: NDArray[np.float64] = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    return root
