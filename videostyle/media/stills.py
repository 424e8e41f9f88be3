"""Single pictures <-> files: reads artworks of any format, reads and writes PNG frames."""

import io
import struct
import warnings
import zlib
from contextlib import suppress
from pathlib import Path
from typing import cast

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.artworks import opaque_parts
from videostyle.media.color import SWS_ACCURATE
from videostyle.media.files import explained, whole_or_nothing
from videostyle.names import usable

LARGEST = 100_000_000
"""pixels of an artwork; a larger one is probably a mistake and would not fit in the memory of most machines"""
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
"""of files that Pillow reads with pillow-heif only"""
END = b"\0\0\0\0IEND\xaeB`\x82"
"""the last chunk of every PNG"""
HEADER = 33
"""bytes of a PNG's signature and first chunk, which says what it holds"""
SWS_LANCZOS = 0x200
KEYWORD = b"videostyle"
"""of the text chunk that holds the note"""
LONGEST_NOTE = 1 << 16
"""bytes at the end of a PNG that are searched for the note"""
PNG_FORMATS = ("rgb24", "rgb48be", "rgba", "rgba64be")
"""FFmpeg's names of the pixel formats written here"""
DAMAGE = (OSError, ValueError, SyntaxError, EOFError, LookupError, TypeError, struct.error)
"""what Pillow raises, besides DecompressionBombError, for files that are damaged or not pictures"""


def read_picture(path: Path) -> Pixels:
    """An artwork as a viewer shows it: upright, in sRGB, without transparent parts: (H, W, 3) uint8.

    Raises MediaError if the file does not exist, is not a picture, or is wholly transparent.
    """
    if not usable(path).is_file():
        fault = "is a folder" if path.is_dir() else "no such file"
        raise MediaError(f"{path}: {fault}; use a picture such as art.jpg")
    _prepare_heif(path)
    with warnings.catch_warnings(action="ignore"):  # about large pictures and odd tags, which are checked here
        try:
            with Image.open(path) as opened:
                if opened.width * opened.height <= LARGEST:
                    if (pixels := _to_srgb(opened)) is not None:
                        return pixels
                    raise MediaError(f"{path}: wholly transparent; use a picture that shows something")
                size = f"{opened.width}x{opened.height} px"
        except Image.DecompressionBombError:
            size = f"more than {LARGEST // 1_000_000} million pixels"
        except DAMAGE as error:
            reason = getattr(error, "strerror", None) or "not a readable picture"
            raise MediaError(f"{path}: {reason}; use a picture such as a JPEG or PNG") from None
    raise MediaError(f"{path}: {size} is too large for an artwork; make it smaller")


def is_heif(head: bytes) -> bool:
    """Whether a file that begins with these 12 bytes is a picture in HEIF."""
    return head[4:8] == b"ftyp" and head[8:12] in HEIF_BRANDS


def _prepare_heif(path: Path) -> None:
    """Let Pillow read HEIF, as phones store photos; raises MediaError if that needs a package that is not installed."""
    with explained(f"{path}: cannot be read", "use a picture such as a JPEG or PNG"), path.open("rb") as file:
        head = file.read(12)
    if not is_heif(head):
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise MediaError(f"{path}: HEIF; pip install 'videostyle[heic]' to read it, or use a JPEG or PNG") from None
    register_heif_opener()


def _to_srgb(opened: Image.Image) -> NDArray[np.uint8] | None:
    """None if the picture is wholly transparent."""
    profile = opened.info.get("icc_profile")
    picture = ImageOps.exif_transpose(opened)
    if picture.mode[0] in "IF":  # gray of 16 bits or more: Pillow would clip it instead of scaling it
        picture = Image.fromarray(_to_eight_bits(np.asarray(picture)))
    if picture.has_transparency_data:
        solid = opaque_parts(np.asarray(picture.convert("RGBA")))
        if solid is None:
            return None
        picture = Image.fromarray(solid)
    if picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError):  # ignore a damaged or mismatched profile
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            picture = converted or picture
    return np.array(picture.convert("RGB"))


