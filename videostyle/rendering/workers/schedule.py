"""How long chunks take on a number of workers, and which of them hold the others up."""

import heapq
from collections.abc import Sequence

START = 4.0
"""seconds until a worker process paints: about 2 of computing, and its libraries' files must be read"""
CROWD = 1.1
"""how much longer a frame takes while other workers paint beside it on the same machine"""
SHOWN = 3
"""most chunks that are named as slowest"""


def ends(seconds: Sequence[float], workers: int, start: float) -> list[float]:
    """When each chunk is painted, in seconds, if chunks are dealt in order to workers that begin at ``start``."""
    free = [start] * min(workers, len(seconds))  # when each worker is free; sorted, so a heap
    done = []
    for span in seconds:
        done.append(free[0] + span)
        heapq.heapreplace(free, done[-1])
    return done


def duration(seconds: Sequence[float], workers: int) -> float:
    """How long it takes to paint chunks that take this long when a single process paints; 1 worker: that process."""
    todo = [span for span in seconds if span]
    if workers == 1 or not todo:
        return sum(todo)
    return max(ends([CROWD * span for span in todo], workers, START))


def work(seconds: Sequence[float], workers: int) -> float:
    """How long all workers together are busy with chunks that take this long when a single process paints."""
    todo = [span for span in seconds if span]
    if workers == 1 or not todo:
        return sum(todo)
    return min(workers, len(todo)) * START + CROWD * sum(todo)


def best_workers(seconds: Sequence[float], most: int) -> int:
    """The smallest number of workers that is about as fast as any up to ``most``."""
    todo = [span for span in seconds if span]
    durations = [duration(todo, workers) for workers in range(1, max(1, min(most, len(todo))) + 1)]
    return next(place for place, one in enumerate(durations, 1) if one <= 1.01 * min(durations))


def slowest(seconds: Sequence[float], workers: int) -> list[tuple[int, float]]:
    """Places of the chunks that take longer than a fair share of the work, and how long they take; slowest first."""
    share = sum(seconds) / workers
    longer = [(place, CROWD * span) for place, span in enumerate(seconds) if workers > 1 and span > share]
    return sorted(longer, key=lambda one: -one[1])[:SHOWN]
