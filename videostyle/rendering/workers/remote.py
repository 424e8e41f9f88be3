"""What runs in an actor of a Ray cluster: it paints, and hands over reports when the engine asks for them."""

import os
import pickle
import platform
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread

from videostyle.errors import JobError, MediaError
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.engine import Commission, Failed, Finished, Piece, Report
from videostyle.rendering.workers.serve import GRACE, portable
from videostyle.rendering.workers.worker import Worker, check_version


class Remote:
    """Paints in a thread, so that it can be asked for reports and stopped meanwhile."""

    def __init__(self) -> None:
        self._place = f"the worker on {platform.node()}"
        self._worker = Worker(self._place)
        self._commission: Commission | None = None
        self._reports = SimpleQueue[Report]()
        self._stopped = Event()
        self._painting = Thread()

    def hello(self) -> None:
        """Answer: it runs."""

    def paint(self, version: str, order: bytes) -> list[Report]:
        """Begin a piece, and return its first reports.

        version: of the engine. order: the pickled Commission (None: the same as before) and chunks, which only the same
        version can read.
        """
        self._painting = Thread(target=self._paint, args=(version, order), name="painting", daemon=True)
        self._painting.start()
        return self.reports()

    def reports(self) -> list[Report]:
        """Wait for the next reports; the last ones of a piece end with Finished or Failed."""
        reports = [self._reports.get()]
        with suppress(Empty):
            while True:
                reports.append(self._reports.get_nowait())
        return reports

    def stop(self) -> None:
        """End this process, even in the middle of a frame. What is being written is finished."""
        self._stopped.set()
        if self._painting.is_alive():
            self._painting.join(GRACE)
        os._exit(0)

    def _paint(self, version: str, order: bytes) -> None:
        try:
            check_version(version, self._place)
            commission, chunks = pickle.loads(order)
            self._commission = commission or self._commission
            assert self._commission
            self._check_shared(self._commission)
            self._worker.paint(Piece(self._commission, chunks), self._report)
        except KeyboardInterrupt:
            pass
        except Exception as error:
            self._reports.put(Failed(portable(error)))
        else:
            self._reports.put(Finished())

    def _report(self, report: Report) -> None:
        if self._stopped.is_set():
            raise KeyboardInterrupt  # as if the user had stopped it, so that it cleans up
        self._reports.put(report)

    def _check_shared(self, commission: Commission) -> None:
        """Raise JobError unless the job folder and the clip are those of the engine."""
        record = Store(commission.job).begun()
        if record is None or record.fingerprint != commission.plan.fingerprint:
            fault = "not the job's folder there; all machines must see it under this path"
            raise JobError(f"{self._place}: {commission.job}: {fault}, so name a shared one with --job")
        try:
            commission.plan.check_clip()
        except MediaError as error:
            raise JobError(f"{self._place}: {error}, under the same path on all machines") from None
