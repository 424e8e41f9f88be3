import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_art, write_clip
from videostyle.errors import VideostyleError
from videostyle.names import shortened, usable
from videostyle.rendering.film.film import stored_film
from videostyle.rendering.request import Request, check

LONG = Path("x" * 300 + ".mp4")


def asked(**more: Any) -> object:
    return check(Request(Path("clip.mp4"), "art.png", frames="1:2", **more))


@pytest.mark.parametrize(
    "call",
    [
        lambda: vs.plan(LONG, "art.png"),
        lambda: vs.plan("clip.mp4", LONG),
        lambda: vs.plan(Path(*["d"] * 3000), "art.png"),
        lambda: asked(output=LONG),
        lambda: asked(output=LONG / "film.mp4"),
        lambda: asked(patch=LONG),
        lambda: asked(patch=LONG, output=Path("film.mp4")),
        lambda: vs.score(LONG, "clip.mp4", "art.png"),
        lambda: vs.score("clip.mp4", LONG, "art.png"),
        lambda: vs.score("clip.mp4", "clip.mp4", LONG),
        lambda: vs.load_painter("art.png", settings={"backbone.weights": str(LONG)}),
        lambda: stored_film(LONG, Path("film.mp4")),
    ],
)
def test_long_names_are_errors_in_one_line(
    call: Callable[[], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path("clip.mp4"), moving_scenes((3,)))
    write_art(Path("art.png"))
    with pytest.raises(VideostyleError, match="File name too long") as caught:
        call()
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir()) == ["art.png", "clip.mp4"]


def test_default_names_are_shortened(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / f"{'y' * 251}.mp4", moving_scenes((3,)))
    art = write_art(tmp_path / f"{'z' * 251}.png")
    names = {check(Request(clip, art, frames=frames)).output.name for frames in ("", "1:2", "2:3")}
    assert len(names) == 3
    for name in names:
        assert len(name) == 255
        assert name.startswith("y" * 200)
    given = check(Request(clip, art, output=tmp_path / f"{'f' * 251}.mp4"))
    assert len(given.job.name) == 255
    (tmp_path / given.job.name).mkdir()


def test_the_folder_itself_is_no_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(Path("clip.mp4"), moving_scenes((3,)))
    write_art(Path("art.png"))
    with pytest.raises(VideostyleError, match="exists and is a folder"):
        asked(output=Path())


def test_names_are_cut_between_characters() -> None:
    assert shortened("film", ".mp4") == "film.mp4"
    for name in ("é" * 200, "x" + "é" * 200, "語" * 100):
        cut = shortened(name, "_2-3.mp4")
        assert 252 <= len(os.fsencode(cut)) <= 255
        assert cut.endswith("_2-3.mp4")
        assert cut != shortened(name + "é", "_2-3.mp4"), "other names stay other names"


def test_what_does_not_exist_is_usable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    for name in ("none", "file/below", "loop", "none/below"):
        assert usable(tmp_path / name) == tmp_path / name
    with pytest.raises(VideostyleError, match="null byte"):
        usable(tmp_path / "a\0b")
