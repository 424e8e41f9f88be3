"""One place in the batch: a chunk whose frames are painted in order, each from the one before."""

from collections import deque
from collections.abc import Iterator, Mapping

from videostyle.errors import MediaError
from videostyle.frames import (
    Chunk,
    Frame,
    FrameInput,
    FrameRange,
    FrameTask,
    Motion,
    Picture,
    Pixels,
    TemporalTarget,
    to_picture,
)
from videostyle.media.read.decode import decode
from videostyle.motion.flow import estimate, warp
from videostyle.paint.colors import match
from videostyle.paint.painter import Painter
from videostyle.rendering.ahead import Ahead
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.store import Store

_Motions = dict[int, tuple[int, Motion]]
"""how many frames back, nearest first -> that frame's number, and the motion since"""


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

    def close(self) -> None:
        """End the thread that decodes ahead."""
        if self._sources:
            self._sources.close()

    def task(self) -> FrameTask:
        """The task of the next frame; the same one until ``accept``. Called in a worker thread."""
        if self._task is None:
            assert self._sources is not None
            self._task = self._painter.task(self._input(*next(self._sources)))
        return self._task

    def accept(self, pixels: Pixels, losses: Mapping[str, float]) -> None:
        """Carry the stored pixels and losses on to the next frame; after the last one the slot closes itself."""
        self._recent[self._todo.pop(0)] = pixels, losses
        if len(self._recent) > max(self._painter.reach, default=1):
            del self._recent[min(self._recent)]
        self._task = None
        if self.finished:
            self.close()

    def _prepare(self) -> Iterator[tuple[Frame, _Motions]]:
        """Decode, starting as far back as the painter reaches, and estimate the motion of every frame to render.

        Raises MediaError if a frame that the scan could decode can no longer be read: painting another one in its place
        would make the film wrong.
        """
        reach, flow, todo, known = self._painter.reach, self._plan.settings.flow, set(self._todo), set(self._order)
        back = max(reach, default=0)
        place = self._order.index
        due = deque(self._order[max(0, place(self._todo[0]) - back) : place(self._todo[-1]) + 1])
        earlier: deque[Frame] = deque(maxlen=max(back, 1))
        for frame in decode(self._plan.clip, FrameRange(due[0], due[-1] + 1), self._plan.work):
            if frame.index not in known:
                continue  # lost in the scan, but readable now because decoding started elsewhere
            if frame.index != due[0]:
                break
            due.popleft()
            if frame.index in todo:
                near = [(distance, earlier[-distance]) for distance in reach if distance <= len(earlier)]
                yield frame, {back: (past.index, estimate(frame.pixels, past.pixels, flow)) for back, past in near}
            earlier.append(frame)
        if due:
            raise MediaError(
                f"{self._plan.clip.path}: frame {due[0]} could be read before and can no longer be read; "
                "check the file and its disk, then run the same command again"
            )

    def _input(self, frame: Frame, motions: _Motions) -> FrameInput:
        earlier = {}
        for distance, (index, motion) in motions.items():
            painted = self._recent[index][0] if index in self._recent else self._store.load(index, self._plan.work)
            warped, seen = warp(to_picture(painted), motion.flow)
            earlier[distance] = TemporalTarget(warped, motion.consistency * seen)
        losses: Mapping[str, float] = {}
        if not (first := frame.index == self._order[0]):
            before = self._order[self._order.index(frame.index) - 1]
            losses = self._recent[before][1] if before in self._recent else self._store.losses(before)
        return FrameInput(frame.index, self._recolor(to_picture(frame.pixels)), first, earlier, losses)


def _unchanged(picture: Picture) -> Picture:
    return picture
