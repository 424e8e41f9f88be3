"""Two jobs that share worker processes."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.painters import Blend
from tests.rendering.jobs import frames_in, opened, plan_of
from tests.rendering.workers.children import painting, workers_of
from tests.rendering.workers.engines import SCENES
from tests.rendering.workers.test_pool import Child
from videostyle.events import Event, Notice
from videostyle.frames import Clip
from videostyle.rendering.workers import pool as module
from videostyle.rendering.workers.chunks import _Dealer, render_chunks
from videostyle.rendering.workers.engine import Commission, Failed
from videostyle.rendering.workers.pool import Pool
from videostyle.rendering.workers.processes import Processes


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_both_are_painted_as_by_one_process_and_one_can_be_ended_alone(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, tmp_path, "time.sleep(0.02)")
    pool, before = Pool(2), threading.active_count()
    engines = [Processes(pool, rank) for rank in range(3)]
    most = list[int]()

    def heard(_: Event) -> None:
        most.append(len(workers_of(os.getpid())))

    def paint(rank: int) -> None:
        plan, painter = plan_of(clip, SCENES), Blend()
        store = opened(tmp_path / str(rank), plan, painter)
        try:
            for frame in render_chunks(plan, plan.chunks, store, engines[rank], painter.fingerprint, 1, heard):
                if rank == 1 and frame.frame == 1:
                    engines[2].stop(InterruptedError)
        finally:
            store.close()

    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(paint, rank) for rank in range(3)]
        assert isinstance(jobs[2].exception(), InterruptedError), "as soon as it waits for its workers"
        assert [jobs[rank].exception() for rank in (0, 1)] == [None, None]
    assert [frames_in(tmp_path / str(rank)) for rank in (0, 1)] == [whole, whole]
    assert max(most) == 2
    assert all(engine.begun for engine in engines)
    assert engines[0].fewer(2)
    assert (pool.workers, engines[1].workers) == (1, 1), "they have one memory"
    with pytest.raises(InterruptedError):
        engines[2].wait(lambda *_: None)
    engines[0].close()
    assert workers_of(os.getpid()) == []
    assert threading.active_count() == before


def test_jobs_that_run_out_of_memory_together_go_on_with_one_worker_and_each_is_tried_alone(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Child.every, plan, events = [], plan_of(clip, SCENES), list[Event]()
    monkeypatch.setattr(module, "_Child", Child)
    pool = Pool(2)
    engines = [Processes(pool, rank) for rank in range(2)]
    stores = [opened(tmp_path / str(rank), plan, Blend()) for rank in range(2)]
    dealers = [
        _Dealer(Commission(plan, store.folder, "blend 1"), plan.chunks[:1], store, engine, events.append)
        for store, engine in zip(stores, engines, strict=True)
    ]

    def painting() -> list[Child]:
        return [child for child in Child.every if child.order]

    def fail() -> None:
        for child in painting():
            order, child.order = child.order, None
            assert order
            order.reports.put((order.piece, Failed(MemoryError())))

    assert [dealer.deal() for dealer in dealers] == [True, True]
    assert len(painting()) == 2
    fail()
    for engine, dealer in zip(engines, dealers, strict=True):
        engine.wait(dealer.report)
    assert pool.workers == 1
    assert [event.text for event in events if isinstance(event, Notice)] == [
        "a worker found no memory; continuing with 1 worker"
    ]
    assert [dealer.deal() for dealer in dealers] == [True, True]
    assert len(painting()) == 1, "alone"
    fail()
    with pytest.raises(MemoryError):
        engines[0].wait(dealers[0].report)
    assert pool.workers == 1
    for store in stores:
        store.close()
