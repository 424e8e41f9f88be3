"""Everything that can be wrong with a request before any work begins, and the names it gets by default."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import moving_scenes, write_art, write_clip
from videostyle.errors import MediaError, SettingsError
from videostyle.frames import Color
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.presets import Recipe
from videostyle.rendering.plan.artworks import read_artworks
from videostyle.rendering.request import Request, check


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("request")
    write_clip(folder / "clip.mp4", moving_scenes((10, 9)), sound=True)
    write_art(folder / "art.png")
    write_art(folder / "b.png", 1)
    return folder


@pytest.fixture
def request_(folder: Path) -> Request:
    return Request(folder / "clip.mp4", (folder / "art.png",))


def with_(request: Request, **values: Any) -> Request:
    return replace(request, **values)


def film(**values: object) -> Recipe:
    return Recipe(values={f"film.{name}": value for name, value in values.items()})


def test_a_request_as_it_is_checked(request_: Request, folder: Path) -> None:
    checked = check(request_)
    assert checked.output == folder / "clip_art.mp4"
    assert checked.job == folder / "clip_art.mp4.job"
    assert checked.sources == (folder / "clip.mp4", folder / "art.png")
    assert checked.keep.frames == tuple(range(19))
    assert (checked.patch, checked.notices) == (None, ())
    assert sorted(path.name for path in folder.iterdir()) == ["art.png", "b.png", "clip.mp4"], "nothing is written"


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({}, "clip_art.mp4"),
        ({"styles": ("art.png", "b.png")}, "clip_art+b.mp4"),
        ({"styles": (np.zeros((4, 5, 3), np.uint8), "b.png")}, "clip_artwork1+b.mp4"),
        ({"frames": "0:19"}, "clip_art.mp4"),
        ({"frames": "3:7"}, "clip_art_3-6.mp4"),
        ({"frames": "0-12x3,15"}, "clip_art_0-12x3+15-15.mp4"),
        ({"frames": ",".join(f"{frame}:{frame + 2}x2" for frame in range(0, 18, 2)) + ",18"}, "clip_art_0-18.mp4"),
        ({"begin": "0.5", "end": "1"}, "clip_art_5-9.mp4"),
        ({"recipe": film(codec="png"), "frames": "3:7"}, "clip_art"),
        ({"clip": "old.avi"}, "old_art.mp4"),
        ({"clip": "big.MKV"}, "big_art.mkv"),
        ({"clip": "pictures"}, "pictures_art.mp4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_of_films(values: dict[str, Any], name: str, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", moving_scenes((19,)), sound=True)
    write_clip(tmp_path / "old.avi", moving_scenes((4,)), codec="ffv1")
    write_clip(tmp_path / "big.mkv", moving_scenes((4,))).rename(tmp_path / "big.MKV")
    (tmp_path / "pictures").mkdir()
    for number in range(3):
        write_art(tmp_path / f"pictures/p_{number:03d}.png", number)
    for seed, art in enumerate(("art.png", "b.png")):
        write_art(tmp_path / art, seed)
    styles = values.pop("styles", ("art.png",))
    made = Request(
        clip=tmp_path / values.pop("clip", "clip.mp4"),
        styles=tuple(style if isinstance(style, np.ndarray) else tmp_path / style for style in styles),
        **values,
    )
    assert check(made).output == tmp_path / name


def test_the_name_of_a_patched_film(request_: Request, folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "finished.mkv"
    old.write_bytes(write_clip(tmp_path / "made.mkv", moving_scenes((10, 9)), codec="ffv1").read_bytes())
    checked = check(with_(request_, patch=old, frames="3:7"))
    assert checked.output == tmp_path / "finished_patched.mkv"
    assert checked.patch is not None
    assert checked.job == tmp_path / "finished_patched.mkv.job"
    assert not (tmp_path / "finished_patched.mkv").exists()
    assert folder.exists()


def test_places_that_are_named(request_: Request, tmp_path: Path) -> None:
    checked = check(with_(request_, output=tmp_path / "film.mkv", job=tmp_path / "job"))
    assert (checked.output, checked.job) == (tmp_path / "film.mkv", tmp_path / "job")


def test_frames_without_a_film_need_a_job_folder(request_: Request, tmp_path: Path) -> None:
    checked = check(with_(request_, film=False, job=tmp_path / "job"))
    assert checked.output == checked.job == tmp_path / "job"
    wrong = [{}, {"job": tmp_path, "output": tmp_path / "a.mp4"}, {"job": tmp_path, "patch": tmp_path / "a.mp4"}]
    for values in wrong:
        with pytest.raises(SettingsError, match="--no-film leaves frames in a folder and no film; name it with --job"):
            check(with_(request_, film=False, **values))


def test_without_an_artwork(request_: Request) -> None:
    with pytest.raises(SettingsError, match=r"no artwork given; name at least one with --style art\.jpg"):
        check(with_(request_, styles=()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"clip": "none.mp4"}, r"none\.mp4: no such file"),
        ({"clip": "art.png"}, r"art\.png"),
        ({"styles": ("clip.mp4",)}, r"clip\.mp4: not a readable picture"),
        ({"styles": ("none.png",)}, r"none\.png: no such file"),
        ({"frames": "30:40"}, r"--frames 30:40: the clip has frames 0 to 18"),
        ({"stream": 0}, "stream 0"),
        ({"output": "film.xyz"}, r"film\.xyz"),
        ({"output": "none/film.mp4"}, "no such folder"),
        ({"output": "clip.mp4"}, r"clip\.mp4 is an input of this render"),
        ({"output": "art.png", "overwrite": True}, r"art\.png"),
        ({"output": "film.mp4", "job": "film.mp4"}, "the same name as the film; name another folder"),
        ({"patch": "none.mp4"}, r"none\.mp4"),
    ],
    ids=str,
)
def test_what_is_wrong_is_reported_before_anything_is_written(
    values: dict[str, Any], message: str, request_: Request, folder: Path
) -> None:
    for name in ("clip", "output", "patch", "job"):
        if name in values:
            values = {**values, name: folder / values[name]}
    if "styles" in values:
        values = {**values, "styles": tuple(folder / style for style in values["styles"])}
    before = sorted(folder.rglob("*"))
    with pytest.raises((SettingsError, MediaError), match=message) as raised:
        check(with_(request_, **values))
    assert "\n" not in str(raised.value)
    assert sorted(folder.rglob("*")) == before


def test_a_film_is_replaced_only_if_that_is_wanted(request_: Request, tmp_path: Path) -> None:
    there = tmp_path / "film.mp4"
    there.write_text("precious")
    with pytest.raises(SettingsError, match=r"film\.mp4 exists; use another name with -o, or --overwrite"):
        check(with_(request_, output=there))
    assert check(with_(request_, output=there, overwrite=True)).output == there
    assert there.read_text() == "precious"


def test_a_hard_link_to_the_clip_is_the_clip(request_: Request, tmp_path: Path) -> None:
    (tmp_path / "same.mp4").hardlink_to(request_.clip)
    with pytest.raises(SettingsError, match="input"):
        check(with_(request_, output=tmp_path / "same.mp4", overwrite=True))


def test_what_a_film_will_lack_is_a_notice_or_an_error(request_: Request, tmp_path: Path) -> None:
    silent = with_(request_, recipe=film(codec="png"), output=tmp_path / "pictures")
    assert "audio" in " ".join(check(silent).notices)
    with pytest.raises(MediaError, match=r"--strict: .*audio"):
        check(with_(silent, strict=True))


def test_artworks_come_from_files_and_arrays(folder: Path) -> None:
    rng = np.random.default_rng(0)
    eight = rng.integers(0, 256, (8, 9, 3), np.uint8)
    sixteen = rng.integers(0, 65536, (8, 9, 3), np.uint16)
    decimal = rng.random((8, 9, 3))
    artworks = read_artworks([str(folder / "art.png"), folder / "b.png", eight, sixteen, decimal])
    assert [artwork.name for artwork in artworks] == ["art.png", "b.png", "artwork3", "artwork4", "artwork5"]
    assert [artwork.path for artwork in artworks] == [folder / "art.png", folder / "b.png", None, None, None]
    np.testing.assert_array_equal(artworks[0].pixels, read_picture(folder / "art.png"))
    np.testing.assert_array_equal(artworks[2].pixels, eight)
    np.testing.assert_array_equal(artworks[3].pixels, sixteen)
    assert artworks[4].pixels.dtype == np.uint16
    np.testing.assert_allclose(artworks[4].pixels, decimal * 65535, atol=0.51)


def test_artworks_are_in_the_colors_of_the_clip(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    color = Color(1, 9, 16, 9)
    clip, pixels = replace(probe(folder / "clip.mp4"), color=color), read_picture(folder / "art.png")
    monkeypatch.setattr(  # the conversion itself takes seconds
        "videostyle.rendering.plan.artworks.in_colors_of",
        lambda theirs, pixels: pixels // 2 if theirs == color else pixels,
    )
    for style in (folder / "art.png", pixels):
        (artwork,) = read_artworks([style], clip)
        np.testing.assert_array_equal(artwork.pixels, pixels // 2)
        (artwork,) = read_artworks([style])
        np.testing.assert_array_equal(artwork.pixels, pixels)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 5), np.uint8), r"shape \(4, 5\) and type uint8: wanted \(height, width, 3\) RGB"),
        (np.zeros((4, 5, 4), np.uint8), r"shape \(4, 5, 4\)"),
        (np.zeros((4, 5, 3), np.int64), r"type int64: wanted uint8, uint16, or float with values in 0\.\.1"),
        (np.full((4, 5, 3), 255.0), r"type float64: wanted .*0\.\.1"),
    ],
    ids=str,
)
def test_arrays_that_are_not_pictures(array: Any, message: str, request_: Request) -> None:
    with pytest.raises(SettingsError, match=message):
        check(with_(request_, styles=(array,)))
