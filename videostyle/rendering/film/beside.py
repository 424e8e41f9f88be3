"""The film is written in a thread while its frames are painted."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import SimpleQueue

from videostyle.events import Event, FrameDone, OnEvent
from videostyle.rendering.film.film import StoredFilm, make_film
from videostyle.rendering.finish.arrivals import Arrivals

PAUSE = 0.2
"""seconds between looks at what has been written, once everything is painted"""


@contextmanager
def written_beside(film: StoredFilm, check: Callable[[], object], on_event: OnEvent) -> Iterator[OnEvent]:
    """Write a film while the body of the ``with`` block paints its frames, and reports them to what this yields.

    check: raises an error if the film must not be written; called before the first frame and after the last one.
    on_event: gets all events, in the caller's thread. At the end of the block the rest of the film is written. If
    anything, an interrupt too, ends this early, no film appears; once it has appeared, nothing ends this early any
    more, for all is done. An error of the film's is raised at the next frame that is reported.
    """
    check()
    arrivals = Arrivals(frame for frame in film.plan.to_render if film.store.has(frame))
    written = SimpleQueue[Event]()
    thread = ThreadPoolExecutor(1, thread_name_prefix="film")
    writing = thread.submit(make_film, film, written.put, arrivals, check)

    def report() -> None:
        while not written.empty():
            on_event(written.get())

    def follow(event: Event) -> None:
        on_event(event)
        report()
        if isinstance(event, FrameDone) and not event.passes_left:
            arrivals.add(event.frame)
            if writing.done():
                writing.result()

    try:
        try:
            yield follow
            arrivals.complete()
            while not writing.done():
                wait([writing], PAUSE)
                report()
            writing.result()
            report()
        finally:
            _end(thread, writing, arrivals)
    except BaseException:
        if writing.exception():
            raise


def _end(thread: ThreadPoolExecutor, writing: Future[None], arrivals: Arrivals) -> None:
    """Stop the thread that waits for arrivals. An interrupt is only delayed until it has ended."""
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            arrivals.stop()
            wait([writing])  # Python before 3.13 takes a thread for ended if joining it is interrupted
            break
        except KeyboardInterrupt as again:
            interrupt = again
    thread.shutdown()
    if interrupt:
        raise interrupt
