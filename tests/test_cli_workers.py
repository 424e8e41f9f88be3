"""The command line with several workers: what it says, how it stops, and that nothing is left running."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import videostyle
from tests.rendering.workers.children import is_running, painting, soon, workers_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


def command(folder: Path, *more: str) -> list[str]:
    made = ["run", folder / "clip.mp4", "--style", folder / "art.png", "--workers", "2", "--no-brush", *more]
    return [str(word) for word in made]


def running(folder: Path) -> "subprocess.Popen[str]":
    """A run that has painted its first frame."""
    made = subprocess.Popen(
        [sys.executable, "-m", "videostyle", *command(folder, "--json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert made.stdout
    assert any(json.loads(line)["event"] == "frame" for line in made.stdout)
    return made


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_whoever_stops_it_stops_all_and_it_can_go_on(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painting(monkeypatch, folder, "time.sleep(0.2)")
    with running(folder) as made:
        pids = workers_of(made.pid)
        assert len(pids) == 2
        if name == "SIGINT":  # as a terminal does
            os.killpg(made.pid, signal.SIGINT)
        else:
            made.terminate()
        said = made.communicate()[1]
    assert made.returncode == 130
    assert said.splitlines()[1:] == [
        "videostyle: stopping after the frame in flight; once more to stop at once",
        "videostyle: stopped; run the same command again to continue",
    ]
    assert not any(map(is_running, pids))
    job = folder / "clip_art.mp4.job"
    assert [path.name for path in (job / "frames").iterdir() if path.name.startswith(".")] == []
    stored = len(list((job / "frames").glob("*.png")))
    assert stored
    again = subprocess.run([sys.executable, "-m", "videostyle", *command(folder)], capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert f"{stored} frame{'s' * (stored > 1)} already done" in again.stderr
    assert "On cpu, 2 workers: about" in again.stderr
    assert not job.exists()


def test_after_a_kill_the_workers_end_by_themselves_and_the_folder_is_free(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, folder, "time.sleep(0.2)")
    with running(folder) as made:
        pids = workers_of(made.pid)
        made.kill()
        made.communicate()
    assert len(pids) == 2
    assert soon(lambda: not any(map(is_running, pids)))


def test_a_full_disk_ends_it_with_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painting(monkeypatch, folder, "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))")
    made = subprocess.run([sys.executable, "-m", "videostyle", *command(folder, "-q")], capture_output=True, text=True)
    assert made.returncode == 2
    assert made.stderr.count("\n") == 1
    assert made.stderr.startswith(f"videostyle: {folder / 'clip_art.mp4.job'}/")
    assert "File too large" in made.stderr
    assert not (folder / "clip_art.mp4.job").exists(), "no frame is done"


@pytest.mark.parametrize("workers", ["0", "-1", "many", "1.5", ""])
def test_workers_that_are_not_a_number(
    workers: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["run", folder / "clip.mp4", "--style", folder / "art.png", f"--workers={workers}"]
    assert videostyle(monkeypatch, *flags) == 2
    assert f"--workers {workers}: wanted auto or a number from 1" in capsys.readouterr().err


def test_plan_tells_of_more_workers_than_this_machine_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["plan", folder / "clip.mp4", "--style", folder / "art.png", "--backbone", "compact", "--device", "cpu"]
    assert videostyle(monkeypatch, *flags, "--workers", "1000") == 0
    lines = capsys.readouterr().err
    assert "2 workers: about" in lines, "no more than scenes"
    assert "held up by frames 0:14 (" in lines
    assert workers_of(os.getpid()) == []
