"""Order, errors and an end to every thread."""

import threading
import time
from collections.abc import Iterator

import pytest

from videostyle.rendering.chunk.ahead import Ahead


def test_everything_comes_in_order() -> None:
    assert list(Ahead(range(100), depth=3)) == list(range(100))


def test_an_error_in_the_thread_reaches_the_caller_after_what_came_before() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("disk")

    ahead = Ahead(broken())
    assert next(ahead) == 1
    with pytest.raises(OSError, match="disk"):
        next(ahead)
    with pytest.raises(StopIteration):
        next(ahead)


def test_at_most_depth_items_wait() -> None:
    made: list[int] = []

    def counted() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            yield number

    ahead = Ahead(counted(), depth=2)
    time.sleep(0.3)
    assert len(made) == 3  # two in the queue, one in the thread's hand
    ahead.close()
    assert len(made) == 3


def test_closing_ends_the_thread_and_the_generator() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            closed.append(True)

    before = threading.active_count()
    ahead = Ahead(endless())
    next(ahead)
    ahead.close()
    assert closed == [True]
    assert threading.active_count() == before
    with pytest.raises(StopIteration):
        next(ahead)
