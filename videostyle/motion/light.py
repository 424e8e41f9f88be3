"""How bright a scene's frames are: taken out of them before they are painted, and put back into the film.

A fade, a flash, or dusk changes the light of a frame and not what it shows. Light is a gain on code values, as editors
fade. It is measured within a scene and from the clip alone.
"""

import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Pixels, to_bytes, to_picture, to_pixels

BLOCKS = 8
"""rows of blocks whose darkest and brightest pixels are compared; columns follow from the frame's shape"""
BLACK, WHITE = 10, 245
"""levels of 255: a frame without a brighter, or without a darker, pixel shows nothing"""
DIM, CLIPPED = 6, 250
"""levels of 255: darker and brighter blocks do not tell a gain"""
TELLING = 4
"""blocks that must tell a gain"""
SPREAD = 0.01
"""spread of blocks' gains, in natural logarithms, that noise alone has"""
SHARE = 0.25
"""part of a gain by which the frame's mean must have changed"""
RECENT = 12
"""earlier frames that a frame's light is compared with"""
LASTING = 7
"""frames, odd: light that is brighter for less than half of them is a flash and not the scene's usual light"""
IGNORED = 0.03
"""smallest change of light that counts, in natural logarithms; larger ones are shortened by it, so nothing jumps"""
FAINT, GLARING = 0.08, 1.15
"""gains below and above which a frame's content is too noisy or clipped to be painted"""
BLINDING = 255.0
"""the gain of a white frame"""
GAP = 5
"""frames: black that lasts at least this long separates scenes, whatever it separates"""
ALIKE, AROUND, CLEAR = 0.6, 6, 0.5
"""correlation from which pictures before and after black are the same; how many frames before and after are compared;
how bright they must be, relative to the brightest of them"""
SHADOW, DUSK, LIT = 0.05, 0.35, 0.25
"""values below which areas count as dark, in a well-lit scene and in a black one, and the mean of a well-lit scene"""
SOFT, LEAST_SOFT = 1 / 180, 0.8
"""standard deviation with which brightness is smoothed to find dark areas: fraction of the short side; least, px"""
DEPTHS = {1: cv2.CV_8U, 2: cv2.CV_16U}
"""bytes of a channel -> OpenCV's type"""


@dataclass(frozen=True, slots=True)
class Light:
    """The light of one frame."""

    gain: float = 1.0
    """code values relative to the same content in the scene's usual light; 0: black"""
    shadow: float = SHADOW
    """value in 0..1, in usual light, below which an area counts as dark"""

    @property
    def telling(self) -> bool:
        """Whether the frame shows enough to be painted."""
        return FAINT <= self.gain <= GLARING


