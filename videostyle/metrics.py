"""How steady a film is, and how close to its artwork and its content.

Everything is measured in one pass, with two frames and a few numbers per frame in memory.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError
from videostyle.frames import BRIGHTNESS, Frame, Motion, Picture, Pixels, to_picture
from videostyle.motion.flow import estimate, resize, warp
from videostyle.scores import Scores
from videostyle.settings import FlowSettings

DIS = FlowSettings(method="dis")
"""the usual estimator of optical flow here: not the one that films are rendered with by default"""
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
LUMA = np.array(BRIGHTNESS, np.float32)


class PictureJudge(Protocol):
    """What ``score`` needs of ``paint.judge.Judge``; pictures are (H, W, 3) float32 in 0..1."""

    def style_distance(self, picture: Picture) -> dict[str, float]: ...

    def content_distance(self, picture: Picture, content: Picture) -> float: ...

    def patch_distance(self, picture: Picture) -> float: ...


def score(
    source: Iterable[Frame], stylized: Iterable[Frame], judge: PictureJudge, cuts: Sequence[int], flow: FlowSettings
) -> Scores:
    """Compare a film with the clip it was made from, frame by frame.

    cuts: source frame numbers at which scenes begin; pairs across a cut are skipped. flow: preferably not the estimator
    that the film was rendered with. Source frames are resized to the film's size.

    - flicker (warping error, Lai et al. 2018): root mean square over consistent pixels of
      ``film[i] - warp(film[i-1], flow of the source)``, per pair in levels of 255; then the mean over pairs.
    - style, patch and content distance: as measured by the judge, at the film's size and at half of it, because an
      enlarged film is near the artwork at half its size only; mean over every ``JUDGED_EVERY``-th frame.
    - sharpness: see ``sharpness_of``; mean over the same frames.
    - drift: least-squares slope, within scenes, of how far the film's luma moves away from the source's, for its mean
      and its spread. The curve sums the changes from pair to pair, each over the pixels that are still in that pair.
    - seam: flicker of a scene's first pair, divided by the median over all its pairs; then the median over scenes.
    - light: mean over frames of ``|film's mean luma - s * source's|``; see ``_light_error``.

    Raises SettingsError if film and clip have different numbers of frames, or none.
    """
    steadiness, frames = _Steadiness(), 0
    looks, looks_half, luma = list[_Look](), list[_Look](), list[tuple[float, float]]()
    before: _Both | None = None
    for original, painted in itertools.zip_longest(source, stylized):
        if original is None or painted is None:
            raise SettingsError("film and clip have different numbers of frames; score the film of the whole clip")
        height, width = painted.pixels.shape[:2]
        now = _Both(original.index, resize(original.pixels, width, height), to_picture(painted.pixels))
        if frames % JUDGED_EVERY == 0:
            looks.append(_Look.measured(judge, now.film, to_picture(now.source)))
            looks_half.append(_Look.measured(judge, halved(now.film), halved(to_picture(now.source))))
        if before is None or any(before.index < cut <= now.index for cut in cuts):
            steadiness.end_scene()
        else:
            # flow alone: moving plain areas with the camera is a rule for rendering, not for judging
            steadiness.add(before, now, estimate(now.source, before.source, flow, plain=False))
        luma.append((float((now.film @ LUMA).mean()), float((to_picture(now.source) @ LUMA).mean())))
        before = now
        frames += 1
    steadiness.end_scene()
    if not frames:
        raise SettingsError("the film has no frames; score a film with at least one frame")
    drift, full, half = 100 * steadiness.drift.slopes(), _Look.mean(looks), _Look.mean(looks_half)
    return Scores(
        flicker=_mean(steadiness.film),
        flicker_source=_mean(steadiness.source),
        style_distance=full.style,
        style_distance_half=half.style,
        patch_distance=full.patch,
        patch_distance_half=half.patch,
        content_distance=full.content,
        content_distance_half=half.content,
        sharpness=full.sharpness,
        sharpness_source=full.sharpness_source,
        drift_mean=float(drift[0]),
        drift_spread=float(drift[1]),
        seam=steadiness.seam(),
        light=_light_error(luma),
        frames=frames,
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """How a film does at one frame, beside its clip: levels of 255; NaN: not measured."""

    frame: int
    flicker: float
    flicker_source: float
    light: float
    """the mean luma"""
    light_source: float


def over_time(
    source: Iterable[Frame], stylized: Iterable[Frame], cuts: Sequence[int], flow: FlowSettings
) -> Iterator[Moment]:
    """Flicker and light frame by frame, as in ``score``. Ends with the shorter of the two.

    The two have frames of the same size; the smaller, the faster. A scene's first frame has no flicker.
    """
    before: _Both | None = None
    for original, painted in zip(source, stylized, strict=False):
        now = _Both(original.index, original.pixels, to_picture(painted.pixels))
        found = None
        if before and not any(before.index < cut <= now.index for cut in cuts):
            found = _flicker(before, now, estimate(now.source, before.source, flow, plain=False))
        flicker = found[:2] if found else (math.nan, math.nan)
        light = (255 * float((picture @ LUMA).mean()) for picture in (now.film, to_picture(now.source)))
        yield Moment(now.index, *flicker, *light)
        before = now


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """A frame of the source, at the film's size, and the same frame of the film."""

    index: int
    source: Pixels
    film: Picture


