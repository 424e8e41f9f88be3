"""Puts the clip's own colors back into the frames of the film."""

from collections.abc import Iterable, Iterator

from videostyle.frames import Pixels
from videostyle.paint.colors import with_colors_of
from videostyle.rendering.plan.contents import beside
from videostyle.rendering.plan.plan import RenderPlan


def recolored(
    plan: RenderPlan, frames: Iterable[tuple[int, Pixels]], size: tuple[int, int]
) -> Iterator[tuple[int, Pixels]]:
    """Frames of the film with the clip's colors as far as ``colors.artwork`` leaves room for them.

    frames: (source frame, pixels) of all frames to keep, ascending. size: width and height without
    bars, px. Raises MediaError if a frame of the clip can no longer be read.
    """
    share = 1 - plan.settings.colors.artwork
    for index, painted, pixels in beside(plan, frames, size):
        yield index, with_colors_of(pixels, painted, share)
