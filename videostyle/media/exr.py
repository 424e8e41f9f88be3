"""OpenEXR pictures: their headers, linear light in half precision; FFmpeg codes the pixels.

The layout of a file: https://openexr.com/en/latest/OpenEXRFileLayout.html
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, cast

import av
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Chromaticities, Pixels
from videostyle.media.files import whole_or_nothing
from videostyle.media.light import to_values

MAGIC = b"v/1\x01"
TILED, LONG_NAMES, DEEP, MULTIPART = 0x200, 0x400, 0x800, 0x1000
"""flags of a header's version field"""
SHORT = 31
"""most bytes of a name in a file without ``LONG_NAMES``"""
CHUNK_LINES = 16
"""lines of a chunk compressed as ``zip16``"""
OWN = {
    *("channels", "compression", "dataWindow", "displayWindow", "lineOrder", "pixelAspectRatio", "screenWindowCenter"),
    *("screenWindowWidth", "tiles", "type", "name", "version", "chunkCount", "preview", "view", "multiView", "writer"),
    *("dwaCompressionLevel", "gamma", "chromaticities", "maxSamplesPerPixel", "envmap"),
}
"""attributes that depend on how a file was written, and therefore are not copied"""
CHANNELS = ("R", "G", "B", "A", "Y")
Attributes = Mapping[str, tuple[str, bytes]]
"""name -> (type, value)"""


@dataclass(frozen=True, slots=True)
class Header:
    """What an EXR file says about its picture."""

    flags: int
    attributes: Attributes
    other_parts: tuple[str, ...] = ()
    """names of the file's other parts, which are not painted"""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the display window, px."""
        left, top, right, bottom = struct.unpack("<4i", self.attributes["displayWindow"][1])
        return right - left + 1, bottom - top + 1

    @property
    def channels(self) -> dict[str, int]:
        """Name -> type of the channels: 0 for uint32, 1 for half, 2 for float."""
        rest, found = self.attributes["channels"][1], {}
        while len(rest) > 1:
            name, _, rest = rest.partition(b"\0")
            found[name.decode(errors="replace")] = int.from_bytes(rest[:4], "little")
            rest = rest[16:]
        return found

    @property
    def others(self) -> tuple[str, ...]:
        """The channels that are not the picture's own, such as depth."""
        return tuple(name for name in self.channels if name not in CHANNELS)

    @property
    def chromaticities(self) -> Chromaticities:
        """Coordinates x and y of red, green, blue and white; empty if the file does not say."""
        value = self.attributes.get("chromaticities", ("", b""))[1]
        return tuple(round(x, 5) for x in struct.unpack("<8f", value)) if len(value) == 32 else ()

    @property
    def rate(self) -> Fraction | None:
        """Frames per second."""
        value = self.attributes.get("framesPerSecond", ("", b""))[1]
        above, below = struct.unpack("<iI", value) if len(value) == 8 else (0, 0)
        return Fraction(above, below) if above > 0 and below else None

    @property
    def kept(self) -> Attributes:
        """The attributes that a painted picture keeps, such as timecode and owner."""
        return {name: value for name, value in self.attributes.items() if name not in OWN}


def read_header(path: Path) -> Header:
    """Read a file's header, of several parts the first one's; raises OSError or ValueError if it is damaged."""
    with path.open("rb") as file:
        if file.read(4) != MAGIC:
            raise ValueError("not an EXR file")
        flags = int.from_bytes(file.read(4), "little") & ~0xFF
        attributes, parts = _attributes(file), []
        while flags & MULTIPART and (other := _attributes(file)):
            parts.append(other.get("name", ("", b""))[1].decode(errors="replace"))
    header = Header(flags, attributes, tuple(parts))
    try:
        header.size, header.channels  # noqa: B018 (fail now rather than later)
    except (KeyError, struct.error):
        raise ValueError("damaged") from None
    return header


def _attributes(file: BinaryIO) -> dict[str, tuple[str, bytes]]:
    """The attributes up to the next zero byte; raises ValueError if the file ends before."""
    attributes = {}
    while name := _text(file):
        kind = _text(file)
        length = int.from_bytes(file.read(4), "little")
        value = file.read(length)
        if len(value) != length:
            raise ValueError("damaged")
        attributes[name] = (kind, value)
    return attributes


