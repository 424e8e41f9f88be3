"""Signals that ask the program to stop: the first one after the frame in flight, the second one at once."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from videostyle.events import Event, FrameDone, FrameWritten, OnEvent, Scanned

SIGNALS = {signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}
STEPS = (Scanned, FrameDone, FrameWritten)
"""events after which work may end: what was done until then is stored, or is quick to do again"""
SAID = b"\nvideostyle: stopping after the frame in flight; once more to stop at once\n"


@contextmanager
def gently(on_event: OnEvent) -> Iterator[OnEvent]:
    """A callback that ends the work with KeyboardInterrupt after the frame in flight, once a signal has asked for it.

    The second signal raises KeyboardInterrupt at once. Signals that the process ignores, as under nohup, stay ignored.
    """
    asked = False

    def ask(number: int, at: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, SAID)  # print may be in the middle of a line

    def heard(event: Event) -> None:
        on_event(event)
        if asked and isinstance(event, STEPS):
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
