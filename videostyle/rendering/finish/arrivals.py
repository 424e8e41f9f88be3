"""Which frames have been painted, for a thread that waits for them."""

from collections.abc import Iterable
from threading import Condition


class Stopped(Exception):
    """Raised in a thread that waits for a frame that will not come."""


class Arrivals:
    """Painted frames: one thread adds them, another waits for them."""

    def __init__(self, frames: Iterable[int] = ()) -> None:
        """frames: those that are there already."""
        self._frames = set(frames)
        self._complete = self._stopped = self._settled = False
        self._changed = Condition()

    def add(self, frame: int) -> None:
        """A frame is stored, and what is carried from it."""
        with self._changed:
            self._frames.add(frame)
            self._changed.notify_all()

    def complete(self) -> None:
        """All frames are there; other processes may have painted some of them."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()

    def stop(self) -> None:
        """No frame is wanted any more, unless they have all been used."""
        with self._changed:
            self._stopped = not self._settled
            self._changed.notify_all()

    def settle(self) -> None:
        """All frames have been used: from now on, ``stop`` comes too late. Raises Stopped after it."""
        with self._changed:
            self.check()
            self._settled = True

    def check(self) -> None:
        """Raise Stopped after ``stop``."""
        with self._changed:
            if self._stopped:
                raise Stopped

    def wait(self, frame: int) -> None:
        """Return once a frame is there. Raises Stopped after ``stop``."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._complete or frame in self._frames)
            self.check()
