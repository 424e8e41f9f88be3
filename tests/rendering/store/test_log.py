"""The log of a job."""

from contextlib import suppress
from pathlib import Path

import pytest

from videostyle.errors import JobError, MediaError
from videostyle.events import Event, FrameDone, Iterated, Notice, Scanned
from videostyle.rendering.store.log import Log, logged, read_log

DONE = FrameDone(0, 1, {"style": 0.5}, 1, 0.5)


def names(path: Path) -> list[str]:
    return [one["event"] for one in read_log(path)]


def test_every_run_begins_with_the_program_and_appends(tmp_path: Path) -> None:
    for _ in range(2):
        log = Log(tmp_path / "job.log")
        log(Notice("careful"))
        log(DONE)
    assert names(tmp_path / "job.log") == 2 * ["start", "notice", "frame"]
    frame = list(read_log(tmp_path / "job.log"))[-1]
    assert (frame["frame"], frame["losses"]) == (1, {"style": 0.5})


def test_what_only_shows_that_work_goes_on_is_left_out(tmp_path: Path) -> None:
    log = Log(tmp_path / "job.log")
    log(Scanned(3))
    log(Iterated(1, 2))
    assert not (tmp_path / "job.log").exists()


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_line_that_a_crash_has_cut_off_is_skipped(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "job.log"
    Log(path)(DONE)
    path.write_bytes(path.read_bytes()[:-cut])
    Log(path)(DONE)
    assert names(path) in (["start", "start", "frame"], ["start", "frame", "start", "frame"])
    assert len(path.read_text().splitlines()) == 4


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    Log(tmp_path / "missing/job.log")(DONE)
    assert list(read_log(tmp_path / "missing/job.log")) == []
    with pytest.raises(JobError, match="cannot be read"):
        list(read_log(tmp_path))


def test_how_a_run_ends_early_is_logged(tmp_path: Path) -> None:
    path, heard = tmp_path / "job.log", list[Event]()
    for error in (MediaError("gone"), KeyboardInterrupt(), ZeroDivisionError()):
        with suppress(BaseException), logged(Log(path), heard.append, [Notice("before")]) as on_event:
            on_event(DONE)
            raise error
    assert heard == [DONE] * 3
    begin = ["start", "notice", "frame"]
    assert names(path) == [*begin, "failed", *begin, "stopped", *begin, "failed"]
    known, bug = (one for one in read_log(path) if one["event"] == "failed")
    assert (known["kind"], known["text"]) == ("MediaError", "gone")
    assert "Traceback" in bug["text"], "a bug keeps its traceback"
