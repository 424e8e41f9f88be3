"""The interface of anything that paints frames: the optimizer, the painter that keeps frames, or your own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameInput, FrameTask, Painted, to_pixels
from videostyle.paint.colors import Palette, match, palette_of
from videostyle.pictures import as_picture, from_picture
from videostyle.settings import RenderSettings

OnStep = Callable[[int, int], object]
"""called with the number of steps done, which never decreases, and the greatest number of steps possible"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Time and memory that frames of one size take."""

    seconds_first: float = 0.0
    """for the first frame of a chunk, at most"""
    seconds_later: float = 0.0
    """for every other frame, at most, if it shows little that is new; more takes up to ``seconds_first``"""
    bytes_per_slot: int = 0
    usual_slots: int = 1
    """default number of frames painted as one batch"""
    most_slots: int = 1 << 30
    """largest batch possible"""


class Painter(ABC):
    """Turns tasks into pictures. The renderer knows nothing else about it.

    A picture depends only on its task, not on the other tasks of the batch or on earlier calls.

        painter = load_painter("art.jpg")
        picture = painter(photo)
    """

    name: str
    """one word, written into the film's comment"""
    reason: str = ""
    """one sentence: why this painter was chosen"""
    device: str = "cpu"
    fingerprint: str
    """covers everything that affects pixels and that the plan does not hold, such as weights, device, and precision"""
    smallest: int = 1
    """smallest short side of a picture, px"""
    reach: tuple[int, ...] = ()
    """distances, in frames, to the earlier frames that the painter needs with their motion, nearest first"""

    paints: bool = True
    """False: frames stay as they are, so that nothing else may change them either"""
    palette: Palette | None = None
    """colors that each scene gets before it is painted; None: it keeps its own"""

    @abstractmethod
    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        """Cost of frames of this size, px.

        settings: other settings to estimate the cost for; None: the painter's own. Raises OutOfMemoryError if a single
        frame does not fit in the device's memory.
        """

    def progress(self, need: float, height: int, width: int) -> float:
        """How far painting works a frame of this size out, in parts of what a chunk's first frame gets, 0..1.

        need: share of the frame that still needs a first frame's work, 0..1.
        """
        return 1.0

    @abstractmethod
    def task(self, frame: FrameInput) -> FrameTask:
        """Decide where a frame starts and what it is held to. Called in several worker threads at once."""

    @abstractmethod
    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        """Paint frames of equal size as one batch.

        on_step: called from time to time. Raises OutOfMemoryError if the batch does not fit in the device's memory.
        """

    def __call__(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Paint one picture (H, W, 3): uint8, uint16, or float in 0..1. Returns the same shape and type.

        Raises SettingsError for any other shape, type, or range.
        """
        picture = np.asarray(picture)
        content = as_picture(picture, least=self.smallest)
        if self.palette:
            content = match(palette_of(to_pixels(content, np.dtype(np.uint16))), self.palette)(content)
        (painted,) = self.paint([self.task(FrameInput(0, content, first=True))])
        return from_picture(painted.picture, np.dtype(picture.dtype))
