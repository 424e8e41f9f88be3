"""Clips of a night that share worker processes."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import videostyle as vs
from tests.painters import Blend
from tests.rendering.batch.pairs import packets_of, pictures_of, write_pair
from tests.rendering.workers.children import painting, workers_of
from videostyle.events import ClipBegun, ClipDone, Event, FrameDone, Planned
from videostyle.paint.painter import Cost
from videostyle.rendering.batch import estimates
from videostyle.rendering.workers import count

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


class Long(Blend):
    """Says that a frame takes long, so that workers are worth it."""

    def cost(self, height: int, width: int, settings: object = None) -> Cost:
        return Cost(60.0, 60.0)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three clips of one scene, on a machine of two cores."""
    monkeypatch.setattr(estimates, "painter_for", lambda *_: Long())
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: Long())
    monkeypatch.setattr(count, "cores", lambda: 2)
    monkeypatch.setattr(count, "free_bytes", lambda: 1 << 40)
    painting(monkeypatch, tmp_path, "time.sleep(0.05)")
    return write_pair(tmp_path, 3)


def test_films_are_those_of_clips_painted_alone_and_workers_live_on(jobs: Path) -> None:
    heard, pids, flying, most = list[Event](), set[int](), set[int](), 0

    def hear(event: Event) -> None:
        nonlocal most
        heard.append(event)
        if isinstance(event, FrameDone):
            pids.update(workers_of(os.getpid()))
        if isinstance(event, ClipBegun | ClipDone):
            flying.symmetric_difference_update({event.number})
            most = max(most, len(flying))

    assert vs.batch(jobs, on_event=hear).done == 3
    assert most >= 2, "in flight at a time"
    assert len(pids) == 2, "no worker was started for a certain clip"
    assert workers_of(os.getpid()) == []
    assert [event.workers for event in heard if isinstance(event, Planned)][:2] == [2, 2]
    done = [event.number for event in heard if isinstance(event, ClipDone)]
    assert done[0] != 3, "it is begun when another one is done"
    options: dict[str, Any] = {"preset": "draft", "settings": {"brush.amount": 0, "picture.work": 0}}
    for name in ("one", "two", "three"):
        film = jobs.parent / f"{name}_alone.mkv"
        vs.stylize(jobs.parent / f"{name}.mkv", jobs.parent / "art.png", film, painter=Blend(), **options)
        made = jobs.parent / f"films/{name}.mkv"
        assert pictures_of(made) == pictures_of(film)
        assert packets_of(made) == packets_of(film)


def test_an_interruption_ends_all_and_a_lost_worker_costs_a_frame(jobs: Path) -> None:
    killed = list[int]()

    def hear(event: Event) -> None:
        if isinstance(event, FrameDone) and event.frame == 1 and not killed:
            killed.extend(workers_of(os.getpid())[:1])
            os.kill(killed[0], signal.SIGKILL)
        if isinstance(event, FrameDone) and event.frame == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vs.batch(jobs, on_event=hear)
    assert workers_of(os.getpid()) == []
    assert len(list((jobs.parent / "films").glob("*.job"))) >= 2
    frames = list[int]()
    assert vs.batch(jobs, on_event=lambda event: isinstance(event, FrameDone) and frames.append(1)).done == 3
    assert len(frames) < 7 + 6 + 5 - 4
