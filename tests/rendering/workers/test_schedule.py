"""How long chunks take on many workers."""

import pytest

from videostyle.rendering.workers.schedule import CROWD, START, best_workers, duration, ends, slowest, work


def test_chunks_go_in_order_to_the_worker_that_is_free_first() -> None:
    assert ends([5, 2, 2, 3], 2, start=1) == [6, 3, 5, 8]
    assert ends([5, 2], 9, start=0) == [5, 2]
    assert ends([], 3, start=1) == []


def test_one_worker_is_this_process_and_more_take_a_while_to_start() -> None:
    assert duration([10, 0, 20], 1) == 30
    assert duration([10, 0, 20], 2) == pytest.approx(START + 20 * CROWD)
    assert duration([0, 0], 5) == 0
    assert duration([], 5) == 0


def test_the_work_of_all_workers_together() -> None:
    assert work([10, 0, 20], 1) == 30
    assert work([10, 0, 20], 9) == pytest.approx(2 * START + 30 * CROWD)
    assert work([0.0], 2) == 0


def test_no_number_of_workers_is_faster_than_the_longest_chunk() -> None:
    seconds = [100.0] * 30 + [900.0]
    assert duration(seconds, 31) == duration(seconds, 1000) == pytest.approx(START + 900 * CROWD)
    assert duration(seconds, 2) > 900 * CROWD + START


def test_more_workers_are_chosen_only_if_they_are_worth_it() -> None:
    assert best_workers([1.0, 1.0], 8) == 1, "starting others would take longer"
    assert best_workers([600.0, 600.0], 8) == 2
    assert best_workers([600.0, 0, 600.0, 0], 8) == 2
    assert best_workers([600.0, 100.0, 100.0, 100.0], 8) == 2, "the longest chunk takes as long as the others together"
    assert best_workers([600.0] * 9, 4) == 4 - 1, "three rounds of three, or three rounds of four"
    assert best_workers([600.0] * 9, 0) == 1
    assert best_workers([], 4) == 1


def test_the_slowest_are_those_longer_than_a_fair_share() -> None:
    assert slowest([10, 40, 10, 30], 2) == []
    assert slowest([10, 50, 10, 30], 4) == [(1, CROWD * 50), (3, CROWD * 30)]
    assert slowest([10, 40, 10, 30], 1) == []
    assert len(slowest([10.0] * 9, 1000)) == 3
