"""Painting scenes several times, forward and backward in turn (the multi-pass algorithm of Ruder et al. 2016).

The first pass is the only one unless ``temporal.passes`` says otherwise. In every further one a frame starts from what
the pass before made of it, blended with its neighbor, so that paint also comes from later frames.
"""

from contextlib import ExitStack
from dataclasses import dataclass

from videostyle.frames import Chunk
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.lock import Lock
from videostyle.rendering.store.store import Store

BLOCK = 32
"""frames that are decoded at a time, and held in memory, when a pass goes backward"""
ADVICE = "with temporal.passes, only one can paint a scene: wait for it to finish, or use --frames of other scenes"


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One time that the frames of a chunk are painted."""

    order: list[int]
    """its frames"""
    todo: list[int]
    """those that it must paint, in this order"""
    store: Store
    """where it puts them"""
    before: Store | None
    """where the pass before put them; None: this is the first one"""
    left: int
    """how many passes follow"""


class Held:
    """The scenes that this process paints several times; no other process may paint them meanwhile.

    Another one would miss frames that are deleted as soon as the next pass is done.
    """

    def __init__(self, plan: RenderPlan, store: Store) -> None:
        self._plan, self._store = plan, store
        self._names = set[int]()
        self._locks = ExitStack()

    def take(self, chunk: Chunk) -> None:
        """Hold a chunk if there is anything to paint. Raises JobError if another process holds it."""
        several = self._plan.settings.temporal.passes > 1
        if several and chunk.name not in self._names and not all(map(self._store.has, self._plan.frames_of(chunk))):
            lock = Lock(self._store.folder / "passes" / f"scene{chunk.name}" / ".lock", ADVICE)
            lock.take(exclusive=True)
            self._locks.callback(lock.release)
            self._names.add(chunk.name)

    def close(self) -> None:
        """Let others paint them, also if one cannot be released."""
        self._locks.close()


def passes_of(plan: RenderPlan, chunk: Chunk, store: Store) -> list[Pass]:
    """The passes over a chunk, and what each must still paint.

    Every pass needs, of the pass before, the frames that it must paint itself; and to paint a frame, all that come
    before it in its own order.
    """
    count, frames = plan.settings.temporal.passes, plan.frames_of(chunk)
    stores = [*(store.of_pass(number) for number in range(1, count)), store]
    found, wanted = list[Pass](), set(frames)
    for number in range(count, 0, -1):
        order, here = frames[:: 1 if number % 2 else -1], stores[number - 1]
        end = max((place + 1 for place, frame in enumerate(order) if frame in wanted), default=0)
        todo = [frame for frame in order[:end] if not here.has(frame)]
        found.append(Pass(order, todo, here, stores[number - 2] if number > 1 else None, count - number))
        wanted = set(todo)
    return found[::-1]


def next_pass(plan: RenderPlan, chunk: Chunk, store: Store) -> Pass:
    """The first pass that is not done, else the last one. Deletes the frames that are no longer needed."""
    passes = passes_of(plan, chunk, store)
    number = next((number for number, one in enumerate(passes) if one.todo), len(passes))
    for one in passes[: max(0, number - 1)]:
        one.store.drop(one.order)
    if number == len(passes):
        return passes[-1]
    passes[number].store.begin()
    return passes[number]


def passed(plan: RenderPlan, store: Store) -> int:
    """How many frames unfinished passes have painted, all passes together."""
    passes = [one for chunk in plan.chunks for one in passes_of(plan, chunk, store)]
    stored = sum(len(one.order) - len(one.todo) for one in passes if not one.left)
    done = sum(len(one.order) - len(one.todo) for one in passes)
    return max(0, done - plan.settings.temporal.passes * stored)  # less if final frames were deleted
