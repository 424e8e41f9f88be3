"""The command for a night of clips."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import FEW, videostyle
from videostyle.commands.batch import Table
from videostyle.events import ClipDone
from videostyle.progress import Progress

JOBS = """
[defaults]
styles = "art.png"
backbone = {name = "compact", device = "cpu"}
optimize = {iterations = 2, first_iterations = 3}
brush.amount = 0
[[job]]
clips = ["silent.mkv", "text.mp4"]
"""


@pytest.fixture
def jobs(folder: Path) -> Path:
    path = folder / "jobs.toml"
    path.write_text(JOBS)
    return path


def test_a_night(jobs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(jobs.parent.iterdir())
    assert videostyle(monkeypatch, "batch", jobs, "--dry-run") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].split() == ["clip", "film", "frames", "size", "preset", "about"]
    assert lines[1].split()[:6] == ["1", "silent.mkv", "silent_art.mkv", "5", "80x64", "draft"]
    assert lines[2].split()[:5] == ["2", "text.mp4", "text_art.mp4", "0", "failed"]
    assert lines[3].startswith("1 clip of 2 to render, 1 failed: about ")
    assert not [line for line in lines if "report" in line]
    assert sorted(jobs.parent.iterdir()) == before
    assert videostyle(monkeypatch, "batch", jobs) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "clip 1 of 2: silent.mkv" in lines
    assert any(line.startswith("text.mp4 failed: ") for line in lines)
    assert lines[-2].startswith("1 done, 1 failed, 0 left, in ")
    assert lines[-1] == f"report: {jobs.parent}/jobs.batch/report.html"
    page = (jobs.parent / "jobs.batch/report.html").read_text()
    assert all(name in page for name in ("silent_art.mkv", "text_art.mp4"))
    assert (jobs.parent / "silent_art.mkv").exists()
    jobs.write_text(JOBS.replace(', "text.mp4"', ""))
    (jobs.parent / "jobs.batch/report.html").unlink()
    assert videostyle(monkeypatch, "batch", jobs) == 0
    assert "report.html" not in capsys.readouterr().err, "no clip was left, so none has been written"
    assert videostyle(monkeypatch, "batch", jobs, "-q") == 0
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_failures_are_errors_even_if_it_is_quiet(
    jobs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs.write_text(JOBS.replace('"silent.mkv", ', ""))
    assert videostyle(monkeypatch, "batch", jobs, "-q") == 1
    assert capsys.readouterr().err.startswith("videostyle: text.mp4 failed: ")
    assert videostyle(monkeypatch, "batch", jobs, "-q", "--dry-run") == 1
    assert capsys.readouterr().err.startswith("videostyle: text.mp4 failed: ")


def test_objects_for_scripts(jobs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert videostyle(monkeypatch, "batch", jobs, "--json") == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("videostyle: text.mp4 failed: ")
    names = [json.loads(line)["event"] for line in captured.out.splitlines()]
    shown = ["start", "clip_planned", "batch", "clip_done", "clip", "plan", "frame", "film", "batch_done"]
    assert list(dict.fromkeys(name for name in names if name in shown)) == shown
    assert (names.count("start"), names.count("frame"), names.count("clip_done")) == (1, 5, 2)


def test_a_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "clips").mkdir()
    (folder / "silent.mkv").rename(folder / "clips/silent.mkv")
    few = ["--set", "backbone.name=compact", "--set", "backbone.device=cpu", "--set", "brush.amount=0", *FEW[4:]]
    monkeypatch.chdir(folder)
    arguments = ["batch", folder / "clips", "--style", folder / "art.png", *few, "-o", "films/{clip}.mkv"]
    assert videostyle(monkeypatch, *arguments) == 0
    assert (folder / "films/silent.mkv").exists(), "relative to where the user is"


def test_what_does_not_fit_is_left(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs.write_text(JOBS.replace(', "text.mp4"', ""))
    assert videostyle(monkeypatch, "batch", jobs, "--budget", "0.01s") == 4
    assert not (jobs.parent / "silent_art.mkv").exists()


@pytest.mark.parametrize(
    ("change", "arguments", "fault"),
    [
        ("styles", ["--preset", "fine"], "such options are for folders of clips"),
        ("style", [], "line 3: unknown 'style'; did you mean styles?"),
        ("styles", ["--until", "25:00"], "--until 25:00: wanted a time of day"),
        ("styles", ["--set", "nothing=3"], "unknown setting 'nothing'"),
    ],
)
def test_a_mistake_starts_nothing(
    change: str, arguments: list[str], fault: str, jobs: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    jobs.write_text(JOBS.replace("styles", change))
    before = sorted(jobs.parent.iterdir())
    assert videostyle(monkeypatch, "batch", jobs, *arguments) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert said.startswith("videostyle: ")
    assert sorted(jobs.parent.iterdir()) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only POSIX systems stop processes with signals")
def test_a_signal_ends_it_after_the_frame_in_flight(jobs: Path) -> None:
    jobs.write_text(JOBS.replace("silent.mkv", "clip.mp4").replace("iterations = 2", "iterations = 30"))
    command = [sys.executable, "-m", "videostyle", "batch", jobs, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        frames = 0
        while frames < 3:
            frames += '"frame"' in process.stdout.readline()[:20]
        process.send_signal(signal.SIGTERM)
        out, said = process.communicate()
    assert process.returncode == 130
    assert "stopping after the frame in flight" in said
    assert said.endswith("videostyle: stopped; run the same command again to continue\n")
    frames += out.count('{"event": "frame"')
    stored = len(list((jobs.parent / "clip_art.mp4.job/frames").glob("[0-9]*.png")))
    assert frames <= stored <= 9


def test_a_clip_that_is_tried_again_has_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    table = Table(Progress(quiet=True), quiet=True)
    for status in ("left", "done"):
        film = Path("film.mkv")
        table(ClipDone(1, Path("clip.mkv"), film, status, "draft", 0, 1.0, "", Path("clip.log")))
    assert [row[5] for row in table._rows] == ["done"]
