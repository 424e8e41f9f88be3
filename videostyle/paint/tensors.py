"""Conversion of pictures between numpy and torch, and resizing."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from videostyle.frames import Picture, Pixels, to_picture


def to_tensor(pixels: Pixels, device: torch.device) -> Tensor:
    """Pixels (H, W, 3) of either depth -> (1, 3, H, W) float32 in 0..1."""
    return stack([to_picture(pixels)], device)


def stack(pictures: Sequence[Picture], device: torch.device) -> Tensor:
    """Pictures (H, W, 3) of equal size -> (B, 3, H, W) on the device."""
    return torch.from_numpy(np.stack(pictures)).to(device).permute(0, 3, 1, 2).contiguous()


def to_pictures(pictures: Tensor) -> list[Picture]:
    """(B, 3, H, W) on any device -> a picture (H, W, 3) each, clipped to 0..1."""
    return list(pictures.clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy())


def resize(pictures: Tensor, height: int, width: int) -> Tensor:
    """Pictures (B, 3, H, W) at another size, bicubic with antialiasing, clipped to 0..1."""
    if pictures.shape[2:] == (height, width):
        return pictures
    resized: Tensor = F.interpolate(pictures, (height, width), mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp(0, 1)
