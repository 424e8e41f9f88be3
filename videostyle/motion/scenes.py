"""Frames -> scene cuts, by PySceneDetect's detectors fed with our frames."""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from videostyle.frames import Frame
from videostyle.settings import SceneSettings

LEAST_CHANGE = 6.0
"""levels of 255, mean over pixels and channels: hue and saturation of black pixels jump where nothing can be seen"""
FLASH = 3
"""frames: what looks different no longer than this is a flash, not a scene"""
LIKE_BEFORE = 0.5
"""a flash is over when the difference from before it has fallen to this fraction"""
STANDS_OUT = 2.0
"""times the median change between neighbours around it that a cut must have: fast motion changes every frame much"""

_Small = NDArray[np.uint8]


def find_cuts(frames: Iterable[Frame], settings: SceneSettings) -> list[int]:
    """Indices of the first frames of new scenes, ascending; the very first frame is none.

    Frames (H, W, 3) of any one size; 144 px on the short side are enough. Of the detector's cuts those are dropped that
    are flashes, hardly change the picture, or do not stand out from the motion around them, and those less than ``settings.min_frames`` after the one before. Keeps
    no more than a few frames. All frames are taken, whatever the settings.
    """
    if settings.detector == "none":
        for _ in frames:
            pass
        return []
    cuts: list[int] = []
    last = None
    for cut in _candidates(frames, settings):
        last = 0 if last is None else last
        if cut - last >= settings.min_frames:
            cuts.append(cut)
            last = cut
    return cuts


def _candidates(frames: Iterable[Frame], settings: SceneSettings) -> Iterator[int]:
    """The detector's cuts that are neither flashes nor hardly visible, however near each other."""
    detector = _detector(settings)
    recent: deque[tuple[int, _Small]] = deque(maxlen=2 * FLASH + 4)
    waiting: deque[int] = deque()
    number = 0
    indices: dict[int, int] = {}
    for frame in frames:
        pixels = _bytes(frame)
        recent.append((number, pixels))
        indices[number] = frame.index
        indices.pop(number - 2 * recent.maxlen, None)  # type: ignore[operator]
        found = detector.process_frame(FrameTimecode(number, fps=25.0), np.ascontiguousarray(pixels[..., ::-1]))
        waiting.extend(cut.frame_num for cut in found)
        while waiting and waiting[0] + FLASH <= number:
            cut = waiting.popleft()
            if cut and _is_cut(cut, dict(recent)):
                yield indices[cut]
        number += 1
    for cut in waiting:
        if cut and _is_cut(cut, dict(recent)):
            yield indices[cut]


def _detector(settings: SceneSettings) -> ContentDetector:
    """A detector that reports every cut it sees; scenes that are too short are dropped later."""
    threshold = settings.threshold
    if settings.detector == "adaptive":
        return AdaptiveDetector(adaptive_threshold=threshold or 3.0, min_scene_len=1)
    return ContentDetector(threshold=threshold or 27.0, min_scene_len=0)


def _is_cut(cut: int, frames: dict[int, _Small]) -> bool:
    """Whether the picture changes visibly and more than around it, and for longer than a flash lasts."""
    change = _difference(frames[cut - 1], frames[cut])
    around = [
        _difference(frames[near - 1], frames[near])
        for near in range(cut - FLASH, cut + FLASH + 1)
        if near != cut and near in frames and near - 1 in frames
    ]
    if change < max(LEAST_CHANGE, STANDS_OUT * float(np.median(around or [0]))):
        return False
    same = LIKE_BEFORE * change
    comes = any(_difference(frames[cut - 1], frames[cut + k]) < same for k in range(1, FLASH + 1) if cut + k in frames)
    goes = any(
        _difference(frames[cut - 1 - k], frames[cut]) < same for k in range(1, FLASH + 1) if cut - 1 - k in frames
    )
    return not comes and not goes


def _difference(one: _Small, other: _Small) -> float:
    return float(np.abs(one.astype(np.int16) - other).mean())


def _bytes(frame: Frame) -> _Small:
    pixels = frame.pixels
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
