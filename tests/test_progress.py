"""Lines for people, objects for scripts."""

import io
import json
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from videostyle.events import (
    CellPainted,
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
from videostyle.progress import Progress, shown

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
    frames_alike=0,
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
    CellPainted(2, 9),
]


def planned(**kind: bool) -> Progress:
    progress = Progress(**kind)
    progress(PLANNED)
    return progress


def test_the_plan_in_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(dry=True)(replace(PLANNED, render=("0:6", "6:8")))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[:2] == [
        "clip.mp4: 2 frames of 80x64, painted at 40x32, 2 scenes, plus 1 frame painted but not kept, "
        "in the style of art.png + b.png -> clip_art.mp4",
        "The built-in network. On cpu, 2 scenes at a time: about 12 min, 0.25 GB on top of the program's own memory; "
        "1 frame already done",
    ]
    assert captured.err.splitlines()[2:] == [
        "scene 0: frames 0:6, renders 0:6",
        "scene 6: frames 6:9, renders 6:8",
    ], "a plan that is not carried out lists its scenes and has no bar"


def test_skipped_frames_are_not_called_a_lead_in(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(dry=True)(replace(PLANNED, frames=24, frames_to_render=47))
    assert ", plus 23 frames painted but not kept, in the style of" in capsys.readouterr().err


def test_a_plain_plan_says_no_more_than_needed(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Progress()) as progress:
        progress(replace(PLANNED, work=PLANNED.size, frames_to_render=2, frames_stored=0))
        text = capsys.readouterr().err
    assert "painted at" not in text
    assert "not kept" not in text
    assert "already done" not in text
    assert "scene 0:" not in text


def test_a_line_per_scene_and_per_frame_if_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(planned(verbose=True)) as progress:
        progress(DONE)
        progress(LAST)
    text = capsys.readouterr().err
    assert "frame 7: 2.00 s, 12 iterations, style 0.5" in text
    assert "note: frame 8 was painted again: its loss did not fall" in text
    assert "scene 6, frames 6:9: 2 painted in 6 s (3.00 s and 13 iterations each)" in text


def test_repeats_are_counted_apart(capsys: pytest.CaptureFixture[str]) -> None:
    repeat = replace(DONE, frame=8, iterations=0, seconds=0.0, last=True, repeats=7)
    with closing(Progress(verbose=True)) as progress:
        for event in (replace(PLANNED, frames_alike=1), DONE, repeat):
            progress(event)
    text = capsys.readouterr().err
    assert "; about 1 repeat, at no cost" in text
    assert "frame 8: repeats frame 7" in text
    assert "scene 6, frames 6:9: 1 painted in 2 s (2.00 s and 12 iterations each), 1 repeat" in text


def test_frames_of_unfinished_passes_are_not_counted_as_painted(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(Progress(verbose=True)) as progress:
        for event in (replace(PLANNED, passes=2, passed=1), replace(DONE, passes_left=1), LAST):
            progress(event)
        text = terminal.readouterr().err
    assert "; 2 passes over whole scenes; 1 frame already done" in text
    assert "frame 7: 2.00 s, 12 iterations, style 0.5, to be painted 1 time more" in text
    assert "scene 6, frames 6:9: 1 painted in 6 s (6.00 s and 26 iterations each)" in text
    assert "5/6" in text, "3 frames in 2 passes: two paintings are stored, another counts for one, and two were done"


def test_a_resumed_scene_may_have_repeats_only(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        progress(replace(DONE, iterations=0, seconds=0.0, last=True, repeats=5))
    assert "scene 6, frames 6:9: 0 painted in 0 s (0.00 s and 0 iterations each), 1 repeat" in capsys.readouterr().err


def test_frames_have_no_line_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        capsys.readouterr()
        progress(DONE)
        assert capsys.readouterr().err == ""


def test_objects_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(as_json=True)
    for event in ONE_OF_EACH:
        progress(event)
    captured = capsys.readouterr()
    assert captured.err == ""
    objects = [json.loads(line) for line in captured.out.splitlines()]
    assert all(one.pop("time").endswith("Z") for one in objects)
    names = [one["event"] for one in objects]
    assert names == [
        "start", "notice", "fetched", "scanned", "plan", "iterated", "frame", "frame", "notice", "scene", "written",
        "film", "cell",
    ]  # fmt: skip
    _, notice, fetched, scanned, plan, iterated, frame, _, again, scene, written, film, cell = objects
    assert fetched == {"event": "fetched", "what": "vgg19", "done": 500, "total": 1000}
    assert scanned == {"event": "scanned", "frame": 49}
    assert written == {"event": "written", "frame": 7, "total": 2}
    assert notice == {"event": "notice", "text": "careful"}
    assert plan["clip"] == "folder/clip.mp4"
    assert (plan["size"], plan["work"], plan["scenes"]) == ([80, 64], [40, 32], ["0:6", "6:9"])
    assert iterated == {"event": "iterated", "done": 5, "total": 40, "finishing": False}
    assert frame == {
        "event": "frame",
        "chunk": 6,
        "frame": 7,
        "losses": {"style": 0.5},
        "iterations": 12,
        "seconds": 2.0,
        "last": False,
        "retried": "",
        "repeats": None,
        "passes_left": 0,
    }
    assert again["text"] == "frame 8 was painted again: its loss did not fall"
    assert scene == {"event": "scene", "scene": 6, "frames": "6:9", "painted": 2, "repeats": 0, "seconds": 6.0}
    assert (film["path"], film["frames_lost"]) == ("a.mp4", 0)
    assert cell == {"event": "cell", "done": 2, "total": 9}


def test_objects_are_strict_json(capsys: pytest.CaptureFixture[str]) -> None:
    progress = planned(as_json=True)
    capsys.readouterr()
    progress(replace(DONE, losses={"style": float("nan"), "content": float("inf"), "tv": 1.0}))
    (frame,) = (json.loads(line, parse_constant=pytest.fail) for line in capsys.readouterr().out.splitlines())
    assert frame["losses"] == {"style": None, "content": None, "tv": 1.0}


def test_names_of_files_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Progress()(Notice("a\nb\x1b[2Jc"))
    assert "note: a?b?[2Jc\n" in capsys.readouterr().err
    assert shown("\u00e9 ok") == "\u00e9 ok"


def test_a_job_that_begins_anew_forgets_the_scenes_of_the_one_before(capsys: pytest.CaptureFixture[str]) -> None:
    progress = planned()
    progress(DONE)
    progress(PLANNED)
    progress(LAST)
    assert "scene 6, frames 6:9: 1 painted" in capsys.readouterr().err


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Progress(quiet=True)) as progress:
        for event in ONE_OF_EACH:
            progress(event)
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""


def test_a_value_that_is_not_an_event_is_a_bug() -> None:
    with pytest.raises(TypeError, match="something else"):
        Progress()("something else")  # type: ignore[arg-type]


def test_the_bar_is_there_from_the_start(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        assert "1/3" in terminal.readouterr().err, "one frame is stored"
        progress(DONE)
        progress(LAST)
    assert "3/3" in terminal.readouterr().err


def test_a_finished_job_has_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    Progress()(replace(PLANNED, frames_stored=3))
    assert len(capsys.readouterr().err.splitlines()) == 2


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("terminal", [True, False])
def test_iterations_and_the_search_for_scenes_are_shown_on_a_terminal_only(
    terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream: Any = Terminal() if terminal else io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with closing(Progress()) as progress:
        for frame in range(100):
            progress(Scanned(frame))
        progress(PLANNED)
        progress(Iterated(5, 40))
    assert ("looking for scenes: frame 50" in stream.getvalue()) == terminal
    assert ("iteration 5 of 40" in stream.getvalue()) == terminal


def test_a_download_has_its_bar(terminal: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for done in (0, 500, 1000):
        progress(Fetched("vgg19", done, 1000))
    assert "vgg19" in terminal.readouterr().err
    assert progress._bar is None


def test_a_download_of_unknown_size_has_its_bar(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(Progress()) as progress:
        progress(Fetched("vgg19", 500, 0))
    assert "vgg19: 500B" in terminal.readouterr().err


def test_a_download_that_was_given_up_takes_its_bar_along(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(Progress()) as progress:
        progress(Fetched("vgg19", 10, 1000))
        progress(PLANNED)
        terminal.readouterr()
        progress(DONE)
        assert "vgg19" not in terminal.readouterr().err