USUAL = Light()


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What is remembered of a frame to compare its light with others."""

    peaks: NDArray[np.float32]
    """(blocks,) brightest luma of each block, 0..1"""
    lows: NDArray[np.float32]
    """(blocks,) darkest luma of each block, 0..1"""
    mean: float
    """of luma, 0..1"""
    blank: bool
    """whether the frame is black or white and shows nothing"""


def glimpse(pixels: Pixels) -> Glimpse:
    """Look at a small frame (H, W, 3)."""
    luma = cv2.cvtColor(to_bytes(pixels), cv2.COLOR_RGB2GRAY)
    height, width = luma.shape
    rows, columns = min(BLOCKS, height), min(max(1, round(BLOCKS * width / height)), width)
    high, wide = height // rows, width // columns
    calm = cv2.blur(luma, (3, 3))  # without noise; not at half size, where text that rolls would flicker
    blocks = calm[: rows * high, : columns * wide].reshape(rows, high, columns, wide)
    peaks, lows = (values.ravel().astype(np.float32) / 255 for values in (blocks.max((1, 3)), blocks.min((1, 3))))
    return Glimpse(peaks, lows, float(luma.mean()) / 255, bool(calm.max() <= BLACK or calm.min() >= WHITE))


def find_lights(scene: Sequence[Glimpse]) -> list[Light]:
    """The light of every frame of a scene.

    A frame's level is the weighted median of what recent frames say: the level of each plus the gain since then, if
    most blocks agree on one. So motion counts for little, errors do not add up over a flash, and slow change is seen
    against the oldest of them. A scene's usual light is the brightest that lasts.
    """
    telling = [one for one in scene if not one.blank]
    if not telling:
        return [Light(0.0 if one.mean < 0.5 else BLINDING) for one in scene]
    levels = _levels(telling)
    reach = LASTING // 2
    usual = max(float(np.median(levels[max(0, at - reach) : at + reach + 1])) for at in range(len(levels)))
    apart = np.array(levels) - usual
    gains = np.exp(np.sign(apart) * np.maximum(np.abs(apart) - IGNORED, 0))
    mean = float(np.median([one.mean / gain for one, gain in zip(telling, gains, strict=True)]))
    shadow = round(SHADOW + (DUSK - SHADOW) * max(0.0, 1 - mean / LIT), 4)
    known = iter(gains)
    black, white = Light(0.0, shadow), Light(BLINDING, shadow)
    return [
        (black if one.mean < 0.5 else white) if one.blank else Light(round(float(next(known)), 4), shadow)
        for one in scene
    ]


def _levels(scene: Sequence[Glimpse]) -> list[float]:
    """Level of each frame's light, in natural logarithms, relative to the first frame's."""
    levels: list[float] = []
    recent: deque[tuple[NDArray[np.float64], float]] = deque(maxlen=RECENT)
    for one in scene:
        values = np.concatenate([one.peaks, one.lows]).astype(np.float64)
        values[(values < DIM / 255) | (values > CLIPPED / 255)] = np.nan
        logs = np.log([max(one.mean, 1e-4), *values])
        said = sorted((level + told[0], told[1]) for earlier, level in recent if (told := _gain(logs - earlier)))
        if said:
            each, weights = zip(*said, strict=True)
            levels.append(each[int(np.searchsorted(np.cumsum(weights), sum(weights) / 2))])
        else:
            levels.append(levels[-1] if levels else 0.0)
        recent.append((logs, levels[-1]))
    return levels


def _gain(changes: NDArray[np.float64]) -> tuple[float, float] | None:
    """The gain that most blocks agree on, and how closely: a weight. None if too few blocks tell.

    changes: of the frame's mean and of the blocks, natural logarithms. The gain is 0 unless it exceeds the spread of
    the blocks' own gains, and unless the mean has changed too, if less where white is clipped: text that rolls from
    block to block is not light.
    """
    mean, known = float(changes[0]), np.sort(changes[1:][np.isfinite(changes[1:])])
    count = len(known)
    if count < TELLING:
        return None
    low, middle, high = (float(known[place]) for place in (count // 4, count // 2, count - 1 - count // 4))
    agreed = abs(middle) > (high - low) / 2 and mean / middle > SHARE
    return middle if agreed else 0.0, 1 / (high - low + SPREAD)


def after_blank(glimpses: Sequence[Glimpse]) -> list[int]:
    """Places where another picture comes after black or white frames."""
    found = []
    for place in range(1, len(glimpses)):
        if glimpses[place].blank or not glimpses[place - 1].blank:
            continue
        begin = place
        while begin and glimpses[begin - 1].blank:
            begin -= 1
        before, after = glimpses[max(0, begin - AROUND) : begin], glimpses[place : place + AROUND]
        if place - begin >= GAP or not before or not _alike(before, after):
            found.append(place)
    return found


def _alike(some: Sequence[Glimpse], others: Sequence[Glimpse]) -> bool:
    """Whether one of some frames shows the same as one of others, in whatever light; dim frames do not count."""
    clear = (
        [one.peaks for one in frames if one.mean > CLEAR * max(frame.mean for frame in frames)]
        for frames in (some, others)
    )
    return any(float(np.corrcoef(one, other)[0, 1]) >= ALIKE for one, other in itertools.product(*clear))


def sources(frames: Sequence[int], lights: Sequence[Light]) -> list[int]:
    """For each frame of a scene, the frame whose content is painted: itself, unless it shows too little.

    Then it is the last one before it that shows enough, or the first one after it; itself if none does.
    """
    telling = [frame for frame, light in zip(frames, lights, strict=True) if light.telling]
    found = list[int]()
    latest = telling[0] if telling else None
    for frame, light in zip(frames, lights, strict=True):
        latest = frame if light.telling else latest
        found.append(frame if latest is None else latest)
    return found


def even(pixels: Pixels, light: Light) -> Pixels:
    """A frame (H, W, 3) in its scene's usual light; unchanged if it shows too little."""
    if light.gain == 1 or not light.telling:
        return pixels
    return to_pixels(to_picture(pixels) / np.float32(light.gain), pixels.dtype)


def relight(painted: Pixels, pixels: Pixels, light: Light, follow: float) -> Pixels:
    """A painted frame (H, W, 3) in the light of the clip.

    What is dark in the clip in any light stays dark: areas below ``light.shadow`` are darkened in proportion.
    pixels: the clip's frame, of any size. follow: how far, 0..1.
    """
    if light.gain >= BLINDING:
        white = np.full_like(painted, np.iinfo(painted.dtype).max)
        return cast(Pixels, cv2.addWeighted(painted, 1 - follow, white, follow, 0))
    factor = 1 - follow + follow * light.gain * _darkness(even(pixels, light), light.shadow)
    if factor.min() == factor.max() == 1:
        return painted
    height, width = painted.shape[:2]
    factor = np.asarray(cv2.resize(factor, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return cast(Pixels, cv2.multiply(painted, cv2.merge([factor] * 3), dtype=DEPTHS[painted.dtype.itemsize]))


def _darkness(pixels: Pixels, shadow: float) -> NDArray[np.float32]:
    """Factor for each pixel, (H, W): 1, or less in dark areas."""
    value = to_picture(pixels.max(2))
    soft = cv2.GaussianBlur(value, (0, 0), max(LEAST_SOFT, SOFT * min(value.shape)), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(np.minimum(1, soft / np.float32(shadow)), np.float32)
