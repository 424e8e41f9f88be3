"""Jobs with several workers: what is planned, and who runs them."""

from dataclasses import replace
from pathlib import Path

import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_art, write_clip
from tests.rendering.workers.engines import Turns
from videostyle.paint.keep import KeepPainter
from videostyle.presets import Recipe
from videostyle.rendering.job import engine_for, prepare, run
from videostyle.rendering.request import Request, check
from videostyle.rendering.workers.count import PROCESS_BYTES
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.processes import Processes
from videostyle.rendering.workers.schedule import CROWD, START

FEW = {
    "optimize.iterations": 2,
    "optimize.first_iterations": 3,
    "backbone.name": "compact",
    "backbone.device": "cpu",
    "brush.amount": 0.0,
}


@pytest.fixture(scope="module")
def request_(tmp_path_factory: pytest.TempPathFactory) -> Request:
    folder = tmp_path_factory.mktemp("job")
    clip = write_clip(folder / "clip.mp4", moving_scenes((12, 9)))
    return Request(clip, (write_art(folder / "art.png"),), Recipe("draft", FEW))


def test_the_summary_counts_workers(request_: Request) -> None:
    summary = prepare(check(replace(request_, workers=7))).summary
    assert (summary.workers, summary.slots) == (2, 1), "no more than scenes"
    longest = summary.seconds_first + 11 * summary.seconds_later
    assert summary.seconds == pytest.approx(START + CROWD * longest)
    assert summary.bytes == 2 * summary.bytes_per_worker
    assert summary.bytes_per_worker > PROCESS_BYTES
    assert summary.slowest == {"0:12": pytest.approx(CROWD * longest)}


def test_a_plan_for_a_farm_does_not_count_the_cores_of_this_machine(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.estimate.cores", lambda: 1)
    summary = prepare(check(replace(request_, workers=1000))).summary
    longest = summary.seconds_first + 11 * summary.seconds_later
    assert summary.seconds == pytest.approx(START + CROWD * longest)


def test_a_short_job_and_a_painter_of_the_callers_own_need_no_workers(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.workers.schedule.START", 1e9)  # the machine may be busy
    short = prepare(check(request_))
    assert (short.summary.workers, short.summary.slowest) == (1, {})
    own = prepare(check(replace(request_, workers=2)), KeepPainter())
    assert own.summary.workers == 1
    assert isinstance(engine_for(own.plan, own.painter, 1), InProcess)
    with engine_for(short.plan, short.painter, 2) as engine:
        assert isinstance(engine, Processes)


def test_an_engine_may_run_several_jobs(request_: Request, tmp_path: Path) -> None:
    class Pool(Turns):
        closed = False

        def close(self) -> None:
            self.closed = True

    pool = Pool(2, KeepPainter())
    for name in ("one.mp4", "two.mp4"):
        prepared = prepare(check(replace(request_, output=tmp_path / name)), KeepPainter())
        assert run(prepared, engine=pool).frames == 21
    assert pool.given == [[0], [12]] * 2
    assert not pool.closed


def test_workers_cannot_paint_with_a_painter_of_the_callers_own(request_: Request, tmp_path: Path) -> None:
    clip, art = request_.clip, request_.clip.with_name("art.png")
    with pytest.raises(vs.SettingsError, match="workers=2: a painter of your own paints in this process only"):
        vs.stylize(clip, art, tmp_path / "film.mp4", painter=KeepPainter(), workers=2)
    with pytest.raises(vs.SettingsError, match="workers=-1: wanted a number from 1"):
        vs.stylize(clip, art, tmp_path / "film.mp4", workers=-1)
    plan = vs.plan(clip, art, settings=FEW, frames="0:2")
    with pytest.raises(vs.SettingsError, match="workers=2: a painter of your own"):
        vs.render(plan, tmp_path / "job", painter=KeepPainter(), workers=2)
    assert len(list(vs.render(plan, tmp_path / "job", painter=KeepPainter(), workers=0))) == 2


def test_too_few_gpus_are_found_before_anything_is_written(request_: Request, tmp_path: Path) -> None:
    prepared = prepare(check(replace(request_, output=tmp_path / "new.mp4")), KeepPainter())
    prepared.painter.device = "cuda:0"
    prepared = replace(prepared, summary=replace(prepared.summary, workers=9))
    events: list[vs.Event] = []
    with pytest.raises(vs.SettingsError, match="--workers 9: each needs a GPU of its own"):
        run(prepared, events.append)
    assert not events
    assert not list(tmp_path.iterdir())
