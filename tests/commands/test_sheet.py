"""``videostyle sheet`` as a user meets it."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.commands import FEW, videostyle

QUICK = [*FEW, "--size", "64", "--preset", "draft", "--set", "brush.amount=0"]


def test_each_printed_command_paints_its_picture(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "an art.png").write_bytes((folder / "art.png").read_bytes())
    arguments = [folder / "clip.mp4", "--style", folder / "an art.png", *QUICK, "--frame", "3"]
    arguments += ["--vary", "style.weight=30,300", "--vary", "tv.kind=squared,absolute"]
    sheet = folder / "a.png"
    assert videostyle(monkeypatch, "sheet", *arguments, "-o", sheet) == 0
    shown = np.array(Image.open(sheet))
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 4
    for column, command in enumerate(commands[2:]):
        program, *words = shlex.split(command)
        assert program == "videostyle"
        assert videostyle(monkeypatch, *words) == 0
        painted = np.array(Image.open(folder / f"a_2_{column + 1}.png"))
        assert painted.shape == (64, 80, 3)
        left = 8 + column * 88
        np.testing.assert_array_equal(shown[-72:-8, left : left + 80], painted)
    assert not np.array_equal(shown[-72:-8, 8:88], shown[-72:-8, 96:176])


def test_artworks_vary_and_a_clip_shows_its_scenes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "other.png").write_bytes((folder / "art.png").read_bytes())
    styles = ["--style", folder / "art.png", "--style", folder / "other.png"]
    arguments = ["sheet", folder / "clip.mp4", *styles, *QUICK]
    assert videostyle(monkeypatch, *arguments, "--scenes", "2", "-o", folder / "s.html") == 0
    page = (folder / "s.html").read_text()
    assert page.count("<img") == 4
    assert "<th>other</th>" in page
    assert [word in page for word in ("<th>frame 6</th>", "<th>frame 19</th>")] == [True, True]
    capsys.readouterr()
    assert videostyle(monkeypatch, *arguments, "--vary", "style.mix=[1,0],[0.5,0.5]", "-o", folder / "m.png") == 0
    commands = capsys.readouterr().out.splitlines()
    assert len(commands) == 4, "blended artworks do not vary; a frame of each of two scenes"
    assert all("art.png --style" in command for command in commands)


def test_all_mistakes_are_listed_before_anything_is_painted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["sheet", folder / "art.png", "--style", folder / "art.png", *QUICK]
    wrong = ["--vary", "style.weight=30,much", "--vary", "style.wait=1", "--vary", "preset=draft,best"]
    assert videostyle(monkeypatch, *arguments, *wrong) == 2
    said = capsys.readouterr().err
    for fault in ("3 mistakes:", "style.weight = 'much'", "did you mean style.weight", "best: no such preset"):
        assert fault in said
    wrong = ["--vary", "style.wieght=30,x", "--vary", "preset=draft,foo,bar", "--style", "no.png", "--set", "x=1"]
    assert videostyle(monkeypatch, *arguments, *wrong, "-o", folder / "x.pdf") == 2
    said = capsys.readouterr().err
    for fault in ("6 mistakes:", "style.wieght", "foo: no", "bar: no", "no.png", "'x'", "x.pdf: a sheet is"):
        assert fault in said
    layers = 'style.layers=["relu1_1"],["relu9_1"],["relu9_2"]'
    assert videostyle(monkeypatch, *arguments, "--vary", layers) == 2
    said = capsys.readouterr().err
    assert "2 mistakes:" in said
    assert "relu9_2" in said
    same = ["--vary", "style.weight=1,2", "--vary", "style.weight=3,4"]
    assert videostyle(monkeypatch, *arguments, *same) == 2
    assert "style.weight=3,4: style.weight varies already" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--style", folder / "." / "art.png") == 2
    assert "art.png: given twice; omit one" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--frame", "0", "--scenes", "2") == 2
    assert "--frame 0 --scenes 2: a frame that is named is the only one" in capsys.readouterr().err
    assert videostyle(monkeypatch, *arguments, "--stream", "0") == 2
    assert "a single picture; omit --stream" in capsys.readouterr().err
    three = ["--vary", "seed=1,2", "--vary", "tv.weight=1,2", "--vary", "style.scale=1,2"]
    assert videostyle(monkeypatch, *arguments, *three) == 2
    assert "3 things vary" in capsys.readouterr().err
    assert not (folder / "art_sheet.png").exists()
