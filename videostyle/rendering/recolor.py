"""Puts the clip's own colors back into the frames of the film."""

from collections.abc import Iterable, Iterator

from videostyle.errors import MediaError
from videostyle.frames import FrameRange, Pixels, to_picture, to_pixels
from videostyle.media.read.decode import decode
from videostyle.paint.colors import with_colors_of
from videostyle.rendering.plan import RenderPlan


def recolored(
    plan: RenderPlan, frames: Iterable[tuple[int, Pixels]], size: tuple[int, int]
) -> Iterator[tuple[int, Pixels]]:
    """Frames of the film with the clip's colors as far as ``colors.artwork`` leaves room for them.

    frames: (source frame, pixels) of all frames to keep, ascending. size: width and height without
    bars, px. Raises MediaError if a frame of the clip can no longer be read.
    """
    share, asked = 1 - plan.settings.colors.artwork, plan.to_keep
    clip = decode(plan.inside, FrameRange(asked[0], asked[-1] + 1), size)
    for index, painted in frames:
        frame = next((frame for frame in clip if frame.index >= index), None)
        if frame is None or frame.index > index:
            raise MediaError(f"{plan.clip.path}: frame {index} can no longer be read; restore the file")
        picture = with_colors_of(to_picture(frame.pixels), to_picture(painted), share)
        yield index, to_pixels(picture, plan.clip.dtype)
