"""Small artworks and painted frames for the tests of the brush pass."""

import numpy as np
import torch

from videostyle.frames import Pixels
from videostyle.paint.brush.atlas import Atlas, Prints

CPU = torch.device("cpu")


def art(seed: int, height: int = 48, width: int = 64, color: tuple[int, int, int] = (128, 128, 128)) -> Pixels:
    """Random blocks of 4 px around a color: every patch of it is unique."""
    rng = np.random.default_rng(seed)
    small = rng.integers(-60, 61, (-(-height // 4), -(-width // 4), 3)) + np.array(color)
    return np.clip(small.repeat(4, 0).repeat(4, 1)[:height, :width], 0, 255).astype(np.uint8)


def atlas(*artworks: Pixels, mix: tuple[float, ...] = (1.0,), grid: tuple[int, int] = (48, 64)) -> Atlas:
    """An atlas for painted frames of ``grid`` (height, width)."""
    return Atlas(artworks, mix, grid, 1.0, CPU)


def prints(*artworks: Pixels, grid: tuple[int, int] = (48, 64), times: int = 2) -> Prints:
    """The same artworks for a film that is ``times`` larger."""
    return Prints(artworks, grid, (times * grid[0], times * grid[1]), 1.0, CPU)


def levels(pixels: Pixels) -> torch.Tensor:
    return torch.from_numpy(pixels.astype(np.float32))
