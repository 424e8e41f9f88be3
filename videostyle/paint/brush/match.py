"""Which patch of the artwork lies where: exact search on the coarse level, then only what neighbors continue."""

import torch
import torch.nn.functional as F
from torch import Tensor

from videostyle.paint.brush.atlas import GUIDE, GUIDED, Page
from videostyle.paint.brush.masks import grown
from videostyle.paint.brush.patches import RADIUS

REPEATED = 140.0
"""cost, levels^2, of a patch that is used as often as all are on average"""

BROKEN = 50.0
"""cost, levels^2, of each of the four neighbors that a patch does not continue"""
ROUNDS = 3
BLOCK = 512
"""patches that are searched at once"""
STEPS = [(y, x) for step in (1, 2) for y, x in ((0, step), (0, -step), (step, 0), (-step, 0))]
"""the neighbors whose patches are continued, px"""
SQUARE = [(y, x) for y in range(-RADIUS, RADIUS + 1) for x in range(-RADIUS, RADIUS + 1)]


class Canvas:
    """One size of a frame: what it should look like, and the patch laid at every pixel."""

    def __init__(self, page: Page, guide: Tensor) -> None:
        """guide: the painted frame (H, W, 3), levels of 255."""
        self.page = page
        self.height, self.width = guide.shape[:2]
        self.target = page.basis.everywhere(guide)
        count = self.height * self.width
        self.y = torch.zeros(count, dtype=torch.int64, device=guide.device)
        self.x = torch.zeros_like(self.y)
        self.picture = torch.zeros((count, 3), device=guide.device)

    def everywhere(self) -> Tensor:
        return torch.arange(self.height * self.width, device=self.y.device)

    def beside(self, where: Tensor, y: int, x: int) -> Tensor:
        """The pixels (y, x) px away, at the edge the last ones."""
        row, column = where // self.width + y, where % self.width + x
        return row.clamp_(0, self.height - 1) * self.width + column.clamp_(0, self.width - 1)

    def around(self, where: Tensor, radius: int) -> Tensor:
        """These pixels and those up to ``radius`` px away."""
        mask = torch.zeros(self.height * self.width, dtype=torch.bool, device=where.device)
        mask[where] = True
        return torch.nonzero(grown(mask.view(self.height, self.width), 2 * radius + 1).reshape(-1))[:, 0]

    def search(self, where: Tensor) -> None:
        """Find the patch that looks most like the painted frame: at every second pixel, which the others continue."""
        rows, columns = where // self.width, where % self.width
        near = (rows - rows % 2) * self.width + columns - columns % 2
        asked = torch.unique(near)
        page = self.page
        table = page.table[page.allowed]
        lengths, turned = table.square().sum(1), (-2 * table).T.contiguous()
        found = torch.zeros_like(self.y)
        for start in range(0, len(asked), BLOCK):
            part = asked[start : start + BLOCK]
            found[part] = page.allowed[torch.addmm(lengths, self.target[part], turned).argmin(1)]
        found = found[near]
        self.y[where], self.x[where] = self.inside(found // page.width + rows % 2, found % page.width + columns % 2)

    def inside(self, y: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest places whose patches are inside the atlas."""
        return y.clamp(RADIUS, self.page.height - 1 - RADIUS), x.clamp(RADIUS, self.page.width - 1 - RADIUS)

    def vote(self, where: Tensor) -> None:
        """Draw these pixels: the mean of all patches that cover them."""
        total = torch.zeros((len(where), 3), device=where.device)
        for y, x in SQUARE:
            beside = self.beside(where, -y, -x)
            total += self.page.colors.index_select(0, (self.y[beside] + y) * self.page.width + self.x[beside] + x)
        self.picture[where] = total / len(SQUARE)

    def used(self) -> Tensor:
        """How often each place of the atlas is used, 1 on average, plus what bars it."""
        page = self.page
        counts = torch.zeros(page.height * page.width, device=self.y.device)
        counts.index_add_(0, self.y * page.width + self.x, torch.ones(len(self.y), device=self.y.device))
        side = 2 * RADIUS + 1
        mean = F.avg_pool2d(counts.view(1, 1, page.height, page.width), side, 1, RADIUS).reshape(-1)
        return REPEATED * mean / (page.density * len(self.y)) + page.barred

    def improve(self, where: Tensor) -> None:
        """Let patches continue their neighbors' where that fits the painted frame and what lies around."""
        wide = self.around(where, 2 * RADIUS)
        for _ in range(ROUNDS):
            self.vote(wide)
            goal = self.page.basis(self.patches(where))
            goal[:, :GUIDED] = (goal[:, :GUIDED] + GUIDE * self.target[where, :GUIDED]) / (1 + GUIDE)
            self._choose(where, goal * self.page.weights)

    def _choose(self, where: Tensor, goal: Tensor) -> None:
        """Of a pixel's own patch and those that continue a neighbor's, take the one with the least cost."""
        page, used = self.page, self.used()
        place = self.y * page.width + self.x
        implied = [place[self.beside(where, y, x)] - (y * page.width + x) for y, x in STEPS[:4]]

        def cost(place: Tensor) -> Tensor:
            broken = torch.stack([place != one for one in implied]).sum(0)
            return (page.weighted.index_select(0, place) - goal).square_().sum(1) + used[place] + BROKEN * broken

        best = cost(place[where])
        for y, x in STEPS:
            beside = self.beside(where, y, x)
            row, column = self.y[beside] - y, self.x[beside] - x
            there = self.inside(row, column)
            price = cost(there[0] * page.width + there[1])
            better = (price < best) & (row == there[0]) & (column == there[1])
            best = torch.where(better, price, best)
            self.y[where] = torch.where(better, there[0], self.y[where])
            self.x[where] = torch.where(better, there[1], self.x[where])

    def patches(self, where: Tensor) -> Tensor:
        """The drawn picture around these pixels: (N, values)."""
        return torch.cat([self.picture[self.beside(where, y, x)] for y, x in SQUARE], 1)

    def place(self, offsets: Tensor) -> Tensor:
        """Lay patches as offsets (H, W, 2) say. Returns which of them are not inside one artwork: (H * W,)."""
        places = offsets.round().long().reshape(-1, 2)
        where = self.everywhere()
        y, x = places[:, 1] + where // self.width, places[:, 0] + where % self.width
        self.y, self.x = self.inside(y, x)
        return (self.y != y) | (self.x != x) | (self.page.barred[self.y * self.page.width + self.x] > 0)

    def offsets(self) -> Tensor:
        """Each patch's place in the atlas minus its own, x and y: (H, W, 2), px."""
        where = self.everywhere()
        offsets = torch.stack([self.x - where % self.width, self.y - where // self.width], -1)
        return offsets.view(self.height, self.width, 2).to(self.picture.dtype)

    def misfit(self) -> Tensor:
        """How unlike the painted frame each patch is: (H * W,), mean square, levels^2."""
        place = self.y * self.page.width + self.x
        return (self.page.table[place, :GUIDED] - self.target[:, :GUIDED]).square().sum(1)
