"""Work done ahead in a thread, so that neither painter nor encoder waits for it."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Iterate over something that a thread prepares, at most ``depth`` items ahead.

    An exception in the thread is raised again by ``next``. ``close`` ends the thread, and waits for it.
    """

    def __init__(self, items: Iterable[T], depth: int = 2) -> None:
        self._ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(depth)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(iter(items),), daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._stop.is_set():
            raise StopIteration
        item, error = self._ready.get()
        if error is None:
            return item  # type: ignore[return-value]
        self.close()
        raise error

    def close(self) -> None:
        """End the thread; whatever it iterates over is closed too."""
        self._stop.set()
        self._thread.join()

    def _work(self, items: Iterator[T]) -> None:
        try:
            for item in items:
                if not self._put((item, None)):
                    return
            self._put((None, StopIteration()))
        except BaseException as error:  # all of it belongs to the caller
            self._put((None, error))
        finally:
            close = getattr(items, "close", None)
            if close:
                close()

    def _put(self, entry: tuple[T | None, BaseException | None]) -> bool:
        while not self._stop.is_set():
            try:
                self._ready.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False
