"""Measure the speed and memory of a whole job, and the speed of a warm frame against plain per-frame Gatys.

    python scripts/bench.py [--quick] [--clip FILE --style FILE] [--backbone compact] [--weights FILE] [--json FILE]

Figures: frames per second, share of wall time outside the optimizer, peak memory, peak memory of a clip ten times as
long, and how many times faster a warm frame reaches its loss than torch.optim.LBFGS does from the content or from noise
with the same network and loss; without --quick also those of bench_workers.py. Machines differ and are shared, so quote
ratios.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_workers import FRAMES, SCENES, bench_workers
from demo_art import make_art
from demo_clip import make_clip, make_sound
from demo_encode import create_clip
from timed import Timed
from workload import write_scenes

from videostyle.frames import FrameInput, FrameRange, TemporalTarget, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture, write_png
from videostyle.motion.flow import estimate, warp
from videostyle.paint.backbones.choose import choose_backbone
from videostyle.paint.device import choose_device, prepare_process
from videostyle.paint.load import load_painter
from videostyle.paint.optimize.objective import Objective, choose_terms, total
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.tensors import stack, to_tensor
from videostyle.paint.terms.style import StyleTargets
from videostyle.presets import Recipe
from videostyle.rendering.job import prepare, run
from videostyle.rendering.request import Request, check

MOST = 3000
"""iterations after which plain Gatys is stopped"""


def recipe_of(options: argparse.Namespace) -> Recipe:
    flags = {"backbone.name": options.backbone, "backbone.device": options.device}
    return Recipe.read(options.preset, flags | ({"backbone.weights": options.weights} if options.weights else {}))


def bench_job(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """The whole job, including the film: frames per second, and the share of time outside the optimizer."""
    recipe = recipe_of(options)
    checked = check(Request(options.clip, (options.style,), recipe, options.frames, output=folder / "film.mp4"))
    artworks = [artwork.pixels for artwork in checked.artworks]
    painter = Timed(load_painter(artworks, recipe.settings(options.preset)))
    done = run(prepare(checked, painter))
    return {
        "frames": done.frames,
        "seconds": done.seconds,
        "frames_per_second": done.frames / done.seconds,
        "share_outside_optimizer": 1 - painter.seconds / done.seconds,
        "peak_megabytes": peak_megabytes(),
    }


def bench_memory(options: argparse.Namespace, folder: Path, frames: int) -> dict[str, float]:
    """Peak memory of rendering a clip and one ten times as long, each in its own process."""
    peaks = []
    for count in (frames, 10 * frames):
        clip = folder / f"long{count}.mp4"
        pictures = list(make_clip(160, 96, 16, 1))
        create_clip(
            clip, (pictures[index % len(pictures)] for index in range(count)), 16, make_sound(count / 16), 48000
        )
        command = [sys.executable, __file__, "--peak", "--clip", str(clip), "--style", str(options.style)]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks.append(float(made.stdout.split()[-1]))
    return {
        "frames": frames,
        "megabytes": peaks[0],
        "megabytes_ten_times_longer": peaks[1],
        "ratio": peaks[1] / peaks[0],
    }


def peak_megabytes() -> float:
    """Peak memory of this process, on Linux. getrusage would include the memory of the process that started it."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def peak(options: argparse.Namespace) -> float:
    """Render a clip with one iteration per frame, and return the peak memory of this process in MB."""
    quick: dict[str, Any] = {
        "optimize.iterations": 1,
        "optimize.first_iterations": 1,
        "backbone.name": "compact",
        "backbone.device": "cpu",
    }
    with tempfile.TemporaryDirectory() as folder:
        recipe = Recipe.read("draft", values=quick)
        run(prepare(check(Request(options.clip, (options.style,), recipe, output=Path(folder) / "film.mp4"))))
    return peak_megabytes()


