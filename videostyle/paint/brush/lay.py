"""Laying patches: everywhere in a scene's first frame, later only where the carried paint no longer fits."""

import torch
import torch.nn.functional as F
from torch import Tensor

from videostyle.paint.brush.atlas import Atlas
from videostyle.paint.brush.coordinates import APART, NEXT, Coordinates
from videostyle.paint.brush.masks import grown, shrunk
from videostyle.paint.brush.match import Canvas

CHANGED, UNTRUSTED = 14.0, 8.0
"""levels of 255 by which paint must have come to fit worse to be laid anew, where the flow is trusted and where not"""
BETTER = 3.0
"""levels of 255 by which fresh paint must fit better to replace what is there"""
STRETCHED = 2.0
"""growth or shrinkage in area at which paint is worn out"""
SHEETS = 8
"""most sheets: they take memory and space in the job folder"""


def halved(planes: Tensor) -> Tensor:
    """(H, W, C) at half the size, rounded up."""
    height, width = planes.shape[:2]
    padded = F.pad(planes.permute(2, 0, 1)[None], (0, width % 2, 0, height % 2), mode="replicate")
    return F.avg_pool2d(padded, 2)[0].permute(1, 2, 0).contiguous()


def mean(plane: Tensor, side: int = 5) -> Tensor:
    """Mean over a square of (h, w), edges repeated."""
    padded = F.pad(plane[None, None], (side // 2,) * 4, mode="replicate")
    return F.avg_pool2d(padded, side, 1)[0, 0]


def lay(atlas: Atlas, painted: Tensor) -> Coordinates:
    """Lay a scene's first frame."""
    coarse, fine = Canvas(atlas.pages[1], halved(painted)), Canvas(atlas.pages[0], painted)
    everywhere = coarse.everywhere()
    coarse.search(everywhere)
    coarse.improve(everywhere)
    everywhere = fine.everywhere()
    refine(coarse, fine, everywhere)
    offsets = fine.offsets()
    return Coordinates(offsets[None], torch.zeros_like(offsets), fine.misfit().sqrt().view(painted.shape[:2])).rounded()


def refine(coarse: Canvas, fine: Canvas, where: Tensor) -> None:
    """Continue at full size, in these pixels (N,), from what was found at half of it."""
    rows, columns = where // fine.width, where % fine.width
    above = rows // 2 * coarse.width + columns // 2
    fine.y[where], fine.x[where] = fine.inside(2 * coarse.y[above] + rows % 2, 2 * coarse.x[above] + columns % 2)
    fine.improve(where)


def relay(atlas: Atlas, painted: Tensor, carried: Coordinates, trusted: Tensor) -> Coordinates:
    """Lay patches anew where the carried ones no longer fit."""
    height, width = painted.shape[:2]
    fine = Canvas(atlas.pages[0], painted)
    there = carried.in_atlas()
    outside = fine.place(there)
    before = fine.misfit().sqrt().view(height, width)
    worse = mean(before - carried.misfit)
    worn = outside.view(height, width) | stretched(carried.offsets) | carried.off()
    need = (worse > torch.where(trusted, CHANGED, UNTRUSTED)) | worn
    need = grown(shrunk(need, 3), 3)
    need = grown(shrunk(grown(need, 9), 9), 5)
    if not need.any():
        return carried
    fine_where = torch.nonzero(need.reshape(-1))[:, 0]
    coarse = Canvas(atlas.pages[1], halved(painted))
    coarse.place(there[::2, ::2] / 2)
    coarse_where = torch.nonzero(grown(halved(need[..., None].float())[..., 0] > 0, 3).reshape(-1))[:, 0]
    coarse.search(coarse_where)
    coarse.improve(coarse_where)
    refine(coarse, fine, fine_where)
    after = fine.misfit().sqrt().view(height, width)
    better = need & ((mean(before - after) > BETTER) | grown(worn, 5))
    better = need & grown(grown(shrunk(better, 3), 3), 5)
    return put(carried, better, fine.offsets(), after)


def put(carried: Coordinates, where: Tensor, laid: Tensor, misfit: Tensor) -> Coordinates:
    """Lay fresh paint on a sheet that shows nothing else there; if there is none, on the one that shows least."""
    sheets, offsets = carried.sheets, carried.offsets.clone()
    around = grown(where, 5)
    for sheet in range(SHEETS):
        if sheet == len(sheets):
            sheets = torch.cat([sheets, torch.zeros_like(sheets[:1])])
            break
        if not (grown(carried.shown(sheet, where), 5) & around).any():
            break
    else:
        owners = carried.on_sheets(carried.offsets)[0]
        sheet = int(torch.bincount(owners.reshape(-1), minlength=SHEETS).argmin())
        where = where | (owners == sheet)
        around = grown(where, 5)
    sheets = sheets.clone()
    sheets[sheet][around] = laid[around].to(sheets.dtype)
    offsets[where] = torch.tensor([float(NEXT * sheet), 0.0], device=offsets.device)
    return Coordinates(sheets, offsets, torch.where(where, misfit, carried.misfit))


def stretched(offsets: Tensor) -> Tensor:
    """Where paint is stretched or squeezed more than ``STRETCHED`` times, within patches."""
    down = F.pad(offsets[1:] - offsets[:-1], (0, 0, 0, 0, 0, 1))
    right = F.pad(offsets[:, 1:] - offsets[:, :-1], (0, 0, 0, 1))
    inner = (down.abs().amax(-1) < APART) & (right.abs().amax(-1) < APART)
    area = (1 + right[..., 0]) * (1 + down[..., 1]) - right[..., 1] * down[..., 0]
    area = mean(torch.where(inner, area, 1.0))
    return (area > STRETCHED) | (area < 1 / STRETCHED)
