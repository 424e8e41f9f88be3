"""Artworks from files and arrays; tests/rendering/test_request.py tests what is refused."""

from pathlib import Path

import numpy as np

from tests.clips import write_art
from videostyle.media.read.probe import probe
from videostyle.rendering.plan.artworks import artworks_for, paths_of, read_artworks


def test_files_and_arrays_may_be_mixed(tmp_path: Path) -> None:
    write_art(tmp_path / "art.png")
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    first, second = read_artworks([tmp_path / "art.png", pixels])
    assert (first.name, first.path) == ("art.png", tmp_path / "art.png")
    assert (second.name, second.path) == ("artwork2", None)
    np.testing.assert_array_equal(second.pixels, pixels)


def test_files_among_artworks() -> None:
    assert paths_of("a.png") == (Path("a.png"),)
    assert paths_of(["a.png", np.zeros((2, 2, 3), np.uint8), Path("b.png")]) == (Path("a.png"), Path("b.png"))


def test_remarks_come_with_artworks_in_the_clips_colors(folder: Path) -> None:
    small = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    artworks, said = artworks_for(probe(folder / "clip.mp4"), [folder / "art.png", small])
    assert [art.name for art in artworks] == ["art.png", "artwork2"]
    assert [text.split(":")[0] for text in said] == ["artwork2 is only 30x20 px"]
