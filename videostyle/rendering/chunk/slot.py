"""One place in the batch: a chunk whose frames are painted in order, each from earlier ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from videostyle.frames import (
    Chunk,
    Frame,
    FrameInput,
    FrameTask,
    Motion,
    Picture,
    Pixels,
    TemporalTarget,
    to_picture,
)
from videostyle.motion.flow import warp
from videostyle.motion.repeat import Runs
from videostyle.paint.colors import match
from videostyle.paint.painter import Painter
from videostyle.rendering.chunk.ahead import Ahead
from videostyle.rendering.chunk.chain import Chain, Link
from videostyle.rendering.chunk.passes import BLOCK, next_pass
from videostyle.rendering.plan.contents import contents
from videostyle.rendering.plan.loop import Lead
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

UNWRITTEN = 2
"""the latest frames of a chunk: they may not be on disk yet"""
USUAL = 16
"""frames whose median loss is what the scene's frames usually reach"""
STEPS = 32
"""most repeats to step over at a time, so that progress shows in a long still"""
_Source = tuple[Frame, int, Link | None, Motion | None]
"""a frame, the first frame of its run of repeats, its link unless it is a repeat, the motion since the one before"""


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """A frame that gets the pixels and losses of the frame that it repeats."""

    index: int
    first: int
    """the first frame of the run of repeats, which was painted"""
    pixels: Pixels
    losses: Mapping[str, float]
    step: Motion | None
    """as of a slot"""


