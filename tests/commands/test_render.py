from pathlib import Path

import pytest
import typer

from tests.commands import FEW, videostyle
from videostyle.commands.render import end
from videostyle.events import FilmDone
from videostyle.options import Voice
from videostyle.rendering.store.log import read_log


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


def test_what_standard_would_take_is_in_the_log_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--style", folder / "art.png", "--frames", "0:1", "--keep-job", "-o", folder / "film.mkv", *FEW)
    assert videostyle(monkeypatch, "run", folder / "silent.mkv", *options) == 0
    notices = [one["text"] for one in read_log(folder / "film.mkv.job/job.log") if one["event"] == "notice"]
    assert [text for text in notices if str(text).startswith("draft is the default on a CPU; --preset standard")]
