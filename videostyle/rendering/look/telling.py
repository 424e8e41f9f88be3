"""Frames that tell what a clip looks like: of its longest scenes, well lit and sharp."""

from collections.abc import Iterator

import numpy as np

from videostyle.frames import Clip, FrameRange, Pixels, to_picture
from videostyle.media.read.decode import decode
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.plan.sizes import fit
from videostyle.selection import Selection

LOOKS = 6
"""places in a clip where scenes are looked for, for each scene wanted"""
PLACES = (0.5, 0.35, 0.65, 0.25, 0.75)
"""parts of a scene at which frames are looked at"""
SIDE = 240
"""px, short side at which frames are compared"""
DARK = 0.12
"""mean brightness, 0..1, below which a frame is chosen only if all others are as dark"""
BETTER = 1.25
"""how many times as sharp as the scene's middle another frame must be to be chosen"""


def places(clip: Clip, scenes: int) -> Selection:
    """Frames, evenly spaced over a clip, whose scenes are worth looking at."""
    count = min(clip.num_frames, max(1, scenes * LOOKS))
    return Selection(
        tuple(range(at, at + 1) for at in (clip.num_frames * (2 * n + 1) // (2 * count) for n in range(count)))
    )


def telling_frames(plan: RenderPlan, scenes: int) -> list[int]:
    """One frame of each of the longest scenes that a plan knows, ascending."""
    longest = sorted(plan.scan.scenes, key=lambda scene: (-len(scene), scene.start))[:scenes]
    return sorted(frame for scene in longest for frame in _best(plan, scene))


def _best(plan: RenderPlan, scene: FrameRange) -> Iterator[int]:
    """The middle frame of a scene, unless it is dark or another is much sharper; none if no frame can be decoded."""
    best, found = (-1.0, 0.0), None
    for part in PLACES:
        frame = scene.start + int(part * (len(scene) - 1))
        if frame in plan.scan.lost:
            continue
        lit, sharp = _judged(plan.inside, frame)
        if found is None or lit > best[0] or (lit == best[0] and sharp > BETTER * best[1]):
            best, found = (lit, sharp), frame
    if found is not None:
        yield found


def _judged(clip: Clip, frame: int) -> tuple[float, float]:
    """How well a frame is lit, up to ``DARK``, and how sharp it is."""
    pixels = next(
        decode(clip, FrameRange(frame, frame + 1), fit(clip.width, clip.height, min(SIDE, clip.width, clip.height)))
    )
    gray = to_picture(pixels.pixels).mean(2)
    return round(min(DARK, float(gray.mean())), 2), sharpness(pixels.pixels)


def sharpness(pixels: Pixels) -> float:
    """Standard deviation of the differences of second order between neighboring pixels."""
    gray = to_picture(pixels).mean(2)
    return float(np.diff(gray, 2, 0).std() + np.diff(gray, 2, 1).std())