def _text(file: BinaryIO) -> str:
    """The next zero-terminated text; raises ValueError if it is too long, or if the file ends before."""
    text = b""
    while (byte := file.read(1)) != b"\0":
        text += byte
        if not byte or len(text) > 255:
            raise ValueError("damaged")
    return text.decode(errors="replace")


def light_of(frame: av.VideoFrame) -> NDArray[np.float32]:
    """The values of a decoded EXR: (H, W, 3), or (H, W, 4) with transparency; swscale would clip them to 0..1."""
    kind = np.dtype("<f2" if "f16" in frame.format.name else "<f4")
    planes = [
        np.frombuffer(memoryview(plane), kind).reshape(-1, plane.line_size // kind.itemsize)[
            : frame.height, : frame.width
        ]
        for plane in frame.planes
    ]
    order = {1: (0, 0, 0), 2: (0, 0, 0, 1), 3: (2, 0, 1), 4: (2, 0, 1, 3)}[len(planes)]  # FFmpeg stores G, B, R, A
    return cast("NDArray[np.float32]", np.dstack([planes[index] for index in order]).astype(np.float32))


def values_of(frame: av.VideoFrame) -> Pixels:
    """A decoded EXR as the values that are painted: (H, W, 3), or (H, W, 4) with transparency.

    Colors are stored multiplied by their transparency; here they are not.
    """
    light = light_of(frame)
    if light.shape[2] == 3:
        return to_values(light)
    alpha = np.clip(np.nan_to_num(light[..., 3:]), 0, 1)
    colors = np.divide(light[..., :3], alpha, out=np.zeros_like(light[..., :3]), where=alpha > 0)
    return cast(Pixels, np.dstack([to_values(colors), np.rint(alpha * 65535).astype(np.uint16)]))


def write_exr(path: Path, light: NDArray[np.float32], chromaticities: Chromaticities, others: Attributes) -> None:
    """Write linear light (H, W, 3), or (H, W, 4) with transparency, in half precision: the whole file or nothing.

    Colors are multiplied by their transparency. others: more attributes. Raises MediaError if the file cannot be
    written.
    """
    if light.shape[2] == 4:
        light = np.dstack([light[..., :3] * light[..., 3:], light[..., 3:]])
    encoder = av.CodecContext.create("exr", "w")
    format = "gbrapf32le" if light.shape[2] == 4 else "gbrpf32le"
    encoder.height, encoder.width, encoder.pix_fmt = *light.shape[:2], format
    encoder.options = {"format": "half", "compression": "zip16"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(light, np.float32), format)
    content = b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
    added = dict(others)
    if chromaticities:
        added["chromaticities"] = ("chromaticities", struct.pack("<8f", *chromaticities))
    content = _with_attributes(content, added, chunks=-(-light.shape[0] // CHUNK_LINES))
    with whole_or_nothing(path, "free some space or choose another folder", "cannot be written") as temporary:
        temporary.write_bytes(content)


def _with_attributes(content: bytes, added: Attributes, chunks: int) -> bytes:
    """An EXR file with more attributes; FFmpeg writes none. The table of the chunks' places follows the header."""
    text = b"".join(
        name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value
        for name, (kind, value) in added.items()
    )
    first = 8
    while content[first]:  # over the attributes
        for _ in range(2):
            first = content.index(b"\0", first) + 1
        first += 4 + int.from_bytes(content[first : first + 4], "little")
    table = struct.unpack_from(f"<{chunks}Q", content, first + 1)
    moved = struct.pack(f"<{chunks}Q", *(place + len(text) for place in table))
    flags = int.from_bytes(content[4:8], "little")
    if any(len(word.encode()) > SHORT for name, (kind, _) in added.items() for word in (name, kind)):
        flags |= LONG_NAMES
    begin = content[:4] + flags.to_bytes(4, "little") + content[8:first]
    return begin + text + b"\0" + moved + content[first + 1 + 8 * chunks :]
