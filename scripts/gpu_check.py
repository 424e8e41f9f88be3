"""Check and measure everything that needs a GPU, with one command and in less than eight minutes.

    python scripts/gpu_check.py [--out DIR] [--toy] [--only PART ...]

Needs a CUDA device, torch, av, and opencv; downloads nothing. The parts, in order:

    environment   versions and hardware
    tests         the tests marked gpu
    speed         seconds per frame and share of the GPU's peak: compact, and VGG-16 with random weights
    law           differences of frames that should be equal: alone and in a batch, repeated, after a kill
    slots         speed and memory of painting 1, 2, 4, or 8 frames as one batch
    full_memory   a batch that does not fit in memory halves the slots
    whole_job     a job from clip to film: how long the painter waits, and what for
    memory        memory of one frame at 1080p and at 2160p

Each part runs in its own process with a time limit, so one that crashes, hangs, or runs out of memory does not affect
the others. Figures are printed, and written to gpu_check.json after every part. A frame takes 12 iterations, the first
frame of a scene 120, as in the preset draft. Exit status: 0 if all is well, 1 if a part failed, 2 without CUDA.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BUDGET = 440.0
"""seconds for all parts together"""
LEAST = 5.0
"""seconds below which a part is not worth starting"""


@dataclass(frozen=True, slots=True)
class Part:
    """A process to run."""

    name: str
    limit: float
    """seconds"""
    command: tuple[str, ...]
    """arguments for the Python interpreter; the path of the results file is appended"""


@dataclass(slots=True)
class Outcome:
    """What a part measured."""

    limit: float
    ok: bool = True
    seconds: float = 0.0
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    """case -> figures"""
    error: str = ""
    """one line; empty if there was none"""
    traceback: str = ""
    """its end, for every case that failed"""

    def fail(self, error: str, traceback: str = "") -> None:
        self.ok = False
        self.error = "; ".join(filter(None, (self.error, error)))
        self.traceback = "\n".join(filter(None, (self.traceback, traceback)))


LIMITS = {
    "environment": 60.0,  # the first time that torch is read from disk
    "tests": 90.0,
    "speed": 130.0,
    "law": 130.0,
    "slots": 60.0,
    "full_memory": 60.0,
    "whole_job": 60.0,
    "memory": 45.0,
}
"""part in gpu_parts.py -> time limit in seconds"""


def real_parts(toy: bool) -> list[Part]:
    """The parts, the most valuable first."""
    flags = ("--toy",) if toy else ()
    return [Part(name, limit, (str(HERE / "gpu_parts.py"), *flags, name)) for name, limit in LIMITS.items()]


def check(parts: Sequence[Part], out: Path, toy: bool, budget: float = BUDGET) -> bool:
    """Run the parts, and print and store what they measure. Returns whether all of them succeeded."""
    out.mkdir(parents=True, exist_ok=True)
    start, outcomes = time.monotonic(), dict[str, Outcome]()
    begun = datetime.now(UTC).isoformat(timespec="seconds")
    for part in parts:
        limit = min(part.limit, budget - (time.monotonic() - start))
        outcome = outcomes[part.name] = Outcome(limit)
        if limit < LEAST:
            outcome.fail("not started: no time left")
        else:
            run(part, outcome)
        print(summary(part.name, outcome), flush=True)
        report = {
            "begun": begun,
            "toy": toy,
            "seconds": time.monotonic() - start,
            "parts": {name: asdict(each) for name, each in outcomes.items()},
        }
        unfinished = out / "gpu_check.json.part"
        unfinished.write_text(json.dumps(report, indent=1))
        unfinished.replace(out / "gpu_check.json")
    failed = [name for name, outcome in outcomes.items() if not outcome.ok]
    print(f"{time.monotonic() - start:.0f} s; failed: {', '.join(failed) or 'nothing'}; {out / 'gpu_check.json'}")
    return not failed


def run(part: Part, outcome: Outcome) -> None:
    """Run a part in its own process group, and collect its results."""
    paths = (str(HERE.parent), os.environ.get("PYTHONPATH", ""))
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        results, output = Path(folder) / "results", Path(folder) / "output"
        results.touch()
        with output.open("w") as stream:
            child = subprocess.Popen(
                [sys.executable, *part.command, str(results)],
                env=variables,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        try:
            status: int | None = child.wait(outcome.limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _end(child)
        outcome.seconds = time.monotonic() - start
        last = _collect(results.read_text(), outcome)
        tail = output.read_text(errors="replace")[-1500:]
    if status is None:
        outcome.fail(f"timed out after {outcome.limit:.0f} s{last}", tail)
    elif status:
        outcome.fail(": ".join([f"ended with status {status}{last}", *tail.splitlines()[-1:]]), tail)
    elif not outcome.ok:
        outcome.traceback = "\n".join(filter(None, (outcome.traceback, tail)))


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Kill a child if it is still running, and everything that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _collect(lines: str, outcome: Outcome) -> str:
    """Add results, one line of JSON each, to an outcome. Returns which case was unfinished, as text."""
    last = ""
    for line in lines.splitlines():
        try:
            result = json.loads(line)
        except ValueError:  # the process died while writing
            continue
        if "figures" in result:
            outcome.figures[result["case"]] = result["figures"]
        elif "error" in result:
            outcome.fail(f"{result['case']}: {result['error']}", result["traceback"])
        last = "" if len(result) > 1 else f" in {result['case']}"
    return last


def summary(name: str, outcome: Outcome) -> str:
    """An outcome as readable lines."""
    lines = [f"{name}: {'ok' if outcome.ok else 'FAILED'} ({outcome.seconds:.0f} s)"]
    for case, figures in outcome.figures.items():
        shown = {figure: value for figure, value in figures.items() if figure != "seconds"}
        texts = [f"{figure} {value:.4g}" if isinstance(value, float) else f"{figure} {value}"
                 for figure, value in shown.items()]  # fmt: skip
        lines += textwrap.wrap(f"{case}: {', '.join(texts)}", 118, initial_indent="  ", subsequent_indent=" " * 6)
    if outcome.error:
        lines.append(f"  error: {outcome.error}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="folder for gpu_check.json")
    parser.add_argument("--toy", action="store_true", help="use tiny sizes on the CPU, in less than a minute")
    parser.add_argument("--only", nargs="+", choices=LIMITS, metavar="PART", help="run only these parts")
    options = parser.parse_args()
    import torch

    if not options.toy and not torch.cuda.is_available():
        print("no CUDA device found; use a machine with a GPU, or --toy", file=sys.stderr)
        return 2
    parts = [part for part in real_parts(options.toy) if not options.only or part.name in options.only]
    return 0 if check(parts, options.out, options.toy) else 1


if __name__ == "__main__":
    sys.exit(main())
