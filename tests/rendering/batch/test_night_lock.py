"""Two batches of the same jobs at once."""

from pathlib import Path

import pytest

import videostyle as vs
from tests.rendering.batch.clockwork import JOBS
from videostyle.errors import JobError, SettingsError
from videostyle.events import ClipPlanned, Event
from videostyle.rendering.store.lock import Lock


@pytest.mark.usefixtures("painter")
def test_of_two_at_once_the_second_is_told_who_is_at_work(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.rendering.store.lock.PAUSE", 0.001)
    jobs.write_text(f'{JOBS}output = "new/"')
    lock = Lock(jobs.parent / "jobs.batch/.lock")
    lock.take(exclusive=True)
    with pytest.raises(JobError, match=r"jobs.batch: another process is using it \(process .*; wait for it to finish"):
        vs.batch(jobs)
    assert not (jobs.parent / "new").exists(), "nor does it leave empty folders"
    lock.release()


@pytest.mark.usefixtures("painter")
def test_what_others_have_made_is_read_when_nobody_else_is_at_work(jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of two ends while the second one waits for the lock."""
    take = Lock.take

    def later(self: Lock, exclusive: bool) -> None:
        monkeypatch.setattr(Lock, "take", take)
        vs.batch(jobs)
        take(self, exclusive)

    monkeypatch.setattr(Lock, "take", later)
    heard = list[Event]()
    assert vs.batch(jobs, on_event=heard.append).done == 2
    assert [one.status for one in heard if isinstance(one, ClipPlanned)] == ["done", "done"]


@pytest.mark.usefixtures("painter")
def test_a_batch_with_faults_leaves_nothing(jobs: Path) -> None:
    jobs.write_text(JOBS.replace("clip.mp4", "gone.mp4"))
    before = sorted(jobs.parent.iterdir())
    with pytest.raises(SettingsError, match="1 fault"):
        vs.batch(jobs)
    assert sorted(jobs.parent.iterdir()) == before
