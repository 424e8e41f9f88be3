"""OpenEXR and DPX pictures made by hand, and OpenEXR as FFmpeg reads it."""

import struct
import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

ACESCG = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)


def make_exr(
    path: Path,
    channels: dict[str, NDArray[Any]],
    primaries: tuple[float, ...] = (),
    flags: int = 0,
    **texts: str,
) -> Path:
    """An uncompressed file: channels (H, W) of float16 or float32 by name; texts: more attributes."""
    height, width = next(iter(channels.values())).shape
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    names = sorted(channels)
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<I4B2I", {2: 1, 4: 2}[channels[name].itemsize], 0, 0, 0, 0, 1, 1)
        for name in names
    )
    values = [
        ("channels", "chlist", listed + b"\0"),
        ("compression", "compression", b"\0"),
        ("dataWindow", "box2i", window),
        ("displayWindow", "box2i", window),
        ("lineOrder", "lineOrder", b"\0"),
        ("pixelAspectRatio", "float", struct.pack("<f", 1)),
        ("screenWindowCenter", "v2f", bytes(8)),
        ("screenWindowWidth", "float", struct.pack("<f", 1)),
        ("framesPerSecond", "rational", struct.pack("<iI", 24000, 1001)),
        *((name, "string", text.encode()) for name, text in texts.items()),
    ]
    if primaries:
        values.append(("chromaticities", "chromaticities", struct.pack("<8f", *primaries)))
    header = b"v/1\x01" + struct.pack("<I", 2 | flags)
    for name, kind, value in values:
        header += name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<I", len(value)) + value
    header += b"\0"
    lines = [b"".join(channels[name][y].tobytes() for name in names) for y in range(height)]
    first = len(header) + 8 * height
    places = [first + y * (8 + len(lines[0])) for y in range(height)]
    body = b"".join(struct.pack("<iI", y, len(line)) + line for y, line in enumerate(lines))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + struct.pack(f"<{height}Q", *places) + body)
    return path


def make_exrs(folder: Path, light: NDArray[Any], numbers: range, **options: Any) -> None:
    """One file ``p.NNNN.exr`` per number of the same linear light (H, W, 3 or 4), in half precision."""
    for number in numbers:
        planes = {name: light[..., place].astype(np.float16) for place, name in enumerate("RGBA"[: light.shape[2]])}
        make_exr(folder / f"p.{number:04d}.exr", planes, **options)


def read_exr(path: Path, size: tuple[int, int], channels: int = 3) -> NDArray[np.float32]:
    """The picture (H, W, channels) as the ffmpeg command reads it."""
    format = {3: "gbrpf32le", 4: "gbrapf32le"}[channels]
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", format, "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    planes = np.frombuffer(made.stdout, "<f4").reshape(channels, size[1], size[0])
    return np.stack([planes[place] for place in (2, 0, 1, 3)[:channels]], axis=2)


def attributes(path: Path) -> dict[str, bytes]:
    """Name -> value of what a file's header holds."""
    content, place, found = path.read_bytes(), 8, {}
    while content[place]:
        name = content[place : content.index(b"\0", place)]
        place = content.index(b"\0", place + len(name) + 1) + 1
        (length,) = struct.unpack_from("<I", content, place)
        found[name.decode()] = content[place + 4 : place + 4 + length]
        place += 4 + length
    return found


def make_dpx(path: Path, pixels: NDArray[np.uint16], format: str = "gbrp10be", transfer: int = 0) -> Path:
    """A DPX file of 16-bit pixels (H, W, 3) that says it has a transfer function and 24 frames per second."""
    frame = av.VideoFrame.from_ndarray(pixels, "rgb48le").reformat(format=format)
    encoder: Any = av.CodecContext.create("dpx", "w")
    encoder.height, encoder.width, encoder.pix_fmt = *pixels.shape[:2], format
    content = bytearray(b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)]))
    order = ">" if content[:4] == b"SDPX" else "<"
    (first,) = struct.unpack_from(f"{order}I", content, 4)
    content[4:8] = struct.pack(f"{order}I", 2048)
    content[first:first] = bytes(2048 - first)  # FFmpeg omits the headers for film and television
    content[801] = transfer
    content[1724:1728] = struct.pack(f"{order}f", 24)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def glowing(height: int = 32, width: int = 48) -> NDArray[np.float32]:
    """Linear light (H, W, 3) from black to far above white, all of it exact in half precision."""
    light = np.random.default_rng(2).random((height, width, 3))
    light[:8] *= np.geomspace(1, 1000, width)[:, None]
    light[8:12] *= np.geomspace(1e-4, 1, width)[:, None]
    light[-1] = 1
    return light.astype(np.float16).astype(np.float32)
