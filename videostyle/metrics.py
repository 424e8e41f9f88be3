"""How steady a film is, and how close to its artwork and its content.

Everything is measured in one pass, with two frames and a few numbers per frame in memory.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError
from videostyle.frames import Frame, Motion, Picture, Pixels, to_picture
from videostyle.motion.flow import estimate, resize, warp
from videostyle.settings import FlowSettings

JUDGED_EVERY = 8
"""frames: the network sees only frames 0, 8, 16, ... of the film, because its distances change slowly"""
CONSISTENT = 0.99
"""minimum consistency of the pixels on which flicker is measured"""
STILL = 0.25
"""px: a pixel that moves less than this counts as still"""
LEAST_STILL = 0.01
"""fraction of the picture that must be still between two frames for drift to be measured"""
LEAST_PAIRS = 3
"""minimum pairs of frames in a scene for its seam to be measured"""
BRIGHTER = 0.5, 2.0
"""how much darker and brighter than the clip a film may be without an error of light"""
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""weights of R, G and B, ITU-R BT.709"""


class PictureJudge(Protocol):
    """What ``score`` needs of ``paint.judge.Judge``; pictures are (H, W, 3) float32 in 0..1."""

    def style_distance(self, picture: Picture) -> dict[str, float]: ...

    def content_distance(self, picture: Picture, content: Picture) -> float: ...


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one film; NaN if one could not be measured (no pairs of frames, nothing still)."""

    flicker: float
    """levels of 255, warping error of the film"""
    flicker_source: float
    """levels of 255, warping error of the source, which comes from noise and imprecise flow"""
    style_distance: dict[str, float] = field(hash=False)
    """layer -> relative Gram distance from the artwork"""
    content_distance: float
    """relative feature distance from the source"""
    drift_mean: float
    """levels of 255 per 100 frames, mean luma of still pixels"""
    drift_spread: float
    """levels of 255 per 100 frames, standard deviation of the same luma"""
    seam: float
    """flicker at the start of a scene, divided by the scene's median flicker; 1: no seam"""
    light: float
    """levels of 255, how far the film's mean luma is from following the clip's"""
    frames: int
    """number of frames in the film"""

    def as_dict(self) -> dict[str, object]:
        """The fields in a form that JSON can store: None instead of NaN."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }

    def table(self) -> str:
        """The scores as lines of text: name, value, unit."""
        rows = [
            ("frames", str(self.frames), ""),
            ("flicker", _number(self.flicker), "levels of 255"),
            ("flicker of the source", _number(self.flicker_source), "levels of 255"),
            *((f"style distance {layer}", _number(value), "") for layer, value in self.style_distance.items()),
            ("content distance", _number(self.content_distance), ""),
            ("drift of the mean", _number(self.drift_mean), "levels of 255 per 100 frames"),
            ("drift of the spread", _number(self.drift_spread), "levels of 255 per 100 frames"),
            ("seam", _number(self.seam), "times the usual flicker"),
            ("light", _number(self.light), "levels of 255"),
        ]
        width = max(len(name) for name, _, _ in rows)
        return "\n".join(f"{name:<{width}}  {value:>9}  {unit}".rstrip() for name, value, unit in rows)


def score(
    source: Iterable[Frame], stylized: Iterable[Frame], judge: PictureJudge, cuts: Sequence[int], flow: FlowSettings
) -> Scores:
    """Compare a film with the clip it was made from, frame by frame.

    cuts: source frame numbers at which scenes begin; pairs of frames across a cut are skipped. flow: preferably not the
    estimator that the film was rendered with. Source frames are resized to the film's size.

    - flicker (warping error, Lai et al. 2018): root mean square over consistent pixels of
      ``film[i] - warp(film[i-1], flow of the source)``, per pair in levels of 255; then the mean over pairs.
    - style and content distance: as measured by the judge; mean over every ``JUDGED_EVERY``-th frame.
    - drift: least-squares slope, within scenes, of how far the film's luma moves away from the source's, for its mean
      and its spread. The curve sums the changes from pair to pair, each over the pixels that are still in that pair.
    - seam: flicker of a scene's first pair, divided by the median over all its pairs; then the median over scenes.
    - light: mean over frames of ``|film's mean luma - s * source's|``. One factor s for the film, its luma over the
      source's, within ``BRIGHTER``: artworks are brighter or darker than the clip, but not night as bright as day.

    Raises SettingsError if film and clip have different numbers of frames, or none.
    """
    steadiness, frames = _Steadiness(), 0
    style, content, luma = list[dict[str, float]](), list[float](), list[tuple[float, float]]()
    before: _Both | None = None
    for original, painted in itertools.zip_longest(source, stylized):
        if original is None or painted is None:
            raise SettingsError("film and clip have different numbers of frames; score the film of the whole clip")
        height, width = painted.pixels.shape[:2]
        now = _Both(original.index, resize(original.pixels, width, height), to_picture(painted.pixels))
        if frames % JUDGED_EVERY == 0:
            style.append(judge.style_distance(now.film))
            content.append(judge.content_distance(now.film, to_picture(now.source)))
        if before is None or any(before.index < cut <= now.index for cut in cuts):
            steadiness.end_scene()
        else:
            # Optical flow alone: moving plain areas with the camera is a rule for rendering, not for judging.
            steadiness.add(before, now, estimate(now.source, before.source, flow, plain=False))
        luma.append((float((now.film @ LUMA).mean()), float((to_picture(now.source) @ LUMA).mean())))
        before = now
        frames += 1
    steadiness.end_scene()
    if not frames:
        raise SettingsError("the film has no frames; score a film with at least one frame")
    drift_mean, drift_spread = map(float, 100 * steadiness.drift.slopes())
    return Scores(
        flicker=_mean(steadiness.film),
        flicker_source=_mean(steadiness.source),
        style_distance={layer: _mean([judged[layer] for judged in style]) for layer in style[0]},
        content_distance=_mean(content),
        drift_mean=drift_mean,
        drift_spread=drift_spread,
        seam=steadiness.seam(),
        light=_light_error(luma),
        frames=frames,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """A frame of the source, at the film's size, and the same frame of the film."""

    index: int
    source: Pixels
    film: Picture


