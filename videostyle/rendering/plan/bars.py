"""Bars of a clip: found in samples of it, left out of the painting, and put back into the film."""

import bisect
import math
from collections.abc import Iterator

import numpy as np

from videostyle.frames import NO_BARS, Bars, Clip, FrameRange, Pixels
from videostyle.media.color import is_rgb, subsampling
from videostyle.media.read.decode import decode
from videostyle.media.read.sequence import has_file
from videostyle.motion.bars import find_bars

SAMPLES, ENOUGH = 16, 4
"""about how many frames of the whole clip bars are searched in: most and least"""
BEGINNING = 128
"""frames from which samples are taken if a clip has fewer than ENOUGH keyframes"""
BLEND = 2
"""px of a bar next to the picture that chroma subsampling and scaling have mixed with it"""


def search_bars(clip: Clip) -> tuple[Bars, bool]:
    """The bars of a clip, and whether only parts of it have bars. Depends on the clip alone, not on a range."""
    bars, partly = find_bars(_samples(clip))
    return _even(clip, bars), partly


def _samples(clip: Clip) -> Iterator[Pixels]:
    """Frames from all over a clip: keyframes, which decode fast, or frames of its beginning if there are few."""
    keys = [bisect.bisect_left(clip.pts, pts) for pts, _ in clip.keys] if has_file(clip) else [*clip.frames.indices]
    if len(keys) < ENOUGH:
        stop = min(BEGINNING, clip.num_frames)
        step = max(1, stop // SAMPLES)
        yield from (frame.pixels for frame in decode(clip, FrameRange(0, stop)) if frame.index % step == 0)
        keys = [key for key in keys if key >= stop]
    for key in keys[:: max(1, len(keys) // SAMPLES)]:
        yield from (frame.pixels for frame in decode(clip, FrameRange(key, key + 1)))


def _even(clip: Clip, bars: Bars) -> Bars:
    """Bars that end between chroma samples: one that the picture shared would tint the last line of a bar.

    The line of a bar that is left over is painted; a bar never takes a line of the picture.
    """
    if is_rgb(clip) or subsampling(clip.pixel_format) == "444":
        return bars
    left, right, top, bottom = (px - px % 2 for px in bars)
    return left, right, top, bottom


def describe(bars: Bars) -> str:
    """Bars in words: ``12 px at the top, 12 px at the bottom``."""
    sides = zip(bars, ("on the left", "on the right", "at the top", "at the bottom"), strict=True)
    return ", ".join(f"{px} px {side}" for px, side in sides if px)


def area(clip: Clip, bars: Bars, size: tuple[int, int]) -> Bars:
    """The bars in frames of another size, px; a pixel that shows any of the picture is inside."""
    across, down = size[0] / clip.width, size[1] / clip.height
    scaled = (px * scale for px, scale in zip(bars, (across, across, down, down), strict=True))
    left, right, top, bottom = (math.floor(px + 1e-6) for px in scaled)
    return _even(clip, (left, right, top, bottom))


def inside_size(clip: Clip, bars: Bars, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the picture inside the bars, in frames of a size, px."""
    left, right, top, bottom = area(clip, bars, size)
    return size[0] - left - right, size[1] - top - bottom


def with_bars(
    clip: Clip, bars: Bars, size: tuple[int, int], frames: Iterator[tuple[int, Pixels]], span: FrameRange
) -> Iterator[tuple[int, Pixels]]:
    """Put painted frames, (number, pixels) in order, into the clip's own frames of a size, (width, height).

    span: holds all their numbers. A frame whose bars can no longer be read gets those of the frame before it.
    """
    if bars == NO_BARS:
        yield from frames
        return
    left, right, top, bottom = area(clip, bars, size)
    shown = decode(clip, span, size)
    whole, ahead = None, next(shown, None)
    for index, painted in frames:
        while ahead is not None and ahead.index <= index:
            whole, ahead = ahead.pixels, next(shown, None)
        film = np.zeros((size[1], size[0], 3), painted.dtype) if whole is None else whole.copy()
        _mend(film, top, bottom)
        _mend(film.swapaxes(0, 1), left, right)
        film[top : size[1] - bottom, left : size[0] - right] = painted
        yield index, film


def _mend(lines: Pixels, first: int, last: int) -> None:
    """Overwrite the lines of both bars that are mixed with the picture, in place, with the line next to them."""
    if first > BLEND:
        lines[first - BLEND : first] = lines[first - BLEND - 1]
    if last > BLEND:
        end = len(lines) - last
        lines[end : end + BLEND] = lines[end + BLEND]
