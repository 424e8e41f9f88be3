"""Frames -> a folder of numbered PNG files."""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.atomic import reason_of, temporary_of
from videostyle.media.picture import SCALING, rgb_frame
from videostyle.media.stills import write_png


def picture_name(frame: int) -> str:
    """Name of a source frame's picture."""
    return f"frame_{frame:06d}.png"


def write_folder(folder: Path, pictures: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """One file a frame, named by its source number; none appears before all are there.

    Files of the same names are replaced and no others: several ranges may go into one folder. Raises MediaError where
    the disk is full.
    """
    scale: Any = VideoReformatter()
    temporary = temporary_of(folder)
    try:
        temporary.mkdir()
        for index, pixels in pictures:
            if pixels.shape[1::-1] != size:
                frame = rgb_frame(pixels)
                pixels = scale.reformat(frame, *size, frame.format.name, interpolation=SCALING).to_ndarray()
            write_png(temporary / picture_name(index), pixels)
        if folder.is_dir():
            for new in temporary.iterdir():
                os.replace(new, folder / new.name)
        else:
            os.replace(temporary, folder)
    except OSError as error:
        raise MediaError(f"{folder}: the pictures cannot be written ({reason_of(error)}); free some space") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
