"""The render loop: fill the slots, paint one batch, store it, refill."""

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from videostyle.errors import OutOfMemoryError
from videostyle.events import FrameDone, Iterated, Notice, OnEvent, ignore
from videostyle.frames import Chunk, FrameTask, Painted, Pixels, to_pixels
from videostyle.paint.finish import Finish
from videostyle.paint.painter import Painter
from videostyle.rendering.chunk.laying import Laying
from videostyle.rendering.chunk.passes import Held
from videostyle.rendering.chunk.slot import Repeat, Slot
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

WRITERS = 2
"""threads that compress and write frames"""
UNREPORTED = 8
"""frames that may be stored, but not reported, until what the film's finish carries from them is stored, too: a scene's
first frame takes it longest"""
Chunks = Sequence[Chunk]


@dataclass(frozen=True, slots=True, eq=False)
class _Writing:
    """A frame that is being written."""

    save: Future[None]
    complete: Future[None]
    """what is carried from it, too"""
    done: FrameDone
    pixels: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class RenderedFrame:
    """A painted frame, as it is stored."""

    index: int
    """source frame number"""
    pixels: Pixels
    """(H, W, 3) uint8, or uint16 for clips of more than 8 bits, at the plan's ``work`` size"""
    losses: Mapping[str, float]
    """each weighted loss term at the end"""


def render(
    plan: RenderPlan,
    store: Store,
    painter: Painter,
    slots: int,
    on_event: OnEvent = ignore,
    chunks: Chunks = (),
    finish: Finish | None = None,
) -> Generator[RenderedFrame]:
    """Paint every frame of the plan that is not stored yet; report and yield each one once it is on disk.

    Frames that repeat an earlier one are stored with its pixels instead of being painted. Of several passes, only the
    last one yields frames. Up to ``slots`` chunks advance together as one batch. If a batch does not fit on the device,
    the slots are halved and the other chunks wait for their turn. Closing the iterator ends all threads. Raises
    OutOfMemoryError if a single frame does not fit. chunks: to paint; empty: all. finish: the plan's; None: made here.
    """
    waiting, live = deque(chunks or plan.chunks), list[Slot]()
    writing = deque[_Writing]()
    # tasks of a batch are made in parallel: a GPU would have to wait while each slot in turn warps and fills
    makers = ThreadPoolExecutor(max(1, min(slots, os.cpu_count() or 1)), thread_name_prefix="task")
    writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="store")
    laying, held = Laying(plan, store, finish), Held(plan, store)
    try:
        while True:
            done, live = [slot for slot in live if slot.finished], [slot for slot in live if not slot.finished]
            if done and plan.settings.temporal.passes > 1:  # on with their next pass, from what is stored
                _settle(writing)
                waiting.extendleft(slot.chunk for slot in done[::-1])
            room = slots if _has_head(plan, store, writing) else 1
            while waiting and len(live) < room:
                held.take(chunk := waiting.popleft())
                slot = Slot(chunk, plan, store, painter, laying.takes_steps)
                live += [] if slot.finished else [slot]
            if not live:
                break
            found = zip(live, makers.map(Slot.repeats, live), strict=True)
            if stepped := [_repeated(slot, one, writers, laying) for slot, repeats in found for one in repeats]:
                # a slot remembers the pixels of its latest frames only, and repeats may be many
                writing.extend(stepped)
                _settle(writing)
                yield from _stored(writing, on_event, UNREPORTED)
                continue  # until every slot has a frame to paint
            start = time.perf_counter()
            try:
                results = _paint(list(makers.map(Slot.task, live)), painter, on_event)
            except OutOfMemoryError:
                if len(live) == 1:
                    raise
                _settle(writing)  # a slot that begins again must find what is stored
                live = _half(live, waiting, on_event)
                slots = len(live)
                continue
            seconds, dtype = (time.perf_counter() - start) / len(live), plan.clip.dtype
            _settle(writing)
            for slot, result in zip(live, results, strict=True):
                writing.append(_painted(slot, result, to_pixels(result.picture, dtype), seconds, writers, laying))
            yield from _stored(writing, on_event, len(results) + UNREPORTED)
        yield from _stored(writing, on_event)
    finally:
        _end(makers.shutdown, writers.shutdown, laying.close, *(slot.close for slot in live), held.close)


