"""The engine of this machine: worker processes that this one starts and talks to through their stdin and stdout.

They are started anew, not forked, and nothing is imported again from the main script, so no script needs a guard.
A worker ends when its stdin is closed, and the system closes it when this process ends, however it ends.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Thread

from videostyle.errors import OutOfMemoryError
from videostyle.rendering.workers.engine import Commission, Engine, Failed, Finished, Lost, OnReport, Piece, Report
from videostyle.rendering.workers.machine import memory_kills
from videostyle.rendering.workers.serve import GRACE

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "VECLIB_MAXIMUM_THREADS"),
    "1",
)
"""variables that keep each library from starting as many threads as there are cores in every worker"""


class Processes(Engine):
    """Workers as processes on this machine, each started when it is first needed."""

    def __init__(self, workers: int, gpus: Sequence[str] = ()) -> None:
        """gpus: one for each worker, as CUDA_VISIBLE_DEVICES names them; empty: workers paint on the CPU."""
        self.workers = workers
        self.crowded = not gpus
        self._gpus = gpus
        self._children: list[_Child] = []
        self._reports = SimpleQueue[tuple[_Child, Report]]()
        self._kills = memory_kills()

    def give(self, piece: Piece) -> None:
        child = next((child for child in self._children if child.piece is None), None)
        if child is None:
            free = [gpu for gpu in self._gpus if gpu not in [child.gpu for child in self._children]]
            child = _Child(self._reports, *free[:1])
            self._children.append(child)
        child.give(piece)

    def wait(self, on_report: OnReport) -> None:
        while True:
            child, report = self._reports.get()
            if child not in self._children:
                continue  # a worker that was ended says a last word
            piece = child.piece
            if isinstance(report, Lost):
                self._end([child])
                report = self._judged(child, report)
            if isinstance(report, Finished | Failed):
                child.piece = None
            if isinstance(report, Failed) and isinstance(report.error, MemoryError | OutOfMemoryError):
                self._end([child])  # it would keep what it has freed
            if piece is not None:  # an idle worker may be lost, too
                on_report(piece, report)
                return

    def abandon(self) -> None:
        self._end([child for child in self._children if child.piece])

    def close(self) -> None:
        self._end(self._children)

    def _end(self, children: "Sequence[_Child]") -> None:
        for child in children:
            child.dismiss()
        for child in children:
            child.end()
        self._children = [child for child in self._children if child not in children]

    def _judged(self, child: "_Child", lost: Lost) -> Lost:
        """What is known of a lost worker now that it has ended."""
        code = child.process.wait()
        if code < 0 and -code == getattr(signal, "SIGKILL", 9) and memory_kills() > self._kills:
            self._kills += 1
            return Lost("the system ended it because memory ran out", for_memory=True)
        return Lost(f"signal {-code} ended it" if code < 0 else f"it ended with exit code {code}")


class _Child:
    """A worker process."""

    def __init__(self, reports: "SimpleQueue[tuple[_Child, Report]]", gpu: str = "") -> None:
        self.piece: Piece | None = None
        """what it paints; None: it is idle"""
        self.gpu = gpu
        self._pieces = SimpleQueue[Piece | None]()
        # the module search path of this process, and not the folder that it happens to be in
        code = f"import sys; sys.path = {sys.path!r}; from videostyle.rendering.workers.serve import main; main()"
        command = [sys.executable, "-P", "-c", code]
        variables = os.environ | ({"CUDA_VISIBLE_DEVICES": gpu} if gpu else ONE_THREAD)
        with _without_interrupts():
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables)
        self._threads = (
            Thread(target=self._write, name="pieces", daemon=True),
            Thread(target=self._read, args=(reports,), name="reports", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def give(self, piece: Piece) -> None:
        self.piece = piece
        self._pieces.put(piece)

    def dismiss(self) -> None:
        """Tell it to stop."""
        self._pieces.put(None)

    def end(self) -> None:
        """Wait until it has ended, and what talks to it."""
        try:
            self.process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for thread in self._threads:
            thread.join()

    def _write(self) -> None:
        """In a thread, since a plan may be large and a worker that starts reads late: pass on pieces."""
        assert self.process.stdin
        known: Commission | None = None
        with suppress(BrokenPipeError), self.process.stdin as stream:  # it is lost, and the other thread says so
            while piece := self._pieces.get():
                commission = piece.commission
                pickle.dump(
                    (None if commission is known else commission, piece.chunks), stream, pickle.HIGHEST_PROTOCOL
                )
                stream.flush()
                known = commission

    def _read(self, reports: "SimpleQueue[tuple[_Child, Report]]") -> None:
        """In a thread: hand on what it reports, until it ends."""
        assert self.process.stdout
        with self.process.stdout as stream:
            try:
                with suppress(EOFError, pickle.UnpicklingError):
                    while True:
                        reports.put((self, pickle.load(stream)))
            finally:  # whatever it was, nothing more will come
                reports.put((self, Lost("")))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: this one stops them. An interrupt of this process is only delayed."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows: the worker ignores it
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
