"""Frames that one thread adds and another waits for."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from videostyle.rendering.finish.arrivals import Arrivals, Stopped


def test_a_frame_is_waited_for_until_it_is_there() -> None:
    arrivals = Arrivals([1])
    arrivals.wait(1)
    with ThreadPoolExecutor() as threads:
        waits = [threads.submit(arrivals.wait, 2) for _ in range(3)]
        arrivals.add(3)
        assert not any(wait.done() for wait in waits)
        arrivals.add(2)
        for wait in waits:
            wait.result(5)


def test_nobody_waits_once_all_frames_are_there_or_none_is_wanted() -> None:
    arrivals = Arrivals()
    with ThreadPoolExecutor() as threads:
        wait = threads.submit(arrivals.wait, 2)
        arrivals.complete()
        wait.result(5)
        arrivals.wait(3)
    stopped = Arrivals([1])
    with ThreadPoolExecutor() as threads:
        wait = threads.submit(stopped.wait, 2)
        stopped.stop()
        with pytest.raises(Stopped):
            wait.result(5)
    with pytest.raises(Stopped):
        stopped.wait(1)


def test_what_is_settled_can_no_longer_be_stopped() -> None:
    arrivals = Arrivals([1])
    arrivals.check()
    arrivals.settle()
    arrivals.stop()
    arrivals.check()
    stopped = Arrivals([1])
    stopped.stop()
    with pytest.raises(Stopped):
        stopped.check()
    with pytest.raises(Stopped):
        stopped.settle()
