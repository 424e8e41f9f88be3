"""A single picture as a clip of one frame, with the bit depth, orientation, transparency, and colors that it has."""

import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from PIL import Image

from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.media.exr import MAGIC
from videostyle.media.files import explained
from videostyle.media.profile import kept_profile
from videostyle.media.read.headers import DECODERS, DPX_ORDERS, picture_format
from videostyle.media.read.probe import measure_sequence
from videostyle.media.stills import DAMAGE, is_heif, read_picture, write_png

RATE = Fraction(25)
"""frames per second; a picture has none"""
PLAIN = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "I", "I;16", "I;16B", "F"}
"""Pillow's names of the kinds of pixels that FFmpeg reads as Pillow does; others, such as CMYK, become sRGB first"""


def is_photo(path: Path) -> bool:
    """Whether a file is a single picture rather than a clip; a GIF is a clip."""
    if not path.is_file():
        return False
    with explained(f"{path}: cannot be read", "use a picture or a video file"), path.open("rb") as file:
        head = file.read(12)
    if head[:4] == MAGIC or head[:4] in DPX_ORDERS or is_heif(head):
        return True
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as opened:
            return opened.format != "GIF"
    except (*DAMAGE, Image.DecompressionBombError):
        return False


def probe_photo(path: Path, folder: Path) -> Clip:
    """Measure a picture. Raises MediaError if it cannot be read.

    folder: where an sRGB copy is written if it is of a kind that FFmpeg does not read, such as HEIF or CMYK; the clip
    is then the copy.
    """
    profile = b""
    with path.open("rb") as file:
        head = file.read(12)
    if head[:4] != MAGIC and head[:4] not in DPX_ORDERS:
        kind, mode, found = ("HEIF", "", b"") if is_heif(head) else _look(path)
        profile = kept_profile(found) if mode.startswith(("RGB", "P")) else b""
        if kind not in DECODERS or mode not in PLAIN or (found and not mode.startswith(("RGB", "P"))):
            copy = folder / f"{path.stem}.png"
            write_png(copy, read_picture(path))
            path, profile = copy, b""
    clip = measure_sequence(path, None, RATE)
    return replace(clip, given_rate=None, color=replace(clip.color, profile=profile))


def _look(path: Path) -> tuple[str, str, bytes]:
    """Format, kind of pixels, and ICC profile of a picture."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as opened:
            return picture_format(opened), opened.mode, opened.info.get("icc_profile") or b""
    except (*DAMAGE, Image.DecompressionBombError) as error:
        raise MediaError(f"{path}: not a readable picture ({error}); use a JPEG or PNG") from None