@dataclass(frozen=True, slots=True)
class _Look:
    """How one frame looks beside the artwork and the clip, or the mean over several frames."""

    style: dict[str, float]
    patch: float
    content: float
    sharpness: float
    sharpness_source: float

    @classmethod
    def measured(cls, judge: PictureJudge, film: Picture, clip: Picture) -> "_Look":
        content = judge.content_distance(film, clip)
        sharpness = sharpness_of(film), sharpness_of(clip)
        return cls(judge.style_distance(film), judge.patch_distance(film), content, *sharpness)

    @classmethod
    def mean(cls, looks: Sequence["_Look"]) -> "_Look":
        style = {layer: _mean([look.style[layer] for look in looks]) for layer in looks[0].style}
        names = ("patch", "content", "sharpness", "sharpness_source")
        return cls(style, *(_mean([getattr(look, name) for look in looks]) for name in names))


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
        found = _flicker(before, now, motion)
        if found is None:
            self.drift.end_stretch()
            return
        film, clip, trusted = found
        self.film.append(film)
        self.source.append(clip)
        self._scene.append(film)
        earlier, source = to_picture(before.source), to_picture(now.source)
        still = trusted & (np.square(motion.flow).sum(-1) < STILL**2)
        if still.mean() < LEAST_STILL:
            self.drift.end_stretch()
            return
        self.drift.changes.append(_change(before.film, now.film, still) - _change(earlier, source, still))

    def seam(self) -> float:
        """The median over scenes; NaN if none could be measured."""
        return float(np.median(self._seams)) if self._seams else math.nan


def halved(picture: Picture) -> Picture:
    """A picture (H, W, 3) at half its size: the mean of 2x2 pixels. A last odd row or column is dropped."""
    height, width = (max(1, side // 2) for side in picture.shape[:2])
    rows, columns = (2 if side > 1 else 1 for side in picture.shape[:2])
    cut = picture[: rows * height, : columns * width]
    return np.asarray(cut.reshape(height, rows, width, columns, 3).mean((1, 3)), np.float32)


def sharpness_of(picture: Picture) -> float:
    """Mean absolute Laplacian of luma, levels of 255: how strong the finest detail of a picture (H, W, 3) is."""
    luma = np.pad(255 * (picture @ LUMA).astype(np.float64), 1, mode="edge")
    around = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return float(np.abs(around - 4 * luma[1:-1, 1:-1]).mean())


def _flicker(before: _Both, now: _Both, motion: Motion) -> tuple[float, float, NDArray[np.bool_]] | None:
    """Warping error of film and source between two frames, levels of 255, and the consistent pixels (H, W).

    None if there are none.
    """
    warped, seen = warp(before.film, motion.flow)
    trusted = (motion.consistency > CONSISTENT) & (seen > CONSISTENT)
    if not trusted.any():
        return None
    source = _error(to_picture(now.source), warp(to_picture(before.source), motion.flow)[0], trusted)
    return _error(now.film, warped, trusted), source, trusted


def _error(picture: Picture, warped: Picture, where: NDArray[np.bool_]) -> float:
    """Root mean square difference within a mask, levels of 255."""
    difference = (picture - warped)[where].astype(np.float64)
    return 255 * math.sqrt(float(np.square(difference).mean()))


def _change(before: Picture, now: Picture, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Growth of the mean and of the standard deviation of luma, levels of 255: (2,)."""
    earlier, later = (255 * (picture[where] @ LUMA).astype(np.float64) for picture in (before, now))
    return np.array([later.mean() - earlier.mean(), later.std() - earlier.std()])


def _light_error(luma: Sequence[tuple[float, float]]) -> float:
    """Levels of 255. luma: means of each frame of the film and of the source, 0..1.

    One factor s for the film, its luma over the source's, within ``BRIGHTER``: artworks are brighter or darker than the
    clip, but not night as bright as day.
    """
    film, source = np.array(luma).T
    factor = np.clip(film.sum() / max(source.sum(), 1e-6), *BRIGHTER)
    return 255 * float(np.abs(film - factor * source).mean())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else math.nan
