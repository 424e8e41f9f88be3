"""The picture that a frame starts from, and the earlier frames that it is held to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameInput, FrameTask, Picture, Pixels, TemporalTarget, to_picture
from videostyle.paint.optimize.fill import fill_unseen
from videostyle.settings import RenderSettings

WARPED = "warped"
"""value of ``optimize.initial_later`` that needs the previous frame"""


def held_distances(settings: RenderSettings) -> tuple[int, ...]:
    """Distances, in frames, to the earlier frames that a frame is held to."""
    return settings.temporal.long_term if settings.temporal.weight else ()


def reach(settings: RenderSettings) -> tuple[int, ...]:
    """Distances, in frames, to the earlier frames that a frame is held to or starts from, nearest first."""
    started = (1,) if settings.optimize.initial_later == WARPED else ()
    return tuple(sorted({*held_distances(settings), *started}))


def make_task(frame: FrameInput, settings: RenderSettings, artworks: Sequence[Pixels]) -> FrameTask:
    """Choose the picture that a frame starts from, and the earlier frames that it is held to."""
    kind = settings.optimize.initial if frame.first else settings.optimize.initial_later
    if kind == WARPED and frame.earlier:
        nearest = next(iter(frame.earlier.values()))
        initial = fill_unseen(nearest.picture, nearest.weight, frame.content)
    else:  # if every earlier frame is lost, "warped" means the content
        initial = _blank(kind, frame, settings.seed, artworks)
    distances = held_distances(settings)
    held = claim([target for distance, target in frame.earlier.items() if distance in distances])
    return FrameTask(frame.content, initial, held, frame.first, frame.losses_before)


def _blank(kind: str, frame: FrameInput, seed: int, artworks: Sequence[Pixels]) -> Picture:
    """A start that does not depend on earlier frames."""
    height, width = frame.content.shape[:2]
    if kind == "noise":
        return np.random.default_rng([seed, frame.index]).random((height, width, 3), dtype=np.float32)
    if kind == "style":
        artwork = to_picture(artworks[0])  # repeated if it is smaller than the picture
        rows, columns = np.arange(height) % artwork.shape[0], np.arange(width) % artwork.shape[1]
        return np.ascontiguousarray(artwork[rows][:, columns])
    return frame.content


def claim(targets: Sequence[TemporalTarget]) -> tuple[TemporalTarget, ...]:
    """Targets, nearest first, without the pixels that nearer ones already claim (Ruder et al. 2016, eq. 9)."""
    held: list[TemporalTarget] = []
    claimed: NDArray[np.float32] | float = 0.0
    for target in targets:
        held.append(TemporalTarget(target.picture, np.maximum(target.weight - claimed, 0)))
        claimed = claimed + target.weight
    return tuple(held)
