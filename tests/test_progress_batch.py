"""What the user sees of several clips of a batch in flight."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.test_progress import DONE, LAST, PLANNED
from videostyle.events import ClipBegun, ClipDone, ClipTurn, Event, Fetched, FilmDone, FrameWritten, Notice
from videostyle.progress import Progress


def begun(number: int) -> ClipBegun:
    return ClipBegun(number, 2, Path(f"clip{number}.mp4"), Path(f"film{number}.mp4"), "draft", Path("log"))


def done(number: int, status: str = "done") -> ClipDone:
    return ClipDone(number, Path(f"clip{number}.mp4"), Path("film.mp4"), status, "draft", 3, 1.0, "", Path("log"))


FILM = FilmDone(Path("film.mp4"), 3, 0, 1.0)
BEFORE = (begun(1), PLANNED, begun(2), replace(PLANNED, frames_stored=0))
"""two clips of three frames, one of which is stored"""


def shown(*events: Event, before: tuple[Event, ...] = BEFORE) -> Progress:
    progress = Progress()
    for event in (*before, *events):
        progress(event)
    return progress


def test_one_bar_counts_the_frames_of_all_and_closes_with_the_last(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(shown()) as progress:
        bar = progress._bar
        assert bar
        assert (bar.n, bar.total) == (1, 6)
        for event in (DONE, ClipTurn(1), DONE, LAST, FrameWritten(7, 3)):
            progress(event)
        assert (bar.n, progress._bar) == (4, bar), "the film of one is written while the other is painted"
        progress(FILM)
        progress(done(1))
        assert progress._bar is bar
        progress(ClipTurn(2))
        progress(FILM)
        assert progress._bar is None
    assert "4/6" in terminal.readouterr().err


def test_lines_say_whose_they_are_if_there_are_several(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(shown(ClipTurn(1), DONE, LAST, Notice("careful"), done(1), ClipTurn(2), Notice("well"))):
        text = capsys.readouterr().err
    assert "clip1.mp4: scene 6, frames 6:9: 2 painted" in text
    assert "clip1.mp4: note: careful" in text
    assert "clip2.mp4: note" not in text, "it is the only one left"


def test_frames_of_each_scene_are_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(shown(DONE, ClipTurn(1), LAST)):
        assert "clip1.mp4: scene 6, frames 6:9: 1 painted" in capsys.readouterr().err


def test_a_clip_that_is_given_up_is_no_longer_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(shown(DONE, done(2, "failed"))) as progress:
        assert progress._bar
        assert (progress._bar.n, progress._bar.total) == (2, 4), "one was painted, and two will not be"
        progress(done(1, "left"))
        assert progress._bar is None
    capsys.readouterr()


def test_a_turn_is_an_object_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(as_json=True)
    for event in (*BEFORE, ClipTurn(1)):
        progress(event)
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["number"]) == ("turn", 1)


@pytest.mark.usefixtures("terminal")
def test_a_clip_that_was_not_begun_ends_nothing() -> None:
    with closing(shown()) as progress:
        bar = progress._bar
        assert bar
        progress(done(3, "left"))
        assert (progress._bar, bar.total) == (bar, 6)


@pytest.mark.usefixtures("terminal")
def test_a_download_leaves_the_bar_of_others_alone() -> None:
    with closing(shown()) as progress:
        bar = progress._bar
        assert bar
        progress(Fetched("weights", 5, 10))
        assert (progress._bar, bar.n, bar.total) == (bar, 1, 6)
