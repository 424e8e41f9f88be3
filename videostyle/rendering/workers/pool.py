"""Worker processes that this one starts and talks to through their stdin and stdout; several jobs may share them.

They are started anew, not forked, and nothing is imported again from the main script, so no script needs a guard.
A worker ends when its stdin is closed, and the system closes it when this process ends, however it ends.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread

from videostyle.errors import OutOfMemoryError
from videostyle.rendering.workers.engine import Commission, Failed, Finished, Lost, Piece, Report
from videostyle.rendering.workers.machine import held_bytes, memory_kills
from videostyle.rendering.workers.serve import GRACE

ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "VECLIB_MAXIMUM_THREADS"),
    "1",
)
"""variables that keep each library from starting as many threads as there are cores in every worker"""
Reports = SimpleQueue[tuple[Piece, Report] | None]
"""what a job hears of its pieces; None: that it has to end"""


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """A piece that a job wants to have painted."""

    piece: Piece
    reports: Reports
    rank: int = 0
    """place of its job: pieces of lower rank come first"""


class Pool:
    """Workers as processes on this machine, each started when it is first needed. Any thread may use it."""

    def __init__(self, workers: int, gpus: Sequence[str] = ()) -> None:
        """gpus: one for each worker, as CUDA_VISIBLE_DEVICES names them; empty: workers paint on the CPU."""
        self.workers, self.gpus = workers, gpus
        self._lock = Lock()
        self._waiting: list[Order] = []
        self._children: list[_Child] = []
        self._lost: list[_Child] = []
        """processes that have ended by themselves"""
        self._kills = memory_kills()

    @property
    def idle(self) -> int:
        """How many more pieces would be painted at once; negative: pieces are waiting."""
        with self._lock:
            return self.workers - self._busy() - len(self._waiting)

    def fewer(self, seen: int) -> bool:
        """Have one worker less, if there still are as many as were seen, and more than one. Returns whether."""
        with self._lock:
            if not 1 < self.workers == seen:
                return False
            self.workers -= 1
            return True

    def give(self, order: Order) -> None:
        """Have a piece painted as soon as a worker is free."""
        with self._lock:
            self._waiting.append(order)
            self._assign()

    def withdraw(self, reports: Reports) -> None:
        """Stop painting a job's pieces; return when nothing writes into its folder any more."""
        with self._lock:
            self._waiting = [order for order in self._waiting if order.reports is not reports]
            children = [child for child in self._children if child.order and child.order.reports is reports]
            for child in children:
                child.stopped = True
        self._end(children)

    def held(self) -> int:
        """Bytes of this machine's memory that the workers hold."""
        with self._lock:
            return sum(held_bytes(child.process.pid) for child in self._children)

    def close(self) -> None:
        """End all workers."""
        with self._lock:
            self._waiting.clear()
            children = [*self._children, *self._lost]
            for child in children:
                child.stopped = True
        self._end(children)

    def _busy(self) -> int:
        """How many workers paint, or are being stopped."""
        return sum(child.order is not None or child.stopped for child in self._children)

    def _assign(self) -> None:
        """Let idle workers take orders, and start workers for others. Called with the lock."""
        while self._waiting and self._busy() < self.workers:
            order = min(self._waiting, key=lambda order: order.rank)
            self._waiting.remove(order)
            try:
                self._child_for(order).give(order)
            except Exception as error:  # no process or thread can be started: the job that needs it has to know
                order.reports.put((order.piece, Failed(error)))

    def _child_for(self, order: Order) -> "_Child":
        """An idle worker, if possible one that knows the job already, or a new one."""
        idle = [child for child in self._children if child.order is None and not child.stopped]
        if idle:
            return min(idle, key=lambda child: child.known is not order.piece.commission)
        free = [gpu for gpu in self.gpus if gpu not in [child.gpu for child in self._children]]
        child = _Child(self._hear, self._ended, *free[:1])
        self._children.append(child)
        return child

    def _hear(self, child: "_Child", report: Report) -> None:
        """Hand on what a worker reports, and let it go on at once. Called in the worker's thread."""
        with self._lock:
            if child.stopped or (order := child.order) is None:
                return  # a worker that is stopped says a last word
            if isinstance(report, Finished | Failed):
                child.order = None
            order.reports.put((order.piece, report))
            self._assign()

    def _ended(self, child: "_Child", last: Report) -> None:
        """Say what has become of a worker's piece. Called in the worker's thread, when its process is gone."""
        with self._lock:
            if child.stopped:
                return  # by ``_end``, which goes on
            self._children.remove(child)
            self._lost.append(child)
            if order := child.order:
                order.reports.put((order.piece, self._judged(child) if isinstance(last, Lost) else last))
            self._assign()

    def _end(self, children: "Sequence[_Child]") -> None:
        for child in children:
            child.dismiss()
        for child in children:
            child.end()
        with self._lock:
            self._children = [child for child in self._children if child not in children]
            self._lost = [child for child in self._lost if child not in children]
            self._assign()

    def _judged(self, child: "_Child") -> Lost:
        """What is known of a lost worker now that it has ended."""
        code = child.process.wait()
        if code < 0 and -code == getattr(signal, "SIGKILL", 9) and memory_kills() > self._kills:
            self._kills += 1
            return Lost("the system ended it because memory ran out", for_memory=True)
        return Lost(f"signal {-code} ended it" if code < 0 else f"it ended with exit code {code}")


