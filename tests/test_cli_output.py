"""What the command line prints: events, and output that is full, closed or not read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import FEW, videostyle


def test_events_for_scripts(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--frames", "15:18", "-o", folder / "part.mkv", "--json", "--keep-job", *FEW]
    assert videostyle(monkeypatch, "run", folder / "clip.mp4", "--style", folder / "art.png", *arguments) == 0
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert captured.err == ""
    steps = [event for event in events if event["event"] == "iterated"]
    assert steps
    assert all(0 < event["done"] <= event["total"] for event in steps)
    scanned = [event["frame"] for event in events if event["event"] == "scanned"]
    assert scanned == sorted(scanned)
    assert set(scanned) >= {14, 15, 16, 17}
    events = [event for event in events if event["event"] not in ("iterated", "scanned")]
    kinds = [event["event"] for event in events]
    assert kinds[-1] == "film"
    kinds = [kind for kind in kinds if kind != "written"]  # they come as soon as the encoder has them
    assert kinds == ["start", "notice", "notice", "plan", *["frame"] * 4, "scene", "film"]
    assert events.pop(0)["schema"] == 1
    assert "trimmed at packet borders" in events.pop(0)["text"]
    assert "draft is the default" in events.pop(0)["text"]
    assert [event["frame"] for event in events if event["event"] == "written"] == [15, 16, 17]
    assert [event["frame"] for event in events if event["event"] == "frame"] == [14, 15, 16, 17]
    assert (events[0]["frames"], events[0]["scenes"]) == (3, ["14:26"])
    assert {event["chunk"] for event in events if event["event"] == "frame"} == {14}
    assert [event["scene"] for event in events if event["event"] == "scene"] == [14]
    assert events[-1]["path"] == str(folder / "part.mkv")
    assert len(list((folder / "part.mkv.job/frames").glob("*.png"))) == 4


@pytest.mark.skipif(os.name != "posix", reason="shells of other systems close nothing")
def test_it_works_with_nobody_listening(folder: Path) -> None:
    arguments = ["run", folder / "silent.mkv", "--style", folder / "art.png", *FEW]
    code = 'exec "$@" >&- 2>&- <&-'
    subprocess.run(["sh", "-c", code, "sh", sys.executable, "-m", "videostyle", *map(str, arguments)], check=True)
    assert (folder / "silent_art.mkv").exists()


PRINTING = [["--version"], ["--help"], ["settings"], ["run", "--help"], []]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_on_a_full_disk_is_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "videostyle", *arguments]
        made = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert made.returncode == 2
    assert made.stderr == (
        "videostyle: stdout: No space left on device; free some space or send the output elsewhere\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="other systems have no broken pipes")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_output_that_nobody_reads_ends_quietly(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "videostyle", *arguments]
    made = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (made.returncode, made.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_events_on_a_full_disk_are_one_line(folder: Path) -> None:
    arguments = ["plan", folder / "silent.mkv", "--style", folder / "art.png", "--json", *FEW]
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "videostyle", *map(str, arguments)]
        made = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert made.returncode == 2
    assert made.stderr.startswith("videostyle: stdout: No space left on device;")
    assert made.stderr.count("\n") == 1
