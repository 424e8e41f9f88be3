"""The parts of scripts/gpu_check.py, which runs each in its own process.

A part is a function that yields cases: a name and a function that returns figures. A case that fails does not affect
the others. Each result is written to a file immediately, as one line of JSON, so that it survives if the process dies.
"""

import argparse
import copy
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import torch
from gpu_jobs import full_memory, law, whole_job
from torch.utils.flop_counter import FlopCounterMode
from workload import NETWORKS, PRECISIONS, REAL, TOY, Size, Workload, backbone_of, first_task, later_task

from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.device import choose_precision, synchronize
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.terms.term import observe

ROOT = Path(__file__).parents[1]
REPEATS = 3
"""number of times that a warm frame is painted; the fastest counts"""
COMPANIES = (1, 2, 4, 8)
"""frames per batch"""

Figures = dict[str, Any]
Case = tuple[str, Callable[[], Figures]]


def environment(load: Workload) -> Iterator[Case]:
    """Versions and hardware."""

    def software() -> Figures:
        return {
            "python": sys.version.split()[0],
            "torch": torch.__version__,
            "cuda": torch.version.cuda or "none",
            "cudnn": torch.backends.cudnn.version() or 0,  # type: ignore[no-untyped-call]
            "av": av.__version__,
            "opencv": cv2.__version__,
            "numpy": np.__version__,
            "precision": str(choose_precision("auto", load.device)).removeprefix("torch."),
            "tf32_convolutions": torch.backends.cudnn.allow_tf32,
            "tf32_products": torch.backends.cuda.matmul.allow_tf32,
        }

    def hardware() -> Figures:
        figures: Figures = {"cores": os.cpu_count(), "device": load.device.type}
        if load.device.type != "cuda":
            return figures
        properties = torch.cuda.get_device_properties(load.device)
        try:
            command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
            driver = subprocess.run(command, capture_output=True, text=True, timeout=20).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            driver = ""
        return figures | {
            "device": properties.name,
            "gigabytes": properties.total_memory / 1e9,
            "gigabytes_free": torch.cuda.mem_get_info(load.device)[0] / 1e9,
            "multiprocessors": properties.multi_processor_count,
            "capability": f"{properties.major}.{properties.minor}",
            "driver": driver or "unknown",
        }

    yield "software", software
    yield "hardware", hardware


