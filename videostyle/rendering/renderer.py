"""Slots: fill, stylize one batch, store, refill."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from videostyle.errors import OutOfMemoryError
from videostyle.frames import FrameDone, FrameTask, Picture, Stylized, to_pixels
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.slot import Slot, seen_loss
from videostyle.rendering.store import Store


class FrameStylizer(Protocol):
    """What the renderer asks of ``stylize.stylizer.Stylizer``."""

    def stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]: ...


def render(
    plan: RenderPlan,
    store: Store,
    stylizer: FrameStylizer,
    artworks: list[Picture],
    slots: int,
    on_frame: Callable[[FrameDone], object],
    on_notice: Callable[[str], object],
) -> None:
    """Stylize every frame of the plan that is not stored yet.

    Up to ``slots`` chunks advance together as one batch; when a batch does not fit the device, the slots are halved and
    the chunks given up wait for their turn. ``on_frame`` is called when a frame is on disk. Raises OutOfMemoryError
    where a single frame does not fit.
    """
    waiting, live = deque(plan.chunks), list[Slot]()
    writing = list[tuple[Future[None], FrameDone]]()
    pool = ThreadPoolExecutor(2, thread_name_prefix="store")
    try:
        while True:
            live = [slot for slot in live if not _close_finished(slot)]
            while waiting and len(live) < slots:
                slot = Slot(waiting.popleft(), plan, store, artworks)
                if not _close_finished(slot):
                    live.append(slot)
            if not live:
                break
            start = time.perf_counter()
            try:
                results = stylizer.stylize([slot.task() for slot in live])
            except OutOfMemoryError:
                if len(live) == 1:
                    raise
                slots = len(live) // 2
                on_notice(f"{len(live)} slots do not fit the memory of the device; going on with {slots}")
                for slot in live[: slots - 1 : -1]:
                    slot.close()
                    waiting.appendleft(slot.chunk)
                live = live[:slots]
                continue
            _settle(writing, on_frame)
            seconds = (time.perf_counter() - start) / len(live)
            for slot, result in zip(live, results, strict=True):
                frame, pixels = slot.frame, to_pixels(result.picture, plan.clip.dtype)
                slot.accept(pixels, seen_loss(result.losses))
                done = FrameDone(
                    chunk=slot.chunk.index,
                    frame=frame,
                    losses=result.losses,
                    iterations=result.iterations,
                    seconds=seconds,
                    retried=result.retried,
                    last=slot.finished,
                )
                writing.append((pool.submit(store.save, frame, pixels, result), done))
        _settle(writing, on_frame)
    finally:
        pool.shutdown(wait=True)
        for slot in live:
            slot.close()


def _close_finished(slot: Slot) -> bool:
    if slot.finished:
        slot.close()
    return slot.finished


def _settle(writing: list[tuple[Future[None], FrameDone]], on_frame: Callable[[FrameDone], object]) -> None:
    """Wait for the frames of the batch before: at most one batch is ever unwritten."""
    for future, done in writing:
        future.result()
        on_frame(done)
    writing.clear()
