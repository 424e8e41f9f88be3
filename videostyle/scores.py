"""The scores of a film, as a value, as JSON, and as a table."""

import math
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of one film; NaN if one could not be measured (no pairs of frames, nothing still)."""

    flicker: float
    """levels of 255, warping error of the film"""
    flicker_source: float
    """levels of 255, warping error of the source, which comes from noise and imprecise flow"""
    style_distance: dict[str, float] = field(hash=False)
    """layer -> relative Gram distance from the artwork"""
    style_distance_half: dict[str, float] = field(hash=False)
    """the same, of frames at half their size"""
    patch_distance: float
    """distance of patches from the artwork's, in its standard deviations"""
    patch_distance_half: float
    """the same, of frames at half their size"""
    content_distance: float
    """relative feature distance from the source"""
    content_distance_half: float
    """the same, of frames at half their size"""
    sharpness: float
    """levels of 255, mean strength of the finest detail"""
    sharpness_source: float
    """levels of 255, of the source at the film's size"""
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
            *((f"  at half size {layer}", _number(value), "") for layer, value in self.style_distance_half.items()),
            ("patch distance", _number(self.patch_distance), "standard deviations of the artwork"),
            ("  at half size", _number(self.patch_distance_half), "standard deviations of the artwork"),
            ("content distance", _number(self.content_distance), ""),
            ("  at half size", _number(self.content_distance_half), ""),
            ("sharpness", _number(self.sharpness), "levels of 255"),
            ("sharpness of the source", _number(self.sharpness_source), "levels of 255"),
            ("drift of the mean", _number(self.drift_mean), "levels of 255 per 100 frames"),
            ("drift of the spread", _number(self.drift_spread), "levels of 255 per 100 frames"),
            ("seam", _number(self.seam), "times the usual flicker"),
            ("light", _number(self.light), "levels of 255"),
        ]
        width = max(len(name) for name, _, _ in rows)
        return "\n".join(f"{name:<{width}}  {value:>9}  {unit}".rstrip() for name, value, unit in rows)


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.4g}"