class _Child:
    """A worker process."""

    def __init__(
        self, hear: "Callable[[_Child, Report], object]", ended: "Callable[[_Child, Report], object]", gpu: str = ""
    ) -> None:
        """hear: gets what it reports. ended: is called when it is gone, with the last that is known."""
        self.order: Order | None = None
        """what it paints; None: it is idle"""
        self.stopped = False
        """whether it was told to end"""
        self.known: Commission | None = None
        """of the latest piece"""
        self.gpu = gpu
        self._pieces = SimpleQueue[Piece | None]()
        self._hear, self._ended = hear, ended
        # the module search path of this process, and not the folder that it happens to be in
        code = f"import sys; sys.path = {sys.path!r}; from videostyle.rendering.workers.serve import main; main()"
        command = [sys.executable, "-P", "-c", code]
        variables = os.environ | ({"CUDA_VISIBLE_DEVICES": gpu} if gpu else ONE_THREAD)
        with _without_interrupts():
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables)
        self._threads = (
            Thread(target=self._write, name="pieces", daemon=True),
            Thread(target=self._read, name="reports", daemon=True),
        )
        try:
            for thread in self._threads:
                thread.start()
        except BaseException:  # nobody would end it
            self.dismiss()
            with self.process:
                self.process.kill()
            raise

    def give(self, order: Order) -> None:
        self.order, self.known = order, order.piece.commission
        self._pieces.put(order.piece)

    def dismiss(self) -> None:
        """Tell it to stop."""
        self._pieces.put(None)

    def end(self) -> None:
        """Wait until it has ended, and what talks to it."""
        self._reap()
        for thread in self._threads:
            thread.join()

    def _reap(self) -> None:
        """Wait until the process has ended; if it does not, kill it."""
        try:
            self.process.wait(2 * GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

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

    def _read(self) -> None:
        """In a thread: hand on what it reports, until it ends, or must end because memory ran out."""
        assert self.process.stdout
        last: Report = Lost("")
        try:
            with self.process.stdout as stream, suppress(EOFError, pickle.UnpicklingError):
                while not _is_full(report := pickle.load(stream)):
                    self._hear(self, report)
                last = report
        finally:  # whatever it was, nothing more will come
            self.dismiss()  # one that is out of memory would keep what it has freed
            self._reap()
            self._ended(self, last)


def _is_full(report: Report) -> bool:
    """Whether a worker has found no memory."""
    return isinstance(report, Failed) and isinstance(report.error, MemoryError | OutOfMemoryError)


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
