"""The pictures that the compact network is trained on: windows of a folder's pictures, some of them disturbed."""

import random
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor


def cut_windows(folder: Path, count: int, side: int, seed: int) -> NDArray[np.uint8]:
    """Random windows (N, side, side, 3) of a folder's pictures, shrunk by random factors; half of them mirrored.

    A picture with a side below ``side`` is enlarged to it.
    """
    dice, windows = random.Random(seed), list[NDArray[np.uint8]]()
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    while len(windows) < count:
        before = len(windows)
        for path in paths[: count - len(windows)]:
            try:
                picture = Image.open(path).convert("RGB")
            except (OSError, UnidentifiedImageError):
                continue
            least = side / min(picture.size)
            # the larger of two draws: more windows near full size
            factor = least if least > 1 else max(dice.uniform(least, 1), dice.uniform(least, 1))
            size = (max(side, round(picture.width * factor)), max(side, round(picture.height * factor)))
            picture = picture.resize(size, Image.Resampling.BICUBIC)
            x, y = dice.randint(0, size[0] - side), dice.randint(0, size[1] - side)
            window = np.asarray(picture.crop((x, y, x + side, y + side)))
            windows.append(window[:, ::-1] if dice.random() < 0.5 else window)
        if len(windows) == before:
            raise SystemExit(f"--pictures {folder}: no pictures; use a folder with .jpg or .png files")
    order = np.random.default_rng(seed).permutation(count)
    return np.stack(windows)[order]


def as_tensor(windows: NDArray[np.uint8]) -> Tensor:
    """Windows (N, H, W, 3) of 8 bits as (N, 3, H, W) in 0..1."""
    return torch.from_numpy(windows).permute(0, 3, 1, 2).float() / 255


def disturbed(pictures: Tensor, share: float, seed: int) -> Tensor:
    """Pictures (B, 3, H, W), a share of them disturbed by noise (white or blurred), tints and contrast; in -0.1..1.1.

    A picture that is being optimized does not look like a photograph, and errors that the student has not learned to
    see would remain.
    """
    dice, batch = torch.Generator().manual_seed(seed % 2**63), len(pictures)
    chosen = (torch.rand(batch, 1, 1, 1, generator=dice) < share).float()
    strength = torch.rand(batch, 1, 1, 1, generator=dice).square() * 0.3
    white = torch.randn(pictures.shape, generator=dice)
    coarse = F.interpolate(F.avg_pool2d(white, 4), size=pictures.shape[2:], mode="bilinear") * 3
    is_white = (torch.rand(batch, 1, 1, 1, generator=dice) < 0.5).float()
    contrast = 1 + 0.8 * (torch.rand(batch, 3, 1, 1, generator=dice) - 0.5)
    tint = 0.3 * (torch.rand(batch, 3, 1, 1, generator=dice) - 0.5)
    noisy = (pictures - 0.5) * contrast + 0.5 + tint + strength * (is_white * white + (1 - is_white) * coarse)
    return (pictures + chosen * (noisy - pictures)).clamp(-0.1, 1.1)
