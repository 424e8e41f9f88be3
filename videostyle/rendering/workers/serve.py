"""What runs in a worker process: it reads pieces from stdin, paints them, and reports to stdout, in pickles."""

import _thread
import os
import pickle
import signal
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import BinaryIO

from videostyle.errors import VideostyleError
from videostyle.frames import Chunk
from videostyle.rendering.workers.engine import Commission, Failed, Finished, Piece, Report

GRACE = 2.0
"""seconds in which a worker that is told to stop may finish what it writes"""
_Order = tuple[Commission | None, Sequence[Chunk]]
"""None: the same commission as before"""


def main() -> None:
    """Paint until stdin is closed; then stop at once, even in the middle of a frame."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one stops us
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(OSError):  # where memory runs out, the system shall end a worker and not who could replace it
        Path("/proc/self/oom_score_adj").write_text("500")
    orders, reports = _streams()
    given = SimpleQueue[_Order | None]()
    ready = Event()
    Thread(target=_read, args=(orders, given, ready), daemon=True).start()
    with suppress(KeyboardInterrupt, BrokenPipeError):
        _serve(given, reports, ready)
    os._exit(0)  # the interpreter would wait for threads


def _serve(given: "SimpleQueue[_Order | None]", reports: BinaryIO, ready: Event) -> None:
    # torch takes seconds to import; a driver that ends meanwhile is noticed
    from videostyle.rendering.workers.worker import Worker

    ready.set()

    def report(value: Report) -> None:
        pickle.dump(value, reports, pickle.HIGHEST_PROTOCOL)
        reports.flush()

    worker, commission = Worker("a worker process"), None
    while (order := given.get()) is not None:
        commission = order[0] or commission
        assert commission
        try:
            worker.paint(Piece(commission, tuple(order[1])), report)
        except BrokenPipeError:
            raise
        except Exception as error:
            report(Failed(portable(error)))
        else:
            report(Finished())


def portable(error: Exception) -> Exception:
    """An error that can be pickled; if it is a bug, with a note that says where it was raised."""
    if not isinstance(error, VideostyleError):
        error.add_note(f"in a worker:\n{''.join(traceback.format_exception(error))}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            plain.add_note(note)
        return plain
    return error


def _streams() -> tuple[BinaryIO, BinaryIO]:
    """Stdin and stdout for pickles only: what anything else reads is empty, and what it prints goes to stderr."""
    try:
        os.fstat(2)
    except OSError:  # it was closed before this process began
        os.open(os.devnull, os.O_WRONLY)
    orders, reports = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return open(orders, "rb"), open(reports, "wb")


def _read(orders: BinaryIO, given: "SimpleQueue[_Order | None]", ready: Event) -> None:
    """In a thread: hand on orders. When there are no more, interrupt what is being painted."""
    try:
        while True:
            given.put(pickle.load(orders))
    except (EOFError, pickle.UnpicklingError):
        given.put(None)
    if not ready.is_set():
        os._exit(0)  # nothing is painted yet, and an import that is interrupted complains
    time.sleep(0.1)  # an idle worker has ended by itself
    _thread.interrupt_main(signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
