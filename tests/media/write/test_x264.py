import hashlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import av.logging
import numpy as np
import pytest

from tests.media.write.films import FAST, copy, make
from videostyle.frames import Pixels
from videostyle.media.read.probe import probe
from videostyle.media.write.film import encode_film
from videostyle.media.write.x264 import repeatable
from videostyle.settings import FilmSettings


def moving(size: tuple[int, int], count: int = 8) -> Iterator[tuple[int, Pixels]]:
    """Blocks that move by whole pixels, so that x264 follows them from frame to frame."""
    width, height = size
    coarse = np.random.default_rng(0).integers(0, 256, (height // 4 + 2, width // 4 + 2, 3)).astype(np.uint8)
    whole = np.kron(coarse, np.ones((4, 4, 1), np.uint8))
    for frame in range(count):
        yield frame, np.roll(whole, (frame, 2 * frame), (0, 1))[:height, :width]


@pytest.mark.parametrize("size", [(176, 96), (162, 90), (218, 122)])
def test_h264_repeats_its_bytes(size: tuple[int, int], tmp_path: Path) -> None:
    clip, path, rng = probe(make(tmp_path / "clip.mp4", list(range(8)), size=size)), tmp_path / "film.mp4", Random(1)
    films, held = set(), list[bytes]()
    for _ in range(10):
        # other contents of unused memory than the last time
        held = [bytes([rng.randrange(256)]) * rng.randrange(1000, 300_000) for _ in range(10)] + held[:20:2]
        encode_film(clip, path, moving(size), FAST, size)
        films.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(films) == 1


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.mp4", "h265"),
        ("film.mp4", "av1"),
        ("film.mov", "prores"),
        ("film.mkv", "ffv1"),
        ("film.mkv", "h264"),
        ("film.webm", "vp9"),
        ("film.ts", "h264"),
        ("film.avi", "h264"),
        ("film.gif", "auto"),
    ],
)
def test_every_container_repeats_its_bytes(name: str, codec: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(6)), size=(98, 66)))
    films = {copy(clip, tmp_path / name, FilmSettings(codec=codec)).read_bytes() for _ in range(2)}  # type: ignore[arg-type]
    assert len(films) == 1


def test_only_sets_that_the_machine_has() -> None:
    level = av.logging.get_level()
    given = repeatable()
    assert "AVX512" not in given
    assert not given or given.startswith("asm=MMX2,")
    assert av.logging.get_level() == level
