"""Sizes of films and frames, px."""

from videostyle.errors import SettingsError
from videostyle.frames import Clip
from videostyle.settings import RenderSettings

ENLARGED = 4
"""how many times as large as its own pixels a painter's smallest frame may show a clip"""


def film_size(clip: Clip, settings: RenderSettings) -> tuple[int, int]:
    """Width and height of the film, px."""
    return fit(clip.width, clip.height, settings.picture.size)


def check_size(work: tuple[int, int], own: tuple[int, int], smallest: int) -> None:
    """Raise SettingsError if frames are too small for the painter.

    work: width and height at which they are painted, px. own: those of the clip, which may be smaller, but not so small
    that next to nothing would be painted. smallest: least short side that the painter accepts, px.
    """
    if min(own) < smallest // ENLARGED:
        raise SettingsError(
            f"frames of {own[0]}x{own[1]} px show too little to be painted, even if they are enlarged: "
            f"wanted {smallest // ENLARGED} px or more on the short side"
        )
    if min(work) < smallest:
        raise SettingsError(
            f"frames of {work[0]}x{work[1]} px are too small: the network needs {smallest} px on the short side; "
            f"use --size {smallest}"
        )


def stored_bytes(size: tuple[int, int], depth: int) -> int:
    """About how many bytes of the disk a painted frame takes: as PNG three quarters of its pixels, and a block.

    size: width and height, px. depth: bytes of a value.
    """
    return size[0] * size[1] * 3 * depth * 3 // 4 + 4096


def fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with ``side`` px on the short side; 0 keeps them. The long side is even, for the encoders."""
    short = min(width, height)
    if side in (0, short):
        return width, height
    long = max(2, 2 * round(max(width, height) * side / short / 2))
    return (side, long) if width == short else (long, side)
