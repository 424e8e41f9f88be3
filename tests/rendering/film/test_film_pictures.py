"""Numbered pictures as the output of a whole render."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import videostyle as vs
from tests.clips import write_art
from tests.media.linear import glowing, make_exrs
from tests.media.sources import save
from videostyle.media.exr import values_of
from videostyle.media.light import to_values
from videostyle.media.stills import decode_picture
from videostyle.paint.keep import KeepPainter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_art(tmp_path / "art.png")
    save(tmp_path / "in", "beauty_{:04d}.png", range(1001, 1005))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("clip", ["beauty_####.png", "beauty_%04d.png", "beauty_*.png"])
def test_pictures_may_lie_beside_those_of_the_clip(clip: str, folder: Path) -> None:
    given = names(folder / "in")
    vs.stylize(folder / "in" / clip, folder / "art.png", folder / "in/paint_####.png", painter=KeepPainter())
    assert names(folder / "in") == given + [f"paint_{number}.png" for number in range(1001, 1005)]
    for number in range(1001, 1005):
        with (
            Image.open(folder / f"in/beauty_{number}.png") as one,
            Image.open(folder / f"in/paint_{number}.png") as two,
        ):
            assert np.array_equal(one, two)
    with pytest.raises(vs.SettingsError, match=r"paint_1001\.png exists"):
        vs.stylize(folder / "in" / clip, folder / "art.png", folder / "in/paint_####.png", painter=KeepPainter())


@pytest.mark.parametrize(
    ("clip", "output"),
    [("in", "in/paint.####.png"), ("in/beauty_####.png", "in/beauty_%04d.png"), ("in/*.png", "in/x_%04d.png")],
)
def test_pictures_never_join_those_of_the_clip(clip: str, output: str, folder: Path) -> None:
    given = names(folder / "in")
    with pytest.raises(vs.SettingsError, match="input of this render"):
        vs.stylize(folder / clip, folder / "art.png", folder / output, painter=KeepPainter())
    assert names(folder / "in") == given


def test_a_new_folder_holds_nothing_else(folder: Path) -> None:
    clip, art = folder / "in/beauty_####.png", folder / "art.png"
    vs.stylize(clip, art, folder / "out/f.%06d.png", painter=KeepPainter(), frames="0:2")
    vs.stylize(clip, art, folder / "out/f.%06d.png", painter=KeepPainter(), frames="2:4")
    assert names(folder / "out") == [f"f.{number:06d}.png" for number in range(1001, 1005)]
    assert names(folder) == ["art.png", "in", "out"]


def test_linear_light_in_and_out(folder: Path) -> None:
    light = glowing()
    make_exrs(folder / "lit", light, range(7, 10))
    vs.stylize(folder / "lit", folder / "art.png", folder / "out/p.####.exr", painter=KeepPainter())
    assert names(folder / "out") == ["p.0007.exr", "p.0008.exr", "p.0009.exr"]
    frame, _ = decode_picture((folder / "out/p.0008.exr").read_bytes(), "exr")
    assert np.abs(values_of(frame).astype(int) - to_values(light)).max() <= 20


@pytest.mark.usefixtures("few_patches")
def test_scores_compare_a_film_with_linear_light_as_it_shows_it(folder: Path) -> None:
    make_exrs(folder / "lit", glowing(64, 96), range(3))
    vs.stylize(folder / "lit", folder / "art.png", folder / "film.mkv", painter=KeepPainter())
    vs.stylize(folder / "lit", folder / "art.png", folder / "out/p.#.exr", painter=KeepPainter())
    settings = {"backbone.name": "compact", "backbone.device": "cpu"}
    film, lit = (
        vs.score(folder / "lit", folder / made, [folder / "art.png"], settings=settings) for made in ("film.mkv", "out")
    )
    assert film.content_distance < 0.05
    assert lit.content_distance < 0.05
