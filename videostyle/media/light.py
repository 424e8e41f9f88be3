"""Linear light <-> the 16-bit values that are painted and stored, and colors of some primaries -> those of others."""

from functools import cache
from typing import cast

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Chromaticities, Color, Pixels

Light = NDArray[np.float32]
"""linear light (H, W, 3): 1 is the white of an artwork or a standard film; brighter light has larger values"""

WHITE = 0.6
"""the value, of 1, of light 1; brighter light lies above it, as in PQ, whose white is 0.58 (ITU-R BT.2408)"""
BRIGHTEST = 1024.0
"""ten stops above white; brighter light is clipped, since the steps above white would get so large that noise glares"""
OFFSET = 0.82517
"""of the curve above white, chosen for the same slope on both sides of white"""
GROWTH = (1 - WHITE) / np.log((BRIGHTEST - OFFSET) / (1 - OFFSET))
TOP = 65535
REFERENCE_WHITE = 203.0
"""cd/m2; the white of high dynamic range films (ITU-R BT.2408)"""
PQ, HLG = 16, 18
"""H.273 transfer functions"""
HLG_WHITE = 0.75
CHROMATICITIES: dict[int, Chromaticities] = {
    1: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290),
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.314, 0.351),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.3290),
}
"""H.273 primaries -> x and y of red, green, blue and white; all others are treated as BT.709"""
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
"""XYZ -> the responses in which white points are adapted (Lindbloom)"""


def chromaticities_of(color: Color) -> Chromaticities:
    """The primaries and white point of a clip's colors."""
    return color.chromaticities or CHROMATICITIES.get(color.primaries, CHROMATICITIES[1])


def matrix_between(source: Chromaticities, target: Chromaticities) -> NDArray[np.float64]:
    """The matrix (3, 3) from linear RGB of some primaries to that of others, with the white point adapted."""
    return np.linalg.inv(_to_xyz(target)) @ _to_xyz(source)


def _to_xyz(primaries: Chromaticities) -> NDArray[np.float64]:
    """RGB -> XYZ relative to the white point of BT.709 (SMPTE RP 177, Bradford adaptation)."""
    x, y = np.array(primaries[::2]), np.array(primaries[1::2])
    columns = np.stack([x / y, np.ones(4), (1 - x - y) / y])
    matrix = columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])
    daylight = CHROMATICITIES[1][6:]
    wanted = np.array([daylight[0] / daylight[1], 1, (1 - sum(daylight)) / daylight[1]])
    gains = (BRADFORD @ wanted) / (BRADFORD @ columns[:, 3])
    return cast("NDArray[np.float64]", np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD @ matrix)


def converted(light: Light, source: Chromaticities, target: Chromaticities) -> Light:
    """Linear RGB (H, W, 3) of some primaries in others."""
    if np.allclose(source, target, atol=1e-3):
        return light
    return light @ matrix_between(source, target).T.astype(np.float32)


def from_srgb(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """sRGB values in 0..1 -> linear light (IEC 61966-2-1)."""
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_srgb(light: NDArray[np.floating]) -> NDArray[np.float64]:
    """Linear light -> sRGB values; outside 0..1 clipped."""
    light = np.clip(np.asarray(light, np.float64), 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def to_values(light: Light) -> NDArray[np.uint16]:
    """Linear light -> the values that are painted: sRGB's curve up to white, a logarithm above it.

    Negative light, which some color conversions produce, and numbers that are none become 0.
    """
    bounded = np.clip(np.nan_to_num(np.asarray(light, np.float64), posinf=BRIGHTEST), 0, BRIGHTEST)
    above = WHITE + GROWTH * np.log((np.maximum(bounded, 1) - OFFSET) / (1 - OFFSET))
    values = np.where(bounded <= 1, WHITE * to_srgb(bounded), above)
    return cast("NDArray[np.uint16]", np.rint(values * TOP).astype(np.uint16))


@cache
def _light_of_values() -> NDArray[np.float32]:
    """The inverse of ``to_values`` for every value."""
    values = np.arange(TOP + 1) / TOP
    above = OFFSET + (1 - OFFSET) * np.exp((values - WHITE) / GROWTH)
    return np.where(values <= WHITE, from_srgb(np.minimum(values / WHITE, 1)), above).astype(np.float32)


@cache
def _light_of_film(transfer: int) -> NDArray[np.float32]:
    """16-bit values of a film with a transfer function (H.273) -> linear light."""
    values = np.arange(TOP + 1) / TOP
    if transfer == PQ:  # SMPTE ST 2084
        root = values ** (32 / 2523)
        light = 10000 * (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
        return (light / REFERENCE_WHITE).astype(np.float32)
    if transfer == HLG:  # ITU-R BT.2100, light of the scene

        def scene(value: NDArray[np.floating]) -> NDArray[np.floating]:
            return np.where(value <= 0.5, value**2 / 3, (np.exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12)

        return (scene(values) / scene(np.array(HLG_WHITE))).astype(np.float32)
    return from_srgb(values).astype(np.float32)


def light_of(color: Color, pixels: Pixels) -> Light:
    """Painted pixels (H, W, 3) of a clip's colors -> linear light of the same primaries."""
    deep = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257
    return (_light_of_values() if color.linear else _light_of_film(color.transfer))[deep]


def shown(color: Color, pixels: Pixels) -> Pixels:
    """Painted pixels (H, W, 3) as a film shows them: those of linear clips in sRGB, with brighter light clipped."""
    if not color.linear:
        return pixels
    light = converted(light_of(color, pixels), chromaticities_of(color), CHROMATICITIES[1])
    return cast(Pixels, np.rint(to_srgb(light) * TOP).astype(np.uint16))


def artwork_values(color: Color, pixels: Pixels) -> NDArray[np.uint16]:
    """An sRGB artwork (H, W, 3) in the values of a linear clip: its white is light 1."""
    light = from_srgb(pixels / np.iinfo(pixels.dtype).max).astype(np.float32)
    return to_values(converted(light, CHROMATICITIES[1], chromaticities_of(color)))
