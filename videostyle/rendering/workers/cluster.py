"""The engine of a Ray cluster: one actor per worker, on this machine or on several with one shared job folder.

Actors end when this process ends, however it ends. A worker that the cluster has no room for yet paints as soon as
there is some, so machines may come and go. Actors on GPUs have never been run.
"""

import pickle
from collections import deque
from contextlib import ExitStack
from typing import TYPE_CHECKING

from videostyle.errors import JobError, OutOfMemoryError
from videostyle.events import Notice
from videostyle.rendering.workers.engine import Commission, Engine, Failed, Finished, Lost, OnReport, Piece, Report
from videostyle.rendering.workers.machine import memory_kills
from videostyle.rendering.workers.remote import Remote
from videostyle.rendering.workers.serve import GRACE
from videostyle.rendering.workers.session import LOCAL, session

if TYPE_CHECKING:
    from ray import ObjectRef
    from ray.actor import ActorHandle

LONG = 60.0
"""seconds without any worker after which the user is told why nothing happens"""


class Cluster(Engine):
    """Workers in a Ray cluster. It connects, and starts them, when they are first needed."""

    def __init__(self, address: str, workers: int, gpus: bool = False) -> None:
        """address: ``local``: a cluster of its own on this machine. gpus: whether each worker paints on one."""
        self.workers = workers
        self.crowded = not gpus
        self._address, self._gpus = address, gpus
        self._open = ExitStack()
        self._connected = False
        self._actors: list[_Actor] = []
        self._waiting = deque[Piece]()
        """pieces that no worker has taken yet"""
        self._kills = 0

    def give(self, piece: Piece) -> None:
        if not self._connected:
            self._open.enter_context(session(self._address, self.workers, self._gpus))
            self._connected, self._kills = True, memory_kills()
        self._waiting.append(piece)
        self._assign()

    def wait(self, on_report: OnReport) -> None:
        while True:
            actor = self._answering(on_report)
            piece = actor.piece
            try:
                reports = actor.answer()
            except actor.errors as error:
                self._actors.remove(actor)
                actor.kill()
                if piece is None and self._waiting:  # it was starting
                    piece = self._waiting.popleft()
                reports = [self._judged(error)]
            last = reports[-1] if reports else None
            if isinstance(last, Failed) and isinstance(last.error, MemoryError | OutOfMemoryError):
                self._end([actor])  # it would keep what it has freed
            self._assign()
            if piece is not None and reports:
                for report in reports:
                    on_report(piece, report)
                return

    def abandon(self) -> None:
        self._waiting.clear()
        self._end([actor for actor in self._actors if actor.piece])

    def close(self) -> None:
        self._waiting.clear()
        self._end(self._actors)
        self._connected = False
        self._open.close()

    def _assign(self) -> None:
        """Let idle workers take pieces that wait, and start one for each piece that is left."""
        for actor in self._actors:
            if actor.idle and self._waiting:
                actor.take(self._waiting.popleft())
        for _ in range(len(self._waiting) - sum(actor.starting for actor in self._actors)):
            self._actors.append(_Actor(self._gpus))

    def _answering(self, on_report: OnReport) -> "_Actor":
        """The next worker that has an answer."""
        import ray

        working = {actor.answers: actor for actor in self._actors if actor.answers}
        patience = LONG if all(actor.starting for actor in working.values()) else None
        ready, _ = ray.wait([*working], timeout=patience)
        if not ready:
            on_report(
                self._waiting[0], Notice("no worker has started yet, perhaps because the cluster has no room; waiting")
            )
            ready, _ = ray.wait([*working])
        actor = working[ready[0]]
        self._actors.remove(actor)
        self._actors.append(actor)  # others come first next time
        return actor

    def _end(self, actors: "list[_Actor]") -> None:
        """Stop workers; return when they write nothing any more."""
        import ray

        running = [actor.stop() for actor in actors if not actor.starting]
        if running:
            ray.wait(running, num_returns=len(running), timeout=2 * GRACE)
        for actor in actors:
            actor.kill()
        self._actors = [actor for actor in self._actors if actor not in actors]

    def _judged(self, error: Exception) -> Report:
        """What is known of a worker that does not answer any more."""
        import ray

        if isinstance(error, ray.exceptions.RayTaskError) or getattr(error, "actor_init_failed", False):
            reason = str(error).strip().splitlines()[-1]
            fault = f"a worker of the cluster cannot start ({reason})"
            return Failed(JobError(f"{fault}; install the same packages on all machines"))
        if isinstance(error, ray.exceptions.OutOfMemoryError):
            return Lost("Ray ended it because memory ran out", for_memory=True)
        if self._address == LOCAL and memory_kills() > self._kills:
            self._kills += 1
            return Lost("the system ended it because memory ran out", for_memory=True)
        return Lost("its process or its machine is gone")


class _Actor:
    """A worker in the cluster, of which one answer is awaited at a time."""

    def __init__(self, gpus: bool) -> None:
        import ray

        self.errors = ray.exceptions.RayError
        self.piece: Piece | None = None
        """what it paints"""
        self.starting = True
        self._known: Commission | None = None
        kind = ray.remote(Remote).options(
            num_cpus=1,
            num_gpus=int(gpus),
            max_concurrency=2,  # it is asked for reports, and stopped at the same time
            max_restarts=0,
            max_task_retries=0,
            scheduling_strategy="SPREAD",
        )
        self._remote: ActorHandle = kind.remote()
        self.answers: ObjectRef | None = self._remote.hello.remote()
        """the answer that is awaited; None if it is idle"""

    @property
    def idle(self) -> bool:
        return self.answers is None

    def take(self, piece: Piece) -> None:
        """Begin to paint a piece."""
        commission = piece.commission if piece.commission is not self._known else None  # a plan may be large
        self.piece, self._known = piece, piece.commission
        order = pickle.dumps((commission, piece.chunks), pickle.HIGHEST_PROTOCOL)
        self.answers = self._remote.paint.remote(piece.commission.version, order)

    def answer(self) -> list[Report]:
        """What it reports, now that its answer is there; empty: it has started. Raises Ray's errors."""
        import ray

        reports: list[Report] | None = ray.get(self.answers)
        self.starting, self.answers = False, None
        if reports and isinstance(reports[-1], Finished | Failed):
            self.piece = None
        elif reports:
            self.answers = self._remote.reports.remote()
        return reports or []

    def stop(self) -> "ObjectRef":
        """Tell it to end; returns what is ready once it has ended."""
        return self._remote.stop.remote()

    def kill(self) -> None:
        """End it at once."""
        import ray

        ray.kill(self._remote)
