"""Which workers of a pool paint which pieces of several jobs."""

import os
import subprocess
import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.rendering.workers.children import soon
from videostyle.events import Notice
from videostyle.frames import Chunk, FrameRange
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers import pool as module
from videostyle.rendering.workers.engine import Commission, Failed, Finished, Lost, Piece, Report
from videostyle.rendering.workers.pool import Order, Pool, Reports

COMMISSIONS = [Commission(cast(RenderPlan, None), cast(Any, name), "painter") for name in ("one", "two")]


class Child:
    """A worker that reports what a test wants."""

    every: list["Child"]

    def __init__(self, hear: Callable[..., object], ended: Callable[..., object], gpu: str = "") -> None:
        self.order: Order | None = None
        self.stopped, self.known, self.gpu = False, None, gpu
        self.hear, self.ended = hear, ended
        self.process = SimpleNamespace(pid=os.getpid(), wait=lambda: 1)
        self.pieces = list[Piece]()
        self.ends = 0
        self.every.append(self)

    def give(self, order: Order) -> None:
        self.order, self.known = order, order.piece.commission  # type: ignore[assignment]
        self.pieces.append(order.piece)

    def dismiss(self) -> None:
        """Nothing has to be told."""

    def end(self) -> None:
        self.ends += 1

    def says(self, report: Report) -> None:
        self.hear(self, report)

    def is_gone(self, last: Report) -> None:
        self.ended(self, last)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    Child.every = []
    monkeypatch.setattr(module, "_Child", Child)
    return Child.every


def order(reports: Reports, rank: int, first: int) -> Order:
    chunk = Chunk(FrameRange(first, first + 2), FrameRange(first, first + 2))
    return Order(Piece(COMMISSIONS[rank], (chunk,)), reports, rank)


def heard(reports: Reports) -> list[Report]:
    found = list[Report]()
    while not reports.empty():
        one = reports.get()
        assert one
        found.append(one[1])
    return found


def test_pieces_of_earlier_jobs_come_first_and_workers_keep_what_they_know(children: list[Child]) -> None:
    first: Reports = SimpleQueue()
    second: Reports = SimpleQueue()
    pool = Pool(2)
    given = [order(second, 1, 0), order(first, 0, 0), order(second, 1, 2), order(first, 0, 2), order(second, 1, 4)]
    for one in given:
        pool.give(one)
    assert [child.pieces for child in children] == [[given[0].piece], [given[1].piece]]
    assert pool.idle == -3, "three wait"
    children[0].says(Notice("still at it"))
    children[0].says(Finished())
    assert children[0].pieces[1:] == [given[3].piece], "which was given later than another, but is of the earlier job"
    assert heard(second) == [Notice("still at it"), Finished()]
    assert heard(first) == []
    for child in (children[1], children[0], children[0]):
        child.says(Finished())
    assert (pool.idle, len(children)) == (1, 2)
    last = order(first, 0, 6)
    idle = next(child for child in children if child.order is None)
    other = next(child for child in children if child.order)
    other.says(Finished())
    other.known, idle.known = COMMISSIONS[0], COMMISSIONS[1]  # type: ignore[assignment]
    pool.give(last)
    assert other.pieces[-1] is last.piece


def test_a_job_that_is_given_up_stops_its_own_workers_only(children: list[Child]) -> None:
    first: Reports = SimpleQueue()
    second: Reports = SimpleQueue()
    pool = Pool(2)
    for one in (order(first, 0, 0), order(second, 1, 0), order(first, 0, 2), order(second, 1, 2)):
        pool.give(one)
    pool.withdraw(first)
    assert [child.ends for child in children] == [1, 0, 0]
    assert [len(child.pieces) for child in children] == [1, 1, 1], "another worker has taken its place"
    children[0].says(Finished())
    children[0].is_gone(Lost(""))
    assert heard(first) == heard(second) == []
    assert pool.idle == 0
    pool.close()
    assert [child.ends for child in children] == [1, 1, 1]


def test_a_worker_that_has_ended_is_replaced_when_there_is_work(children: list[Child]) -> None:
    reports: Reports = SimpleQueue()
    pool = Pool(1)
    pool.give(order(reports, 0, 0))
    pool.give(order(reports, 0, 2))
    children[0].is_gone(Lost(""))
    assert heard(reports) == [Lost("it ended with exit code 1")]
    assert len(children[1].pieces) == 1
    children[1].is_gone(full := Failed(MemoryError()))
    assert heard(reports) == [full]
    pool.give(order(reports, 0, 4))
    children[2].says(Finished())
    children[2].is_gone(Lost(""))
    assert heard(reports) == [Finished()], "an idle one is nobody's loss"
    assert pool.held() == 0
    pool.close()
    assert [child.ends for child in children] == [1, 1, 1], "their threads, too"


def test_fewer_workers_take_no_more_pieces(children: list[Child]) -> None:
    reports: Reports = SimpleQueue()
    pool = Pool(2)
    for first in range(0, 8, 2):
        pool.give(order(reports, 0, first))
    pool.workers = 1
    children[0].says(Finished())
    assert [len(child.pieces) for child in children] == [1, 1]
    children[1].says(Finished())
    assert sum(len(child.pieces) for child in children) == 3


def test_each_has_a_gpu_of_its_own(children: list[Child]) -> None:
    reports: Reports = SimpleQueue()
    pool = Pool(2, ("3", "5"))
    for first in (0, 2):
        pool.give(order(reports, 0, first))
    assert [child.gpu for child in children] == ["3", "5"]
    children[0].is_gone(Lost(""))
    pool.give(order(reports, 0, 4))
    assert [child.gpu for child in children] == ["3", "5", "3"]


def refused() -> tuple[Pool, Failed]:
    """A pool that cannot start its worker, and what the job hears that needs it."""
    reports: Reports = SimpleQueue()
    pool = Pool(1)
    pool.give(order(reports, 0, 0))
    (failed,) = heard(reports)
    assert isinstance(failed, Failed)
    return pool, failed


@pytest.mark.parametrize("error", [OSError, RuntimeError])
def test_a_worker_that_cannot_be_started_is_the_error_of_the_job_that_needs_it(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error("no more of them")

    monkeypatch.setattr(module, "_Child", fail)
    pool, failed = refused()
    assert str(failed.error) == "no more of them"
    assert pool.idle == 1


def test_no_process_is_left_without_threads_that_talk_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    started, before = list[subprocess.Popen[bytes]](), threading.active_count()

    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            started.append(self)

    class Thread(threading.Thread):
        def start(self) -> None:
            if self.name == "reports":
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr(module.subprocess, "Popen", Watched)
    monkeypatch.setattr(module, "Thread", Thread)
    refused()
    (process,) = started
    assert process.returncode is not None
    assert soon(lambda: threading.active_count() == before)


def test_the_number_of_workers_is_lowered_once_and_never_below_one() -> None:
    pool = Pool(3)
    assert [pool.fewer(seen) for seen in (3, 3, 2, 2, 1, 0)] == [True, False, True, False, False, False]
    assert pool.workers == 1
