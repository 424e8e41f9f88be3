"""Which content carried paint was made for, and whether the clip still shows it."""

import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from videostyle.frames import Picture, Pixels, to_bytes, to_picture, to_pixels
from videostyle.motion.flow import estimate, resize, warp
from videostyle.settings import FlowSettings

Plane = NDArray[np.float32]
"""(H, W)"""

AROUND = 4.0
"""px, standard deviation of the window around a pixel whose content decides what is painted there: strokes reach into
what is beside an edge, so the ground next to an object that has left must be painted again"""
SAME, ANOTHER = 4.0, 16.0
"""levels of 255, mean over channels: content that differs by less from what paint was made for is the same, by more is
another. Paint in between is partly renewed: a sharp limit would draw its outline, frame by frame"""
TRIAL_SIDE = 48
"""px, short side at which motion is estimated to find out whether a frame shows what nearer ones did not"""
TRIAL_GAIN, TRIAL_SHARE = 0.004, 0.4
"""shares of the frame, and of what nearer frames did not show, that a further frame must show to be used"""
UINT8 = np.dtype(np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Memory:
    """What the paint of a frame was made for, carried along the flow with the paint; a function of the clip alone."""

    content: NDArray[np.uint8]
    """(H, W, 3): the clip around each pixel, when that pixel was painted"""
    developed: NDArray[np.uint8]
    """(H, W): how far the paint has been worked out, in 255ths of what a scene's first frame gets"""

    def to_bytes(self) -> bytes:
        """Compressed; ``from_bytes`` is the inverse."""
        planes = np.dstack([self.content, self.developed])
        return zlib.compress(np.diff(planes, axis=1, prepend=np.uint8(0)).tobytes(), 1)

    @staticmethod
    def from_bytes(stored: bytes, size: tuple[int, int]) -> "Memory | None":
        """The memory of frames of this width and height, px; None if it is damaged."""
        try:
            changes = np.frombuffer(zlib.decompress(stored), np.uint8).reshape(size[1], size[0], 4)
        except (zlib.error, ValueError):
            return None
        planes = np.cumsum(changes, axis=1, dtype=np.uint8)
        return Memory(np.ascontiguousarray(planes[..., :3]), np.ascontiguousarray(planes[..., 3]))


def surroundings(pixels: Pixels) -> NDArray[np.uint8]:
    """The clip around each pixel: (H, W, 3)."""
    return np.asarray(cv2.GaussianBlur(to_bytes(pixels), (0, 0), AROUND, borderType=cv2.BORDER_REFLECT_101), np.uint8)


def carried(memory: Memory, flow: NDArray[np.float32]) -> tuple[Picture, Plane]:
    """A memory warped to the current frame: content (H, W, 3) and development (H, W), both in 0..1."""
    content, _ = warp(to_picture(memory.content), flow)
    developed, _ = warp(to_picture(np.repeat(memory.developed[..., None], 3, 2)), flow)
    return content, np.ascontiguousarray(developed[..., 0])


def still_shown(content: Picture, now: NDArray[np.uint8]) -> Plane:
    """How far the clip still shows what paint was made for: (H, W) in 0..1. now: ``surroundings`` of the frame."""
    difference = 255 * np.abs(content - to_picture(now)).mean(-1)
    return np.asarray(np.clip((ANOTHER - difference) / (ANOTHER - SAME), 0, 1), np.float32)


def remember(content: Picture, developed: Plane, gain: float) -> Memory:
    """The memory of a frame after it is painted. gain: development that painting added, 0..1."""
    grown = np.rint(np.clip(developed + gain, 0, 1) * np.float32(255)).astype(np.uint8)
    return Memory(np.asarray(to_pixels(content, UINT8), np.uint8), grown)


def shows(current: Pixels, earlier: Pixels, missing: Plane, settings: FlowSettings) -> bool:
    """Whether an earlier frame seems to show much of what is missing, (H, W) in 0..1; judged at a small size."""
    height, width = missing.shape
    scale = min(1.0, TRIAL_SIDE / min(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    found = estimate(resize(current, *size), resize(earlier, *size), settings).consistency
    wanted = np.asarray(cv2.resize(missing, size, interpolation=cv2.INTER_AREA), np.float32)
    return bool((found * wanted).mean() > max(TRIAL_GAIN, TRIAL_SHARE * wanted.mean()))
