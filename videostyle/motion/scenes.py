"""Frames -> scene cuts, by PySceneDetect's detectors fed with our frames."""

import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping

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
KEPT = 12
"""frames at hand when a cut is judged: as far back as it is reported late, and FLASH more on either side"""

_Small = NDArray[np.uint8]


def find_cuts(frames: Iterable[Frame], settings: SceneSettings) -> list[int]:
    """Indices of the first frames of new scenes, ascending; the very first frame is none.

    Frames (H, W, 3) of any one size; 144 px on the short side are enough. Of the detector's cuts those are dropped that
    are flashes, hardly change the picture, or do not stand out from the motion around them; of scenes shorter than
    ``settings.min_frames`` those after the first. All frames are taken, whatever the settings, and few are kept.
    """
    if settings.detector == "none":
        for _ in frames:
            pass
        return []
    cuts = list[int]()
    last = -1  # place of the latest scene's first frame; -1: none yet
    for place, index in _candidates(frames, settings):
        if place - max(last, 0) >= settings.min_frames:
            cuts.append(index)
            last = place
    return cuts


def _candidates(frames: Iterable[Frame], settings: SceneSettings) -> Iterator[tuple[int, int]]:
    """Cuts that are seen and last, however near each other: the frame's place among the frames, and its index."""
    detector, waiting = _detector(settings), deque[int]()
    recent = dict[int, tuple[int, _Small]]()
    for place, frame in enumerate(frames):
        pixels = _bytes(frame)
        recent[place] = frame.index, pixels
        recent.pop(place - KEPT, None)
        found = detector.process_frame(FrameTimecode(place, fps=25.0), np.ascontiguousarray(pixels[..., ::-1]))
        waiting.extend(cut.frame_num for cut in found if cut.frame_num)
        while waiting and waiting[0] + FLASH <= place:
            cut = waiting.popleft()
            if _is_cut(cut, recent):
                yield cut, recent[cut][0]
    for cut in waiting:
        if _is_cut(cut, recent):
            yield cut, recent[cut][0]


def _detector(settings: SceneSettings) -> ContentDetector:
    """A detector that reports every cut it sees; scenes that are too short are dropped later."""
    threshold = settings.threshold
    if settings.detector == "adaptive":
        return AdaptiveDetector(adaptive_threshold=threshold or 3.0, min_scene_len=1)
    return ContentDetector(threshold=threshold or 27.0, min_scene_len=0)


def _is_cut(cut: int, frames: Mapping[int, tuple[int, _Small]]) -> bool:
    """Whether the picture changes visibly and more than around it, and for longer than a flash lasts."""

    def change(before: int, after: int) -> float:
        """Mean difference of two frames, levels of 255; infinite where one is not there."""
        if before not in frames or after not in frames:
            return math.inf
        return float(np.abs(frames[before][1].astype(np.int16) - frames[after][1]).mean())

    here = change(cut - 1, cut)
    nearby = [change(cut + k - 1, cut + k) for k in range(-FLASH, FLASH + 1) if k]
    usual = float(np.median([value for value in nearby if value < math.inf] or [0.0]))
    if here < max(LEAST_CHANGE, STANDS_OUT * usual):
        return False
    return not any(
        min(change(cut - 1, cut + k), change(cut - 1 - k, cut)) < LIKE_BEFORE * here for k in range(1, FLASH + 1)
    )


def _bytes(frame: Frame) -> _Small:
    pixels = frame.pixels
    return (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels.astype(np.uint8, copy=False)
