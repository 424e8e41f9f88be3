"""Puts the clip's light back into the frames of the film."""

from collections.abc import Iterable, Iterator
from typing import cast

import numpy as np

from videostyle.frames import NO_BARS, Pixels
from videostyle.motion.light import relight
from videostyle.rendering.plan.bars import area
from videostyle.rendering.plan.contents import beside
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.plan.sizes import fit

SIDE = 360
"""px, largest short side at which the clip's dark areas are found"""


def relit(plan: RenderPlan, frames: Iterable[tuple[int, Pixels]]) -> Iterator[tuple[int, Pixels]]:
    """Finished frames, in the light of the clip. frames: (source frame, pixels) of all frames to keep, ascending.

    Raises MediaError if a frame of the clip can no longer be read.
    """
    follow, size = plan.settings.light.follow, plan.painted_size(plan.size)
    for index, painted, pixels in beside(plan, frames, fit(*size, min(SIDE, *size))):
        shown = pixels if plan.bars == plan.scan.bars else _with_white_bars(plan, pixels)
        yield index, relight(painted, shown, plan.light(index), follow)


def _with_white_bars(plan: RenderPlan, pixels: Pixels) -> Pixels:
    """A frame of the clip with white bars: where bars are painted, they are to be seen."""
    height, width = pixels.shape[:2]
    left, right, top, bottom = area(plan.clip, plan.scan.bars or NO_BARS, (width, height))
    inside = pixels[top : height - bottom, left : width - right]
    border = ((top, bottom), (left, right), (0, 0))
    return cast(Pixels, np.pad(inside, border, constant_values=np.iinfo(pixels.dtype).max))
