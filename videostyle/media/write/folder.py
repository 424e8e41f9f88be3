"""Frames -> a folder of numbered PNG files."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from videostyle.frames import Clip, Pixels
from videostyle.media.files import explained
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.stills import write_png
from videostyle.media.write.picture import check_shape


def picture_name(frame: int) -> str:
    """File name of a source frame in a folder of pictures."""
    return f"frame_{frame:06d}.png"


def write_folder(folder: Path, clip: Clip, frames: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """Write one file per frame, named by its number in the clip; no file appears until all are written.

    Files with the same name are replaced and all others stay, so several ranges may share a folder.
    frames: (number in the clip, upright pixels (H, W, 3)). size: width and height of the film, px. Raises MediaError
    if the files cannot be written, ValueError if pixels have another size.
    """
    alpha = Alpha(clip, size) if clip.alpha else None
    with (
        explained(f"{folder}: the pictures cannot be written", "free some space"),
        tempfile.TemporaryDirectory(prefix=".", dir=folder.parent, ignore_cleanup_errors=True) as temporary,
    ):
        for index, pixels in frames:
            check_shape(pixels, size)
            if alpha:
                pixels = with_alpha(pixels, alpha(index))
            write_png(Path(temporary, picture_name(index)), pixels)
        folder.mkdir(exist_ok=True)
        for name in os.listdir(temporary):
            os.replace(Path(temporary, name), folder / name)
