"""The parts of scripts/gpu_check.py that render whole jobs: tolerance of the law, full memory, and waiting."""

import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from timed import Timed
from workload import PRESET, REAL, TOY, Workload, difference, later_task, write_scenes

import videostyle
from videostyle.demo import ART
from videostyle.errors import OutOfMemoryError
from videostyle.events import Event, FilmDone, FrameDone, Notice, OnEvent, ignore
from videostyle.frames import FrameTask, Painted, Pixels, to_pixels
from videostyle.motion.flow import estimate, warp
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.painter import OnStep, Painter
from videostyle.rendering.chunk.ahead import Ahead
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

FRAMES = 8
"""per scene; shorter scenes would be joined to others"""
COMPANY = (1, 3, 7)
"""other frames in the batch"""
TOLERANCE = 1.0
"""levels of 255 by which frames may differ on average"""

Figures = dict[str, Any]
Case = tuple[str, Callable[[], Figures]]


def law(load: Workload) -> Iterator[Case]:
    """Differences of frames that should be equal: alone and in a batch, repeated, after a kill."""

    def company(precision: str) -> Figures:
        painter = load.painter("compact", precision)
        tasks = [later_task(painter, load.law, 1 + number) for number in range(1 + max(COMPANY))]
        alone = _stored(painter.paint(tasks[:1]))
        figures = _named("again", difference(alone, _stored(painter.paint(tasks[:1]))))
        for others in COMPANY:
            batch = painter.paint(tasks[: 1 + others])
            figures |= _named(f"with_{others}", difference(alone, _stored(batch[:1])))
        # the position in the batch must not matter either
        return figures | _named("last_of_8", difference(alone, _stored(painter.paint(tasks[::-1])[-1:])))

    def jobs(precision: str) -> Figures:
        with tempfile.TemporaryDirectory() as name:
            folder, scenes = Path(name), load.scenes // 2
            clip = write_scenes(folder / "clip.mp4", load.law, scenes, FRAMES)
            painter = load.painter("compact", precision)
            plan = _plan(load, clip, precision)
            alone = paint_job(plan, folder / "alone", painter, 1)
            figures = _named("again", difference(alone, paint_job(plan, folder / "again", painter, 1)))
            together = paint_job(plan, folder / "together", painter, scenes)
            figures |= _named(f"slots_{scenes}", difference(alone, together))
            arguments = load is TOY, clip, precision, folder / "killed", scenes
            child = multiprocessing.get_context("spawn").Process(target=paint_and_die, args=arguments)
            child.start()
            child.join()
            left = len(list((folder / "killed" / "frames").glob("*.png")))
            if child.exitcode != -signal.SIGKILL or not 0 < left < len(alone):
                raise RuntimeError(f"the job to be killed ended with exit code {child.exitcode} and {left} frames")
            resumed = paint_job(plan, folder / "killed", painter, scenes)
            return figures | _named("killed", difference(alone, resumed)) | {"killed_after": left}

    for precision in load.law_precisions:
        yield f"one frame {precision}", partial(company, precision)
    for precision in load.law_precisions:
        yield f"jobs {precision}", partial(jobs, precision)


def full_memory(load: Workload) -> Iterator[Case]:
    """A batch that does not fit in memory: the slots are halved, and the frames are the same as with one slot."""

    def halve() -> Figures:
        with tempfile.TemporaryDirectory() as name:
            folder, scenes = Path(name), load.scenes // 2
            clip = write_scenes(folder / "clip.mp4", load.law, scenes, FRAMES)
            painter = load.painter()
            plan = _plan(load, clip, "auto")
            alone = paint_job(plan, folder / "alone", painter, 1)
            notices: list[str] = []

            def listen(event: Event) -> None:
                if isinstance(event, Notice):
                    notices.append(event.text)

            with _cramped(load, painter, scenes) as cramped:
                halved = paint_job(plan, folder / "halved", cramped, scenes, listen)
            figures = difference(alone, halved) | {"slots_asked": scenes, "notices": "; ".join(notices)}
        if not any("do not fit" in text for text in notices):
            raise RuntimeError(f"{scenes} slots were never halved: {figures}")
        if figures["mean"] > TOLERANCE:
            raise RuntimeError(f"frames differ by more than {TOLERANCE:g} level on average: {figures}")
        return figures

    yield "halved slots", halve


class Cramped(Timed):
    """Has room for one frame only: a CPU that acts like a full GPU."""

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        if len(tasks) > 1:
            raise OutOfMemoryError(f"{len(tasks)} frames do not fit")
        return super().paint(tasks, on_step)


