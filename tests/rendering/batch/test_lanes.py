"""Threads that have another one do what only one may do at a time."""

import signal
import threading
from collections.abc import Callable
from functools import partial

import pytest

from videostyle.rendering.batch import lanes as module
from videostyle.rendering.batch.lanes import Lane, Lanes


def finish(lanes: Lanes) -> None:
    while lanes.lanes:
        lanes.serve(10)


def test_what_lanes_ask_for_is_done_in_one_thread_one_at_a_time() -> None:
    threads, busy = list[threading.Thread](), list[int]()

    def told(number: int) -> int:
        assert not busy
        busy.append(number)
        threads.append(threading.current_thread())
        busy.pop()
        return 2 * number

    results = list[int]()

    def work(lane: Lane) -> None:
        results.extend(lane.call(partial(told, number)) for number in range(20))

    with Lanes() as lanes:
        lanes.begin(work)
        lanes.begin(work)
        assert len(lanes.lanes) == 2
        finish(lanes)
    assert sorted(results) == sorted([*range(0, 40, 2)] * 2)
    assert set(threads) == {threading.current_thread()}


def test_what_the_other_thread_does_for_a_lane_may_ask_for_more() -> None:
    threads = list[int]()

    def work(lane: Lane) -> None:
        lane.call(lambda: lane.call(lambda: threads.append(threading.get_ident())))

    with Lanes() as lanes:
        lanes.begin(work)
        finish(lanes)
    assert threads == [threading.get_ident()]


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_an_error_is_raised_in_the_lane_that_asked() -> None:
    caught = list[str]()

    def work(lane: Lane) -> None:
        try:
            lane.call(failing(ValueError("no")))
        except ValueError as error:
            caught.append(str(error))

    with Lanes() as lanes:
        lanes.begin(work)
        finish(lanes)
    assert caught == ["no"]


def test_a_lane_waits_until_something_is_true() -> None:
    order = list[str]()

    def first(lane: Lane) -> None:
        lane.until(lambda: "second" in order)
        order.append("first")

    def second(lane: Lane) -> None:
        lane.call(lambda: order.append("second"))

    with Lanes() as lanes:
        lanes.begin(first)
        lanes.serve(0.1)
        lanes.begin(second)
        finish(lanes)
    assert order == ["second", "first"]


def test_nothing_to_do_is_not_waited_for_longer_than_wanted() -> None:
    waiting = threading.Event()
    with Lanes() as lanes:
        lanes.begin(lambda _: waiting.wait(10) and None)
        lanes.serve(0.01)
        lanes.serve(-1)
        assert len(lanes.lanes) == 1
        waiting.set()


class Enough(BaseException):
    pass


def forever(lane: Lane) -> None:
    while True:
        lane.call(lambda: None)


def test_lanes_that_are_told_to_end_do_so_with_an_error() -> None:
    with Lanes() as lanes:
        lanes.begin(forever)
        lanes.begin(lambda lane: lane.until(lambda: False))
        lanes.serve(10)
        lanes.end(Enough)
        with pytest.raises(Enough):
            finish(lanes)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_if_one_ends_early_the_others_do_and_do_what_is_always_done(error: type[BaseException]) -> None:
    done, before = list[str](), threading.active_count()

    def last(lane: Lane) -> None:
        try:
            forever(lane)
        finally:
            lane.call(lambda: done.append("last"), always=True)

    def both() -> None:
        with Lanes() as lanes:
            lanes.begin(last)
            lanes.begin(lambda lane: lane.call(failing(error())))
            finish(lanes)

    with pytest.raises(error):
        both()
    assert done == ["last"]
    assert threading.active_count() == before


def test_no_thread_is_left_if_the_one_that_serves_is_interrupted() -> None:
    before = threading.active_count()

    def interrupted() -> None:
        with Lanes() as lanes:
            lanes.begin(forever)
            lanes.serve(10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert threading.active_count() == before


@pytest.mark.parametrize("where", ["while it serves", "while it waits for lanes to end"])
def test_a_second_interrupt_does_not_wait_for_a_lane_that_asks_for_nothing(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asleep, awake, ended = threading.Event(), threading.Event(), threading.Event()
    monkeypatch.setattr(module, "PATIENCE", 0.2)

    def sleep(lane: Lane) -> None:
        asleep.set()
        awake.wait(60)
        try:
            lane.call(lambda: None)
        finally:
            ended.set()

    def interrupted() -> None:
        with Lanes() as lanes:
            lanes.begin(sleep)
            assert asleep.wait(10)
            if where == "while it serves":
                raise KeyboardInterrupt
            lanes.begin(lambda lane: lane.call(failing(KeyboardInterrupt())))
            second = threading.Timer(1, signal.raise_signal, (signal.SIGINT,))
            second.start()
            finish(lanes)

    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert not ended.is_set()
    finally:
        awake.set()
    assert ended.wait(10), "when it asks for something"
