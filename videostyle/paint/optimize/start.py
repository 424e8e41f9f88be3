"""Where painting a frame starts, and what it is held to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameInput, FrameTask, Picture, Pixels, TemporalTarget, to_picture
from videostyle.settings import RenderSettings

WARPED = "warped"
"""the ``optimize.initial_later`` that needs the frame before"""


def held_distances(settings: RenderSettings) -> tuple[int, ...]:
    """How many frames back the frames are that a frame is held to."""
    return settings.temporal.long_term if settings.temporal.weight else ()


def reach(settings: RenderSettings) -> tuple[int, ...]:
    """How many frames back earlier frames are wanted, nearest first: those that are held and the one started from."""
    started = (1,) if settings.optimize.initial_later == WARPED else ()
    return tuple(sorted({*held_distances(settings), *started}))


def make_task(frame: FrameInput, settings: RenderSettings, artworks: Sequence[Pixels]) -> FrameTask:
    """What a frame starts from, and the earlier frames that it is held to."""
    if frame.first:
        initial = _blank(settings.optimize.initial, frame, settings.seed, artworks)
        return FrameTask(frame.content, initial, first=True, losses_before=frame.losses_before)
    if settings.optimize.initial_later == WARPED and frame.earlier:
        nearest = next(iter(frame.earlier.values()))
        initial = fill_unseen(nearest.picture, nearest.weight, frame.content)
    else:  # with every earlier frame lost, "warped" is the content
        initial = _blank(settings.optimize.initial_later, frame, settings.seed, artworks)
    distances = held_distances(settings)
    held = claim([target for distance, target in frame.earlier.items() if distance in distances])
    return FrameTask(frame.content, initial, held, losses_before=frame.losses_before)


def _blank(kind: str, frame: FrameInput, seed: int, artworks: Sequence[Pixels]) -> Picture:
    """A start that does not depend on earlier frames."""
    height, width = frame.content.shape[:2]
    if kind == "noise":
        return np.random.default_rng([seed, frame.index]).random((height, width, 3), dtype=np.float32)
    if kind == "style":
        artwork = to_picture(artworks[0])  # tiled if it is smaller than the picture
        rows, columns = np.arange(height) % artwork.shape[0], np.arange(width) % artwork.shape[1]
        return np.ascontiguousarray(artwork[rows][:, columns])
    return frame.content


def claim(targets: Sequence[TemporalTarget]) -> tuple[TemporalTarget, ...]:
    """Each target without the pixels that nearer frames already claim (Ruder et al. 2016, eq. 9). Nearest first."""
    held: list[TemporalTarget] = []
    claimed: NDArray[np.float32] | float = 0.0
    for target in targets:
        held.append(TemporalTarget(target.picture, np.maximum(target.weight - claimed, 0)))
        claimed = claimed + target.weight
    return tuple(held)


def fill_unseen(warped: Picture, seen: NDArray[np.float32], content: Picture) -> Picture:
    """The warped picture (H, W, 3), with the content, in the colors of the warped picture, where nothing was seen.

    seen: (H, W) in 0..1. Colors are mapped by the affine map of RGB that best turns content into the warped picture
    where it was seen (ridge least squares, pulled towards no change); if hardly anything was seen, the content stays
    as it is.
    """
    ridge = 1e-3 * seen.size
    inputs = np.concatenate([content.reshape(-1, 3), np.ones((seen.size, 1), np.float32)], 1).astype(np.float64)
    weighted = inputs * seen.reshape(-1, 1)
    identity = np.eye(4, 3)
    change = np.linalg.solve(
        weighted.T @ inputs + ridge * np.eye(4), weighted.T @ (warped.reshape(-1, 3) - inputs @ identity)
    )
    matched = np.clip(inputs @ (identity + change), 0, 1).reshape(content.shape).astype(np.float32)
    return matched + seen[..., None] * (warped - matched)
