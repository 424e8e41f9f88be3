"""How steady and how painted a film is, in numbers: the columns of bench_temporal.py."""

import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from temporal_clips import Sample, Truth

import videostyle as vs
from videostyle.frames import Frame, FrameRange, Picture, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.metrics import DIS, LUMA, score
from videostyle.motion.flow import warp

PAINTED = 4.0
"""levels of 255: where the same frame alone differs less from the clip, there is nothing to paint (a black frame)"""
COLUMNS = {
    "flicker": "levels of 255, warping error; with the exact flow where that is known",
    "worst": "the worst pair's flicker over the mean",
    "paint_least": "least over frames: mean |film - clip|, over the same of that frame painted alone",
    "paint_median": "median over frames of the same",
    "light": "levels of 255: mean |change of the film's mean luma from frame to frame - the clip's|",
    "style": "relative Gram distance from the artwork, mean over layers",
    "content": "relative feature distance from the clip",
    "drift": "levels of 255 per 100 frames, mean luma of still pixels",
    "sharpness": "levels of 255, mean strength of the finest detail",
}


class NoJudge:
    """Judges nothing, quickly."""

    def style_distance(self, picture: Picture) -> dict[str, float]:
        return {}

    def content_distance(self, picture: Picture, content: Picture) -> float:
        return math.nan

    def patch_distance(self, picture: Picture) -> float:
        return math.nan


def measure(
    sample: Sample, film: Path, alone: Path, art: Path, frames: int = 0, judge: Mapping[str, object] | None = None
) -> dict[str, float]:
    """The columns for one film. alone: the film whose frames were painted one by one. frames: first ones; 0: all."""
    cuts = {chunk.name for chunk in vs.plan(sample.path, [art], preset="draft").chunks}
    shown = read(sample.path)[: frames or None]
    painted, single = read(film), read(alone)
    scores = vs.score(sample.path, film, [art], settings=judge, frames=f"0:{len(shown)}" if frames else "")
    if sample.truth:
        pairs = exact_pairs([to_picture(frame.pixels) for frame in painted], sample.truth)
    else:
        pairs = estimated_pairs(shown, painted, cuts)
    paint = painted_shares(shown, painted, single)
    return {
        "flicker": float(np.mean(pairs)) if pairs else math.nan,
        "worst": max(pairs) / max(float(np.mean(pairs)), 1e-9) if pairs else math.nan,
        "paint_least": min(paint, default=math.nan),
        "paint_median": float(np.median(paint)) if paint else math.nan,
        "light": light_error(shown, painted),
        "style": float(np.mean(list(scores.style_distance.values()))),
        "content": scores.content_distance,
        "drift": scores.drift_mean,
        "sharpness": scores.sharpness,
    }


def read(path: Path) -> list[Frame]:
    clip = probe(path)
    return list(decode(clip, FrameRange(0, clip.num_frames)))


def exact_pairs(film: Sequence[Picture], truth: Sequence[Truth]) -> list[float]:
    """Root mean square warping error of every pair along the exact flow, levels of 255."""
    errors = []
    for before, now, (flow, valid) in zip(film, film[1:], truth, strict=False):
        difference = (now - warp(before, flow)[0])[valid].astype(np.float64)
        errors.append(255 * math.sqrt(float(np.square(difference).mean())))
    return errors


def estimated_pairs(clip: Sequence[Frame], film: Sequence[Frame], cuts: set[int]) -> list[float]:
    """The package's flicker of every pair inside a scene, levels of 255."""
    pairs = list(itertools.pairwise(zip(clip, film, strict=True)))
    flickers = [
        score([before[0], now[0]], [before[1], now[1]], NoJudge(), [], DIS).flicker
        for before, now in pairs
        if now[0].index not in cuts
    ]
    return [flicker for flicker in flickers if not math.isnan(flicker)]


def painted_shares(clip: Sequence[Frame], film: Sequence[Frame], alone: Sequence[Frame]) -> list[float]:
    """How painted every frame is, 1: as alone. Frames in which there is nothing to paint are left out."""
    shares = []
    for source, frame, single in zip(clip, film, alone, strict=True):
        most = _distance(single, source)
        if most >= PAINTED:
            shares.append(_distance(frame, source) / most)
    return shares


def light_error(clip: Sequence[Frame], film: Sequence[Frame]) -> float:
    """Mean difference between the film's changes of light and the clip's, levels of 255."""
    changes = [
        np.diff([float(255 * (to_picture(frame.pixels) @ LUMA).mean()) for frame in each]) for each in (clip, film)
    ]
    return float(np.abs(changes[1] - changes[0]).mean()) if len(changes[0]) else math.nan


def _distance(one: Frame, other: Frame) -> float:
    return float(255 * np.abs(to_picture(one.pixels) - to_picture(other.pixels)).mean())