class Slot:
    """Steps through the frames of a chunk that are not stored yet; a thread decodes and estimates flow ahead.

    If there are several passes, a slot steps through the first one that is not done.
    """

    def __init__(self, chunk: Chunk, plan: RenderPlan, store: Store, painter: Painter, steps: bool = False) -> None:
        """steps: whether the motion since the frame before is wanted of repeats, too, which painting does not need."""
        self.chunk = chunk
        self._plan = plan
        self._painter = painter
        found = next_pass(plan, chunk, store)
        self._order, self._todo = found.order, found.todo
        self._before, self.store = found.before, found.store
        self.passes_left = found.left
        """how often the frames will be painted again"""
        self._steps = steps and not found.left
        self.end = self._order[-1] if self._order else -1
        """the frame that is painted last"""
        self._recent: dict[int, Pixels] = {}
        """the latest frames, as far back as the painter reaches: the last may not be on disk yet"""
        self._losses: dict[int, Mapping[str, float]] = {}
        self._next: _Source | None = None
        self._task: FrameTask | None = None
        palette = plan.scan.palettes.get(chunk.name)
        self._recolor = match(palette, painter.palette) if palette and painter.palette else _unchanged
        self._sources = Ahead(self._prepare()) if self._todo else None

    @property
    def finished(self) -> bool:
        return not self._todo

    @property
    def frame(self) -> int:
        """The frame to be painted next."""
        return self._todo[0]

    @property
    def step(self) -> Motion | None:
        """The clip's motion at work size since the frame before, if it is known."""
        return self._source()[3]

    def close(self) -> None:
        """End the thread that decodes ahead."""
        if self._sources:
            self._sources.close()

    def repeats(self) -> list[Repeat]:
        """Step over the next few frames while they repeat what is painted. Called in a worker thread."""
        stepped: list[Repeat] = []
        while self._todo and len(stepped) < STEPS and (first := self._source()[1]) != self.frame:
            before = self._order[self._order.index(self.frame) - 1]
            stepped.append(Repeat(self.frame, first, self._painted(before), self._losses_of(before), self.step))
            self.accept(stepped[-1].pixels, stepped[-1].losses)
        return stepped

    def task(self) -> FrameTask:
        """The task of the next frame; the same one until ``accept``. Called in a worker thread."""
        if self._task is None:
            frame, _, link, _ = self._source()
            assert link is not None  # repeats have been stepped over
            self._task = self._painter.task(self._input(frame, link))
        return self._task

    def accept(self, pixels: Pixels, losses: Mapping[str, float]) -> None:
        """Carry the stored pixels and losses on to the next frame; after the last one the slot closes itself."""
        frame = self._todo.pop(0)
        self._recent[frame], self._losses[frame] = pixels, losses
        if len(self._recent) > max((UNWRITTEN, *self._painter.reach)):
            del self._recent[next(iter(self._recent))]
        self._task = self._next = None
        if self.finished:
            self.close()
            if self.chunk.render.stop == self.chunk.frames.stop:
                self.store.forget(self._order)  # no later frame is linked to these

    def _source(self) -> _Source:
        if self._next is None:
            assert self._sources is not None
            self._next = next(self._sources)
        return self._next

    def _prepare(self) -> Iterator[_Source]:
        """Decode, find repeats, and link every other frame to render to those before it.

        Starts at the earliest frame whose memory the next one needs, or, if one of these memories is missing, at the
        chunk's first frame; and at the latest where the run of repeats begins that the next frame may continue.
        """
        flow, work, known = self._plan.settings.flow, self._plan.work, {f: p for p, f in enumerate(self._order)}
        chain = Chain(self._painter.reach, flow, self._painter.progress)
        begin, end = known[self._todo[0]], known[self._todo[-1]]
        lead = set(chain.needed(begin))
        if any(self.store.memory(self._order[place], work) is None for place in lead):
            lead, begin = set(), 0
        run, runs = self.store.first_of(self._order[max(0, begin - 1)]), Runs()
        todo, (head, leads) = set(self._todo), self._leads()
        for frame in self._contents(self.chunk, self._order[min({begin, known[run], *lead}) : end + 1]):
            place = known[frame.index]
            first = runs.first_of(frame) if self._carries and place >= known[run] else frame.index
            if frame.index in leads and first != head:
                first = frame.index  # a still would reach the end of the clip as it was before
            if place < begin and place not in lead:
                continue
            memory = None if frame.index in todo else self.store.memory(frame.index, work)
            if memory is None:
                link = chain.link(place, frame, leads.get(frame.index)) if first == frame.index else None
                memory = link.memory if link else chain.memory(place - 1)
                if self._painter.reach:
                    self.store.save_memory(frame.index, memory)
                    self.store.forget([self._order[old] for old in chain.passed(place)])
                if frame.index in todo:
                    still = chain.step(place, frame) if self._steps and not link else None
                    yield frame, first, link, link.step if link else still
            chain.add(place, frame, memory)

    def _leads(self) -> tuple[int | None, dict[int, Lead]]:
        """The clip's first frame; each frame that is led into it -> how. In a backward pass first and last change."""
        plan, led, first = self._plan, self._plan.led(self.chunk), self._plan.head
        if led and plan.settings.temporal.passes > 1:
            led, first = self._order[1:][-len(led) :], self._order[0]
        if first is None or not self._painter.reach or not set(led).intersection(self._todo):
            return None, {}
        (head,) = self._contents(plan.chunks[0], [first])
        memory = Chain(self._painter.reach, plan.settings.flow, self._painter.progress).link(0, head).memory
        return first, {frame: Lead(head, memory, len(led) - place) for place, frame in enumerate(led)}

    @property
    def _carries(self) -> bool:
        """Whether repeats get the earlier frame's pixels; a painter that looks at no earlier frame paints all."""
        return bool(self._painter.reach) and self._plan.settings.temporal.strength == 1

    def _contents(self, chunk: Chunk, frames: Sequence[int]) -> Iterator[Frame]:
        """What is painted for these frames of a chunk, ascending or, block by block, descending."""
        if len(frames) < 2 or frames[0] < frames[1]:
            yield from contents(self._plan, chunk, frames)
            return
        for start in range(0, len(frames), BLOCK):
            yield from list(contents(self._plan, chunk, frames[start : start + BLOCK][::-1]))[::-1]

    def _input(self, frame: Frame, link: Link) -> FrameInput:
        earlier = {}
        for distance, (index, motion) in link.motions.items():
            warped, seen = warp(to_picture(self._painted(index)), motion.flow)
            earlier[distance] = TemporalTarget(warped, motion.consistency * seen)
        place = self._order.index(frame.index)
        losses = self._usual_losses(self._order[max(0, place - USUAL) : place])
        own = to_picture(self._before.load(frame.index, self._plan.work)) if self._before else None
        first = place == 0 and own is None
        content = self._recolor(to_picture(frame.pixels))
        return FrameInput(frame.index, content, first, earlier, losses, link.developed, own)

    def _usual_losses(self, frames: list[int]) -> dict[str, float]:
        """The median of each loss over these frames."""
        self._losses = {frame: self._losses_of(frame) for frame in frames}
        names = {name: None for losses in self._losses.values() for name in losses}  # in order, unlike a set
        return {name: median(losses[name] for losses in self._losses.values() if name in losses) for name in names}

    def _painted(self, frame: int) -> Pixels:
        return self._recent[frame] if frame in self._recent else self.store.load(frame, self._plan.work)

    def _losses_of(self, frame: int) -> Mapping[str, float]:
        return self._losses[frame] if frame in self._losses else self.store.losses(frame)


def _unchanged(picture: Picture) -> Picture:
    return picture
