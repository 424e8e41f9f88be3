"""The film's frame: paint sampled from the artworks, and the painted frame below its own resolution."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from videostyle.paint.brush.atlas import Atlas
from videostyle.paint.brush.coordinates import Coordinates, Corners


def drawn(atlas: Atlas, paint: Coordinates, film: tuple[int, int], top: int, bottom: int) -> Tensor:
    """Rows of the synthesized picture: (rows, width, 3), levels of 255. film: height and width, px."""
    height, width = paint.misfit.shape
    device = paint.offsets.device
    y = ((torch.arange(top, bottom, device=device) + 0.5) * (height / film[0]) - 0.5)[:, None]
    x = ((torch.arange(film[1], device=device) + 0.5) * (width / film[1]) - 0.5)[None]
    corners = Corners(paint.offsets, y, x)
    y, x = (values.reshape(-1) for values in torch.broadcast_tensors(y, x))

    def show(offsets: Tensor, y: Tensor, x: Tensor) -> Tensor:
        sheet, offsets = paint.on_sheets(offsets)
        y, x = y + offsets[:, 1], x + offsets[:, 0]
        corners = Corners(paint.sheets, y, x, sheet)
        place = torch.stack([x, y], -1)
        return blended(corners, lambda offsets, where: sampled(atlas, place[where] + offsets))

    return blended(corners, lambda offsets, where: show(offsets, y[where], x[where])).view(bottom - top, film[1], 3)


def blended(corners: Corners, show: Callable[[Tensor, Tensor | slice], Tensor]) -> Tensor:
    """The colors of all corners, by their weights: (N, 3). show: offsets (N, 2) of which places -> colors."""
    picture = show(corners.joined.reshape(-1, 2), slice(None)) * corners.share.reshape(-1, 1)
    for offsets, weight in corners.others:
        where = torch.nonzero(weight.reshape(-1))[:, 0]
        if len(where):
            colors = show(offsets.reshape(-1, 2)[where], where)
            picture.index_add_(0, where, colors * weight.reshape(-1)[where][:, None])
    return picture


def mixed(atlas: Atlas, paint: Coordinates, below: Tensor, film: tuple[int, int], top: int, sigma: float) -> Tensor:
    """Rows of the film: the painted frame below its own resolution, paint above it.

    below: rows of the enlarged painted frame from ``top`` on, levels of 255. sigma: px, of the Gaussian that splits the
    frequencies; 0: paint alone. The outermost ``reach(sigma)`` rows are right only at the frame's own edges.
    """
    picture = drawn(atlas, paint, film, top, top + len(below))
    return picture + blurred(below - picture, sigma) if sigma else picture


def sampled(atlas: Atlas, places: Tensor) -> Tensor:
    """The artworks' colors at places (N, 2) of the atlas, grid px: (N, 3), levels of 255."""
    result = None
    for left, (scale_y, scale_x), picture in zip(atlas.lefts, atlas.scales, atlas.pictures, strict=True):
        height, width = picture.shape[1:]
        x, y = (places[:, 0] - left + 0.5) * scale_x, (places[:, 1] + 0.5) * scale_y
        grid = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], -1)
        colors = F.grid_sample(picture[None], grid[None, None], "bicubic", "border", False)[0, :, 0].T
        result = colors if result is None else torch.where((places[:, :1] >= left - 0.5), colors, result)
    assert result is not None
    return result


def reach(sigma: float) -> int:
    """Radius of the blur, px."""
    return math.ceil(3 * sigma)


def blurred(planes: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of (H, W, C), edges repeated."""
    radius = reach(sigma)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1, dtype=torch.float64) / sigma) ** 2)
    taps = (taps / taps.sum()).tolist()
    for dim in (0, 1):
        size = planes.shape[dim]
        index = torch.arange(-radius, size + radius, device=planes.device).clamp_(0, size - 1)
        padded = planes.index_select(dim, index)
        planes = torch.zeros_like(planes)
        for place, tap in enumerate(taps):
            planes.add_(padded.narrow(dim, place, size), alpha=tap)
    return planes
