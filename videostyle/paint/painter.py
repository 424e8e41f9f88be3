"""What the renderer asks of anything that paints frames: the optimizer, the one that keeps frames, or your own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameInput, FrameTask, Painted, as_picture, from_picture
from videostyle.settings import RenderSettings

OnStep = Callable[[int, int], object]
"""called with the number of steps done, which never falls, and the number of steps at most"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What frames of one size cost."""

    seconds_first: float = 0.0
    """for the first frame of a chunk, at most"""
    seconds_later: float = 0.0
    """for every other frame, at most"""
    bytes_per_slot: int = 0
    usual_slots: int = 1
    """frames painted as one batch if the user does not say"""
    most_slots: int = 1 << 30
    """largest batch possible"""


class Painter(ABC):
    """Turns tasks into pictures. The renderer knows nothing else about it.

    A frame's picture depends on its task alone: not on the other tasks of the batch, nor on earlier calls.

        painter = load_painter("art.jpg")
        picture = painter(photo)
    """

    name: str
    """one word, written into the film's comment"""
    reason: str = ""
    """one sentence: why this painter was chosen"""
    device: str = "cpu"
    fingerprint: str
    """of everything that decides pixels besides plan and settings, such as weights and precision"""
    smallest: int = 1
    """least short side of a picture, px"""
    reach: tuple[int, ...] = ()
    """how many frames back the painter wants earlier frames and motion, nearest first; empty: not at all"""

    @abstractmethod
    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        """Cost of frames of this size, px.

        settings: other settings for the same painter, for an estimate; None: its own. Raises OutOfMemoryError if a
        single frame does not fit the device.
        """

    @abstractmethod
    def task(self, frame: FrameInput) -> FrameTask:
        """Decide where a frame starts and what it is held to. Called in a worker thread, several at a time."""

    @abstractmethod
    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        """Paint frames of equal size as one batch.

        on_step: called now and then while the batch is painted. Raises OutOfMemoryError if it does not fit the device.
        """

    def __call__(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Paint one picture (H, W, 3): uint8, uint16, or float in 0..1. Returns the same shape and type.

        Raises SettingsError for any other shape, type or range.
        """
        picture = np.asarray(picture)
        content = as_picture(picture, least=self.smallest)
        (painted,) = self.paint([self.task(FrameInput(0, content, first=True))])
        return from_picture(painted.picture, np.dtype(picture.dtype))
