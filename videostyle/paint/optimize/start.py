"""The picture that a frame starts from, and the earlier frames that it is held to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from videostyle.frames import FrameInput, FrameTask, Picture, Pixels, TemporalTarget, to_picture
from videostyle.paint.optimize.fill import fill_unseen
from videostyle.settings import RenderSettings

WARPED = "warped"
"""value of ``optimize.initial_later`` that needs earlier frames"""
BOIL = 0.2
"""standard deviation of the noise, in parts of white, that a frame starts from with ``temporal.strength`` 0"""
BLEND = 0.5
"""share of the neighbor's paint in the start of a frame that is painted again (delta of Ruder et al. 2016)"""


def held_distances(settings: RenderSettings) -> tuple[int, ...]:
    """Distances, in frames, to the earlier frames that a frame is held to."""
    return settings.temporal.long_term if settings.temporal.weight and settings.temporal.strength else ()


def reach(settings: RenderSettings) -> tuple[int, ...]:
    """Distances, in frames, to the earlier frames that a frame is held to or starts from, nearest first."""
    started = (1,) if settings.optimize.initial_later == WARPED else ()
    return tuple(sorted({*held_distances(settings), *started}))


def make_task(frame: FrameInput, settings: RenderSettings, artworks: Sequence[Pixels]) -> FrameTask:
    """Choose the picture that a frame starts from, and the earlier frames that it is held to."""
    kind = settings.optimize.initial if frame.first else settings.optimize.initial_later
    claims = claim(list(frame.earlier.values()))
    if frame.own is not None:
        start = _blended(frame.own, claims, settings)
        return FrameTask(frame.content, start, tuple(_held(frame, settings)), losses_before=frame.losses_before)
    developed = np.float32(1) if frame.developed is None else frame.developed
    need = float(frame.first)
    if kind == WARPED and claims:
        initial, covered = _merged(frame, claims, settings)
        need = 1 - float((covered * developed).mean())
    else:  # if every earlier frame is lost, "warped" means the content
        initial = _blank(kind, frame, settings.seed, artworks)
    # paint that is not worked out yet may still change
    held = [TemporalTarget(one.picture, one.weight * np.square(developed)) for one in _held(frame, settings)]
    return FrameTask(frame.content, initial, tuple(held), frame.first, frame.losses_before, need)


def _held(frame: FrameInput, settings: RenderSettings) -> list[TemporalTarget]:
    """The earlier frames that the settings ask for, and those that were added because nearer ones show too little."""
    distances = held_distances(settings)
    free = {*reach(settings)} - {*distances} if distances else {*frame.earlier}
    chosen = [target for distance, target in frame.earlier.items() if distance not in free]
    return list(claim(chosen))


def _merged(
    frame: FrameInput, claims: Sequence[TemporalTarget], settings: RenderSettings
) -> tuple[Picture, NDArray[np.float32]]:
    """A start from several earlier frames, filled where none shows anything, and where they cover it, (H, W)."""
    covered, merged = np.zeros(frame.content.shape[:2], np.float32), np.zeros_like(frame.content)
    for one in claims:
        covered += one.weight
        merged += one.weight[..., None] * one.picture
    merged /= np.maximum(covered, 1e-6)[..., None]
    strength = np.float32(settings.temporal.strength)
    initial = fill_unseen(merged, covered, frame.content, float(strength))
    covered *= strength
    if strength < 1:
        noise = np.random.default_rng([settings.seed, frame.index]).standard_normal(initial.shape, np.float32)
        initial = initial + (1 - strength) * np.float32(BOIL) * noise
    return initial, covered


def _blended(own: Picture, claims: Sequence[TemporalTarget], settings: RenderSettings) -> Picture:
    """The start of a frame that is painted again (Ruder et al. 2016, multi-pass): x' = b c w + (1 - b c) x.

    x: the frame as it was painted before; w: its neighbor in this pass, warped; c: where w is trusted; b: ``BLEND``.
    """
    share = np.float32(BLEND * settings.temporal.strength)
    blended = own.copy()
    for one in claims:
        blended += share * one.weight[..., None] * (one.picture - own)
    return blended


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
        claimed = np.maximum(claimed, target.weight)
    return tuple(held)
