"""Signals that ask the program to stop: the first one after the frame in flight, the second one at once."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from videostyle.events import BatchDone, ClipTurn, Event, FilmDone, Iterated, OnEvent

SIGNALS = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
NO_END = (Iterated, ClipTurn, FilmDone, BatchDone)
"""events after which work goes on: in the middle of a frame, before another event, and when little is left to do"""
EXIT_INTERRUPTED = 130
STDERR = 2
SAID = b"\nvideostyle: stopping after the frame in flight; once more to stop at once\n"


@contextmanager
def gently(on_event: OnEvent) -> Iterator[OnEvent]:
    """A callback that ends the work with KeyboardInterrupt after the frame in flight, once a signal has asked for it.

    The second signal raises KeyboardInterrupt at once. Signals that the process ignores, as under nohup, stay ignored.
    """
    asked = False

    def ask(_: int, __: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        with suppress(OSError):  # closed, or gone
            os.write(STDERR, SAID)  # print may be in the middle of a line

    def heard(event: Event) -> None:
        on_event(event)
        if asked and not isinstance(event, NO_END):
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, ask)
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
