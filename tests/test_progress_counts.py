"""The bars of stills, of contact sheets, and of films that are written."""

import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.test_progress import DONE, FILM, LAST, PLANNED, Terminal, planned
from videostyle.events import CellPainted, Event, Fetched, FrameWritten, Iterated
from videostyle.progress import Progress


def test_of_a_single_frame_iterations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    stream: Any = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with closing(Progress()) as progress:
        progress(replace(PLANNED, frames_to_render=1, frames_stored=0))
        progress(Iterated(5, 40))
        progress(Iterated(30, 60))  # it is painted again
        assert "0/1" not in stream.getvalue()
        assert "30/60" in stream.getvalue()
        progress(LAST)
        progress(Iterated(512, 4320, finishing=True))
        assert "512/4320" in stream.getvalue()
    assert "scene 6" not in stream.getvalue(), "a still has no scenes"


def test_the_pictures_of_a_sheet_are_counted(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(Progress()) as progress:
        for done in range(3):
            progress(CellPainted(done, 2))
        progress(FILM)
    said = terminal.readouterr().err
    assert "2/2" in said
    assert "wrote a.mp4: 2 pictures in 3 s" in said


def test_a_film_being_written_has_a_bar_of_its_own(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        for event in (DONE, FrameWritten(7, 2), LAST):
            progress(event)
        assert "writing the film" not in terminal.readouterr().err
        progress(FrameWritten(8, 2))
        assert "writing the film:  50%" in terminal.readouterr().err
        progress(replace(FILM, frames_lost=3))
        assert progress._bar is None
    assert "wrote a.mp4: 2 frames in 3 s; 3 frames of the clip could not be decoded" in terminal.readouterr().err


def test_the_film_of_a_batchs_next_clip_is_counted_from_its_first_frame(terminal: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        for event in (DONE, LAST, FrameWritten(7, 2), FrameWritten(8, 2), PLANNED, DONE, LAST):
            progress(event)
        terminal.readouterr()
        progress(FrameWritten(7, 2))
        assert "writing the film:   0%" in terminal.readouterr().err


def test_a_log_has_lines_and_no_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr("videostyle.ticks.time.monotonic", lambda: float(next(clock)))
    events: list[Event] = [Fetched("vgg19", done, 575_000_000) for done in (0, 300_000_000, 575_000_000)]
    single = replace(PLANNED, frames_to_render=1, frames_stored=0)
    events += [PLANNED, DONE, Iterated(5, 40), LAST, FrameWritten(7, 2), FrameWritten(8, 2), FILM]
    events += [single, Iterated(20, 40), LAST, FILM, CellPainted(0, 2), CellPainted(1, 2)]
    with closing(Progress()) as progress:
        for event in events:
            progress(event)
    said = capsys.readouterr().err
    assert "\r" not in said
    lines = [line for line in said.splitlines() if " in " in line and "clip.mp4" not in line and "scene" not in line]
    assert lines == [
        "vgg19: 300 of 575 MB in 20 s, about 18 s left",
        "vgg19: 575 of 575 MB in 30 s",
        "2 of 3 frames in 10 s, about 10 s left",
        "3 of 3 frames in 20 s",
        "writing the film: 1 of 2 frames in 10 s, about 10 s left",
        "writing the film: 2 of 2 frames in 20 s",
        "wrote a.mp4: 2 frames in 3 s",
        "20 of 40 iterations in 10 s, about 10 s left",
        "wrote a.mp4: 2 frames in 3 s",
        "1 of 2 pictures in 20 s, about 20 s left",
    ]
