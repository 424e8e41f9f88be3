"""The interface of a finish, which turns a painted frame at work size into a frame of the film."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from videostyle.frames import Motion, Pixels
from videostyle.paint.painter import Cost, OnStep


@dataclass(frozen=True, slots=True, eq=False)
class FinishInput:
    """A painted frame, and what the previous frame passed on."""

    index: int
    """source frame number"""
    painted: Pixels
    """(h, w, 3) at work size"""
    carry: bytes = b""
    """from the previous frame; empty for the first frame of a chunk"""
    motion: Motion | None = None
    """of the clip since the previous frame, at the size that the finish ``sees``; None for a chunk's first frame"""


class Finish(ABC):
    """Turns painted frames into the film's frames.

    What it carries goes from frame to frame of a chunk, in order, and is stored in the job folder right after each
    painted frame. A frame of the film depends only on its painted frame and what is carried with it, so that a range or
    a resumed job has the same frames as the full render.
    """

    fingerprint: str
    """covers everything besides the input that affects what is carried"""

    def carries(self, work: tuple[int, int], size: tuple[int, int]) -> bool:
        """Whether frames depend on earlier ones. work, size: width and height of painted frames and of the film, px."""
        return False

    def sees(self, work: tuple[int, int]) -> tuple[int, int] | None:
        """Width and height at which the clip's motion is wanted, for painted frames of a size; None: it is not."""
        return None

    def cost(self, work: tuple[int, int], size: tuple[int, int]) -> Cost:
        """Time and memory that a frame takes. work, size: as in ``carries``."""
        return Cost()

    def stored(self, work: tuple[int, int], size: tuple[int, int]) -> int:
        """About how many bytes of the disk are taken by what is carried from a frame. work, size: as in ``carries``."""
        return 0

    def carry(self, frame: FinishInput) -> bytes:
        """What a frame's picture and the next frame of the chunk need to know. Called if it ``carries`` anything.

        Raises OutOfMemoryError, as ``picture`` does.
        """
        return b""

    @abstractmethod
    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        """A frame of the film, (H, W, 3). painted: at work size. carry: of this frame. size: width and height, px.

        on_step: called with how many rows of a large frame are done, and how many there are. May be called in another
        thread than ``carry``, at the same time.
        """
