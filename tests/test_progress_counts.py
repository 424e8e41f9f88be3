"""The bars of stills, of contact sheets, and of films that are written."""

import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from tests.test_progress import DONE, FILM, LAST, PLANNED, Terminal, planned
from videostyle.events import CellPainted, FrameWritten, Iterated
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
    assert "scene 6" not in stream.getvalue(), "a still has no scenes"


def test_the_pictures_of_a_sheet_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(Progress()) as progress:
        for done in range(3):
            progress(CellPainted(done, 2))
    assert "2/2" in capsys.readouterr().err


def test_a_film_being_written_has_a_bar_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        for event in (DONE, FrameWritten(7, 2), LAST):
            progress(event)
        assert "writing the film" not in capsys.readouterr().err
        progress(FrameWritten(8, 2))
        assert "writing the film:  50%" in capsys.readouterr().err
        progress(replace(FILM, frames_lost=3))
        assert progress._bar is None
    assert "wrote a.mp4: 2 frames in 3 s; 3 frames of the clip could not be decoded" in capsys.readouterr().err


def test_the_film_of_a_batchs_next_clip_is_counted_from_its_first_frame(capsys: pytest.CaptureFixture[str]) -> None:
    with closing(planned()) as progress:
        for event in (DONE, LAST, FrameWritten(7, 2), FrameWritten(8, 2), PLANNED, DONE, LAST):
            progress(event)
        capsys.readouterr()
        progress(FrameWritten(7, 2))
        assert "writing the film:   0%" in capsys.readouterr().err
