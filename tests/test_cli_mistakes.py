"""Mistakes on the command line: one line each, and nothing is written."""

import os
import shutil
from pathlib import Path

import pytest
import torch

from tests.commands import FEW, videostyle

CLIP, ART, HERE = "{}/clip.mp4", "{}/art.png", "{}"


MISTAKES = {
    "no such clip": (["{}/none.mp4", "--style", ART], "no such file"),
    "a folder": ([HERE, "--style", ART], "has no number"),
    "not a video": (["{}/text.mp4", "--style", ART], "text.mp4"),
    "zero bytes": (["{}/empty.mp4", "--style", ART], "empty"),
    "no such style": ([CLIP, "--style", "{}/none.jpg"], "none.jpg"),
    "style is no picture": ([CLIP, "--style", "{}/text.mp4"], "text.mp4"),
    "output is the clip": ([CLIP, "--style", ART, "-o", CLIP, "--overwrite"], "input"),
    "output is the style": ([CLIP, "--style", ART, "-o", ART, "--overwrite"], "input"),
    "output exists": (["{}/silent.mkv", "--style", ART, "-o", "{}/text.mp4"], "--overwrite"),
    "no such folder": ([CLIP, "--style", ART, "-o", "{}/none/film.mp4"], "folder"),
    "unknown container": ([CLIP, "--style", ART, "-o", "{}/film.xyz"], ".mkv"),
    "container without the sound": ([CLIP, "--style", ART, "-o", "{}/film.webm"], "webm"),
    "unknown preset": ([CLIP, "--style", ART, "--preset", "best"], "draft"),
    "unknown setting": ([CLIP, "--style", ART, "--set", "optimize.iteration=3"], "optimize.iterations"),
    "wrong type": ([CLIP, "--style", ART, "--set", "optimize.iterations=many"], "wanted a whole number"),
    "no value": ([CLIP, "--style", ART, "--set", "seed"], "name=value"),
    "no such config": ([CLIP, "--style", ART, "--config", "{}/none.toml"], "none.toml"),
    "unknown backbone": ([CLIP, "--style", ART, "--backbone", "resnet"], "vgg19, vgg16, alexnet, compact"),
    "unknown device": ([CLIP, "--style", ART, "--device", "gpu"], "choose auto, cpu, cuda"),
    "frames outside": ([CLIP, "--style", ART, "--frames", "20:30"], "0 to 25"),
    "frames are none": ([CLIP, "--style", ART, "--frames", "a:b"], "--frames"),
    "slots are none": ([CLIP, "--style", ART, "--slots", "0"], "--slots"),
    "slots are no digits": ([CLIP, "--style", ART, "--slots", "\u00b2"], "--slots"),
    "frames are none between": ([CLIP, "--style", ART, "--frames", "9:3"], "A below B"),
    "no size": ([CLIP, "--style", ART, "--size", "0"], "--size"),
    "a picture": ([ART, "--style", ART], "a single picture"),
    "size too small": ([CLIP, "--style", ART, "--size", "2", "--backbone", "compact"], "--size"),
    "weights missing": ([CLIP, "--style", ART, "--backbone", "vgg19", "--weights", "{}/none.pth"], "none.pth"),
    "weights corrupt": ([CLIP, "--style", ART, "--backbone", "vgg19", "--weights", "{}/text.mp4"], "text.mp4"),
    "layer missing": ([CLIP, "--style", ART, "--backbone", "compact", "--set", "style.layers=relu9_9"], "relu9_9"),
    "style mix": ([CLIP, "--style", ART, "--backbone", "compact", "--set", "style.mix=[1,2]"], "style.mix"),
    "job is a full folder": ([CLIP, "--style", ART, "--backbone", "compact", "--job", HERE], "--job"),
    "job is a file": ([CLIP, "--style", ART, "--backbone", "compact", "--job", ART], "a file, not a job folder"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, told = MISTAKES[name]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert videostyle(monkeypatch, "run", *[a.format(folder) for a in arguments]) == 2
    captured = capsys.readouterr()
    errors = [line for line in captured.err.splitlines() if not line.startswith("note:")]
    assert len(errors) == 1, captured.err
    assert told in errors[0]
    assert captured.out == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_usage_mistakes(monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, told in {
        ("run", folder / "clip.mp4"): "Missing option '--style'. See videostyle run --help",
        ("paint",): "No such command 'paint'.",
        ("run", folder / "clip.mp4", "--stile", "x"): "No such option: --stile",
        ("run", folder / "clip.mp4", "--style", "x", "--size", "big"): "Invalid value for '--size': ",
    }.items():
        assert videostyle(monkeypatch, *arguments) == 2
        found = capsys.readouterr()
        assert found.err.startswith(f"videostyle: {told}")
        assert (found.err.count("\n"), found.out) == (1, "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    arguments = ["run", folder / "clip.mp4", "--style", folder / "art.png", "-o", locked / "film.mp4"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "locked" in capsys.readouterr().err


@pytest.mark.parametrize("pattern", ["", "*.png", "frame_%04d.png"])
def test_pictures_never_come_among_those_they_are_made_of(
    pattern: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shots = folder / "shots"
    shots.mkdir()
    for number in range(3):
        shutil.copy(folder / "art.png", shots / f"frame_{number:04d}.png")
    before = {path.name: path.read_bytes() for path in shots.iterdir()}
    arguments = ["frames", shots / pattern, "--style", folder / "art.png", *FEW, "-o", shots, "--overwrite"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "input of this render" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in shots.iterdir()} == before


def test_a_picture_never_takes_the_place_of_the_artwork(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    art = folder / "made/frame_000001.png"
    art.parent.mkdir()
    shutil.copy(folder / "art.png", art)
    arguments = ["frames", folder / "silent.mkv", "--style", art, *FEW, "-o", folder / "made", "--overwrite"]
    assert videostyle(monkeypatch, *arguments) == 2
    assert "frame_000001.png is an input" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_demo_on_an_absent_device_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert videostyle(monkeypatch, "demo", tmp_path / "demo", "--device", "cuda") == 2
    found = capsys.readouterr()
    assert (found.err.count("\n"), found.out) == (1, "")
    assert not (tmp_path / "demo").exists()
