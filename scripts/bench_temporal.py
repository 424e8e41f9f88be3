"""Measure how steady, and how painted, films are: of clips that break stylization, of exact sequences, of real clips.

    python scripts/bench_temporal.py --shared FOLDER --style FILE [--quick] [--before CHECKOUT] [--json FILE]

FOLDER holds cases/make_cases.py, data/make_synthetic.py, data/photos, and data/videos. Every clip is painted in several
ways: frame by frame, each frame as the first of a clip of its own; only started from the warped frame before; as a
single pass of Ruder et al. 2016 with the same network and as many iterations; by the package of another checkout
(--before); and as the product does it, with either optical flow. temporal_scores.COLUMNS says what the columns mean;
seconds are of the whole job, so that only those of one run can be compared.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from temporal_clips import Sample, make_cases, make_exact, make_real
from temporal_scores import COLUMNS, measure

import videostyle as vs
from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.presets import preset_values
from videostyle.settings import RenderSettings

ROWS = ("frame by frame", "warped start only", "ruder", "before", "now", "now with DIS")
QUICK_ROWS = ("frame by frame", "before", "now")
QUICK = {"picture.work": 72, "optimize.first_iterations": 60}
"""the settings of --quick: small pictures, painted in half the draft's iterations"""
FREE = ("backbone.name", "style.layers", "content.layers", "optimize.iterations", "optimize.first_iterations")
"""settings of Ruder et al. that are left alone, so that the network and the time are the same"""

Line = dict[str, str | float]
"""clip, kind, row, the columns of COLUMNS, and seconds"""