def _end(*endings: Callable[[], object]) -> None:
    """Do all of this, in order, even if some of it is interrupted or fails."""
    with ExitStack() as stack:
        for ending in endings[::-1]:
            stack.callback(ending)


def _paint(tasks: Sequence[FrameTask], painter: Painter, on_event: OnEvent) -> list[Painted]:
    """Paint a batch. Raises ValueError, before anything is stored, if the painter breaks its contract."""
    results = painter.paint(tasks, lambda done, total: on_event(Iterated(done, total)))
    shapes = [task.content.shape for task in tasks]
    if [result.picture.shape for result in results] != shapes:
        raise ValueError(f"painter {painter.name} must return pictures of shapes {shapes}")
    if not all(result.picture.dtype.kind == "f" and np.isfinite(result.picture).all() for result in results):
        raise ValueError(f"painter {painter.name} must return finite floats in 0..1")
    return results


def _painted(
    slot: Slot, result: Painted, pixels: Pixels, seconds: float, writers: ThreadPoolExecutor, laying: Laying
) -> _Writing:
    """Store the frame that a slot has waited for."""
    frame, step = slot.frame, slot.step
    slot.accept(pixels, result.losses)
    left = slot.passes_left
    done = FrameDone(
        chunk=slot.chunk.name,
        frame=frame,
        losses=result.losses,
        iterations=result.iterations,
        seconds=seconds,
        last=slot.finished and not left,
        retried=result.retried,
        passes_left=left,
    )
    save = writers.submit(slot.store.save, frame, pixels, result)
    return _Writing(save, save if left else laying.after(save, slot.chunk, frame, step), done, pixels)


def _repeated(slot: Slot, repeat: Repeat, writers: ThreadPoolExecutor, laying: Laying) -> _Writing:
    """Store a frame that repeats an earlier one."""
    left = slot.passes_left
    last = slot.finished and repeat.index == slot.end and not left
    done = FrameDone(slot.chunk.name, repeat.index, repeat.losses, 0, 0.0, last, repeats=repeat.first, passes_left=left)
    save = writers.submit(slot.store.save_repeat, repeat.index, repeat.pixels, repeat.losses, repeat.first)
    return _Writing(
        save, save if left else laying.after(save, slot.chunk, repeat.index, repeat.step), done, repeat.pixels
    )


def _has_head(plan: RenderPlan, store: Store, writing: Iterable[_Writing]) -> bool:
    """Whether any scene may be painted; the clip's last one may be led into the first frame of the first scene."""
    if plan.head is None or store.has(plan.head):
        return True
    _settle(writing)
    return store.has(plan.head)


def _settle(writing: Iterable[_Writing]) -> None:
    """Wait until these frames are stored."""
    for one in writing:
        one.save.result()


def _half(live: list[Slot], waiting: deque[Chunk], on_event: OnEvent) -> list[Slot]:
    """Half of the slots; the chunks of the others wait again."""
    slots = len(live) // 2
    on_event(Notice(f"{len(live)} scenes at a time do not fit in the device's memory; continuing with {slots}"))
    for slot in live[: slots - 1 : -1]:
        slot.close()
        waiting.appendleft(slot.chunk)
    return live[:slots]


def _stored(writing: deque[_Writing], on_event: OnEvent, most: int = 0) -> Iterator[RenderedFrame]:
    """The frames, in order, that are complete; waits for some if more than ``most`` are not."""
    while writing and (len(writing) > most or writing[0].complete.done()):
        one = writing.popleft()
        one.save.result()
        one.complete.result()
        on_event(one.done)
        if not one.done.passes_left:
            yield RenderedFrame(one.done.frame, one.pixels, one.done.losses)
