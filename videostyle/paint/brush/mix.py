"""The film's frame: paint sampled from the artworks, and the painted frame below its own resolution."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from videostyle.paint.brush.atlas import Prints
from videostyle.paint.brush.blur import blurred
from videostyle.paint.brush.coordinates import Coordinates, Corners


def drawn(prints: Prints, paint: Coordinates, film: tuple[int, int], top: int, bottom: int) -> Tensor:
    """Rows of the synthesized picture: (rows, width, 3), levels of 255. film: height and width, px."""
    height, width = paint.misfit.shape
    device = paint.offsets.device
    y = ((torch.arange(top, bottom, device=device) + 0.5) * (height / film[0]) - 0.5)[:, None]
    x = ((torch.arange(film[1], device=device) + 0.5) * (width / film[1]) - 0.5)[None]
    corners = Corners(paint.offsets, y, x)
    y, x = y.expand(-1, film[1]).reshape(-1), x.expand(bottom - top, -1).reshape(-1)

    def show(offsets: Tensor, y: Tensor, x: Tensor) -> Tensor:
        sheet, offsets = paint.on_sheets(offsets)
        y, x = y + offsets[:, 1], x + offsets[:, 0]
        corners = Corners(paint.sheets, y, x, sheet)
        place = torch.stack([x, y], -1)
        return blended(corners, lambda offsets, where: sampled(prints, place[where] + offsets))

    return blended(corners, lambda offsets, where: show(offsets, y[where], x[where])).view(bottom - top, film[1], 3)


def blended(corners: Corners, show: Callable[[Tensor, Tensor | slice], Tensor]) -> Tensor:
    """The colors of all corners, by their weights: (N, 3). show: offsets (N, 2) of which places -> colors."""
    picture = show(corners.joined.reshape(-1, 2), slice(None)) * corners.share.reshape(-1, 1)
    for where, offsets, weight in corners.others:
        picture.index_add_(0, where, show(offsets, where) * weight[:, None])
    return picture


def mixed(prints: Prints, paint: Coordinates, below: Tensor, film: tuple[int, int], top: int, sigma: float) -> Tensor:
    """Rows of the film: the painted frame below its own resolution, paint above it.

    below: rows of the enlarged painted frame from ``top`` on, levels of 255. sigma: px, of the Gaussian that splits the
    frequencies; 0: paint alone. The outermost ``blur.reach(sigma)`` rows are right only at the frame's own edges.
    """
    picture = drawn(prints, paint, film, top, top + len(below))
    return picture + blurred(below - picture, sigma) if sigma else picture


def sampled(prints: Prints, places: Tensor) -> Tensor:
    """The artworks' colors at places (N, 2) of the atlas, grid px: (N, 3), levels of 255."""
    result = None
    for left, (scale_y, scale_x), picture in zip(prints.lefts, prints.scales, prints.pictures, strict=True):
        height, width = picture.shape[1:]
        x, y = (places[:, 0] - left + 0.5) * scale_x, (places[:, 1] + 0.5) * scale_y
        grid = torch.stack([x * (2 / width) - 1, y * (2 / height) - 1], -1)
        colors = F.grid_sample(picture[None], grid[None, None], "bicubic", "border", False)[0, :, 0].T
        result = colors if result is None else torch.where((places[:, :1] >= left - 0.5), colors, result)
    assert result is not None
    return result
