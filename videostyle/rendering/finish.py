"""From a painted frame at work size to the film's frame."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from videostyle.frames import Pixels
from videostyle.media.stills import resize
from videostyle.rendering.plan import RenderPlan
from videostyle.rendering.store import Store


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A frame of the film."""

    pixels: Pixels
    """(H, W, 3) at the film's size"""
    carry: bytes = b""
    """what the next frame of the chunk needs to know; empty: nothing"""


class Finish(ABC):
    """Turns painted frames into the film's frames, chunk by chunk, each frame after the one before.

    A frame depends on its painted frame and on what the frame before carried on, and on nothing else. What is carried
    is stored in the job folder, so that a range, and a job that was stopped, give the frames of the full render.
    """

    fingerprint: str
    """of everything that decides the result besides the painted frames"""
    carries: bool = False
    """whether frames depend on the ones before them"""

    @abstractmethod
    def finish(self, painted: Pixels, size: tuple[int, int], carry: bytes) -> Finished:
        """Finish one frame.

        painted: (h, w, 3) at work size. size: width and height of the film, px. carry: from the frame before; empty for
        the first frame of a chunk.
        """


class Enlarge(Finish):
    """Scales painted frames to the film's size (Lanczos)."""

    fingerprint = "enlarge"

    def finish(self, painted: Pixels, size: tuple[int, int], carry: bytes) -> Finished:
        return Finished(resize(painted, size))


def finished(
    plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int] | None = None
) -> Iterator[tuple[int, Pixels]]:
    """(source frame, pixels) of every frame of the film, ascending. size: of the film, px; None: the plan's."""
    kept = set(plan.to_keep)
    size = size or plan.size
    name = f"{finish.fingerprint} {size}"
    for chunk in plan.chunks:
        frames, carry = plan.frames_of(chunk), b""
        if not finish.carries:
            frames = [frame for frame in frames if frame in kept]
        else:
            # the lead-in is skipped as far as an earlier run has stored what it carries on
            wanted = next((place for place, frame in enumerate(frames) if frame in kept), len(frames))
            for place in range(wanted, 0, -1):
                if (stored := store.carry(name, frames[place - 1])) is not None:
                    frames, carry = frames[place:], stored
                    break
        for frame in frames:
            result = finish.finish(store.load(frame, plan.work), size, carry)
            if finish.carries:
                carry = result.carry
                store.save_carry(name, frame, carry)
            if frame in kept:
                yield frame, result.pixels
