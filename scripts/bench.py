"""Measure speed and memory of the main job, and of a warm frame against plain per-frame Gatys.

    python scripts/bench.py [--quick] [--clip FILE --style FILE] [--backbone compact] [--weights FILE] [--json FILE]

Figures: frames per second, share of wall time outside the optimiser, peak memory, peak memory of a clip ten times as
long, and how many times faster a warm frame reaches its loss than torch.optim.LBFGS does from the content or from noise
with the same network and loss. Machines differ and are shared: ratios are what to quote.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from demo_art import make_art
from demo_clip import make_clip, make_sound
from demo_encode import create_clip
from videostyle.paint.terms.losses import total

from videostyle.frames import FrameRange, FrameTask, Picture, Stylized, TemporalTarget, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture, write_png
from videostyle.motion.flow import estimate, fill_unseen, warp
from videostyle.paint.backbones.choose import choose_backbone
from videostyle.paint.device import choose_device
from videostyle.paint.optimize.objective import Objective
from videostyle.paint.optimize.optimizer import Stylizer
from videostyle.paint.terms.style import StyleTargets, to_tensor
from videostyle.presets import compose
from videostyle.rendering.job import Request, check, prepare, run
from videostyle.rendering.renderer import FrameStylizer
from videostyle.settings import RenderSettings

MOST = 3000
"""iterations after which plain Gatys is given up"""


class Timed:
    """A stylizer that remembers how long it worked."""

    def __init__(self, stylizer: FrameStylizer) -> None:
        self.stylizer, self.seconds = stylizer, 0.0

    def stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]:
        start = time.perf_counter()
        made = self.stylizer.stylize(tasks)
        self.seconds += time.perf_counter() - start
        return made


def settings_of(options: argparse.Namespace) -> RenderSettings:
    flags = {"backbone.name": options.backbone, "backbone.device": options.device}
    return compose(options.preset, None, flags | ({"backbone.weights": options.weights} if options.weights else {}))


def bench_job(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    """The whole job, film included: frames per second and the share of time outside the optimiser."""
    request = Request(
        options.clip, (options.style,), settings_of(options), output=folder / "film.mp4", frames=options.frames
    )
    prepared = prepare(check(request))
    timed = Timed(prepared.stylizer)
    object.__setattr__(prepared, "stylizer", timed)
    done = run(prepared)
    return {
        "frames": done.frames,
        "seconds": done.seconds,
        "frames_per_second": done.frames / done.seconds,
        "share_outside_optimiser": 1 - timed.seconds / done.seconds,
        "peak_megabytes": peak_megabytes(),
    }


def bench_memory(options: argparse.Namespace, folder: Path, frames: int) -> dict[str, float]:
    """Peak memory of a clip and of one ten times as long, each rendered by its own process."""
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
    """Peak memory of this process, on Linux. getrusage would begin with what the process that started it held."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


def peak(options: argparse.Namespace) -> float:
    """Render a clip with one iteration a frame and return this process's peak memory in MB."""
    quick = {
        "optimize.iterations": 1,
        "optimize.first_iterations": 1,
        "backbone.name": "compact",
        "backbone.device": "cpu",
    }
    with tempfile.TemporaryDirectory() as folder:
        request = Request(
            options.clip, (options.style,), compose("draft", None, quick), output=Path(folder) / "film.mp4"
        )
        run(prepare(check(request)))
    return peak_megabytes()


def bench_warm(options: argparse.Namespace, pairs: int) -> dict[str, float]:
    """How many times faster a warm frame reaches its content and style loss than plain Gatys reaches the same."""
    settings = settings_of(options)
    device = choose_device(options.device)
    backbone, _ = choose_backbone(settings.backbone)
    art = read_picture(options.style)
    stylizer = Stylizer(backbone, [art], settings, device)
    clip = probe(options.clip)
    side = settings.picture.work or min(clip.width, clip.height)
    scale = min(1, side / min(clip.width, clip.height))
    size = round(clip.width * scale), round(clip.height * scale)
    frames = list(decode(clip, FrameRange(2, 3 + pairs), size))
    first = to_picture(frames[0].pixels)
    before = stylizer.stylize([FrameTask(first, first, first=True)])[0].picture
    ours: list[float] = []
    plain: dict[str, list[float]] = {"content": [], "noise": []}
    for earlier, frame in itertools.pairwise(frames):
        start = time.perf_counter()
        content = to_picture(frame.pixels)
        motion = estimate(frame.pixels, earlier.pixels, settings.flow)
        warped, seen = warp(before, motion.flow)
        weight = motion.consistency * seen
        task = FrameTask(content, fill_unseen(warped, weight, content), (TemporalTarget(warped, weight),))
        made = stylizer.stylize([task])[0]
        ours.append(time.perf_counter() - start)
        before = made.picture
        height, width = content.shape[:2]
        targets = StyleTargets([to_tensor(art, device)], height, width, backbone, settings.style)
        objective = Objective(backbone, settings, targets, tensor(content, device))
        goal = float(total(objective.parts(tensor(made.picture, device)).copy()))
        rng = np.random.default_rng(0)
        for name, initial in (("content", content), ("noise", rng.random(content.shape, dtype=np.float32))):
            plain[name].append(plain_gatys(objective, tensor(initial, device), goal))
    warm = float(np.median(ours))
    return {
        "seconds_per_warm_frame": warm,
        **{f"times_faster_than_from_{name}": float(np.median(seconds)) / warm for name, seconds in plain.items()},
    }


def plain_gatys(objective: Objective, start: torch.Tensor, goal: float) -> float:
    """Seconds that torch.optim.LBFGS takes to a loss; infinite where it does not get there."""
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


def tensor(picture: Picture, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].contiguous()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small and short: a minute or two on a CPU")
    parser.add_argument("--clip", type=Path, help="default: the demo's")
    parser.add_argument("--style", type=Path, help="default: the demo's")
    parser.add_argument("--frames", default="", help="part of the clip, A:B")
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
    for part, values in figures.items():
        for figure, value in values.items():
            print(f"{part:8} {figure:32} {value:.4g}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
