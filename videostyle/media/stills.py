"""Single pictures <-> files: artworks of any kind in, PNG frames out and in."""

import errno
import os
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageOps

from videostyle.errors import MediaError
from videostyle.frames import Pixels

LARGEST = 100_000_000
"""pixels of an artwork; more is surely a mistake, and would not fit the memory of most machines"""


def read_picture(path: Path) -> Pixels:
    """An artwork as it is meant to be seen: upright, RGB, over white where it is transparent: (H, W, 3) uint8.

    Raises MediaError where there is no such file, or it is no picture.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise MediaError(f"{path}: {what}; give a picture such as art.jpg")
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > LARGEST:
                raise MediaError(
                    f"{path}: {opened.width}x{opened.height} px is too large for an artwork; make it smaller"
                )
            picture = ImageOps.exif_transpose(opened)
            if picture.mode.startswith("I;16"):  # Pillow clips 16-bit gray instead of scaling it
                picture = Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            return np.array(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or "not a picture that can be read"
        raise MediaError(f"{path}: {reason}; give a picture such as a JPEG or PNG") from None


def write_png(path: Path, pixels: Pixels) -> None:
    """Write pixels (H, W, 3), 8 or 16 bits, as PNG: the whole file or nothing.

    Raises MediaError where the disk is full or the folder cannot be written.
    """
    deep = pixels.dtype == np.uint16
    height, width = pixels.shape[:2]
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "rgb48be" if deep else "rgb24"
    encoder.options = {"compression_level": "3", "pred": "mixed"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), "rgb48le" if deep else "rgb24")
    if deep:  # PNG is big-endian; the bytes are swapped here, since swscale would round on the way
        frame = av.VideoFrame(width, height, "rgb48be")
        _fill(frame, pixels.astype(">u2"))
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(b"".join(bytes(packet) for packet in packets))
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        full = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror
        raise MediaError(f"{path}: cannot be written, {full}; free some space or choose another folder") from None


def read_png(path: Path) -> Pixels:
    """The pixels of a PNG that ``write_png`` wrote, exactly; raises MediaError where the file is damaged."""
    try:
        decoder = av.CodecContext.create("png", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        frames = [*decoder.decode(av.Packet(path.read_bytes())), *decoder.decode(None)]
        if len(frames) != 1 or frames[0].is_corrupt:
            raise ValueError
        frame = frames[0]
        deep = frame.format.name == "rgb48be"
        if not deep and frame.format.name != "rgb24":
            raise ValueError
        rows = np.frombuffer(frame.planes[0], np.dtype(">u2") if deep else np.uint8)
        rows = rows.reshape(frame.height, -1)[:, : frame.width * 3].reshape(frame.height, frame.width, 3)
        return rows.astype(np.uint16) if deep else rows.copy()
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = getattr(error, "strerror", None) or "damaged"
        raise MediaError(f"{path}: {reason}, not a PNG of this program") from None


def _fill(frame: av.VideoFrame, pixels: np.ndarray) -> None:  # type: ignore[type-arg]
    """Copy rows into a packed frame, whose lines may be padded."""
    plane = frame.planes[0]
    rows = np.zeros((frame.height, plane.line_size), np.uint8)
    rows[:, : pixels[0].nbytes] = pixels.reshape(frame.height, -1).view(np.uint8)
    plane.update(rows.tobytes())
