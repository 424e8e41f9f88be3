"""Frames -> scenes, using PySceneDetect's detectors."""

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from videostyle.frames import Frame, FrameRange, to_bytes
from videostyle.motion.light import Glimpse, after_blank, glimpse
from videostyle.settings import SceneSettings

LEAST_CHANGE = 6.0
"""levels of 255, mean over pixels and channels: hue and saturation of black pixels jump invisibly"""
FLASH = 3
"""frames: a change that lasts no longer than this is a flash, not a scene"""
LIKE_BEFORE = 0.5
"""a flash ends when the difference from the frame before it has dropped to this fraction"""
STANDS_OUT = 2.0
"""a cut must change this many times as much as its neighbors (median), because fast motion changes every frame"""
KEPT = 12
"""frames in memory for checking a cut, which is reported late and needs FLASH frames on either side"""
BLOCK = 256
"""frames searched before a range for the start of its scene at first; each further search doubles the number"""

_Small = NDArray[np.uint8]


def find_scenes(
    read: Callable[[FrameRange], Iterable[Frame]], wanted: FrameRange, num_frames: int, settings: SceneSettings
) -> list[FrameRange]:
    """Find the scenes that the frames of a range belong to, ascending and whole.

    read: decodes a range of the clip's frames, all (H, W, 3) of one size; 144 px on the short side are enough.
    num_frames: of the clip.

    The detector proposes cuts. A cut is dropped if it is a flash, hardly changes the picture, or does not stand out
    from the motion around it. Each remaining cut, in order, begins a scene if the scene before it is then at least
    ``settings.min_frames`` long.

    Scenes begin where they would if the whole clip were searched, although only part of it is read. Whether a cut
    counts depends on the scene before it. So the search goes back, block by block, until it finds a cut that begins a
    scene in any case (see ``_anchor``), and applies the rule from there. Then it goes on to the end of the last scene.
    """
    if settings.detector == "none":
        deque(read(FrameRange(0, num_frames)), maxlen=0)
        return [FrameRange(0, num_frames)]

    def search(begin: int, end: int) -> list[int]:
        around = FrameRange(max(0, begin - KEPT), min(num_frames, end + KEPT))
        return [cut for cut in _cuts(read(around), settings) if begin <= cut < end]

    cuts, begin, end, block = list[int](), wanted.start, wanted.stop, BLOCK
    anchor = None
    while anchor is None:
        begin = max(0, begin - block)
        cuts = search(begin, end) + cuts
        anchor = _anchor(cuts, begin, wanted.start, settings.min_frames)
        end, block = begin, 2 * block
    end, block = wanted.stop, BLOCK
    while (starts := _starts(anchor, cuts, settings.min_frames))[-1] < wanted.stop and end < num_frames:
        begin, end, block = end, min(num_frames, end + block), 2 * block
        cuts += search(begin, end)
    scenes = itertools.pairwise([*starts, num_frames])
    return [FrameRange(start, stop) for start, stop in scenes if stop > wanted.start and start < wanted.stop]


def _starts(anchor: int, cuts: Sequence[int], min_frames: int) -> list[int]:
    """First frames of the scenes from an anchor on: the cuts whose scene before them is long enough."""
    starts = [anchor]
    for cut in cuts:
        if cut - starts[-1] >= min_frames:
            starts.append(cut)
    return starts


def _anchor(cuts: Sequence[int], begin: int, end: int, min_frames: int) -> int | None:
    """The last frame up to ``end`` that begins a scene wherever earlier scenes begin; None if there is none.

    cuts: all cuts from frame ``begin`` on. A cut qualifies if no other cut lies less than ``min_frames`` before it:
    whichever cut began the scene before, that scene is long enough. The first frame of the clip qualifies too.
    """
    if begin == 0:
        return 0
    clear = [cut for before, cut in itertools.pairwise([begin, *cuts]) if cut - before >= min_frames and cut <= end]
    return clear[-1] if clear else None


def _cuts(frames: Iterable[Frame], settings: SceneSettings) -> list[int]:
    """First frames after cuts, ascending, however close together they are.

    Black belongs to the scene before it. Where another picture comes after black, in whatever light, is a cut.
    """
    glimpses = dict[int, Glimpse]()

    def looked_at() -> Iterator[Frame]:
        for frame in frames:
            glimpses[frame.index] = glimpse(frame.pixels)
            yield frame

    cuts = {cut for cut in _changes(looked_at(), settings) if not glimpses[cut].blank}
    numbers = list(glimpses)
    return sorted(cuts | {numbers[place] for place in after_blank(list(glimpses.values()))})


def _changes(frames: Iterable[Frame], settings: SceneSettings) -> Iterator[int]:
    """First frames after visible, lasting changes.

    The detector counts places, not frame numbers. Each of its cuts waits until the later frames that ``_is_cut`` needs
    have arrived; the last KEPT frames stay in memory for it.
    """
    # the detector reports every cut, because short scenes are dropped later
    if settings.detector == "adaptive":
        detector = AdaptiveDetector(adaptive_threshold=settings.threshold or 3.0, min_scene_len=1)
    else:
        detector = ContentDetector(threshold=settings.threshold or 27.0, min_scene_len=0)
    waiting = deque[int]()
    recent = dict[int, tuple[int, _Small]]()
    for place, frame in enumerate(frames):
        pixels = to_bytes(frame.pixels)
        recent[place] = frame.index, pixels
        recent.pop(place - KEPT, None)
        proposed = detector.process_frame(FrameTimecode(place, fps=25.0), np.ascontiguousarray(pixels[..., ::-1]))
        waiting.extend(cut.frame_num for cut in proposed if cut.frame_num)
        while waiting and waiting[0] + FLASH <= place:
            cut = waiting.popleft()
            if _is_cut(cut, recent):
                yield recent[cut][0]
    for cut in waiting:
        if _is_cut(cut, recent):
            yield recent[cut][0]


def _is_cut(cut: int, recent: Mapping[int, tuple[int, _Small]]) -> bool:
    """Whether the picture changes visibly at a place, more than around it, and for longer than a flash lasts."""

    def change(before: int, after: int) -> float:
        """Mean difference between two frames, levels of 255; infinite if one is not in memory."""
        if before not in recent or after not in recent:
            return math.inf
        return float(np.abs(recent[before][1].astype(np.int16) - recent[after][1]).mean())

    here = change(cut - 1, cut)
    nearby = [change(cut + k - 1, cut + k) for k in range(-FLASH, FLASH + 1) if k]
    usual = float(np.median([value for value in nearby if value < math.inf] or [0.0]))
    if here < max(LEAST_CHANGE, STANDS_OUT * usual):
        return False
    # The cut is one end of a flash if a frame soon after it looks like the last one before it, or vice versa.
    return not any(
        min(change(cut - 1, cut + k), change(cut - 1 - k, cut)) < LIKE_BEFORE * here for k in range(1, FLASH + 1)
    )
