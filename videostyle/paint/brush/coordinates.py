"""Where every pixel's paint lies: the state that is carried from frame to frame, as bytes."""

import zlib
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

STEPS = 64
"""stored fractions of a pixel"""
APART = 0.75
"""px: neighbors whose offsets differ by more do not belong together"""
NEXT = 8192
"""px from a place on one sheet to the same place on the next: more than twice any offset that is not ``off``"""


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """Paint is laid on sheets once; what is carried is each pixel's place there, never its color.

    So paint stays as sharp as the artwork, and the seams between its patches move with it.
    """

    sheets: Tensor
    """(S, h, w, 2) integers: x and y in the atlas minus the place on the sheet, px"""
    offsets: Tensor
    """(h, w, 2): x and y on the sheet minus the pixel's own, plus ``NEXT`` in x per sheet; multiples of 1 / STEPS"""
    misfit: Tensor
    """(h, w): how unlike the painted frame the paint was when it was laid, levels of 255; integers up to 255"""

    def rounded(self) -> Self:
        """As they are stored."""
        offsets = (self.offsets * STEPS).round() / STEPS
        return type(self)(self.sheets, offsets, self.misfit.round().clamp(0, 255))

    def to_bytes(self) -> bytes:
        """Differences from pixel to pixel, compressed: patches are copied in one piece, so most are 0."""
        planes = torch.cat([self.sheets.float(), (self.offsets * STEPS).round()[None]])
        steps = np.diff(planes.to(torch.int32).cpu().numpy(), axis=2, prepend=np.int32(0)).astype("<i4")
        misfit = self.misfit.to(torch.uint8).cpu().numpy()
        return bytes([len(self.sheets)]) + zlib.compress(steps.tobytes() + misfit.tobytes(), 1)

    @classmethod
    def from_bytes(cls, content: bytes, size: tuple[int, int], device: torch.device) -> Self:
        """size: height and width, px."""
        count, plain = content[0], zlib.decompress(content[1:])
        shape = (count + 1, *size, 2)
        length = int(np.prod(shape))
        steps = np.frombuffer(plain, "<i4", length).reshape(shape)
        planes = torch.from_numpy(np.cumsum(steps, 2, dtype=np.int32).astype(np.float32)).to(device)
        misfit = np.frombuffer(plain, np.uint8, offset=4 * length).reshape(size).astype(np.float32)
        return cls(planes[:count], planes[count] / STEPS, torch.from_numpy(misfit).to(device))

    def moved(self, flow: Tensor) -> Self:
        """Along the flow (h, w, 2), px, from each pixel to where it was: ``o'(p) = o(p + flow) + flow``."""
        y, x = pixels(self.misfit, flow.device)
        corners = Corners(self.offsets, y + flow[..., 1], x + flow[..., 0])
        return type(self)(self.sheets, corners.joined + flow, self.misfit.reshape(-1)[corners.nearest])

    def on_sheets(self, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """Split offsets into the number of the sheet and the offset there."""
        sheet = (offsets[..., 0] / NEXT).round()
        return sheet.long(), torch.stack([offsets[..., 0] - NEXT * sheet, offsets[..., 1]], -1)

    def in_atlas(self) -> Tensor:
        """x and y in the atlas minus the pixel's own, to the nearest px: (h, w, 2)."""
        y, x = pixels(self.misfit, self.offsets.device)
        sheet, row, column = self._places()
        return self.sheets[sheet, row, column] + torch.stack([column - x, row - y], -1)

    def off(self) -> Tensor:
        """Pixels whose paint would lie outside their sheet, as what has come into view does: (h, w)."""
        height, width = self.misfit.shape
        y, x = pixels(self.misfit, self.offsets.device)
        _, offsets = self.on_sheets(self.offsets)
        row, column = y + offsets[..., 1], x + offsets[..., 0]
        return (row < -0.5) | (row > height - 0.5) | (column < -0.5) | (column > width - 0.5)

    def _places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Number of the sheet, and the nearest row and column on it, of each pixel: (h, w)."""
        height, width = self.misfit.shape
        y, x = pixels(self.misfit, self.offsets.device)
        sheet, offsets = self.on_sheets(self.offsets)
        return sheet, _inside((y + offsets[..., 1]).round(), height), _inside((x + offsets[..., 0]).round(), width)

    def shown(self, sheet: int, besides: Tensor) -> Tensor:
        """The places of a sheet that a frame shows anywhere but in ``besides``: (h, w)."""
        numbers, row, column = self._places()
        there = (numbers == sheet) & ~besides
        mask = torch.zeros(self.misfit.shape, dtype=torch.bool, device=row.device)
        mask[row[there], column[there]] = True
        return mask


def pixels(plane: Tensor, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row (h, 1) and column (1, w) of every pixel."""
    height, width = plane.shape[:2]
    return torch.arange(height, device=device)[:, None], torch.arange(width, device=device)[None]


class Corners:
    """Offsets between pixels: smooth within a piece of paint, never mixed across its border."""

    def __init__(self, offsets: Tensor, y: Tensor, x: Tensor, sheet: Tensor | None = None) -> None:
        """offsets: (h, w, 2), or (S, h, w, 2) with the number of the sheet to look at. y, x: places, px."""
        height, width = offsets.shape[-3:-1]
        flat = offsets.reshape(-1, 2)
        base = 0 if sheet is None else sheet * (height * width)
        self.nearest = _inside(y.round(), height) * width + _inside(x.round(), width) + base
        """number of the nearest pixel"""
        center = picked(flat, self.nearest)
        self.joined = torch.zeros_like(center)
        """mean over the corners that belong to the nearest pixel's piece"""
        self.share = torch.zeros_like(center[..., 0])
        """the weight of these corners"""
        self.others: list[tuple[Tensor, Tensor, Tensor]] = []
        """the other corners: of which places, (N,), their offsets, (N, 2), and weights"""
        y0, x0 = y.floor(), x.floor()
        columns = [(_inside(x0, width) + base, 1 - (x - x0)), (_inside(x0 + 1, width) + base, x - x0)]
        for row, part in ((_inside(y0, height), 1 - (y - y0)), (_inside(y0 + 1, height), y - y0)):
            for column, weight in columns:
                corner, weight = picked(flat, row * width + column), part * weight
                apart = (corner - center).abs_()
                joins = torch.maximum(apart[..., 0], apart[..., 1]) < APART
                kept = weight * joins
                self.joined += corner * kept[..., None]
                self.share += kept
                where = torch.nonzero((weight > kept).reshape(-1))[:, 0]
                if len(where):
                    self.others.append((where, corner.reshape(-1, 2)[where], weight.expand_as(kept).reshape(-1)[where]))
        self.joined /= self.share[..., None]


def picked(rows: Tensor, numbers: Tensor) -> Tensor:
    """Rows (N, 2) by their numbers, of any shape: several times faster than ``rows[numbers]``."""
    return rows.index_select(0, numbers.reshape(-1)).view(*numbers.shape, 2)


def _inside(places: Tensor, count: int) -> Tensor:
    return places.long().clamp_(0, count - 1)
