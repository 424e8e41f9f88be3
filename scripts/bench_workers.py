"""Measure how many frames a second one and several workers paint, and their memory, on a clip of several scenes.

    python scripts/bench_workers.py [--workers 1,2,3] [--preset draft] [--clip FILE --style FILE] [--json FILE]

Frames are counted once each worker has painted one, so that starting costs nothing. The frames of all runs must be
equal.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from demo_art import make_art
from workload import write_scenes

from videostyle.media.stills import write_png

SCENES, FRAMES = 6, 16
"""of the clip, and in each of its scenes"""


def measure(command: list[str], workers: int) -> dict[str, float]:
    """Run a job, and time its frames. command: of a run that prints JSON."""
    times, chunks, peak, begin = list[float](), list[int](), 0.0, time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as job:
        assert job.stdout
        for line in job.stdout:
            event = json.loads(line)
            if event["event"] == "frame":
                times.append(time.perf_counter() - begin)
                chunks.append(event["chunk"])
                peak = max(peak, *(_peak_megabytes(pid) for pid in [job.pid, *_children(job.pid)]))
    if job.returncode:
        raise SystemExit(f"exit code {job.returncode}: {' '.join(command)}")
    started = next(place for place in range(len(times)) if len({*chunks[: place + 1]}) == workers)
    return {
        "frames_per_second": (len(times) - 1 - started) / (times[-1] - times[started]),
        "seconds_to_first_frame": times[0],
        "peak_megabytes_per_process": peak,
    }


def bench_workers(
    clip: Path, style: Path, preset: str, folder: Path, counts: Sequence[int] = (1, 2, 3), settings: Sequence[str] = ()
) -> dict[str, dict[str, float]]:
    """Figures for each number of workers. Raises SystemExit if their frames differ.

    settings: ``NAME=VALUE`` each.
    """
    figures, seen = dict[str, dict[str, float]](), set[str]()
    for workers in counts:
        job = folder / f"job{workers}"
        command = [sys.executable, "-m", "videostyle", "run", clip, "--style", style, "--json"]
        command += ["--no-film", "--job", job, "--preset", preset, "--workers", workers, "--device", "cpu"]
        command += ["--backbone", "compact", "--set", "scene.detector=content"]
        command += [word for setting in settings for word in ("--set", setting)]
        figures[f"workers {workers}"] = measure([str(word) for word in command], workers)
        seen.add(hashlib.sha256(b"".join(path.read_bytes() for path in sorted(job.glob("frames/*.png")))).hexdigest())
    if len(seen) > 1:
        raise SystemExit("frames depend on the number of workers")
    return figures


def _children(pid: int) -> list[int]:
    """The processes that a process has started, on Linux."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def _peak_megabytes(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):  # it has ended
        return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=lambda text: list(map(int, text.split(","))), default=[1, 2, 3])
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--clip", type=Path, help=f"default: {SCENES} scenes of {FRAMES} frames")
    parser.add_argument("--size", type=int, nargs=2, default=(360, 640), help="height and width of that clip, px")
    parser.add_argument("--frames", type=int, default=FRAMES, help="in each of its scenes")
    parser.add_argument("--style", type=Path, help="default: the demo's artwork")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any setting")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.style is None:
            options.style = folder / "art.png"
            write_png(options.style, make_art(512))
        options.clip = options.clip or write_scenes(folder / "clip.mp4", options.size, SCENES, options.frames)
        given = options.clip, options.style, options.preset
        figures = bench_workers(*given, folder, options.workers, options.set)
    for part, values in figures.items():
        for figure, value in values.items():
            print(f"{part:10} {figure:28} {value:.4g}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
