"""One painter for several jobs in this process: frames that wait at the same time are painted as one batch.

On a GPU a batch costs little more than a frame, so a clip with few scenes leaves most of it idle. A picture depends
only on its task, so it does not matter whose frames it is painted beside.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from threading import Condition

from videostyle.errors import OutOfMemoryError
from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.rendering.chunk.renderer import RenderedFrame
from videostyle.rendering.workers.engine import Piece
from videostyle.rendering.workers.inside import InProcess
from videostyle.settings import RenderSettings

TRAITS = ("name", "reason", "device", "fingerprint", "smallest", "reach", "paints", "palette")
"""what a painter says of itself"""


class Joint:
    """A painter, and the jobs that it paints for, all in the same size."""

    def __init__(self, painter: Painter, most: int, check: Callable[[], object]) -> None:
        """most: frames in a batch. check: raises an error if all jobs have to end; called while a batch is painted."""
        self.painter, self.most, self._check = painter, most, check
        self._changed = Condition()
        self._frames: dict[object, int] = {}
        """jobs that paint now -> how many frames each gives at a time"""
        self._asked: list[_Asked] = []
        self._painting = False

    @property
    def idle(self) -> int:
        """How many more frames a batch could hold."""
        return self.most - sum(self._frames.values())

    def enter(self, job: object, frames: int) -> None:
        """From now on, others wait for this job's frames before a batch is painted."""
        with self._changed:
            self._frames[job] = frames

    def leave(self, job: object) -> None:
        """It gives no more frames."""
        with self._changed:
            self._frames.pop(job, None)
            self._changed.notify_all()

    def paint(self, job: object, tasks: Sequence[FrameTask], on_step: OnStep | None) -> list[Painted]:
        """Paint a job's frames together with those of the other jobs. Whoever comes last does the work for all.

        on_step: called if no other job's frames are painted. Raises what the painter does about these frames.
        """
        mine = _Asked(tasks, on_step)
        with self._changed:
            self._frames[job] = len(tasks)
            self._asked.append(mine)
            while not mine.is_done:
                if self._painting or len(self._asked) < len(self._frames):
                    self._changed.wait()
                    continue
                asked, self._asked, self._painting = self._asked, [], True
                self._changed.release()
                try:
                    self._paint_all(asked)
                finally:
                    self._changed.acquire()
                    self._painting = False
                    self._changed.notify_all()
        if mine.error:
            raise mine.error
        return mine.painted

    def _paint_all(self, asked: "Sequence[_Asked]") -> None:
        """Paint frames, and remember what becomes of them."""
        try:
            self._paint_jobs(asked)
        except BaseException as error:  # each job has to know, also if all of them were stopped
            for one in asked:
                one.error = one.error or error

    def _paint_jobs(self, jobs: "Sequence[_Asked]") -> None:
        """Paint the frames of several jobs, or of one, which hears of every step and has to do with less memory itself.

        If an error is not that of all, because it is raised for a batch and nobody knows by which frame, each job
        paints alone.
        """
        if len(jobs) == 1:
            jobs[0].painted = self.painter.paint(jobs[0].tasks, jobs[0].on_step)
            return
        painted = list[Painted]()
        with suppress(Exception):
            painted = self._in_batches([task for one in jobs for task in one.tasks])
        for one in jobs:
            if painted:
                one.painted, painted = painted[: len(one.tasks)], painted[len(one.tasks) :]
                continue
            try:
                self._paint_jobs([one])
            except Exception as error:
                one.error = error

    def _in_batches(self, tasks: Sequence[FrameTask]) -> list[Painted]:
        """Paint in batches of at most ``most`` frames. If memory runs out, batches are halved from then on."""
        painted = list[Painted]()
        while len(painted) < len(tasks):
            self._check()
            batch = tasks[len(painted) : len(painted) + self.most]
            try:
                painted += self.painter.paint(batch, lambda *_: self._check())
            except OutOfMemoryError:
                if len(batch) == 1:
                    raise
                self.most = len(batch) // 2
        return painted


class _Asked:
    """Frames of a job that wait, and what becomes of them."""

    def __init__(self, tasks: Sequence[FrameTask], on_step: OnStep | None) -> None:
        self.tasks, self.on_step = tasks, on_step
        self.painted: list[Painted] = []
        self.error: BaseException | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.painted or self.error)


class Together(InProcess):
    """The engine of a job that shares a painter with others."""

    def __init__(self, joint: Joint) -> None:
        super().__init__(_Part(joint, self))
        self._joint = joint
        self.begun = False
        """whether a piece was given"""

    def give(self, piece: Piece) -> None:
        super().give(piece)
        assert self._frames
        self._frames = self._taking_part(self._frames)
        self._joint.enter(self, min(piece.commission.slots, len(piece.chunks)))
        self.begun = True

    def abandon(self) -> None:
        super().abandon()
        self._joint.leave(self)

    def _taking_part(self, frames: Generator[RenderedFrame]) -> Generator[RenderedFrame]:
        """The frames of a piece; others do not wait for it when it is done."""
        try:
            yield from frames
        finally:
            self._joint.leave(self)


class _Part(Painter):
    """What one job sees of a shared painter."""

    def __init__(self, joint: Joint, job: object) -> None:
        self._joint, self._job = joint, job
        for trait in TRAITS:
            setattr(self, trait, getattr(joint.painter, trait))

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return self._joint.painter.cost(height, width, settings)

    def progress(self, need: float, height: int, width: int) -> float:
        return self._joint.painter.progress(need, height, width)

    def task(self, frame: FrameInput) -> FrameTask:
        return self._joint.painter.task(frame)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        return self._joint.paint(self._job, tasks, on_step)