def bench_warm(options: argparse.Namespace, pairs: int) -> dict[str, float]:
    """How many times faster a warm frame reaches its content and style loss than plain Gatys reaches that loss."""
    settings = recipe_of(options).settings(options.preset)
    device = choose_device(options.device)
    prepare_process(device)
    backbone, _ = choose_backbone(settings.backbone)
    artworks = [read_picture(options.style)]
    painter = Optimizer(backbone, artworks, settings, device)
    clip = probe(options.clip)
    side = settings.picture.work or min(clip.width, clip.height)
    scale = min(1, side / min(clip.width, clip.height))
    size = round(clip.width * scale), round(clip.height * scale)
    frames = list(decode(clip, FrameRange(2, 3 + pairs), size))
    first = painter.task(FrameInput(frames[0].index, to_picture(frames[0].pixels), first=True))
    before = painter.paint([first])[0].picture
    ours: list[float] = []
    plain: dict[str, list[float]] = {"content": [], "noise": []}
    for earlier, frame in itertools.pairwise(frames):
        start = time.perf_counter()
        content = to_picture(frame.pixels)
        motion = estimate(frame.pixels, earlier.pixels, settings.flow)
        warped, seen = warp(before, motion.flow)
        held = TemporalTarget(warped, motion.consistency * seen)
        before = painter.paint([painter.task(FrameInput(frame.index, content, earlier={1: held}))])[0].picture
        ours.append(time.perf_counter() - start)
        shown = to_tensor(frame.pixels, device)
        height, width = shown.shape[2:]
        style = StyleTargets([to_tensor(art, device) for art in artworks], height, width, backbone, settings.style)
        objective = Objective(backbone, choose_terms(settings, backbone, style, shown))
        goal = float(total(objective.parts(stack([before], device))))
        noise = np.random.default_rng(0).random(content.shape, dtype=np.float32)
        for name, initial in (("content", content), ("noise", noise)):
            plain[name].append(plain_gatys(objective, stack([initial], device), goal))
    warm = float(np.median(ours))
    return {
        "seconds_per_warm_frame": warm,
        **{f"times_faster_than_from_{name}": float(np.median(seconds)) / warm for name, seconds in plain.items()},
    }


def plain_gatys(objective: Objective, start: torch.Tensor, goal: float) -> float:
    """Seconds that torch.optim.LBFGS takes to reach a loss; infinite if it never does."""
    parameter = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([parameter], lr=1, max_iter=MOST, tolerance_grad=0, tolerance_change=0)
    begin = time.perf_counter()
    reached: list[float] = []

    class Reached(Exception):
        pass

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = total(objective.parts(parameter)).sum()
        if float(loss.detach()) <= goal:
            reached.append(time.perf_counter() - begin)
            raise Reached
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    try:
        optimizer.step(closure)  # type: ignore[no-untyped-call]
    except Reached:
        return reached[0]
    return float("inf")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and short: a minute or two on a CPU")
    parser.add_argument("--clip", type=Path, help="default: the demo's clip")
    parser.add_argument("--style", type=Path, help="default: the demo's artwork")
    parser.add_argument("--frames", default="", help="frames of the clip, A:B; default: all")
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--backbone", default="compact")
    parser.add_argument("--weights", default="")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peak", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        print(peak(options))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.style is None:
            options.style = folder / "art.png"
            write_png(options.style, make_art(256 if options.quick else 512))
        if options.clip is None:
            options.clip = folder / "clip.mp4"
            create_clip(options.clip, make_clip(320, 180, 16, 1 if options.quick else 3), 16, make_sound(3), 48000)
        figures = {
            "job": bench_job(options, folder),
            "warm": bench_warm(options, 1 if options.quick else 3),
            "memory": bench_memory(options, folder, 16 if options.quick else 48),
        }
        if not options.quick:
            scenes = write_scenes(folder / "scenes.mp4", (360, 640), SCENES, FRAMES)
            figures |= bench_workers(scenes, options.style, options.preset, folder)
    for part, values in figures.items():
        for figure, value in values.items():
            print(f"{part:8} {figure:32} {value:.4g}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
