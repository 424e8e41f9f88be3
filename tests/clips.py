"""Clips that tests write for themselves, with av directly."""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from videostyle.frames import FrameRange
from videostyle.rendering.plan.scan import Scan

Pictures = Iterable[NDArray[np.uint8]]


def moving_scenes(lengths: tuple[int, ...] = (6, 5), width: int = 80, height: int = 64) -> list[NDArray[np.uint8]]:
    """Panning textures with a moving disc; each scene has another texture and color."""
    pictures = []
    for scene, length in enumerate(lengths):
        rng = np.random.default_rng(scene)
        coarse = rng.random((height // 8 + 3, width // 8 + 12, 3))
        texture = np.kron(coarse, np.ones((8, 8, 1)))
        tint = np.roll([1.0, 0.55, 0.3], scene)
        y, x = np.mgrid[0:height, 0:width]
        for frame in range(length):
            picture = texture[:height, 2 * frame : 2 * frame + width] * tint
            disc = (x - 20 - 3 * frame) ** 2 + (y - height // 2) ** 2 < 12**2
            picture = np.where(disc[..., None], 1 - tint, picture)
            pictures.append(np.rint(picture * 255).astype(np.uint8))
    return pictures


def write_clip(path: Path, pictures: Pictures, rate: int = 10, sound: bool = False, codec: str = "libx264") -> Path:
    """Encode pictures (H, W, 3), with a tone as sound if wanted."""
    with av.open(str(path), "w") as container:
        stream = None
        audio = container.add_stream("aac", rate=48000, layout="stereo") if sound else None
        count = 0
        for picture in pictures:
            if stream is None:
                stream = container.add_stream(codec, rate=rate, options={"crf": "10"} if "264" in codec else {})
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p" if "264" in codec else "bgr0"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            count += 1
        assert stream is not None
        container.mux(stream.encode(None))
        if audio is not None:
            times = np.arange(48000 * count // rate) / 48000
            tone = (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)
            for start in range(0, len(tone), 1024):
                block = np.repeat(tone[start : start + 1024], 2)[None]
                frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


def write_art(path: Path, seed: int = 0) -> Path:
    """A small picture with strokes of several colors."""
    rng = np.random.default_rng(seed)
    coarse = np.kron(rng.random((12, 30, 3)), np.ones((8, 3, 1)))
    Image.fromarray((coarse * 255).astype(np.uint8)).save(path)
    return path


def known(*lengths: int, lost: tuple[int, ...] = ()) -> Scan:
    """Scenes of these lengths, like a scan of the whole clip."""
    borders = itertools.pairwise(itertools.accumulate(lengths, initial=0))
    return Scan(tuple(FrameRange(start, stop) for start, stop in borders), lost)


def tracks_of(path: Path) -> list[str]:
    """Kind of each stream of a file, in order: ``video``, ``audio``, ``subtitle``."""
    with av.open(path) as container:
        return [stream.type for stream in container.streams]
