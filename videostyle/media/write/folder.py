"""Frames -> a folder of numbered PNG files."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.files import reason_of, temporary_of
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.stills import write_png
from videostyle.media.write.picture import check_shape


def picture_name(frame: int) -> str:
    """File name of a source frame in a folder of pictures."""
    return f"frame_{frame:06d}.png"


def write_folder(folder: Path, clip: Clip, frames: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """Write one file per frame, named by its number in the clip; no file appears before all are written.

    Files of the same name are replaced, all others stay: several ranges may go into one folder.
    frames: (number in the clip, upright pixels (H, W, 3)). size: width and height of the film, px. Raises MediaError
    if the files cannot be written, ValueError if pixels have another size.
    """
    alpha = Alpha(clip, size) if clip.alpha else None
    temporary = temporary_of(folder)
    try:
        temporary.mkdir()
        for index, pixels in frames:
            check_shape(pixels, size)
            if alpha:
                pixels = with_alpha(pixels, alpha(index))
            write_png(temporary / picture_name(index), pixels)
        folder.mkdir(exist_ok=True)
        for new in temporary.iterdir():
            os.replace(new, folder / new.name)
    except OSError as error:
        raise MediaError(f"{folder}: the pictures cannot be written ({reason_of(error)}); free some space") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
