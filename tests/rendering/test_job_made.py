"""A process that is stopped after its film is there, and before its job folder is removed."""

from pathlib import Path
from typing import Any

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from tests.commands import FEW, videostyle
from videostyle.rendering.store.store import Store


@pytest.fixture
def arguments(tmp_path: Path) -> list[object]:
    write_clip(tmp_path / "clip.mp4", moving_scenes((4,)))
    write_art(tmp_path / "art.png")
    return [tmp_path / "clip.mp4", "--style", tmp_path / "art.png", *FEW, "--set", "optimize.iterations=0"]


def stopped_late(monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
    """A command whose user presses Ctrl-C twice when the film has just got its name."""

    def stopped(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "remove", stopped)
        assert videostyle(patch, *words) == 130


@pytest.mark.parametrize(
    ("command", "output"), [("run", "film.mp4"), ("frames", "film"), ("run", "film"), ("run", "film_%06d.png")]
)
def test_the_same_command_says_that_it_is_done_and_removes_the_folder(
    command: str,
    output: str,
    arguments: list[object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [command, *arguments, "-o", tmp_path / output]
    if command == "run" and output == "film":
        words += ["--codec", "png"]
    stopped_late(monkeypatch, *words)
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("film*") if path.is_file()}
    assert list(tmp_path.glob("*.job"))
    capsys.readouterr()
    assert videostyle(monkeypatch, *words) == 0
    said = capsys.readouterr().err
    assert f"note: {tmp_path / output} is done; an earlier run of this command was stopped" in said
    assert f"wrote {tmp_path / output}: 4 frames" in said
    assert not list(tmp_path.glob("*.job"))
    assert {path: path.stat().st_mtime_ns for path in written} == written, "nothing is written again"
    assert videostyle(monkeypatch, *words) == 2
    assert "exists" in capsys.readouterr().err


def test_another_film_is_still_refused(
    arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "film.mp4"
    words = ["run", *arguments, "-o", film]
    stopped_late(monkeypatch, *words)
    assert videostyle(monkeypatch, *words, "--quality", "30") == 2
    assert videostyle(monkeypatch, *words, "--frames", "0:2") == 2
    write_art(tmp_path / "art.png", seed=1)
    assert videostyle(monkeypatch, *words) == 2, "the artwork is another one"
    said = capsys.readouterr().err
    assert said.count("film.mp4 exists") == 3
    assert "is done" not in said
    write_art(tmp_path / "art.png")
    film.write_text("precious")
    assert videostyle(monkeypatch, *words) == 2
    assert "film.mp4 exists" in capsys.readouterr().err
    assert film.read_text() == "precious"
    assert videostyle(monkeypatch, *words, "--overwrite") == 0
    assert film.stat().st_size > 1000


def test_pictures_of_which_only_some_have_their_names_are_written_again(
    arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["frames", *arguments, "-o", tmp_path / "film"]
    stopped_late(monkeypatch, *words)
    lost = tmp_path / "film/frame_000002.png"
    before = lost.read_bytes()
    lost.unlink()
    assert videostyle(monkeypatch, *words) == 0
    assert "is done" not in capsys.readouterr().err
    assert lost.read_bytes() == before
    assert not list(tmp_path.glob("*.job"))


def test_a_patched_film_and_a_job_that_is_kept(
    arguments: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", *arguments, "--job", tmp_path / "job", "-o", tmp_path / "film.mp4"]
    assert videostyle(monkeypatch, *words) == 0
    assert videostyle(monkeypatch, *words) == 2, "a job that is kept has not been stopped"
    with monkeypatch.context() as patch:
        patch.setattr("videostyle.rendering.job.forget_made", lambda _: None)
        assert videostyle(patch, *words[:-1], tmp_path / "second.mp4") == 0
    assert videostyle(monkeypatch, *words[:-1], tmp_path / "second.mp4") == 0
    assert "second.mp4 is done" in capsys.readouterr().err
    assert videostyle(monkeypatch, *words[:-1], tmp_path / "third.mp4") == 0
    assert (tmp_path / "third.mp4").exists(), "another film of the same frames"
    part = ["run", *arguments, "--frames", "1:2", "--patch", tmp_path / "film.mp4"]
    stopped_late(monkeypatch, *part)
    assert videostyle(monkeypatch, *part) == 0
    assert f"note: {tmp_path / 'film_patched.mp4'} is done" in capsys.readouterr().err
