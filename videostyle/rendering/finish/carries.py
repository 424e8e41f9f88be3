"""What a finish carries from frame to frame of a chunk: read from the job folder, or worked out and stored there."""

from collections.abc import Generator, Iterator

from videostyle.frames import Chunk, Motion
from videostyle.motion.flow import estimate
from videostyle.paint.finish import Finish, FinishInput
from videostyle.rendering.plan.contents import contents
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store


class Carries:
    """What is carried through one chunk."""

    def __init__(self, plan: RenderPlan, store: Store, finish: Finish, chunk: Chunk) -> None:
        self._plan, self._store, self._finish, self._chunk = plan, store, finish, chunk
        self._order = plan.frames_of(chunk)
        self._worked: Generator[tuple[int, bytes]] | None = None

    def of(self, frame: int, step: Motion | None = None) -> bytes:
        """What is carried from a frame. It comes after those asked for before, and the frames up to it are painted.

        step: the motion since the frame before it, as the finish sees it, if it is known. Raises MediaError if the clip
        can no longer be read, JobError if something cannot be stored.
        """
        carry = self._store.carry(self._finish.fingerprint, frame)
        if carry is not None:
            self.close()
            return carry
        if step or self._worked is None:
            place, carry = self.known(frame)
            if place == self._order.index(frame) and (step or not place):
                self.close()
                return self._laid(frame, carry, step)
            self._worked = self._worked or self._work_out(place, carry)
        return next(carry for index, carry in self._worked if index == frame)

    def known(self, frame: int) -> tuple[int, bytes]:
        """The place in the chunk from which carries up to this frame must be worked out; what is carried into it."""
        for place in range(self._order.index(frame) + 1, 0, -1):
            carry = self._store.carry(self._finish.fingerprint, self._order[place - 1])
            if carry is not None:
                return place, carry
        return 0, b""

    def close(self) -> None:
        """Stop reading the clip."""
        if self._worked:
            self._worked.close()
            self._worked = None

    def _work_out(self, place: int, carry: bytes) -> Generator[tuple[int, bytes]]:
        """(source frame, what is carried from it) from a place of the chunk on."""
        for frame, motion in self._motions(place):
            carry = self._laid(frame, carry, motion)
            yield frame, carry

    def _laid(self, frame: int, carry: bytes, motion: Motion | None) -> bytes:
        painted = self._store.load(frame, self._plan.work)
        carry = self._finish.carry(FinishInput(frame, painted, carry, motion))
        self._store.save_carry(self._finish.fingerprint, frame, carry)
        return carry

    def _motions(self, place: int) -> Iterator[tuple[int, Motion | None]]:
        """(source frame, motion since the frame before in the chunk) from a place of the chunk on."""
        size = self._finish.sees(self._plan.work)
        if size is None:
            yield from ((frame, None) for frame in self._order[place:])
            return
        before = None
        for frame in contents(self._plan, self._chunk, self._order[max(0, place - 1) :], size):
            if before or not place:
                flow = self._plan.settings.flow
                yield frame.index, estimate(frame.pixels, before.pixels, flow) if before else None
            before = frame