def tests(load: Workload) -> Iterator[Case]:
    """The tests marked ``gpu``; with --toy they are collected and skipped."""

    def run() -> Figures:
        if not importlib.util.find_spec("pytest"):
            return {"left_out": "pytest is not installed"}
        files = [str(path) for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.gpu" in path.read_text()]
        variables = {name: value for name, value in os.environ.items() if name != "FAIL_WITHOUT_GPU"}
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            # pytest-timeout may not be installed; its settings in pyproject.toml would then be errors
            options = [
                "-o",
                "addopts=",
                "-W",
                "ignore::pytest.PytestConfigWarning",
                "-m",
                "gpu",
                "-p",
                "no:cacheprovider",
            ]
            subprocess.run(
                [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *files],
                cwd=ROOT,
                env=variables if load is TOY else variables | {"FAIL_WITHOUT_GPU": "1"},
                stdout=sys.stderr,
            )
            (suite,) = ElementTree.parse(report).getroot().iter("testsuite")
        figures = {name: int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")}
        failed = [case.attrib["name"] for case in suite.iter("testcase") if case.find("failure") is not None]
        if figures["failures"] or figures["errors"] or not figures["tests"]:
            raise RuntimeError(f"{figures}: {', '.join(failed) or 'see the traceback'}")
        return figures

    yield "pytest", run


def speed(load: Workload) -> Iterator[Case]:
    """Seconds per frame, and the share of the GPU's peak, which is measured by a product of large matrices."""
    peaks: dict[str, float] = {}

    def product(precision: str) -> Figures:
        dtype = getattr(torch, precision)
        # float32 convolutions and products have separate switches for TF32: compare like with like
        before, torch.backends.cuda.matmul.allow_tf32 = (
            torch.backends.cuda.matmul.allow_tf32,
            torch.backends.cudnn.allow_tf32,
        )
        one, other = (torch.randn(load.matmul, load.matmul, dtype=dtype, device=load.device) for _ in range(2))
        seconds = _fastest(load, lambda: one @ other, 30)
        torch.backends.cuda.matmul.allow_tf32 = before
        peaks[precision] = 2 * load.matmul**3 / seconds
        return {"side": load.matmul, "teraflops": peaks[precision] / 1e12}

    def frame(network: str, precision: str, size: Size) -> Figures:
        painter = load.painter(network, precision, optimize__tolerance=0.0)
        cost = painter.cost(*size)
        first, later = first_task(painter, size), later_task(painter, size)
        _reset_peak(load)
        warm = _fastest(load, lambda: painter.paint([later]), REPEATS)
        flops = flops_per_iteration(backbone_of(network), size)
        return {
            "seconds_warm": warm,
            "seconds_first": _fastest(load, lambda: painter.paint([first]), 1),
            "iterations_warm": load.iterations,
            "iterations_first": load.first_iterations,
            "estimate_warm": cost.seconds_later,
            "estimate_first": cost.seconds_first,
            "teraflop_per_iteration": flops / 1e12,
            "teraflops": flops * load.iterations / warm / 1e12,
            **({"share_of_peak": flops * load.iterations / warm / peaks[precision]} if precision in peaks else {}),
            "gigabytes": _peak(load) / 1e9,
        }

    for precision in PRECISIONS:
        yield f"product {precision}", partial(product, precision)
    for size in load.speed:
        for network in NETWORKS:
            for precision in PRECISIONS:
                yield f"{network} {size[0]}p {precision}", partial(frame, network, precision, size)


def slots(load: Workload) -> Iterator[Case]:
    """Speed and memory of painting several frames as one batch."""

    def batch(painter: Callable[[], Optimizer], size: Size, count: int, alone: dict[str, float]) -> Figures:
        cost = painter().cost(*size)
        tasks = [later_task(painter(), size, 1 + number) for number in range(count)]
        _reset_peak(load)
        seconds = _fastest(load, lambda: painter().paint(tasks), 2) / count
        alone.setdefault("seconds", seconds)
        return {
            "seconds_per_frame": seconds,
            "speedup": alone["seconds"] / seconds,
            "gigabytes_per_slot": _peak(load) / count / 1e9,
            "cost_gigabytes_per_slot": cost.bytes_per_slot / 1e9,
            "usual_slots": cost.usual_slots,
        }

    for network in load.slot_networks:
        for size in load.slots:
            painter, alone = cache(partial(load.painter, network, optimize__tolerance=0.0)), dict[str, float]()
            for count in COMPANIES:
                yield f"{network} {size[0]}p x{count}", partial(batch, painter, size, count, alone)


def memory(load: Workload) -> Iterator[Case]:
    """Memory of one large frame, compared with the painter's estimate."""

    def frame(precision: str, size: Size) -> Figures:
        painter = load.painter("compact", precision, optimize__tolerance=0.0)
        cost = painter.cost(*size)
        task = later_task(painter, size)
        _reset_peak(load)
        seconds = _fastest(load, lambda: painter.paint([task]), 1)
        return {
            "gigabytes": _peak(load) / 1e9,
            "cost_gigabytes": cost.bytes_per_slot / 1e9,
            "usual_slots": cost.usual_slots,
            "seconds_warm": seconds,
        }

    for size in load.memory:
        for precision in PRECISIONS:
            yield f"compact {size[0]}p {precision}", partial(frame, precision, size)


def flops_per_iteration(backbone: Backbone, size: Size) -> int:
    """Floating-point operations of the network for one picture, forward and backward.

    Counted on torch's meta device, which computes only shapes. Losses and L-BFGS are not included.
    """
    shapes = copy.deepcopy(backbone).to("meta")
    picture = torch.empty(1, 3, *size, device="meta", requires_grad=True)
    with FlopCounterMode(display=False) as counter:
        features = observe(shapes, picture, {*backbone.default_style, *backbone.default_content})
        torch.autograd.grad(torch.stack([layer.float().sum() for layer in features.values()]).sum(), picture)
    return int(counter.get_total_flops())


def _fastest(load: Workload, work: Callable[[], object], repeats: int) -> float:
    """Seconds that the fastest of several runs took."""
    seconds = []
    for _ in range(repeats):
        synchronize(load.device)
        start = time.perf_counter()
        work()
        synchronize(load.device)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def _reset_peak(load: Workload) -> None:
    if load.device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(load.device)


def _peak(load: Workload) -> int:
    """Peak memory on the GPU since the last reset, bytes; 0 on a CPU."""
    return torch.cuda.max_memory_allocated(load.device) if load.device.type == "cuda" else 0


PARTS: dict[str, Callable[[Workload], Iterator[Case]]] = {
    part.__name__: part for part in (environment, tests, speed, law, slots, full_memory, whole_job, memory)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("results", type=Path)
    parser.add_argument("--toy", action="store_true")
    options = parser.parse_args()
    with options.results.open("a") as results:

        def write(name: str, **outcome: object) -> None:
            # a figure that is not finite is an error in its case
            print(json.dumps({"case": name} | outcome, allow_nan=False), file=results, flush=True)

        for name, measure in PARTS[options.part](TOY if options.toy else REAL):
            write(name)
            start = time.perf_counter()
            try:
                figures = measure()
                write(name, figures=figures | {"seconds": time.perf_counter() - start})
            except Exception as error:
                text = " ".join(str(error).split())
                write(name, error=f"{type(error).__name__}: {text}"[:300], traceback=traceback.format_exc()[-1500:])


if __name__ == "__main__":
    main()