@contextmanager
def _cramped(load: Workload, painter: Optimizer, slots: int) -> Iterator[Painter]:
    """The painter with too little memory for this many frames."""
    if load.device.type == "cpu":
        yield Cramped(painter)
        return
    peaks = []
    for count in (1, slots):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(load.device)
        painter.paint([later_task(painter, load.law, 1 + number) for number in range(count)])
        peaks.append(torch.cuda.max_memory_reserved(load.device))
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(load.device).total_memory
    one, all_slots = peaks
    # certainly enough for one frame; cuDNN can do with less workspace, so half of the way might be enough for all
    torch.cuda.set_per_process_memory_fraction((one + (all_slots - one) / 3) / total, load.device)
    try:
        yield painter
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, load.device)


class Stopwatch:
    """Adds up the time that threads spend in functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._lock = Lock()

    def timing(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed under this name."""

        def timed(*args: Any, **kwargs: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                with self._lock:
                    self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

        return timed


def whole_job(load: Workload) -> Iterator[Case]:
    """A job from clip to film: how long the painter waits, and what for.

    ``wait_*`` are times of the main thread, and ``threads_*`` are sums over worker threads, which overlap.
    """

    def run() -> Figures:
        events: list[tuple[float, Event]] = []
        watch, painter = Stopwatch(), Timed(load.painter())
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            clip = write_scenes(folder / "clip.mp4", load.job, load.scenes, FRAMES)
            with (
                patch("videostyle.rendering.chunk.slot.warp", watch.timing("warp", warp)),
                patch("videostyle.rendering.chunk.chain.estimate", watch.timing("flow", estimate)),
                patch.object(Ahead, "__next__", watch.timing("waiting_for_decoder_and_flow", Ahead.__next__)),
                patch.object(painter, "task", watch.timing("start_of_frames", painter.task)),
                patch.object(Store, "save", watch.timing("store", Store.save)),
            ):
                start = time.perf_counter()
                done = videostyle.stylize(
                    clip,
                    ART,
                    folder / "film.mp4",
                    preset=PRESET,
                    settings=load.values(),
                    painter=painter,
                    slots=load.scenes,
                    on_event=lambda event: events.append((time.perf_counter(), event)),
                )
        return _timeline(start, events, painter, done) | {
            f"threads_{name}": seconds for name, seconds in sorted(watch.seconds.items())
        }

    yield "clip to film", run


def _timeline(start: float, events: Sequence[tuple[float, Event]], painter: Timed, done: FilmDone) -> Figures:
    """How the main thread spent its time.

    After each batch it waits until the frames are stored, and then for the tasks of the next batch.
    """
    stored = [moment for moment, event in events if isinstance(event, FrameDone)]
    end = events[-1][0]
    rendering = stored[-1] - painter.spans[0][0]
    store, tasks = stored[-1] - painter.spans[-1][1], 0.0
    for (_, finished), (begun, _) in zip(painter.spans, painter.spans[1:], strict=False):
        last = max((moment for moment in stored if finished < moment < begun), default=finished)
        store, tasks = store + last - finished, tasks + begun - last
    return {
        "frames": done.frames,
        "scenes": len({event.chunk for _, event in events if isinstance(event, FrameDone)}),
        "batches": len(painter.spans),
        "total": end - start,
        "painting": painter.seconds,
        "share_outside": 1 - painter.seconds / (end - start),
        "share_outside_while_rendering": 1 - painter.seconds / rendering,
        "wait_before_first_batch": painter.spans[0][0] - start,
        "wait_for_tasks": tasks,
        "wait_for_store": store,
        "wait_for_film": end - stored[-1],
    }


def paint_job(
    plan: RenderPlan, job: Path, painter: Painter, slots: int, on_event: OnEvent = ignore
) -> dict[int, Pixels]:
    """Render a plan into a folder, and return the stored frames."""
    rendered = videostyle.render(plan, job, painter=painter, slots=slots, on_event=on_event)
    return {frame.index: frame.pixels for frame in rendered}


def paint_and_die(toy: bool, clip: Path, precision: str, job: Path, slots: int) -> None:
    """Render half of a job, then kill this process. Runs in its own process."""
    load = TOY if toy else REAL
    plan = _plan(load, clip, precision)
    half = len(plan.to_keep) // 2
    for count, _ in enumerate(videostyle.render(plan, job, painter=load.painter("compact", precision), slots=slots)):
        if count == half:
            os.kill(os.getpid(), signal.SIGKILL)


def _plan(load: Workload, clip: Path, precision: str) -> RenderPlan:
    return videostyle.plan(clip, ART, preset=PRESET, settings=load.values(precision))


def _stored(painted: Sequence[Painted]) -> dict[int, Pixels]:
    return {number: to_pixels(one.picture, np.dtype(np.uint8)) for number, one in enumerate(painted)}


def _named(name: str, figures: Figures) -> Figures:
    return {f"{name}_{figure}": value for figure, value in figures.items() if figure != "frames"}
