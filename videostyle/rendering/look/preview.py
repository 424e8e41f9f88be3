"""How a render goes: the latest painted frame next to the clip's, in a small picture that is replaced now and then."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np

from videostyle.events import Event, FrameDone, OnEvent
from videostyle.frames import FrameRange, Pixels, to_bytes
from videostyle.media.files import whole_or_nothing
from videostyle.media.jpeg import to_jpeg
from videostyle.media.light import shown
from videostyle.media.read.decode import decode
from videostyle.media.stills import resize
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

NAME = "preview.jpg"
SECONDS, SHARE = 3.0, 0.01
"""least time between two pictures, and most of the time that a thread may spend on them"""
SIDE, GAP = 480, 6
"""px: long side of each of the two frames, and white between them"""


class Preview:
    """Hands events on, and draws ``preview.jpg`` in the job folder in a thread of its own. Close it after the work.

    A picture that cannot be drawn never stops the work: the next one may be.
    """

    def __init__(self, plan: RenderPlan, job: Path, on_event: OnEvent, clock: Callable[[], float] = time.perf_counter):
        self._plan, self._store, self._on_event, self._clock = plan, Store(job), on_event, clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="preview")
        self._drawing: Future[None] | None = None
        self._due = -float("inf")

    def __call__(self, event: Event) -> None:
        """Hand an event on; draw the frame that it reports if it is time for one."""
        self._on_event(event)
        idle = self._drawing is None or self._drawing.done()
        if isinstance(event, FrameDone) and not event.passes_left and idle and self._clock() >= self._due:
            self._drawing = self._thread.submit(self._draw, event.frame)

    def close(self) -> None:
        """Wait for the picture that is being drawn."""
        self._thread.shutdown(wait=True)

    def _draw(self, frame: int) -> None:
        start = self._clock()
        with suppress(Exception):  # whatever it is, it must not stop the work, nor be tried at every frame
            content = to_jpeg(beside_the_clip(self._plan, self._store.load(frame, self._plan.work), frame))
            with whole_or_nothing(self._store.folder / NAME) as temporary:
                temporary.write_bytes(content)
        end = self._clock()
        self._due = end + max(SECONDS, (end - start) / SHARE)


@contextmanager
def previewed(plan: RenderPlan, job: Path, on_event: OnEvent, wanted: bool = True) -> Iterator[OnEvent]:
    """A callback that also draws the preview, if it is wanted, until the end of a ``with`` block."""
    if not wanted:
        yield on_event
        return
    with closing(Preview(plan, job, on_event)) as preview:
        yield preview


def beside_the_clip(plan: RenderPlan, painted: Pixels, frame: int) -> Pixels:
    """A frame of the clip on the left, and as it was painted, before it is enlarged and lit, on the right: 8 bits.

    Raises MediaError if the clip can no longer be read.
    """
    scale = min(1.0, SIDE / max(plan.work))
    size = (max(1, round(plan.work[0] * scale)), max(1, round(plan.work[1] * scale)))
    clip = [seen.pixels for seen in decode(plan.inside, FrameRange(frame, frame + 1), size)]
    pictures = [to_bytes(shown(plan.clip.color, pixels)) for pixels in (*clip, resize(painted, size))]
    white = np.full((size[1], GAP, 3), 255, np.uint8)
    return np.hstack([pictures[0], *(part for picture in pictures[1:] for part in (white, picture))])
