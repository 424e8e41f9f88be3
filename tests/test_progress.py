"""Lines for people, objects for scripts."""

import json
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from videostyle import Request, check, compose, prepare
from videostyle.frames import FrameDone
from videostyle.progress import Progress, span
from videostyle.rendering.job import FilmDone, Notice

DONE = FrameDone(chunk=1, frame=7, losses={"style": 0.5}, iterations=12, seconds=2.0)


@pytest.mark.parametrize(("seconds", "said"), [(0.4, "0 s"), (89, "89 s"), (720, "12 min"), (12600, "3.5 h")])
def test_spans_as_people_say_them(seconds: float, said: str) -> None:
    assert span(seconds) == said


def started(**kind: bool) -> Progress:
    progress = Progress(**{"as_json": False, "quiet": False, "verbose": False, **kind})
    progress._scenes, progress._total = {1: "6:9"}, 2
    return progress


def test_a_line_per_scene_and_per_frame_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with started(verbose=True) as progress:
        progress.report(DONE)
        progress.report(FrameDone(1, 8, {}, 14, 4.0, retried="its loss did not fall", last=True))
    said = capsys.readouterr().err
    assert "frame 7: 2.00 s, 12 iterations, style 0.5" in said
    assert "frame 8 was rendered again: its loss did not fall" in said
    assert "scene 2, frames 6:9: 2 painted in 6 s, 3.00 s and 13 iterations each" in said


def test_objects_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    progress = started(as_json=True)
    progress.report(Notice("careful"))
    progress.report(DONE)
    progress.report(FilmDone(Path("a.mp4"), 2, 1, 3.0))
    captured = capsys.readouterr()
    events = [json.loads(line) for line in captured.out.splitlines()]
    assert [event["event"] for event in events] == ["notice", "frame", "film"]
    assert events[1]["losses"] == {"style": 0.5}
    assert (events[2]["path"], events[2]["frames_lost"]) == ("a.mp4", 1)
    assert captured.err == ""


def test_objects_are_json_for_everyone(capsys: pytest.CaptureFixture[str]) -> None:
    progress = started(as_json=True)
    progress.report(FrameDone(1, 7, {"style": float("nan"), "content": 1.0}, 3, 2.0, retried="because"))
    frame, notice = (json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines())
    assert frame["losses"] == {"style": None, "content": 1.0}
    assert notice["text"] == "frame 7 was rendered again: because"


def test_the_bar_is_there_from_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    with started() as progress:
        progress.start()
        assert "0/2" in capsys.readouterr().err


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with started(quiet=True) as progress:
        progress.notices(("careful",))
        progress.report(DONE)
        progress.fetched("weights", 1, 2)
        progress.report(FilmDone(Path("a.mp4"), 2, 0, 3.0))
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_download_has_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    progress = started()
    for done in (0, 500, 1000):
        progress.fetched("vgg19", done, 1000)
    assert "vgg19" in capsys.readouterr().err
    assert progress._bar is None


def test_a_download_that_was_given_up_takes_its_bar_along(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", moving_scenes((3,)))
    settings = compose("draft", None, {"backbone.name": "compact", "backbone.device": "cpu"})
    prepared = prepare(check(Request(clip, (write_art(tmp_path / "art.png"),), settings)))
    with started() as progress:
        progress.fetched("vgg19", 10, 1000)
        progress.plan(prepared, "")
        capsys.readouterr()
        progress.report(DONE)
        assert "vgg19" not in capsys.readouterr().err
