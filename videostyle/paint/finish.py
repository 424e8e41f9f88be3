"""What the film asks of whatever turns a painted frame at work size into the film's frame."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from videostyle.frames import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class FinishInput:
    """A painted frame, and what the frame before it has passed on."""

    index: int
    """source frame number"""
    painted: Pixels
    """(h, w, 3) at work size"""
    size: tuple[int, int]
    """width and height of the film, px"""
    carry: bytes = b""
    """from the frame before; empty for the first frame of a chunk"""


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A frame of the film."""

    pixels: Pixels
    """(H, W, 3) at the film's size"""
    carry: bytes = b""
    """what the next frame of the chunk needs to know; empty: nothing"""


class Finish(ABC):
    """Turns painted frames into the film's frames, chunk by chunk, each frame after the one before.

    A frame depends on its input alone. What is carried is stored in the job folder, so that a range, and a job that was
    stopped, give the frames of the full render.
    """

    fingerprint: str
    """of everything that decides the result besides the input"""
    carries: bool = False
    """whether frames depend on the ones before them"""

    @abstractmethod
    def finish(self, frame: FinishInput) -> Finished:
        """Finish one frame."""
