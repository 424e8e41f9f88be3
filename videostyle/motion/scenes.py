"""Frames -> scenes, by PySceneDetect's detectors fed with our frames."""

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from videostyle.frames import Frame, FrameRange
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
BLOCK = 256
"""frames that are looked at before a range to find where its scene begins; twice as many each time that is in vain"""

_Small = NDArray[np.uint8]


def find_scenes(
    look: Callable[[FrameRange], Iterable[Frame]], wanted: FrameRange, num_frames: int, settings: SceneSettings
) -> list[FrameRange]:
    """The scenes that a range of a clip lies in, ascending, the last one only as far as the range goes.

    look: decodes frames (H, W, 3) of any one size; 144 px on the short side are enough. num_frames: of the clip.
    Of the detector's cuts those are dropped that are flashes, hardly change the picture, or do not stand out from the
    motion around them; of scenes shorter than ``settings.min_frames`` those after the first.

    Whatever the range, scenes begin where they do in the whole clip, but only as much of it is looked at as that takes:
    back to a cut that counts for certain, because no other one is near before it.
    """
    if settings.detector == "none":
        deque(look(FrameRange(0, wanted.stop)), maxlen=0)
        return [FrameRange(0, wanted.stop)]
    cuts, begin, end, block = list[int](), wanted.start, wanted.stop, BLOCK
    certain = None
    while certain is None:
        begin = max(0, begin - block)
        around = FrameRange(max(0, begin - KEPT), min(num_frames, end + KEPT))
        cuts = [cut for cut in _cuts(look(around), settings) if begin <= cut < end] + cuts
        certain = _certain(cuts, begin, wanted.start, settings.min_frames)
        end, block = begin, 2 * block
    starts = [certain]
    for cut in cuts:
        if cut - starts[-1] >= settings.min_frames:
            starts.append(cut)
    scenes = itertools.pairwise([*starts, wanted.stop])
    return [FrameRange(start, stop) for start, stop in scenes if stop > wanted.start]


def _certain(cuts: Sequence[int], begin: int, end: int, least: int) -> int | None:
    """The last cut up to ``end`` that begins a scene wherever the scenes before it began; 0: the clip's beginning.

    cuts: all of them from frame ``begin`` on.
    """
    if begin == 0:
        return 0
    spaced = [cut for before, cut in itertools.pairwise([begin, *cuts]) if cut - before >= least and cut <= end]
    return spaced[-1] if spaced else None


def _cuts(frames: Iterable[Frame], settings: SceneSettings) -> Iterator[int]:
    """First frames after a cut that is seen and lasts, however near each other: KEPT frames around it decide."""
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
                yield recent[cut][0]
    for cut in waiting:
        if _is_cut(cut, recent):
            yield recent[cut][0]


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
