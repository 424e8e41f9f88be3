"""Single pictures <-> files: artworks of any kind in, PNG frames out and in."""

import io
import os
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from videostyle.errors import MediaError
from videostyle.frames import Color, Pixels
from videostyle.media.files import reason_of, temporary_of

LARGEST = 100_000_000
"""pixels of an artwork; more is surely a mistake, and would not fit the memory of most machines"""
SWS_LANCZOS, SWS_ACCURATE = 0x200, 0x40000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_FORMATS = ("rgb24", "rgb48be", "rgba", "rgba64be")
"""FFmpeg's names of what PNG holds here"""
BT709, SRGB, FULL = 1, 13, 2
"""H.273: primaries, transfer; FFmpeg's number of the range"""
LIKE_SRGB = (0, 1, 2, 3, 5, 6, 7)
"""primaries that are BT.709's, television's before it, or not told"""
DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    struct.error,
    Image.DecompressionBombError,
)
"""what Pillow raises on files that are no pictures, or damaged ones"""


def read_picture(path: Path) -> Pixels:
    """An artwork as it is meant to be seen: upright, sRGB, over white where it is transparent: (H, W, 3) uint8.

    Raises MediaError where there is no such file, or it is no picture.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise MediaError(f"{path}: {what}; give a picture such as art.jpg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of large pictures and odd tags: they are judged here
        try:
            with Image.open(path) as opened:
                if opened.width * opened.height <= LARGEST:
                    return _as_seen(opened)
                size = f"{opened.width}x{opened.height} px is"
        except Image.DecompressionBombError:
            size = f"more than {LARGEST // 1_000_000} million pixels are"
        except DAMAGE as error:
            reason = getattr(error, "strerror", None) or "not a picture that can be read"
            raise MediaError(f"{path}: {reason}; give a picture such as a JPEG or PNG") from None
    raise MediaError(f"{path}: {size} too large for an artwork; make it smaller")


def in_colors_of(color: Color, pixels: Pixels) -> Pixels:
    """An artwork (H, W, 3) in the numbers that mean its colours in a clip; as it is where these are sRGB's, or alike.

    Others are uint16. In a clip of high dynamic range white is 203 cd/m2 (ITU-R BT.2408), not the brightest there is.
    """
    if not color.hdr and color.primaries in LIKE_SRGB:
        return pixels
    deep: Any = pixels if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(deep), "rgb48le")
    frame.color_primaries, frame.color_trc, frame.color_range = BT709, SRGB, FULL
    turned: Any = frame.reformat(
        dst_color_primaries=color.primaries if color.primaries not in LIKE_SRGB else BT709,
        dst_color_trc=color.transfer if color.hdr else SRGB,
        dst_color_range=FULL,
    )
    found: Pixels = np.array(turned.to_ndarray(), order="C")
    return found


def _as_seen(opened: Image.Image) -> NDArray[np.uint8]:
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    if picture.mode[0] in "IF":  # gray in 16 bits or more, which Pillow would clip instead of scaling it
        picture = Image.fromarray(_eight_bits(np.asarray(picture)))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    if picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # damaged, or of another kind: it is left aside
            theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, theirs, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = turned or picture
    return np.array(picture.convert("RGB"))


def _eight_bits(gray: NDArray[Any]) -> NDArray[np.uint8]:
    """Gray of any kind of number -> 0..255, where white is the first usual one that is not exceeded."""
    values = np.nan_to_num(gray.astype(np.float64))
    usual = {"f": (1, 255, 65535), "i": (255, 65535), "u": (65535,)}[gray.dtype.kind]
    highest = values.max(initial=0)
    white = next((top for top in usual if highest <= top), highest)
    eight: NDArray[np.uint8] = np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)
    return eight


def write_png(path: Path, pixels: Pixels) -> None:
    """Write pixels (H, W, 3), or (H, W, 4) with transparency, 8 or 16 bits, as PNG: the whole file or nothing.

    Raises MediaError where the disk is full or the folder cannot be written.
    """
    data = _png(pixels)
    temporary = temporary_of(path)
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        raise MediaError(
            f"{path}: cannot be written, {reason_of(error)}; free some space or choose another folder"
        ) from None
    finally:
        with suppress(OSError):  # its folder is none, for example, which has been told already
            temporary.unlink(missing_ok=True)


def _png(pixels: Pixels) -> bytes:
    height, width = pixels.shape[:2]
    formats = ("rgba", "rgba64be") if pixels.shape[2] == 4 else ("rgb24", "rgb48be")
    format = formats[pixels.dtype == np.uint16]
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, format
    # higher levels take twice as long for a hundredth of the size; the filter matters more
    encoder.options = {"compression_level": "1", "pred": "paeth"}
    whole: Any = np.ascontiguousarray(pixels)
    frame = av.VideoFrame.from_ndarray(whole, format)  # swaps the bytes of 16 bits itself
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def read_png(path: Path) -> Pixels:
    """The pixels of a PNG that ``write_png`` wrote, exactly; raises MediaError where the file is damaged."""
    try:
        data = path.read_bytes()
        decoder = av.CodecContext.create("png", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)] if _is_whole(data) else []
        if len(frames) != 1 or frames[0].is_corrupt or frames[0].format.name not in PNG_FORMATS:
            raise ValueError
        copied: Any = np.array(frames[0].to_ndarray(), order="C")  # without the padding of its lines
        pixels: Pixels = copied
        return pixels
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or "damaged"
        raise MediaError(f"{path}: {reason}, not a PNG of this program") from None


def _is_whole(data: bytes) -> bool:
    """Whether every part of a PNG is there and as it was written; the decoder shows a damaged one in part."""
    place = len(SIGNATURE)
    kind = b""
    while data.startswith(SIGNATURE) and kind != b"IEND" and place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        end = place + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(memoryview(data)[place + 4 : end])):
            return False
        place = end + 4
    return kind == b"IEND" and place == len(data)


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Pixels (H, W, 3 or 4) at another size (width, height), by Lanczos' kernel."""
    if pixels.shape[1::-1] == size:
        return pixels
    frame = rgb_frame(pixels)
    scaled = VideoReformatter().reformat(frame, *size, frame.format.name, interpolation=SWS_LANCZOS | SWS_ACCURATE)
    return cast(Pixels, scaled.to_ndarray())


def rgb_frame(pixels: Pixels) -> av.VideoFrame:
    """Pixels (H, W, 3), or (H, W, 4) with transparency, as a frame of FFmpeg's."""
    whole = cast(Pixels, np.ascontiguousarray(pixels))
    alpha = pixels.shape[2] == 4
    if pixels.dtype == np.uint8:
        return av.VideoFrame.from_numpy_buffer(whole, "rgba" if alpha else "rgb24")  # without a copy
    return av.VideoFrame.from_ndarray(whole, "rgba64le" if alpha else "rgb48le")
