"""Color conversion: YUV matrices (ITU-T H.273), black and white levels, artworks in a clip's color space."""

from typing import cast

import av
import numpy as np

from videostyle.frames import Clip, Color, Pixels
from videostyle.media.light import artwork_values
from videostyle.media.profile import in_profile

LIMITED, FULL = 1, 2
"""FFmpeg's numbers for the color ranges"""
BT709, SRGB = 1, 13
"""H.273 numbers of primaries and of a transfer function"""
LIKE_SRGB = (0, 1, 2, 3, 5, 6, 7)
"""H.273 primaries treated as sRGB: BT.709, standard-definition television, unspecified"""
MATRICES = {1: "itu709", 4: "fcc", 5: "itu601", 6: "itu601", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""H.273 matrix -> its name in swscale"""
HD = 720
"""lines of the smallest untagged clip that is read as BT.709, as players do; smaller ones are read as BT.601"""
GRAY = ("gray", "ya8", "ya16")
"""prefixes of FFmpeg's grayscale pixel formats"""
RGB = ("gbr", "rgb", "bgr", "argb", "abgr", "0rgb", "0bgr", "pal8")
"""prefixes of FFmpeg's RGB pixel formats"""
SWS_BICUBIC, SWS_AREA, SWS_FULL_CHROMA, SWS_ACCURATE = 0x4, 0x20, 0x2000 | 0x4000, 0x40000
TOP = 65535
WHITE_OF_LIMITED = 65283
"""of 65535: the 16-bit RGB value that swscale reads and writes for limited-range white, at any depth and matrix"""
WHITE_TO_FULL = 65280
"""of 65535: the 16-bit RGB value that swscale converts to full-range white"""


def matrix_name(clip: Clip) -> str:
    """The name in swscale of the matrix that converts between the clip's YUV and RGB."""
    untagged = "itu709" if min(clip.width, clip.height) >= HD else "itu601"
    return MATRICES.get(clip.color.matrix, untagged)


def scaling(clip: Clip, size: tuple[int, int]) -> int:
    """The swscale flags for scaling a clip's frames to a size (width, height)."""
    shrinks = size[0] * size[1] < clip.width * clip.height
    return (SWS_AREA if shrinks else SWS_BICUBIC) | SWS_ACCURATE | SWS_FULL_CHROMA


def is_rgb(clip: Clip) -> bool:
    """Whether the clip is stored as RGB; most clips are YUV."""
    return clip.pixel_format.startswith(RGB)


def subsampling(pixel_format: str) -> str:
    """The chroma subsampling of one of FFmpeg's pixel formats; ``420`` for those that name none."""
    return next((digits for digits in ("444", "422") if digits in pixel_format), "420")


def to_whole_range(clip: Clip) -> Pixels | None:
    """Lookup table from swscale's RGB of a clip to RGB with black at 0 and white at the largest value.

    None if the values are already right.
    """
    deep = clip.depth > 8
    black, white = 0, TOP
    if clip.pixel_format.startswith(GRAY) and clip.color.range == LIMITED:
        # swscale reads gray as full range, whatever its tag says
        black, white = (16 * 256, 235 * 256) if deep else (16 * 257, 235 * 257)
    elif deep and not is_rgb(clip):
        white = WHITE_OF_LIMITED
        if clip.color.range == FULL or clip.pixel_format.startswith(GRAY):
            white = 65536 - (1 << (16 - clip.depth)) if clip.depth < 16 else TOP
    if (black, white) == (0, TOP):
        return None
    values = np.arange(65536) if deep else np.arange(256) * 257
    stretched = np.clip((values - black) / (white - black), 0, 1) * (TOP if deep else 255)
    return cast(Pixels, np.rint(stretched).astype(clip.dtype))


def from_whole_range(full: bool) -> Pixels:
    """Lookup table from 16-bit RGB to the values that swscale converts to correct YUV of any depth."""
    white = WHITE_TO_FULL if full else WHITE_OF_LIMITED
    return np.asarray(np.rint(np.arange(65536) * (white / TOP)), np.uint16)


def in_colors_of(color: Color, pixels: Pixels) -> Pixels:
    """Convert an sRGB artwork (H, W, 3) to the color space of a clip: uint16, or unchanged if they agree.

    In a high dynamic range clip, white becomes 203 cd/m2 (ITU-R BT.2408), not the brightest value.
    """
    if color.linear:
        return artwork_values(color, pixels)
    if color.profile:
        return in_profile(color.profile, pixels)
    if not color.hdr and color.primaries in LIKE_SRGB:
        return pixels
    deep = pixels.astype(np.uint16, order="C") * (1 if pixels.dtype == np.uint16 else 257)
    frame = av.VideoFrame.from_ndarray(deep, "rgb48le")
    frame.color_primaries, frame.color_trc, frame.color_range = BT709, SRGB, FULL
    converted = frame.reformat(
        dst_color_primaries=color.primaries if color.primaries not in LIKE_SRGB else BT709,
        dst_color_trc=color.transfer if color.hdr else SRGB,
        dst_color_range=FULL,
    )
    return np.array(converted.to_ndarray(), np.uint16, order="C")
