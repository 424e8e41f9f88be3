"""Awkward clips of every kind, made with av directly, and pictures."""

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from videostyle.frames import Pixels

FASTSTART = {"movflags": "+faststart"}
FLAG_FRAME_DURATION = int(av.codec.context.Flags.frame_duration)


def drifting(count: int, width: int = 80, height: int = 48, deep: bool = False) -> list[NDArray[Any]]:
    """A moving texture, no two frames alike; a growing bar also shows the frame number."""
    rng = np.random.default_rng(5)
    texture = np.kron(rng.random((height // 4 + 2, width // 4 + count + 2, 3)), np.ones((4, 4, 1)))
    top, kind = (65535, np.uint16) if deep else (255, np.uint8)
    pictures = []
    for frame in range(count):
        picture = 0.2 + 0.6 * texture[:height, frame : frame + width]
        picture[:6, : 1 + frame * (width - 2) // max(count, 1)] = (1, 0.9, 0.1)
        pictures.append(np.rint(picture * top).astype(kind))
    return pictures


def write(
    path: Path,
    count: int = 24,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    pts: list[int] | None = None,
    base: Fraction = Fraction(1, 25),
    size: tuple[int, int] = (80, 48),
    options: dict[str, str] | None = None,
    muxer: dict[str, str] | None = None,
    **attributes: Any,
) -> Path:
    """A clip of ``count`` frames; ``attributes`` are set on the encoder."""
    pts = pts or list(range(count))
    deep = "10" in pixels or "48" in pixels
    with av.open(str(path), "w", container_options=muxer or {}) as output:
        stream: Any = output.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        context = stream.codec_context
        context.time_base = stream.time_base = base
        context.flags |= FLAG_FRAME_DURATION
        for name, value in attributes.items():
            setattr(context, name, value)
        steps = [after - before for before, after in itertools.pairwise(pts)] or [1]
        for stamp, step, picture in zip(
            pts, [*steps, steps[-1]][: len(pts)], drifting(len(pts), *size, deep), strict=True
        ):
            frame: Any = av.VideoFrame.from_ndarray(picture, "rgb48le" if deep else "rgb24")
            frame.pts, frame.time_base, frame.duration = stamp, base, step
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def remux(source: Path, path: Path, muxer: dict[str, str] | None = None, shift: int = 0, turn: Any = None) -> Path:
    """The same packets in another container, shifted by ticks; ``turn`` is called with the new stream."""
    with av.open(str(source)) as old, av.open(str(path), "w", container_options=muxer or {}) as new:
        stream = old.streams.video[0]
        target: Any = new.add_stream_from_template(stream, opaque=True)
        target.time_base = stream.time_base
        if turn:
            turn(target)
        for packet in old.demux(stream):
            if packet.size:
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = target
                new.mux(packet)
    return path


def write_sound(path: Path, seconds: int = 1) -> Path:
    """A file that contains only a tone."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("aac", rate=48000, layout="stereo")
        for start in range(0, 48000 * seconds, 1024):
            block = (8000 * np.sin(np.arange(start, start + 1024) / 17)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(np.repeat(block, 2)[None], format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def save(folder: Path, name: str = "f_{:04d}.png", numbers: Any = range(5), **options: Any) -> list[NDArray[Any]]:
    """Save numbered pictures; returns their pixels."""
    folder.mkdir(exist_ok=True)
    drawn = drifting(len(numbers))
    for number, picture in zip(numbers, drawn, strict=True):
        Image.fromarray(picture).save(folder / name.format(number), **options)
    return drawn


def noise(height: int = 20, width: int = 30, dtype: Any = np.uint8) -> Pixels:
    rng = np.random.default_rng(3)
    return rng.integers(0, np.iinfo(dtype).max + 1, (height, width, 3)).astype(dtype)
