from pathlib import Path

import pytest
import typer

from videostyle.commands.render import end
from videostyle.events import FilmDone
from videostyle.options import Voice


def test_what_a_damaged_clip_lost_is_told_to_the_quiet_too(capsys: pytest.CaptureFixture[str]) -> None:
    done = FilmDone(Path("film.mp4"), 3, 2, 1.0)
    with pytest.raises(typer.Exit):
        end(done, Voice(quiet=True))
    assert capsys.readouterr().err == "videostyle: 2 frames of the clip could not be decoded\n"
    for lost, damaged, told in ((0, 1, "1 frame"), (3, 2, "2 frames")):
        with pytest.raises(typer.Exit) as stopped:
            end(FilmDone(Path("film.mp4"), 3, lost, 1.0, damaged), Voice(quiet=True))
        assert stopped.value.exit_code == 3
        missing = f"{lost} frames of the clip could not be decoded; " if lost else ""
        assert capsys.readouterr().err == f"videostyle: {missing}damage shows in {told}\n"
