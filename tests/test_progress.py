"""Lines for people, objects for scripts."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from videostyle.events import (
    Event,
    Fetched,
    FilmDone,
    FrameDone,
    FrameWritten,
    Iterated,
    Notice,
    Planned,
    Scanned,
)
from videostyle.progress import Progress, span

DONE = FrameDone(chunk=6, frame=7, losses={"style": 0.5}, iterations=12, seconds=2.0)
LAST = FrameDone(chunk=6, frame=8, losses={}, iterations=14, seconds=4.0, retried="its loss did not fall", last=True)
FILM = FilmDone(Path("a.mp4"), 2, 0, 3.0)
PLANNED = Planned(
    clip=Path("folder/clip.mp4"),
    output=Path("clip_art.mp4"),
    job=Path("clip_art.mp4.job"),
    frames=2,
    frames_to_render=3,
    frames_stored=1,
    size=(80, 64),
    work=(40, 32),
    scenes=("0:6", "6:9"),
    render=("0:6", "6:9"),
    artworks=("art.png", "b.png"),
    painter="compact",
    reason="The built-in network.",
    device="cpu",
    slots=2,
    seconds=720.0,
    seconds_first=300.0,
    seconds_later=60.0,
    bytes=250_000_000,
    fingerprint="abc",
)
ONE_OF_EACH: list[Event] = [
    Notice("careful"),
    Fetched("vgg19", 500, 1000),
    Scanned(49),
    PLANNED,
    Iterated(5, 40),
    DONE,
    LAST,
    FrameWritten(7, 2),
    FILM,
]


def shown(**kind: bool) -> Progress:
    return Progress(**{"as_json": False, "quiet": False, "verbose": False, **kind})


def planned(**kind: bool) -> Progress:
    progress = shown(**kind)
    progress.plan(PLANNED)
    return progress


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (720, "12 min"), (5400, "1.5 h"), (12600, "3.5 h")]
)
def test_spans_as_people_say_them(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_the_plan_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    shown().plan(PLANNED, "draft is the default")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "clip.mp4: 2 frames of 80x64, painted at 40x32, 2 scene(s), plus 1 frames that lead in to them, "
        "in the style of art.png + b.png -> clip_art.mp4",
        "The built-in network. On cpu, 2 scene(s) at a time: about 12 min, 0.25 GB besides the program's own memory; "
        "1 frames are already done. draft is the default",
    ]


def test_a_plain_plan_says_no_more_than_needed(capsys: pytest.CaptureFixture[str]) -> None:
    shown()(replace(PLANNED, work=PLANNED.size, frames_to_render=2, frames_stored=0))
    text = capsys.readouterr().err
    assert "painted at" not in text
    assert "lead in" not in text
    assert "already done" not in text


def test_scenes_are_listed_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    shown().plan(replace(PLANNED, render=("0:6", "6:8")), scenes=True)
    assert capsys.readouterr().err.splitlines()[2:] == [
        "scene 0: frames 0:6, renders 0:6",
        "scene 6: frames 6:9, renders 6:8",
    ]


def test_a_line_per_scene_and_per_frame_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with planned(verbose=True) as progress:
        progress(DONE)
        progress(LAST)
    text = capsys.readouterr().err
    assert "frame 7: 2.00 s, 12 iterations, style 0.5" in text
    assert "note: frame 8 was painted again: its loss did not fall" in text
    assert "scene 6, frames 6:9: 2 painted in 6 s, 3.00 s and 13 iterations each" in text


def test_frames_have_no_line_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with planned() as progress:
        capsys.readouterr()
        progress(DONE)
        assert capsys.readouterr().err == ""


def test_objects_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    progress = shown(as_json=True)
    for event in ONE_OF_EACH:
        progress(event)
    captured = capsys.readouterr()
    assert captured.err == ""
    objects = [json.loads(line) for line in captured.out.splitlines()]
    names = [one["event"] for one in objects]
    assert names == ["notice", "plan", "iterated", "frame", "frame", "notice", "scene", "film"]
    notice, plan, iterated, frame, _, again, scene, film = objects
    assert notice == {"event": "notice", "text": "careful"}
    assert plan["clip"] == "folder/clip.mp4"
    assert (plan["size"], plan["work"], plan["scenes"]) == ([80, 64], [40, 32], ["0:6", "6:9"])
    assert iterated == {"event": "iterated", "done": 5, "total": 40}
    assert frame == {
        "event": "frame",
        "chunk": 6,
        "frame": 7,
        "losses": {"style": 0.5},
        "iterations": 12,
        "seconds": 2.0,
        "last": False,
        "retried": "",
    }
    assert again["text"] == "frame 8 was painted again: its loss did not fall"
    assert scene == {"event": "scene", "scene": 6, "frames": "6:9", "painted": 2, "seconds": 6.0}
    assert (film["path"], film["frames_lost"]) == ("a.mp4", 0)


def test_objects_are_strict_json(capsys: pytest.CaptureFixture[str]) -> None:
    progress = planned(as_json=True)
    capsys.readouterr()
    progress(replace(DONE, losses={"style": float("nan"), "content": float("inf"), "tv": 1.0}))
    (frame,) = (json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines())
    assert frame["losses"] == {"style": None, "content": None, "tv": 1.0}


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(quiet=True) as progress:
        for event in ONE_OF_EACH:
            progress(event)
        progress.start()
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_value_that_is_not_an_event_is_a_bug() -> None:
    with pytest.raises(TypeError, match="something else"):
        shown()("something else")  # type: ignore[arg-type]


def test_the_bar_is_there_from_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    with planned() as progress:
        capsys.readouterr()
        progress.start()
        assert "1/3" in capsys.readouterr().err, "one frame is stored"
        progress(DONE)
        progress(LAST)
    assert "3/3" in capsys.readouterr().err


def test_a_finished_job_has_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    progress = shown()
    progress.plan(replace(PLANNED, frames_stored=3))
    capsys.readouterr()
    progress.start()
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_iterations_and_the_search_for_scenes_are_shown_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream: Any = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with shown() as progress:
        for frame in range(100):
            progress(Scanned(frame))
        progress.plan(PLANNED)
        progress.start()
        progress(Iterated(5, 40))
    assert ("looking for scenes: frame 50" in stream.getvalue()) == terminal
    assert ("iteration 5 of 40" in stream.getvalue()) == terminal


def test_a_film_being_written_has_a_bar_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with planned() as progress:
        progress.start()
        progress(LAST)
        capsys.readouterr()
        progress(FrameWritten(7, 2))
        assert "writing the film" in capsys.readouterr().err
        progress(FrameWritten(8, 2))
        progress(replace(FILM, frames_lost=3))
        assert progress._bar is None
    assert "wrote a.mp4: 2 frames in 3 s; 3 frames of the clip could not be decoded" in capsys.readouterr().err


def test_a_download_has_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    progress = shown()
    for done in (0, 500, 1000):
        progress(Fetched("vgg19", done, 1000))
    assert "vgg19" in capsys.readouterr().err
    assert progress._bar is None


def test_a_download_of_unknown_size_has_its_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as progress:
        progress(Fetched("vgg19", 500, 0))
    assert "vgg19: 500B" in capsys.readouterr().err


def test_a_download_that_was_given_up_takes_its_bar_along(capsys: pytest.CaptureFixture[str]) -> None:
    with shown() as progress:
        progress(Fetched("vgg19", 10, 1000))
        progress(PLANNED)
        capsys.readouterr()
        progress(DONE)
        assert "vgg19" not in capsys.readouterr().err
