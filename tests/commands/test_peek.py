"""The command ``peek``, and ``run --preview``."""

from pathlib import Path

import pytest
from PIL import Image

from tests.commands import FEW, videostyle
from videostyle.media.read.probe import probe


def test_a_look_at_a_job(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    made = [
        "run",
        folder / "clip.mp4",
        "--style",
        folder / "art.png",
        "--job",
        folder / "job",
        "--no-film",
        "--preview",
    ]
    assert videostyle(monkeypatch, *made, "--frames", "14:17", *FEW) == 0
    with Image.open(folder / "job/preview.jpg") as picture:
        assert picture.height == 64
    assert videostyle(monkeypatch, "peek", folder / "job") == 0
    assert probe(folder / "job/peek.mp4").num_frames == 3
    assert f"wrote {folder / 'job/peek.mp4'}: 3 frames" in capsys.readouterr().err
    assert videostyle(monkeypatch, "peek", folder / "job", "--frames", "15", "-o", folder / "one.mp4", "-q") == 0
    assert probe(folder / "one.mp4").num_frames == 1
    again = ["peek", folder / "job", "-o", folder / "one.mp4", "-q"]
    assert videostyle(monkeypatch, *again) == 2, "it may be another film"
    assert videostyle(monkeypatch, *again, "--overwrite") == 0
    assert probe(folder / "one.mp4").num_frames == 3
    assert videostyle(monkeypatch, *made, "--frames", "14:18", *FEW) == 0  # the film and the picture disturb no one
    assert videostyle(monkeypatch, "peek", folder / "job", "--frames", "0:3") == 4
