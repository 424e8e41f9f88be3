"""The interface of a finish, which turns a painted frame at work size into a frame of the film."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from videostyle.frames import Motion, Pixels
from videostyle.paint.painter import Cost


@dataclass(frozen=True, slots=True, eq=False)
class FinishInput:
    """A painted frame, and what the previous frame passed on."""

    index: int
    """source frame number"""
    painted: Pixels
    """(h, w, 3) at work size"""
    size: tuple[int, int]
    """width and height of the film, px"""
    carry: bytes = b""
    """from the previous frame; empty for the first frame of a chunk"""
    motion: Motion | None = None
    """of the clip since the previous frame, at the size that the finish ``sees``; None for a chunk's first frame"""


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A frame of the film."""

    pixels: Pixels
    """(H, W, 3) at the film's size"""
    carry: bytes = b""
    """what the next frame of the chunk needs to know; may be empty"""


class Finish(ABC):
    """Turns painted frames into the film's frames, chunk by chunk and in order.

    A frame depends only on its input. What it carries is stored in the job folder, so that a range or a resumed job has
    the same frames as the full render.
    """

    fingerprint: str
    """covers everything besides the input that affects the result"""
    carries: bool = False
    """whether frames depend on earlier ones"""

    def sees(self, work: tuple[int, int]) -> tuple[int, int] | None:
        """Width and height at which the clip's motion is wanted, for painted frames of a size; None: it is not."""
        return None

    def cost(self, work: tuple[int, int], size: tuple[int, int]) -> Cost:
        """Time and memory that a frame takes. work, size: width and height of painted frames and of the film, px."""
        return Cost()

    @abstractmethod
    def finish(self, frame: FinishInput) -> Finished:
        """Finish one frame."""
