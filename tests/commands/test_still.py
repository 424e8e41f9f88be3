"""``videostyle still`` as a user meets it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import FEW, videostyle


def test_a_frame_that_begins_a_scene_equals_the_films(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [folder / "clip.mp4", "--style", folder / "art.png", *FEW, "--set", "picture.work=48"]
    arguments += ["--set", "brush.amount=1", "--set", "picture.size=96", "--colors", "0.5"]
    assert videostyle(monkeypatch, "frames", *arguments, "--frames", "0:15", "-o", folder / "film") == 0
    for frame, name in ((14, "14"), (0, "0.0")):
        still = folder / f"still{frame}.png"
        assert videostyle(monkeypatch, "still", *arguments, "--frame", name, "-o", still) == 0
        painted, film = (np.array(Image.open(path)) for path in (still, folder / "film" / f"frame_{frame:06d}.png"))
        assert painted.shape == (96, 120, 3)
        np.testing.assert_array_equal(painted, film)
    lines = capsys.readouterr().err
    assert "clip.mp4: 1 frame of 120x96, painted at 60x48, 1 scene" in lines
    assert f"wrote {folder / 'still14.png'}: 1 frame in" in lines


def test_a_photo_is_painted_next_to_it_and_never_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 65, 3), np.uint8)).save(folder / "photo.jpg")
    arguments = ["still", folder / "photo.jpg", "--style", folder / "art.png", *FEW]
    assert videostyle(monkeypatch, *arguments) == 0
    with Image.open(folder / "photo_art.png") as painted:
        assert painted.size == (65, 48)
    assert videostyle(monkeypatch, *arguments) == 2
    assert "photo_art.png exists; use another name with -o, or --overwrite" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--overwrite", "-q") == 0
    assert videostyle(monkeypatch, *arguments, "-o", folder / "photo.jpg", "--overwrite") == 2
    assert capsys.readouterr().err.count("cannot write such a picture") == 1
    assert {path.name for path in folder.iterdir() if "photo" in path.name} == {"photo.jpg", "photo_art.png"}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["clip.mp4"], "a clip of 26 frames; choose one with --frame 120"),
        (["clip.mp4", "--frame", "26"], "--frame 26: the clip has frames 0 to 25"),
        (["clip.mp4", "--frame", "2.7"], "--frame 2.7: the clip is 2.600 s long"),
        (["clip.mp4", "--frame", "soon"], "--frame soon: not a frame; use a number from 0, seconds"),
        (["art.png", "--frame", "1"], "art.png: a single picture, not a clip; omit --frame"),
        (["text.mp4", "--frame", "1"], "cannot be read as a clip"),
        (["none.png"], "no such file"),
        (["clip.mp4", "--frame", "-1"], "--frame -1: not a frame"),
        (["clip.mp4", "--loop"], "No such option"),
        (["clip.mp4", "--frame", "1", "--stream", "0"], "stream 0 cannot be painted; use --stream 1 (80x64)"),
        (["clip.mp4", "--frame", "1", "--fps", "fast"], "fast"),
        (["art.png", "--stream", "0"], "a single picture; omit --stream and --fps"),
        (["line.png"], "frames of 1x400 px show too little to be painted, even if they are enlarged"),
    ],
)
def test_mistakes_take_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    fault: str,
) -> None:
    Image.fromarray(np.zeros((400, 1, 3), np.uint8)).save(folder / "line.png")
    source, *others = arguments
    assert videostyle(monkeypatch, "still", folder / source, *others, "--style", folder / "art.png", *FEW) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert fault in lines[0]
