"""The demo's files: a clip, an artwork, and a contact sheet of what was made of them."""

from pathlib import Path

import numpy as np

from videostyle.demo.art import make_art
from videostyle.demo.film import make_clip, make_sound
from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.create import create_clip
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture, write_png
from videostyle.motion.flow import resize

WIDTH, HEIGHT, RATE, SECONDS = 320, 180, 16, 3
SOUND_RATE = 48000
ART = 512
"""px, side of the artwork"""
COLUMNS, GAP = 4, 8
"""of the sheet; px between its pictures"""


def make_demo(folder: Path) -> tuple[Path, Path, Path]:
    """Draw a clip with sound and an artwork into a folder; returns their paths and that of the film to come.

    Raises MediaError where the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"{folder}: cannot be made ({error.strerror}); give another folder") from None
    clip, art = folder / "clip.mp4", folder / "art.png"
    write_png(art, make_art(ART))
    create_clip(clip, make_clip(WIDTH, HEIGHT, RATE, SECONDS), RATE, make_sound(SECONDS, SOUND_RATE), SOUND_RATE)
    return clip, art, folder / "result.mp4"


def make_sheet(folder: Path, clip: Path, art: Path, result: Path) -> Path:
    """Write a contact sheet: the artwork, then frames of the clip over the same frames of the film."""
    source = probe(clip)
    step = source.num_frames // COLUMNS
    chosen = [step // 2 + step * column for column in range(COLUMNS)]
    rows = [[frame.pixels for frame in decode(probe(path)) if frame.index in chosen] for path in (clip, result)]
    side = 2 * source.height + GAP
    paint = read_picture(art)
    shrunk = resize(paint, side, side)
    width = side + COLUMNS * (source.width + GAP) + 2 * GAP
    sheet: Pixels = np.full((side + 2 * GAP, width, 3), 255, np.uint8)
    sheet[GAP : GAP + side, GAP : GAP + side] = shrunk
    for row, pictures in enumerate(rows):
        for column, picture in enumerate(pictures):
            top, left = GAP + row * (source.height + GAP), 2 * GAP + side + column * (source.width + GAP)
            sheet[top : top + source.height, left : left + source.width] = picture
    path = folder / "sheet.png"
    write_png(path, sheet)
    return path
