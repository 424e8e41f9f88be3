"""Check how long many workers take: the schedule behind ``plan --workers N`` against a simulated farm.

    python scripts/simulate_farm.py [--first S --later S --start S] [--hours 2] [--json FILE]

The film has shots of random length, as films have. On the farm no two frames take equally long, workers start one
after another, some are lost and begin again after their last frame, and one that is free takes the next shot. Printed
for 1 to 1,000 workers: hours by the schedule, hours of the simulated farm, how many times faster that is than one
worker, and how much of the time workers paint.
"""

import argparse
import heapq
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from videostyle.rendering.workers.schedule import START, ends

RATE = 24
"""frames per second of the film"""
SHOT, SPREAD, SHORTEST = 72, 0.8, 8
"""median length of a shot and shortest one, frames; standard deviation of the logarithm of the length"""
WORKERS = 1, 2, 4, 8, 16, 32, 64, 125, 250, 500, 1000


@dataclass(frozen=True, slots=True)
class Farm:
    """How a farm differs from its schedule."""

    jitter: float = 0.25
    """standard deviation of the logarithm of a frame's seconds; their mean stays"""
    starts: float = 20.0
    """seconds within which workers start, after the time that the schedule knows"""
    losses: float = 0.02
    """lost workers in an hour of a worker"""
    seed: int = 0


def shots(hours: float, seed: int = 0) -> list[int]:
    """Lengths of a film's shots, frames."""
    chance, lengths, left = np.random.default_rng(seed), list[int](), round(hours * 3600 * RATE)
    while left > 0:
        length = min(left, max(SHORTEST, round(SHOT * float(np.exp(SPREAD * chance.standard_normal())))))
        lengths.append(length)
        left -= length
    return lengths


def simulate(
    lengths: Sequence[int], first: float, later: float, workers: int, start: float, farm: Farm
) -> tuple[float, float]:
    """Seconds until the last shot is painted, and the share of that time in which workers paint.

    first, later: seconds of a shot's first frame, and of every other one.
    """
    chance, painting, last = np.random.default_rng(farm.seed), 0.0, 0.0
    free = [start + farm.starts * float(chance.random()) for _ in range(min(workers, len(lengths)))]
    heapq.heapify(free)
    for length in lengths:
        seconds = np.full(length, float(later))
        seconds[0] = first
        seconds *= np.exp(farm.jitter * chance.standard_normal(length) - farm.jitter**2 / 2)
        now = free[0]
        while seconds.size:
            lost = float(chance.exponential(3600 / farm.losses)) if farm.losses else float("inf")
            done = int(np.searchsorted(np.cumsum(seconds), lost, side="right"))
            painting += float(seconds[:done].sum())
            now += float(seconds[:done].sum()) if done == seconds.size else lost + start
            seconds = seconds[done:]
        heapq.heapreplace(free, now)
        last = max(last, now)
    return last, painting / (last * len(free))


def curve(lengths: Sequence[int], first: float, later: float, start: float, farm: Farm) -> list[dict[str, float]]:
    """What schedule and farm take, for 1 to 1,000 workers."""
    seconds = [first + (length - 1) * later for length in lengths]
    alone, rows = sum(seconds), list[dict[str, float]]()
    for workers in WORKERS:
        planned = max(ends(seconds, workers, start))
        taken, busy = simulate(lengths, first, later, workers, start, farm)
        rows.append(
            {
                "workers": workers,
                "planned_hours": planned / 3600,
                "simulated_hours": taken / 3600,
                "times_faster": alone / taken,
                "busy": busy,
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=2.0, help="length of the film")
    parser.add_argument("--first", type=float, default=20.0, help="seconds of a shot's first frame")
    parser.add_argument("--later", type=float, default=2.0, help="seconds of every other frame")
    parser.add_argument("--start", type=float, default=START, help="seconds until a worker paints")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    lengths = shots(options.hours)
    longest = max(lengths)
    print(f"{sum(lengths)} frames in {len(lengths)} shots; the longest has {longest} and takes at least "
          f"{(options.first + (longest - 1) * options.later) / 60:.1f} min")  # fmt: skip
    rows = curve(lengths, options.first, options.later, options.start, Farm())
    print("workers   planned h   simulated h   times faster   busy")
    for row in rows:
        print(
            "{workers:7}   {planned_hours:9.3f}   {simulated_hours:11.3f}   {times_faster:12.1f}   {busy:4.0%}".format(
                **row
            )
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