def _to_eight_bits(gray: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Gray of any type -> 0..255; white is the smallest common maximum that no value exceeds."""
    values = np.nan_to_num(gray.astype(np.float64))
    usual = {"f": (1, 255, 65535), "i": (255, 65535), "u": (65535,)}[gray.dtype.kind]
    highest = float(values.max(initial=0))
    white = next((top for top in usual if highest <= top), highest)
    return np.rint(np.clip(values / white, 0, 1) * 255).astype(np.uint8)


def write_png(path: Path, pixels: Pixels, note: str = "", profile: bytes = b"") -> None:
    """Write pixels as PNG: the whole file or nothing; see ``png_bytes``. Raises MediaError if it cannot be written."""
    content = png_bytes(pixels, note, profile)
    with whole_or_nothing(path, "free some space or choose another folder", "cannot be written") as temporary:
        temporary.write_bytes(content)


def png_bytes(pixels: Pixels, note: str = "", profile: bytes = b"") -> bytes:
    """8- or 16-bit pixels (H, W, 3), or (H, W, 4) with transparency, as a PNG file.

    note: ASCII text stored in the file, for ``read_note``. profile: ICC profile; empty: none.
    """
    content = _encode_png(pixels)
    if note:
        content = content[: -len(END)] + _chunk(b"tEXt" + KEYWORD + b"\0" + note.encode("ascii")) + END
    if profile:
        content = content[:HEADER] + _chunk(b"iCCPICC profile\0\0" + zlib.compress(profile)) + content[HEADER:]
    return content


def read_note(path: Path) -> str:
    """The note stored in a PNG; empty if there is none. Raises MediaError if the file cannot be read."""
    with explained(f"{path}: cannot be read", "use a PNG written by videostyle"), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LONGEST_NOTE))
        tail = file.read()
    start = tail.rfind(b"tEXt" + KEYWORD + b"\0")
    if start < 4 or not tail.endswith(END):
        return ""
    (length,) = struct.unpack_from(">I", tail, start - 4)
    return tail[start + 5 + len(KEYWORD) : start + 4 + length].decode("ascii")


def _chunk(content: bytes) -> bytes:
    """A chunk of a PNG. content: its type, of four letters, and what follows."""
    return struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))


def _encode_png(pixels: Pixels) -> bytes:
    formats = ("rgba", "rgba64be") if pixels.shape[2] == 4 else ("rgb24", "rgb48be")
    format = formats[pixels.dtype == np.uint16]
    encoder = av.CodecContext.create("png", "w")
    encoder.height, encoder.width, encoder.pix_fmt = *pixels.shape[:2], format
    # higher levels take twice as long and save 1% of the size, and paeth takes twice as long to read
    encoder.options = {"compression_level": "1", "pred": "up"}
    frame = av.VideoFrame.from_ndarray(cast(Pixels, np.ascontiguousarray(pixels)), format)  # swaps the bytes itself
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def read_png(path: Path) -> Pixels:
    """The exact pixels of a PNG written by ``write_png``; raises MediaError if the file is damaged."""
    try:
        content = path.read_bytes()
        frame, _ = decode_picture(content, "png")
        if content.find(END) + len(END) != len(content) or frame.format.name not in PNG_FORMATS:
            raise ValueError
        return cast(Pixels, np.array(frame.to_ndarray(), order="C"))  # a copy without line padding
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = error.strerror if isinstance(error, OSError) else "damaged"
        raise MediaError(f"{path}: not a PNG written by videostyle ({reason})") from None


def decode_picture(content: bytes, codec: str) -> tuple[av.VideoFrame, av.VideoCodecContext]:
    """Decode a picture file; returns the frame and its decoder. Raises FFmpegError if the file is damaged.

    codec: FFmpeg's name for the decoder.
    """
    decoder = cast(av.VideoCodecContext, av.CodecContext.create(codec, "r"))
    # by default, missing areas of a PNG or JPEG turn gray or black; with this, unknown tags of a TIFF would be errors
    decoder.options = {"err_detect": "crccheck+explode"} if codec in ("png", "mjpeg") else {}
    packet = av.Packet(_without_profile(content) if codec == "png" else content)
    frames = [*decoder.decode(packet), *decoder.decode(None)]
    if not frames or frames[0].is_corrupt:
        raise av.InvalidDataError(0, "damaged")
    return frames[0], decoder


def _without_profile(content: bytes) -> bytes:
    """A PNG without its ICC profile, which has a name that PyAV frees twice: Python would crash later."""
    place = HEADER
    while len(kind := content[place + 4 : place + 8]) == 4 and kind != b"IDAT":
        end = place + 12 + int.from_bytes(content[place : place + 4])
        if kind == b"iCCP":
            return content[:place] + content[end:]
        place = end
    return content


def resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize pixels (H, W, 3 or 4) to a size (width, height) with a Lanczos kernel."""
    if pixels.shape[1::-1] == size:
        return pixels
    scaled = rgb_frame(pixels).reformat(*size, interpolation=SWS_LANCZOS | SWS_ACCURATE)
    return cast(Pixels, scaled.to_ndarray())


def rgb_frame(pixels: Pixels) -> av.VideoFrame:
    """Pixels (H, W, 3), or (H, W, 4) with transparency, as an FFmpeg frame."""
    whole = cast(Pixels, np.ascontiguousarray(pixels))
    alpha = pixels.shape[2] == 4
    if pixels.dtype == np.uint8:
        return av.VideoFrame.from_numpy_buffer(whole, "rgba" if alpha else "rgb24")  # without a copy
    return av.VideoFrame.from_ndarray(whole, "rgba64le" if alpha else "rgb48le")
