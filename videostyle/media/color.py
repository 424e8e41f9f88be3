"""Black and white: where swscale puts them in RGB, and back to where they belong (0 and the largest number)."""

from typing import Any

import numpy as np

from videostyle.frames import Clip, Pixels

LIMITED, FULL = 1, 2
"""H.273 ranges"""
GRAY = ("gray", "ya8", "ya16")
"""how FFmpeg's names of formats without color begin"""
TOP = 65535
WHITE_OF_LIMITED = 65283
"""of 65535: swscale makes this of white in limited range, whatever its depth and matrix, and white of this"""
WHITE_TO_FULL = 65280
"""of 65535: swscale makes white in full range of this"""
Table = Pixels
"""new values, by the old ones"""


SWS_BICUBIC, SWS_AREA, SWS_FULL_CHROMA, SWS_ACCURATE = 0x4, 0x20, 0x2000 | 0x4000, 0x40000
MATRICES = {1: "itu709", 4: "fcc", 5: "itu601", 6: "itu601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""H.273 matrix -> swscale's name"""
HD = 720
"""lines from which an untagged clip is taken for BT.709, as players do; below it is BT.601"""


def matrix_name(clip: Clip) -> str:
    """Swscale's name of the matrix between the clip's YUV and RGB."""
    untagged = "itu709" if min(clip.width, clip.height) >= HD else "itu601"
    return MATRICES.get(clip.color.matrix, untagged)


def scaling(clip: Clip, size: tuple[int, int]) -> int:
    """Flags of swscale for pictures of a clip in another size (width, height)."""
    shrinks = size[0] * size[1] < clip.width * clip.height
    return (SWS_AREA if shrinks else SWS_BICUBIC) | SWS_ACCURATE | SWS_FULL_CHROMA


def is_rgb(clip: Clip) -> bool:
    """Whether the clip is stored as RGB, which films are not."""
    return clip.pixel_format.startswith(("gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal8"))


def to_whole_range(clip: Clip) -> Table | None:
    """Table from swscale's RGB of a clip (index) to RGB in which black is 0 and white the largest; None: it is so."""
    deep = clip.depth > 8
    black, white = 0, TOP
    if clip.pixel_format.startswith(GRAY) and clip.color.range == LIMITED:
        # gray is taken for full range by swscale, whatever it says of itself
        black, white = (16 * 256, 235 * 256) if deep else (16 * 257, 235 * 257)
    elif deep and not is_rgb(clip):
        white = WHITE_OF_LIMITED
        if clip.color.range == FULL or clip.pixel_format.startswith(GRAY):
            white = 65536 - (1 << (16 - clip.depth)) if clip.depth < 16 else TOP
    if (black, white) == (0, TOP):
        return None
    values = np.arange(65536) if deep else np.arange(256) * 257
    stretched = np.clip((values - black) / (white - black), 0, 1) * (TOP if deep else 255)
    rounded: Any = np.rint(stretched).astype(clip.dtype)
    table: Table = rounded
    return table


def from_whole_range(full: bool) -> Table:
    """Table from 16-bit RGB to the numbers of which swscale makes right YUV of any depth."""
    white = WHITE_TO_FULL if full else WHITE_OF_LIMITED
    table: Table = np.rint(np.arange(65536) * (white / TOP)).astype(np.uint16)
    return table


def looked_up(pixels: Pixels, table: Table | None) -> Pixels:
    """Pixels with every value replaced as the table says."""
    if table is None:
        return pixels
    replaced: Pixels = table[pixels]
    return replaced
