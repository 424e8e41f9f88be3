"""One place in the batch: a chunk whose frames are painted in order, each from the one before."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from videostyle.errors import MediaError
from videostyle.frames import (
    Chunk,
    Frame,
    FrameInput,
    FrameRange,
    FrameTask,
    Motion,
    Pixels,
    TemporalTarget,
    to_picture,
)
from videostyle.media.read.decode import decode
from videostyle.motion.flow import estimate, warp
from videostyle.motion.repeat import Runs
from videostyle.paint.painter import Painter
from videostyle.rendering.ahead import Ahead
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.store import Store

STEPS = 32
"""most repeats to step over at a time, so that progress shows in a long still"""
_Motions = dict[int, tuple[int, Motion]]
"""how many frames back, nearest first -> that frame's number, and the motion since"""


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """A frame that gets the pixels and losses of the frame that it repeats."""

    index: int
    first: int
    """the first frame of the run of repeats, which was painted"""
    pixels: Pixels
    losses: Mapping[str, float]


class Slot:
    """Steps through the frames of a chunk that are not stored yet; a thread decodes and estimates flow ahead."""

    def __init__(self, chunk: Chunk, plan: RenderPlan, store: Store, painter: Painter) -> None:
        self.chunk = chunk
        self._plan = plan
        self._store = store
        self._painter = painter
        self._order = plan.frames_of(chunk)
        self._todo = [frame for frame in self._order if not store.has(frame)]
        self._recent: dict[int, tuple[Pixels, Mapping[str, float]]] = {}
        """the latest frames and their losses, as far back as the painter reaches: the last may not be on disk yet"""
        self._next: tuple[Frame, int, _Motions] | None = None
        self._task: FrameTask | None = None
        self._sources = Ahead(self._prepare()) if self._todo else None

    @property
    def finished(self) -> bool:
        return not self._todo

    @property
    def frame(self) -> int:
        """The frame to be painted next."""
        return self._todo[0]

    def close(self) -> None:
        """End the thread that decodes ahead."""
        if self._sources:
            self._sources.close()

    def repeats(self) -> list[Repeat]:
        """Step over the next few frames while they repeat what is painted. Called in a worker thread."""
        stepped: list[Repeat] = []
        while self._todo and len(stepped) < STEPS and (first := self._source()[1]) != self.frame:
            before = self._order[self._order.index(self.frame) - 1]
            stepped.append(Repeat(self.frame, first, self._painted(before), self._losses(before)))
            self.accept(stepped[-1].pixels, stepped[-1].losses)
        return stepped

    def task(self) -> FrameTask:
        """The task of the next frame; the same one until ``accept``. Called in a worker thread."""
        if self._task is None:
            frame, _, motions = self._source()
            self._task = self._painter.task(self._input(frame, motions))
        return self._task

    def accept(self, pixels: Pixels, losses: Mapping[str, float]) -> None:
        """Carry the stored pixels and losses on to the next frame; after the last one the slot closes itself."""
        self._recent[self._todo.pop(0)] = pixels, losses
        if len(self._recent) > max(self._painter.reach, default=1):
            del self._recent[min(self._recent)]
        self._task = self._next = None
        if self.finished:
            self.close()

    def _source(self) -> tuple[Frame, int, _Motions]:
        """The next frame, the first frame of its run of repeats, and its motion."""
        if self._next is None:
            assert self._sources is not None
            self._next = next(self._sources)
        return self._next

    def _prepare(self) -> Iterator[tuple[Frame, int, _Motions]]:
        """Decode, starting as far back as the painter reaches, and estimate the motion of every frame to paint.

        Starts at the latest where the run of repeats begins that the first frame to render may continue.
        Raises MediaError if a frame that the scan could decode can no longer be read: painting another one in its place
        would make the film wrong.
        """
        reach, flow, todo, known = self._painter.reach, self._plan.settings.flow, set(self._todo), set(self._order)
        back = max(reach, default=0)
        place = self._order.index
        begin = place(self._todo[0])
        run, runs = self._store.first_of(self._order[max(0, begin - 1)]), Runs()
        due = deque(self._order[min(max(0, begin - back), place(run)) : place(self._todo[-1]) + 1])
        earlier: deque[Frame] = deque(maxlen=max(back, 1))
        for frame in decode(self._plan.inside, FrameRange(due[0], due[-1] + 1), self._plan.work):
            if frame.index not in known:
                continue  # lost in the scan, but readable now because decoding started elsewhere
            if frame.index != due[0]:
                break
            due.popleft()
            # a painter that looks at no earlier frame gets all of them
            first = runs.first_of(frame) if reach and frame.index >= run else frame.index
            if frame.index in todo and first != frame.index:
                yield frame, first, {}
            elif frame.index in todo:
                near = [(distance, earlier[-distance]) for distance in reach if distance <= len(earlier)]
                yield (
                    frame,
                    first,
                    {back: (past.index, estimate(frame.pixels, past.pixels, flow)) for back, past in near},
                )
            earlier.append(frame)
        if due:
            raise MediaError(
                f"{self._plan.clip.path}: frame {due[0]} could be read before and can no longer be read; "
                "check the file and its disk, then run the same command again"
            )

    def _input(self, frame: Frame, motions: _Motions) -> FrameInput:
        earlier = {}
        for distance, (index, motion) in motions.items():
            warped, seen = warp(to_picture(self._painted(index)), motion.flow)
            earlier[distance] = TemporalTarget(warped, motion.consistency * seen)
        losses: Mapping[str, float] = {}
        if not (first := frame.index == self._order[0]):
            before = self._order[self._order.index(frame.index) - 1]
            losses = self._losses(before)
        return FrameInput(frame.index, to_picture(frame.pixels), first, earlier, losses)

    def _painted(self, frame: int) -> Pixels:
        return self._recent[frame][0] if frame in self._recent else self._store.load(frame, self._plan.work)

    def _losses(self, frame: int) -> Mapping[str, float]:
        return self._recent[frame][1] if frame in self._recent else self._store.losses(frame)
