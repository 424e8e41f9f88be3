"""What the film's finish carries, worked out beside painting."""

from concurrent.futures import Future, ThreadPoolExecutor

from videostyle.frames import Chunk, Motion
from videostyle.paint.finish import Finish
from videostyle.rendering.finish.carries import Carries
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store


class Laying:
    """Works out what the plan's finish carries in a thread, right behind the painted frames."""

    def __init__(self, plan: RenderPlan, store: Store, finish: Finish | None = None) -> None:
        """finish: the plan's; None: it is made here."""
        self._plan, self._store = plan, store
        self._finish = finish or finish_for(plan.artworks, plan.settings)
        self._needed = self._finish.carries(plan.work, plan.painted_size(plan.size))
        self._forward = plan.settings.temporal.passes % 2 == 1
        self.takes_steps = self._needed and self._forward and self._finish.sees(plan.work) == plan.work
        """whether the motion that painting works with is the one that the finish wants"""
        self._chunk: dict[int, Carries] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="finish")

    def after(self, save: Future[None], chunk: Chunk, frame: int, step: Motion | None = None) -> Future[None]:
        """Done once a painted frame is stored, and what is carried from it.

        step: the clip's motion at work size since the frame before, if it is known.
        If the last of several passes goes backward, a chunk's first frame has to be painted before anything is carried.
        """
        frames = self._plan.frames_of(chunk)
        if not self._needed or not (self._forward or frame == frames[0]):
            return save
        if not self._forward:
            return self._thread.submit(self._lay, save, chunk, frames[-1])
        return self._thread.submit(self._lay, save, chunk, frame, step if self.takes_steps else None)

    def _lay(self, save: Future[None], chunk: Chunk, frame: int, step: Motion | None = None) -> None:
        save.result()
        if chunk.name not in self._chunk:
            self._chunk[chunk.name] = Carries(self._plan, self._store, self._finish, chunk)
        self._chunk[chunk.name].of(frame, step)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)
        for carries in self._chunk.values():
            carries.close()
