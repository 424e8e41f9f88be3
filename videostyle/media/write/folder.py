"""Frames -> a folder of numbered PNG files."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.files import reason_of, temporary_of
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.stills import write_png
from videostyle.media.write.picture import resized


def picture_name(frame: int) -> str:
    """Name of a source frame's picture in a folder of pictures."""
    return f"frame_{frame:06d}.png"


def write_folder(folder: Path, clip: Clip, pictures: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """One file a frame of a clip, named by its source number; none appears before all are there.

    Files of the same names are replaced and no others: several ranges may go into one folder. Raises MediaError where
    the disk is full.
    """
    scale: Any = VideoReformatter()
    alpha = Alpha(clip, size) if clip.alpha else None
    temporary = temporary_of(folder)
    try:
        temporary.mkdir()
        for index, pixels in pictures:
            pixels = resized(pixels, size, scale)
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
