"""A contact sheet: the artwork, and frames of a clip over the same frames of its film."""

from pathlib import Path

import numpy as np

from videostyle.frames import Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture, write_png
from videostyle.motion.flow import resize

GAP = 8
"""px between pictures"""


def make_sheet(path: Path, clip: Path, art: Path, film: Path, columns: int = 4) -> None:
    """Write a contact sheet as PNG: the artwork, then evenly spaced frames of the clip over those of the film.

    The film must have the clip's size, and at least as many frames as there are columns. Raises MediaError if a file
    cannot be read or written.
    """
    write_png(path, lay_out(clip, art, film, columns))


def lay_out(clip: Path, art: Path, film: Path, columns: int) -> Pixels:
    """The sheet's pixels: (2 * height + 3 * GAP, width, 3) uint8, white between the pictures."""
    source = probe(clip)
    step = source.num_frames // columns
    chosen = range(step // 2, step * columns, step)
    rows = [[frame.pixels for frame in decode(probe(path)) if frame.index in chosen] for path in (clip, film)]
    side = 2 * source.height + GAP
    width = side + columns * (source.width + GAP) + 2 * GAP
    sheet: Pixels = np.full((side + 2 * GAP, width, 3), 255, np.uint8)
    sheet[GAP : GAP + side, GAP : GAP + side] = resize(read_picture(art), side, side)
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = GAP + row * (source.height + GAP), 2 * GAP + side + column * (source.width + GAP)
            sheet[top : top + source.height, left : left + source.width] = picture
    return sheet
