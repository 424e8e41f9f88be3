"""``--cluster`` where it makes no sense: one line, before any work begins. What it does is tested with the engine."""

import importlib.util
from pathlib import Path

import pytest

import videostyle as vs
from tests.commands import videostyle
from tests.painters import Gray


@pytest.mark.parametrize("name", ["run", "frames", "plan"])
@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--cluster", "here"], "--cluster here: wanted local, or HOST:PORT"),
        (["--cluster", "local", "--device", "cuda:0"], "--device cuda:0: Ray gives each worker its GPU"),
        (["--cluster", "local"], "Ray is not installed; pip install 'videostyle[cluster]'"),
    ],
    ids=["address", "device", "not installed"],
)
def test_a_cluster_that_cannot_be_used(
    name: str,
    flags: list[str],
    text: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    there = set(folder.iterdir())
    assert videostyle(monkeypatch, name, folder / "clip.mp4", "--style", folder / "art.png", *flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert text in line
    assert set(folder.iterdir()) == there


def test_a_painter_of_the_callers_own_stays_in_its_process(folder: Path) -> None:
    with pytest.raises(vs.SettingsError, match="cluster=local: a painter of your own"):
        vs.stylize(folder / "clip.mp4", folder / "art.png", painter=Gray(), cluster="local")
