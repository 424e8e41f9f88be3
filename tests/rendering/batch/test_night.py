"""A night of clips."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_clip
from tests.rendering.batch.clockwork import JOBS, Clockwork
from videostyle.errors import JobError, OutOfMemoryError, SettingsError
from videostyle.events import BatchDone, ClipBegun, ClipDone, ClipPlanned, Event, FrameDone
from videostyle.rendering.batch import estimates, night
from videostyle.rendering.batch.pace import Pace
from videostyle.rendering.store.log import read_log
from videostyle.rendering.store.store import Store


def statuses(heard: list[Event]) -> list[tuple[str, str, int]]:
    return [(one.clip.name, one.status, one.frames) for one in heard if isinstance(one, ClipDone)]


def logged(folder: Path) -> list[str]:
    return [one["event"] for one in read_log(folder / "jobs.batch/batch.log")]


@pytest.mark.usefixtures("painter")
def test_films_are_made_and_logs_stay(jobs: Path) -> None:
    heard = list[Event]()
    done = vs.batch(jobs, on_event=heard.append)
    assert (done.done, done.failed, done.left, done.seconds) == (2, 0, 0, 31.0)
    assert statuses(heard) == [("clip.mp4", "done", 26), ("silent.mkv", "done", 5)]
    there = {path.name for path in jobs.parent.iterdir()}
    assert there >= {"clip_art.mp4", "silent_art.mkv", "jobs.batch"}
    assert not [name for name in there if name.endswith(".job")]
    begun = ["clip", "clip_done"]
    assert logged(jobs.parent) == ["start", *2 * ["clip_planned"], "batch", *2 * begun, "batch_done"]
    log = next(one.log for one in heard if isinstance(one, ClipBegun))
    objects = list(read_log(log))
    assert [one["event"] for one in objects if one["event"] != "notice"] == ["start", "plan", *26 * ["frame"], "film"]
    plan = next(one for one in objects if one["event"] == "plan")
    assert (plan["settings"]["seed"], plan["preset"], plan["command"][:2]) == (0, "standard", ["videostyle", "run"])


@pytest.mark.usefixtures("painter")
def test_the_same_batch_again_makes_nothing_again(jobs: Path) -> None:
    vs.batch(jobs)
    before = (jobs.parent / "clip_art.mp4").stat().st_mtime_ns
    heard = list[Event]()
    assert vs.batch(jobs, on_event=heard.append).done == 2
    assert [one.status for one in heard if isinstance(one, ClipPlanned)] == ["done", "done"]
    assert (jobs.parent / "clip_art.mp4").stat().st_mtime_ns == before
    (jobs.parent / "silent_art.mkv").unlink()
    heard.clear()
    vs.batch(jobs, on_event=heard.append)
    assert statuses(heard) == [("silent.mkv", "done", 5)]


@pytest.mark.usefixtures("painter")
def test_a_folder_of_clips(folder: Path) -> None:
    for name in ("text.mp4", "empty.mp4"):
        (folder / name).unlink()
    clips = folder / "clips"
    clips.mkdir()
    (folder / "clip.mp4").rename(clips / "a {x} $HOME '\".mp4")
    (folder / "silent.mkv").rename(clips / "-b.mkv")
    done = vs.batch(clips, [folder / "art.png"], preset="standard", settings={"backbone.device": "cpu"})
    assert done.done == 2
    made = {path.name for path in (folder / "clips_art").iterdir()}
    assert made == {"a {x} $HOME '\"_art.mp4", "-b_art.mkv"}
    assert (folder / "clips_art.batch/films.json").exists()


def test_this_process_paints_in_the_thread_that_a_signal_interrupts(jobs: Path, painter: Clockwork) -> None:
    assert vs.batch(jobs).done == 2
    assert painter.threads == {threading.main_thread()}


def test_a_clip_that_fails_does_not_stop_the_others(jobs: Path, painter: Clockwork) -> None:
    painter.failures = [ValueError("a bug")]
    heard = list[Event]()
    done = vs.batch(jobs, on_event=heard.append)
    assert (done.done, done.failed) == (1, 1)
    assert statuses(heard) == [("clip.mp4", "failed", 0), ("silent.mkv", "done", 5)]
    (failed,) = (one for one in heard if isinstance(one, ClipDone) and one.status == "failed")
    assert failed.text == "a bug"
    assert "Traceback" in list(read_log(failed.log))[-1]["text"]


@pytest.mark.parametrize("error", [OutOfMemoryError("no room"), JobError("a.png: the disk is full; free some space")])
def test_what_may_pass_is_tried_once_more_at_the_end(error: Exception, jobs: Path, painter: Clockwork) -> None:
    painter.failures = [error]
    heard = list[Event]()
    assert vs.batch(jobs, on_event=heard.append).done == 2
    assert statuses(heard) == [("clip.mp4", "left", 0), ("silent.mkv", "done", 5), ("clip.mp4", "done", 26)]
    text = next(one.text for one in heard if isinstance(one, ClipDone))
    assert text == f"{error}; it is tried again after the others"
    painter.failures = [error, error]
    (jobs.parent / "silent_art.mkv").unlink()
    done = vs.batch(jobs)
    assert (done.done, done.failed) == (1, 1)


def test_a_folder_that_nobody_may_write_is_no_full_disk(jobs: Path, painter: Clockwork) -> None:
    painter.failures = [
        JobError("a.png: cannot be written (Permission denied); free some space, or use another folder")
    ]
    heard = list[Event]()
    vs.batch(jobs, on_event=heard.append)
    assert [status for _, status, _ in statuses(heard)] == ["failed", "done"], "it is not tried again"


def test_a_film_that_cannot_be_estimated_fails_with_the_kind_of_its_error(
    jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rough(*_: object) -> tuple[float, str]:
        raise JobError("damaged")

    monkeypatch.setattr(estimates.Estimates, "rough", rough)
    heard = list[Event]()
    assert vs.batch(jobs, on_event=heard.append).failed == 2
    logs = [
        next(one for one in read_log(done.log) if one["event"] == "failed")
        for done in heard
        if isinstance(done, ClipDone)
    ]
    assert [(one["kind"], one["text"]) for one in logs] == 2 * [("JobError", "damaged")]


def test_clips_that_cannot_be_read_are_in_the_table(jobs: Path, painter: Clockwork) -> None:
    jobs.write_text(JOBS.replace('"clip.mp4"', '"text.mp4"'))
    heard = list[Event]()
    done = vs.batch(jobs, on_event=heard.append)
    assert (done.done, done.failed, painter.now) == (1, 1, 5.0)
    (failed,) = (one for one in heard if isinstance(one, ClipDone) and one.status == "failed")
    assert [one["event"] for one in read_log(failed.log)] == ["start", "failed"]


def within(budget: float, jobs: Path) -> tuple[list[Event], BatchDone]:
    heard = list[Event]()
    return heard, vs.batch(jobs, budget=f"{budget}s", on_event=heard.append)


def test_what_does_not_fit_is_left_and_the_next_one_may(jobs: Path, painter: Clockwork) -> None:
    jobs.write_text(JOBS.replace('fallback = "draft"', ""))
    heard, done = within(20, jobs)
    assert statuses(heard) == [("clip.mp4", "left", 0), ("silent.mkv", "done", 5)]
    assert (done.left, done.done) == (1, 1)
    assert painter.now <= 20
    heard, done = within(40, jobs)
    assert statuses(heard) == [("clip.mp4", "done", 26)]


@pytest.mark.usefixtures("painter")
def test_a_fallback_is_used_if_there_is_no_time_for_the_preset(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "fits", lambda *given: given[1] == "draft")
    heard, _ = within(100, jobs)
    assert [one.preset for one in heard if isinstance(one, ClipDone)] == ["draft", "draft"]
    assert statuses(heard) == [("clip.mp4", "done", 26), ("silent.mkv", "done", 5)]


def test_when_the_time_is_up_a_film_is_left_with_its_frames(
    jobs: Path, painter: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "fits", lambda *_: True)
    heard, done = within(10, jobs)
    assert statuses(heard)[0] == ("clip.mp4", "left", 0)
    assert done.left == 2
    assert [one.text for one in heard if isinstance(one, ClipDone)] == [
        "the time was up; the frames that are finished are kept",
        "there is no time for it",
    ]
    assert painter.now <= 11, "not more than the frame in flight"
    folder = jobs.parent / "clip_art.mp4.job/frames"
    assert 8 <= len(list(folder.iterdir())) <= 11
    assert not (jobs.parent / "clip_art.mp4").exists()
    vs.batch(jobs)
    assert painter.now <= 33
    assert (jobs.parent / "clip_art.mp4").exists()


@pytest.mark.usefixtures("painter")
def test_the_shortest_may_come_first(jobs: Path) -> None:
    heard = list[Event]()
    vs.batch(jobs, order="shortest", on_event=heard.append)
    assert [name for name, *_ in statuses(heard)] == ["silent.mkv", "clip.mp4"]


@pytest.mark.usefixtures("painter")
def test_an_interruption_ends_it_and_the_same_call_goes_on(jobs: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, FrameDone) and event.frame == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vs.batch(jobs, on_event=stop)
    assert logged(jobs.parent)[-1] == "stopped"
    assert len(list((jobs.parent / "clip_art.mp4.job/frames").iterdir())) >= 20
    heard = list[Event]()
    assert vs.batch(jobs, on_event=heard.append).done == 2
    assert len([one for one in heard if isinstance(one, FrameDone)]) < 26


@pytest.mark.usefixtures("painter")
@pytest.mark.parametrize("name", ["film", "record"])
def test_a_kill_between_the_film_and_its_job_folder(name: str, jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit

    where: tuple[Any, str] = (Store, "remove") if name == "record" else (night.Films, "end")
    with monkeypatch.context() as patch:
        patch.setattr(*where, killed)
        with pytest.raises(SystemExit):
            vs.batch(jobs)
    assert (jobs.parent / "clip_art.mp4").exists()
    assert (jobs.parent / "clip_art.mp4.job").exists()
    assert vs.batch(jobs).done == 2
    assert not (jobs.parent / "clip_art.mp4.job").exists()


@pytest.mark.usefixtures("painter")
def test_a_dry_run_leaves_nothing(jobs: Path) -> None:
    jobs.write_text(f'{JOBS}output = "new/"')
    before, heard = sorted(jobs.parent.iterdir()), list[Event]()
    done = vs.batch(jobs, dry_run=True, on_event=heard.append)
    assert done == BatchDone(0, 0, 0, 0.0)
    assert [one.seconds for one in heard if isinstance(one, ClipPlanned)] == [27.0, 6.0]
    assert sorted(jobs.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"preset": "fine"}, "such options are for folders of clips"),
        ({"order": "longest"}, "--order longest: wanted file or shortest"),
        ({"budget": "8h", "until": "07:30"}, "use one of them"),
        ({"until": "noon"}, "wanted a time of day"),
    ],
)
def test_mistakes(options: dict[str, Any], fault: str, jobs: Path) -> None:
    with pytest.raises(SettingsError, match=fault):
        vs.batch(jobs, **options)


@pytest.mark.usefixtures("painter")
def test_a_clip_that_changes_during_the_night_fails(jobs: Path) -> None:
    def change(event: Event) -> None:
        if isinstance(event, ClipBegun):
            write_clip(jobs.parent / "silent.mkv", moving_scenes((4,)), codec="ffv1")

    heard = list[Event]()
    listen: Callable[[Event], object] = lambda event: (heard.append(event), change(event))  # noqa: E731
    done = vs.batch(jobs, on_event=listen)
    assert (done.done, done.failed) == (1, 1)
    assert json.loads((jobs.parent / "jobs.batch/films.json").read_text())["films"].keys() == {
        str((jobs.parent / "clip_art.mp4").resolve())
    }
