"""What runs in an actor, here without Ray."""

import os
import pickle
import time
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend
from tests.rendering.jobs import frames_in, opened, plan_of
from videostyle import __version__
from videostyle.errors import JobError
from videostyle.events import FrameDone
from videostyle.media.read.probe import probe
from videostyle.rendering.workers import remote, worker
from videostyle.rendering.workers.engine import Commission, Failed, Finished, Report
from videostyle.rendering.workers.remote import Remote

SCENES = (4, 3)


@pytest.fixture
def commission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commission:
    monkeypatch.setattr(worker, "painter_for", lambda *_: Blend())
    plan = plan_of(probe(write_clip(tmp_path / "clip.mp4", moving_scenes(SCENES))), SCENES)
    opened(tmp_path / "job", plan, Blend()).close()
    return Commission(plan, tmp_path / "job", Blend().fingerprint)


def order(commission: Commission, *scenes: int, known: bool = False) -> bytes:
    return pickle.dumps((None if known else commission, tuple(commission.plan.chunks[scene] for scene in scenes)))


def all_reports(hand: Remote, version: str, ordered: bytes) -> list[Report]:
    reports = hand.paint(version, ordered)
    while not isinstance(reports[-1], Finished | Failed):
        reports += hand.reports()
    return reports


def test_it_reports_what_it_paints_and_remembers_the_work(commission: Commission) -> None:
    hand = Remote()
    hand.hello()
    for scene, known, frames in ((1, False, [4, 5, 6]), (0, True, [0, 1, 2, 3])):
        reports = all_reports(hand, __version__, order(commission, scene, known=known))
        assert [report.frame for report in reports if isinstance(report, FrameDone)] == frames
        assert reports[-1] == Finished()
    assert list(frames_in(commission.job)) == list(range(7))


def test_an_order_of_another_version_is_not_even_read() -> None:
    (report,) = Remote().paint("9.9", b"not a pickle")
    assert isinstance(report, Failed)
    assert isinstance(report.error, JobError)
    assert "but the job is of 9.9" in str(report.error)


def test_stopping_ends_the_process_after_it_has_cleaned_up(
    commission: Commission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    monkeypatch.setattr(remote, "GRACE", 20)
    monkeypatch.setattr(
        Blend, "picture", lambda self, task, picture=Blend.picture: time.sleep(0.2) or picture(self, task)
    )
    hand = Remote()
    hand.paint(__version__, order(commission, 0, 1))
    hand.stop()
    assert ended == [0]
    assert not hand._painting.is_alive()
    assert 1 <= len(frames_in(tmp_path / "job")) < 7
    assert not list((tmp_path / "job/frames").glob(".*"))
