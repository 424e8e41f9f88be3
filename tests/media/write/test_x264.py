import hashlib
from pathlib import Path

import av.logging
import numpy as np
import pytest

from tests.media.write.films import copy, make
from videostyle.media.read.probe import probe
from videostyle.media.write.x264 import repeatable
from videostyle.settings import FilmSettings


def disturbed(seed: int) -> list[np.ndarray]:
    """Blocks of memory with other contents than the last time: what an encoder would find where it wrote nothing."""
    rng = np.random.default_rng(seed)
    return [np.full(rng.integers(1000, 300_000), seed, np.uint8) for _ in range(20)]


@pytest.mark.parametrize("size", [(176, 96), (162, 90), (322, 182)])
def test_h264_repeats_its_bytes(size: tuple[int, int], tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(8)), size=size))
    films = set()
    for repeat in range(8):
        held = disturbed(repeat)
        del held
        films.add(hashlib.sha256(copy(clip, tmp_path / "film.mp4").read_bytes()).hexdigest())
    assert len(films) == 1


@pytest.mark.parametrize(
    "name, codec",
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
