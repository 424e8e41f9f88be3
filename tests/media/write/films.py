"""Clips with given times and colors, and films made of them."""

import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.write.film import check_film, encode_film
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FAST = FilmSettings()


def smooth(count: int, width: int, height: int, dtype: type = np.uint8) -> Iterator[Pixels]:
    """Frames of drifting soft colors, which chroma subsampling does not harm."""
    y, x = np.mgrid[0:height, 0:width]
    top = np.iinfo(dtype).max
    for frame in range(count):
        waves = [np.sin((x + 2 * frame) / 17 + c) * np.cos(y / 23 + 2 * c) for c in range(3)]
        yield np.rint((np.stack(waves, -1) * 0.4 + 0.5) * top).astype(dtype)


def make(
    path: Path,
    pts: list[int] | None = None,
    base: Fraction = Fraction(1, 25),
    size: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    color: tuple[int, int, int, int] = (0, 2, 2, 2),
    aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
) -> Path:
    """A clip whose frames have these times (ticks of ``base``), written with av, without any of our code."""
    pts = list(range(12)) if pts is None else pts
    with av.open(str(path), "w", container_options={"movie_timescale": str(base.denominator)}) as output:
        stream: Any = output.add_stream(codec, rate=25, options=options or {"crf": "4"})
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = stream.time_base = base
        context = stream.codec_context
        context.color_range, context.color_primaries, context.color_trc, context.colorspace = color
        context.sample_aspect_ratio = aspect
        context.flags |= int(av.codec.context.Flags.frame_duration)
        steps = [after - before for before, after in itertools.pairwise(pts)] or [1]
        deep = "10" in pixels
        drawn = smooth(len(pts), *size, np.uint16 if deep else np.uint8)
        matrix = {1: "itu709", 2: "itu601", 5: "itu601", 6: "itu601", 9: "bt2020"}[color[3]]
        for place, pixel_values in enumerate(drawn):
            rgb: Any = av.VideoFrame.from_ndarray(pixel_values, "rgb48le" if deep else "rgb24")
            span = "JPEG" if color[0] == 2 else "MPEG"
            frame = rgb.reformat(format=pixels, dst_colorspace=matrix, dst_color_range=span)
            frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace = color
            frame.pts, frame.time_base = pts[place], base
            frame.duration = (steps + steps[-1:])[place]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def copy(clip: Clip, path: Path, settings: FilmSettings = FAST, frames: range | None = None) -> Path:
    """The clip's own frames as a film."""
    size = (clip.width, clip.height)
    keep = Selection((frames,)) if frames else None
    check_film(clip, path, settings, size, keep)
    wanted = FrameRange(frames.start, frames.stop) if frames else None
    kept = ((frame.index, frame.pixels) for frame in decode(clip, wanted) if not frames or frame.index in frames)
    encode_film(clip, path, kept, settings, size, keep)
    return path


def blank(clip: Clip, size: tuple[int, int] = (64, 48), frames: range | None = None) -> Iterator[tuple[int, Pixels]]:
    """Plain frames for films whose times and other tracks matter more than their picture."""
    for index in frames or clip.frames.indices:
        yield index, np.full((*size[::-1], 3), index % 256, np.uint8)
