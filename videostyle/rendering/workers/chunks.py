"""Chunks are dealt to the workers of an engine, in the clip's order, until all of them are painted."""

from collections import Counter, deque
from collections.abc import Generator, Sequence
from dataclasses import replace

from videostyle.errors import DeviceError, OutOfMemoryError
from videostyle.events import FrameDone, Iterated, Notice, OnEvent, ignore
from videostyle.frames import Chunk
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.engine import Commission, Engine, Failed, Finished, Lost, Piece, Report
from videostyle.words import counted

LOSSES = 3
"""workers that a piece may cost without a new frame"""


def render_chunks(
    plan: RenderPlan,
    chunks: Sequence[Chunk],
    job: Store,
    engine: Engine,
    painter: str,
    slots: int = 1,
    on_event: OnEvent = ignore,
) -> Generator[FrameDone]:
    """Paint chunks of a plan with all workers of an engine; report and yield each frame once it is on disk.

    Frames come in order within a chunk. Of several passes, only the last one yields frames. painter: fingerprint of the
    one that the job was begun with. slots: chunks that a worker paints as one batch. Closing the iterator stops the
    workers. Raises an error of a worker as if it had been raised here.
    """
    clip = replace(plan.clip, path=plan.clip.path.absolute())  # a worker may have another working directory
    commission = Commission(replace(plan, clip=clip), job.folder.absolute(), painter, slots)
    dealer = _Dealer(commission, chunks, job, engine, on_event)
    try:
        while True:
            busy = dealer.deal()
            yield from dealer.painted()
            if not busy:
                break
            engine.wait(dealer.report)
    finally:
        engine.abandon()


class _Dealer:
    """Which chunks wait, which are being painted, and which frames have been reported."""

    def __init__(
        self, commission: Commission, chunks: Sequence[Chunk], store: Store, engine: Engine, on_event: OnEvent
    ) -> None:
        self._commission, self._store, self._engine, self._on_event = commission, store, engine, on_event
        self._waiting = deque(chunks)
        self._busy: dict[Piece, int] = {}
        """what is being painted -> how many workers there were when it was given"""
        self._missing: dict[int, list[int]] = {}
        """chunk -> its frames that have been neither stored before nor reported"""
        self._seen = set[tuple[int, int, int]]()
        """chunk, frame, and pass of what was reported"""
        self._losses = Counter[int]()
        """chunk -> workers that it has cost since its latest frame"""
        self._painted: list[FrameDone] = []

    def deal(self) -> bool:
        """Give pieces to free workers. False: everything is painted."""
        while len(self._busy) < self._engine.workers and (piece := self._next()):
            self._busy[piece] = self._engine.workers
            self._engine.give(piece)
        return bool(self._busy)

    def painted(self) -> list[FrameDone]:
        """The film's frames that have been painted since the last call."""
        painted, self._painted = self._painted, []
        return painted

    def report(self, piece: Piece, report: Report) -> None:
        """Take what a worker reports."""
        match report:
            case Finished():
                del self._busy[piece]
                for chunk in piece.chunks:
                    self._complete(chunk)
            case Failed(OutOfMemoryError() | MemoryError()) if self._engine.crowded and self._busy[piece] > 1:
                self._fewer(piece, "a worker found no memory")
                self._again(piece)
            case Failed(error):
                raise error
            case Lost(_, for_memory=True) if self._busy[piece] > 1:
                self._fewer(piece, "the system ended a worker because memory ran out")
                self._again(piece)
            case Lost(why):
                self._again(piece, why)
            case FrameDone():
                self._frame(report)
            case Iterated() if self._engine.workers > 1:
                pass  # of several batches at a time it would only confuse
            case _:
                self._on_event(report)

    def _next(self) -> Piece | None:
        """The next chunks for one worker; None if there are none, or if they must wait for the others."""
        plan, slots, chunks = self._commission.plan, self._commission.slots, list[Chunk]()
        # with several slots, a piece of more chunks than that keeps the batch full; pieces shrink toward the end
        most = slots if slots == 1 else max(slots, len(self._waiting) // (2 * self._engine.workers))
        if self._engine.workers == 1:
            most = len(self._waiting)
        while self._waiting and len(chunks) < most:
            chunk = self._waiting[0]
            if plan.led(chunk) and not self._has_head((*chunks, chunk)):
                break  # its end is led into a frame that is not painted yet
            self._waiting.popleft()
            missing = [frame for frame in plan.frames_of(chunk) if not self._store.has(frame)]
            self._missing.setdefault(chunk.name, missing)
            if missing or plan.settings.temporal.passes > 1:
                chunks.append(chunk)
            else:
                self._complete(chunk)
        return Piece(self._commission, tuple(chunks)) if chunks else None

    def _has_head(self, chunks: Sequence[Chunk]) -> bool:
        """Whether the clip's first frame is stored, or painted by whoever paints these chunks in this order."""
        head = self._commission.plan.head
        return head is None or self._store.has(head) or any(head in chunk.render for chunk in chunks)

    def _frame(self, done: FrameDone) -> None:
        """Report a frame once: a worker that continues for another may paint frames again that were in flight."""
        key = done.chunk, done.frame, done.passes_left
        if key in self._seen:
            return
        self._seen.add(key)
        self._losses[done.chunk] = 0
        missing = self._missing[done.chunk]
        if not done.passes_left:
            self._painted.append(done)
            if done.frame in missing:
                missing.remove(done.frame)
        self._on_event(done)

    def _complete(self, chunk: Chunk) -> None:
        """Report frames that a worker has stored, and was lost before it could report them."""
        missing = self._missing[chunk.name]
        for frame in list(missing):
            if self._store.has(frame):
                first = self._store.first_of(frame)
                losses, last = self._store.losses(frame), len(missing) == 1
                self._frame(
                    FrameDone(chunk.name, frame, losses, 0, 0.0, last, repeats=None if first == frame else first)
                )

    def _again(self, piece: Piece, why: str = "") -> None:
        """Let another worker continue a piece. why: it was lost; empty: for memory, which is not the piece's fault."""
        del self._busy[piece]
        self._waiting.extendleft(piece.chunks[::-1])
        for chunk in piece.chunks:
            self._complete(chunk)
        if not why:
            return
        for chunk in piece.chunks:
            self._losses[chunk.name] += 1
        if min(self._losses[chunk.name] for chunk in piece.chunks) >= LOSSES:
            raise DeviceError(
                f"{piece}: {LOSSES} workers in a row were lost while they painted a frame of it (the last one: {why}); "
                "run the same command again with --workers 1, or a smaller size with --size"
            )

    def _fewer(self, piece: Piece, why: str) -> None:
        """Go on with fewer workers than there were when a piece was given, unless another job has seen to that."""
        seen = self._busy[piece]
        if self._engine.fewer(seen):
            self._on_event(Notice(f"{why}; continuing with {counted(seen - 1, 'worker')}"))
