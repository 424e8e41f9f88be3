"""Work done ahead in a thread, so that neither painter nor encoder waits for it."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Iterate over items that a thread prepares, at most ``depth`` of them ahead and one more in progress.

    ``next`` raises any exception of the thread again. ``close`` ends the thread and waits for it.
    """

    def __init__(self, items: Iterable[T], depth: int = 2) -> None:
        self._items = iter(items)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._ready = deque(self._thread.submit(next, self._items) for _ in range(depth + 1))

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if not self._ready:
            raise StopIteration
        try:
            item = self._ready.popleft().result()
        except BaseException:
            self.close()
            raise
        self._ready.append(self._thread.submit(next, self._items))
        return item

    def close(self) -> None:
        """End the thread and close what it iterates over."""
        self._ready.clear()
        self._thread.shutdown(wait=True, cancel_futures=True)
        if close := getattr(self._items, "close", None):
            close()