class _Drift:
    """Least-squares slopes of two curves that sum the changes per frame, pooled over stretches that start at 0."""

    def __init__(self) -> None:
        self.changes = [np.zeros(2)]
        """changes of luma's mean and spread from frame to frame, in this stretch"""
        self._above, self._below = np.zeros(2), 0.0

    def end_stretch(self) -> None:
        """Start a new stretch with the next change."""
        time = np.arange(len(self.changes)) - (len(self.changes) - 1) / 2
        self._above += time @ np.cumsum(self.changes, 0)
        self._below += float(time @ time)
        self.changes = [np.zeros(2)]

    def slopes(self) -> NDArray[np.float64]:
        """Slopes of the mean and of the spread, per frame; NaN if there were no changes."""
        return self._above / self._below if self._below else np.full(2, math.nan)


class _Steadiness:
    """Flicker, drift and seams, collected pair by pair."""

    def __init__(self) -> None:
        self.film: list[float] = []
        self.source: list[float] = []
        self.drift = _Drift()
        self._scene: list[float] = []
        self._seams: list[float] = []

    def end_scene(self) -> None:
        """The next pair, if any, belongs to another scene."""
        self.drift.end_stretch()
        if len(self._scene) >= LEAST_PAIRS:
            usual = float(np.median(self._scene))
            if usual > 0:
                self._seams.append(self._scene[0] / usual)
        self._scene = []

    def add(self, before: _Both, now: _Both, motion: Motion) -> None:
        """Measure two neighboring frames; pairs without any consistent pixel are skipped."""
        earlier = to_picture(before.source)
        warped, seen = warp(before.film, motion.flow)
        trusted = (motion.consistency > CONSISTENT) & (seen > CONSISTENT)
        if not trusted.any():
            self.drift.end_stretch()
            return
        source = to_picture(now.source)
        self.film.append(_error(now.film, warped, trusted))
        self.source.append(_error(source, warp(earlier, motion.flow)[0], trusted))
        self._scene.append(self.film[-1])
        still = trusted & (np.square(motion.flow).sum(-1) < STILL**2)
        if still.mean() < LEAST_STILL:
            self.drift.end_stretch()
            return
        self.drift.changes.append(_change(before.film, now.film, still) - _change(earlier, source, still))

    def seam(self) -> float:
        """The median over scenes; NaN if none could be measured."""
        return float(np.median(self._seams)) if self._seams else math.nan


def _error(picture: Picture, warped: Picture, where: NDArray[np.bool_]) -> float:
    """Root mean square difference within a mask, levels of 255."""
    difference = (picture - warped)[where].astype(np.float64)
    return 255 * math.sqrt(float(np.square(difference).mean()))


def _change(before: Picture, now: Picture, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Growth of the mean and of the standard deviation of luma, levels of 255: (2,)."""
    earlier, later = (255 * (picture[where] @ LUMA).astype(np.float64) for picture in (before, now))
    return np.array([later.mean() - earlier.mean(), later.std() - earlier.std()])


def _light_error(luma: Sequence[tuple[float, float]]) -> float:
    """Levels of 255. luma: means of each frame of the film and of the source, 0..1."""
    film, source = np.array(luma).T
    factor = np.clip(film.sum() / max(source.sum(), 1e-6), *BRIGHTER)
    return 255 * float(np.abs(film - factor * source).mean())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"
