"""The artworks side by side: at the sizes at which patches are compared, and at the film's."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from videostyle.frames import Pixels, to_picture
from videostyle.paint.brush.blur import blurred, reach
from videostyle.paint.brush.patches import RADIUS, Basis, neighbors

GUIDE = 3.0
"""weight of the painted frame beside the weight of the patches around"""
GUIDED = 12
"""principal components in which a patch must look like the painted frame"""
SMALLEST = 32
"""px: artworks are not shrunk below this"""
SOFTNESS = 0.4
"""px of the film: standard deviation"""
STRIP = 1 << 19
"""px that are blurred at once"""
FORBIDDEN = 1e12
"""cost of a patch that is not inside one artwork"""


def resized(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize (3, H, W) to (height, width) without aliasing."""
    return F.interpolate(planes[None], size=size, mode="bicubic", antialias=True, align_corners=False)[0]


def soft(planes: Tensor) -> Tensor:
    """(3, H, W), slightly blurred: an artwork's finest grain would flicker when it moves by fractions of a pixel."""
    height, width = planes.shape[1:]
    softened, rows = torch.empty_like(planes), max(1, STRIP // width)
    for top in range(0, height, rows):  # at the size of a large film, a picture as a whole would take gigabytes
        bottom, first = min(height, top + rows), max(0, top - reach(SOFTNESS))
        strip = blurred(planes[:, first : bottom + reach(SOFTNESS)].permute(1, 2, 0), SOFTNESS)
        softened[:, top:bottom] = strip[top - first : bottom - first].permute(2, 0, 1)
    return softened


class Page:
    """The atlas at one size: its patches, and where they may be taken from."""

    def __init__(self, colors: Tensor, rectangles: Sequence[tuple[int, int, int, int]], expected: Sequence[float]):
        """colors: (H, W, 3), levels of 255. rectangles: top, left, bottom, right of each artwork, px.

        expected: share of the film that each artwork should cover.
        """
        self.height, self.width = colors.shape[:2]
        self.colors = colors.reshape(-1, 3).contiguous()
        self.barred = torch.full((self.height, self.width), FORBIDDEN, device=colors.device)
        self.density = torch.ones((self.height, self.width), device=colors.device)
        for (top, left, bottom, right), share in zip(rectangles, expected, strict=True):
            self.barred[top + RADIUS : bottom - RADIUS, left + RADIUS : right - RADIUS] = 0
            self.density[top:bottom, left:right] = share / ((bottom - top) * (right - left))
        self.barred, self.density = self.barred.reshape(-1), self.density.reshape(-1)
        patches = neighbors(colors)
        self.allowed = torch.nonzero(self.barred == 0)[:, 0]
        self.basis = Basis.of(patches[self.allowed])
        self.table = self.basis(patches)
        weights = torch.ones(self.table.shape[1], device=colors.device)
        weights[:GUIDED] += GUIDE
        self.weights = weights.sqrt()
        """how much each component counts, beside what lies around"""
        self.weighted = self.table * self.weights


class Atlas:
    """All artworks, at the size of the grid: where patches are looked for."""

    def __init__(
        self,
        artworks: Sequence[Pixels],
        mix: Sequence[float],
        grid: tuple[int, int],
        stroke: float,
        device: torch.device,
    ) -> None:
        """mix: share of each artwork. grid: height and width, px. stroke: size of the artworks; 1: the film's area."""
        sheets, rectangles, left = list[Tensor](), list[tuple[int, int, int, int]](), 0
        for artwork in artworks:
            size = _size(artwork, grid, stroke)
            sheets.append(resized(_planes(artwork, device), size).clamp(0, 255))
            rectangles.append((0, left, size[0], left + size[1]))
            left += size[1]
        tall = max(sheet.shape[1] for sheet in sheets)
        whole = torch.cat(
            [F.pad(sheet[None], (0, 0, 0, tall - sheet.shape[1]), mode="replicate")[0] for sheet in sheets], 2
        )
        half = F.avg_pool2d(whole[None], 2)[0]
        halves = [(top // 2, left // 2, bottom // 2, right // 2) for top, left, bottom, right in rectangles]
        self.pages = [
            Page(planes.permute(1, 2, 0).contiguous(), places, mix)
            for planes, places in ((whole, rectangles), (half, halves))
        ]


class Prints:
    """All artworks, at the film's size: what is seen of the patches."""

    def __init__(
        self,
        artworks: Sequence[Pixels],
        grid: tuple[int, int],
        film: tuple[int, int],
        stroke: float,
        device: torch.device,
    ) -> None:
        """grid, film: height and width, px. stroke: as in ``Atlas``."""
        self.pictures: list[Tensor] = []
        """each artwork: (3, H, W), levels of 255"""
        self.lefts: list[int] = []
        """its first column in the atlas, grid px"""
        self.scales: list[tuple[float, float]] = []
        """its height and width, relative to the atlas"""
        ratio, left = (film[0] * film[1] / (grid[0] * grid[1])) ** 0.5, 0
        for artwork in artworks:
            size = _size(artwork, grid, stroke)
            large = round(size[0] * ratio), round(size[1] * ratio)
            self.pictures.append(soft(resized(_planes(artwork, device), large).clamp(0, 255)))
            self.scales.append((large[0] / size[0], large[1] / size[1]))
            self.lefts.append(left)
            left += size[1]


def _planes(artwork: Pixels, device: torch.device) -> Tensor:
    """An artwork as (3, H, W), levels of 255."""
    return torch.from_numpy(to_picture(artwork)).to(device).permute(2, 0, 1) * 255


def _size(artwork: Pixels, grid: tuple[int, int], stroke: float) -> tuple[int, int]:
    """Height and width of an artwork in the atlas, px."""
    height, width = artwork.shape[:2]
    scale = stroke * (grid[0] * grid[1] / (height * width)) ** 0.5
    return max(SMALLEST, 2 * round(height * scale / 2)), max(SMALLEST, 2 * round(width * scale / 2))