class Alone(Painter):
    """Paints every frame like another painter paints the first of a clip."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.name, self.device, self.smallest = painter.name, painter.device, painter.smallest
        self.palette = painter.palette
        self.fingerprint = f"alone {painter.fingerprint}"

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return self.painter.cost(height, width, settings)

    def task(self, frame: FrameInput) -> FrameTask:
        return self.painter.task(dataclasses.replace(frame, first=True, earlier={}, losses_before={}))

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        return self.painter.paint(tasks, on_step)


def settings_of(row: str, values: Mapping[str, object]) -> dict[str, object]:
    """What differs from the draft preset in a row. values: what differs in all of them."""
    if row == "warped start only":
        return {**values, "temporal.weight": 0.0}
    if row == "now with DIS":
        return {**values, "flow.method": "dis"}
    if row == "ruder":
        return {**{name: value for name, value in preset_values("ruder2016").items() if name not in FREE}, **values}
    return dict(values)


def paint(row: str, clip: Path, film: Path, options: argparse.Namespace, values: Mapping[str, object]) -> float:
    """Paint a clip in one of the ways; returns the seconds it took."""
    chosen = {"film.codec": "ffv1", **settings_of(row, values)}
    frames = f"0:{options.frames}" if options.frames else ""
    start = time.perf_counter()
    if row == "before":
        _paint_before(clip, film, options, chosen, frames)
        return time.perf_counter() - start
    painter = None
    if row == "frame by frame":
        painter = Alone(vs.load_painter([options.style], preset="draft", settings=chosen))
    vs.stylize(clip, [options.style], film, preset="draft", settings=chosen, frames=frames, painter=painter)
    return time.perf_counter() - start


def _paint_before(
    clip: Path, film: Path, options: argparse.Namespace, values: Mapping[str, object], frames: str
) -> None:
    command = [sys.executable, "-m", "videostyle", "run", clip, "--style", options.style, "-o", film]
    command += ["--preset", "draft", *(["--frames", frames] if frames else [])]
    for name, value in values.items():
        command += ["--set", f"{name}={json.dumps(value)}"]
    environment = os.environ | {"PYTHONPATH": str(options.before)}
    subprocess.run(command, check=True, capture_output=True, env=environment, cwd=film.parent)


def bench(samples: Iterable[Sample], rows: Sequence[str], options: argparse.Namespace, films: Path) -> Iterator[Line]:
    """Paint every clip in every way, and measure; a line at a time."""
    values = {"backbone.name": options.backbone, **(QUICK if options.quick else {})}
    judge = {"backbone.name": options.backbone}
    for sample in samples:
        alone = films / f"{sample.name} frame by frame.mkv"
        for row in rows:
            film = films / f"{sample.name} {row}.mkv"
            seconds = math.nan if film.exists() else paint(row, sample.path, film, options, values)
            figures = measure(sample, film, alone, options.style, options.frames, judge)
            yield {"clip": sample.name, "kind": sample.kind, "row": row, **figures, "seconds": seconds}


def summary(lines: Sequence[Line], kind: str) -> Iterator[Line]:
    """For every row: geometric means over clips of a kind, each figure over that of the same clip frame by frame."""
    alone = {line["clip"]: line for line in lines if line["row"] == ROWS[0]}
    for row in dict.fromkeys(str(line["row"]) for line in lines):
        chosen = [line for line in lines if line["kind"] == kind and line["row"] == row]
        if chosen:
            ratios = {
                name: _geometric([float(line[name]) / float(alone[line["clip"]][name] or math.nan) for line in chosen])
                for name in ("flicker", "style", "content", "sharpness", "seconds")
            }
            worst = {"worst": max(float(line["worst"]) for line in chosen)}
            yield {"clip": f"all, over {ROWS[0]}", "kind": kind, "row": row, **ratios, **worst}


def _geometric(ratios: Sequence[float]) -> float:
    known = [ratio for ratio in ratios if ratio > 0]
    return statistics.geometric_mean(known) if known else math.nan


def text(line: Line) -> str:
    """A line of the table; a missing figure is a dash."""
    figures = (float(line.get(name, math.nan)) for name in (*COLUMNS, "seconds"))
    cells = ("-" if math.isnan(figure) else f"{figure:.3g}" for figure in figures)
    return " | ".join(("", str(line["clip"]), str(line["row"]), *cells, "")).strip()


def header() -> str:
    titles = ("clip", "row", *COLUMNS, "seconds")
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def samples_of(options: argparse.Namespace, folder: Path) -> list[Sample]:
    """The clips asked for."""
    made = make_cases(options.shared, folder / "case")
    if not options.quick:
        made += make_exact(options.shared, folder / "exact") + make_real(options.shared, folder / "real")
    return [sample for sample in made if not options.clips or sample.name in options.clips.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder of cases, photos, and videos")
    parser.add_argument("--style", type=Path, required=True, help="the artwork")
    parser.add_argument("--quick", action="store_true", help="the cases alone, small, in the rows that matter most")
    parser.add_argument("--before", type=Path, help="another checkout, whose package paints the row 'before'")
    parser.add_argument("--clips", default="", help="names of clips, A,B,...; default: all")
    parser.add_argument("--rows", default="", help=f"default: all of {', '.join(ROWS)}")
    parser.add_argument("--frames", type=int, default=0, help="first frames of every clip; default: all")
    parser.add_argument("--backbone", default="compact")
    parser.add_argument(
        "--films", type=Path, help="folder that keeps the films; those already in it are not painted again"
    )
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    options.shared, options.style = options.shared.absolute(), options.style.absolute()
    options.before = options.before and options.before.absolute()
    wanted = options.rows.split(",") if options.rows else QUICK_ROWS if options.quick else ROWS
    rows = [row for row in ROWS if row in (ROWS[0], *wanted) and (row != "before" or options.before)]
    lines = list[Line]()
    with tempfile.TemporaryDirectory() as name:
        films = (options.films or Path(name) / "films").absolute()
        films.mkdir(parents=True, exist_ok=True)
        print(header())
        for line in bench(samples_of(options, Path(name)), rows, options, films):
            lines.append(line)
            print(text(line), flush=True)
        for kind in dict.fromkeys(str(line["kind"]) for line in lines):
            for line in summary(lines, kind):
                lines.append(line)
                print(text(line))
    if options.json:
        known = [{name: None if value != value else value for name, value in line.items()} for line in lines]  # no NaN
        options.json.write_text(json.dumps(known, indent=1))


if __name__ == "__main__":
    main()
