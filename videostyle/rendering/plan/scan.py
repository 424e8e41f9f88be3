"""Clip -> Scan: its scenes, their light, its bars, and lost and repeated frames, found by decoding it once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from videostyle.frames import NO_BARS, Bars, Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.motion.light import USUAL, Glimpse, Light, find_lights, glimpse
from videostyle.motion.repeat import repeats
from videostyle.motion.scenes import BLOCK, find_scenes
from videostyle.paint.colors import Palette, mixed, palette_of
from videostyle.rendering.plan.sizes import fit
from videostyle.selection import Selection
from videostyle.settings import SceneSettings

SCAN_SIDE = 144
"""px, short side at which frames are searched for cuts"""


@dataclass(frozen=True, slots=True)
class Scan:
    """What decoding a clip once has shown. It depends only on the clip and the scene settings."""

    scenes: tuple[FrameRange, ...]
    """scenes of the frames asked for, ascending and whole"""
    lost: tuple[int, ...]
    """frames of these scenes that are in the file but cannot be decoded"""
    lights: Mapping[int, Light] = field(default_factory=dict, hash=False)
    """light of each frame of these scenes that is not the usual one"""
    bars: Bars | None = None
    """of the whole clip; None: not searched"""
    alike: tuple[int, ...] = ()
    """frames that look like the one before at scan size: about those that need not be painted, for the estimate"""
    damaged: tuple[int, ...] = ()
    """frames in whose data the decoder has found damage"""
    palettes: Mapping[int, Palette] = field(default_factory=dict, compare=False)
    """first frame of each of these scenes -> its colors in usual light"""

    def covers(self, keep: Selection) -> bool:
        """Whether the scenes of all these frames are known."""
        for part in keep.parts:
            known = part.start
            for scene in self.scenes:
                known = scene.stop if known in scene else known
            if known < part.stop:
                return False
        return True

    def __or__(self, other: "Scan") -> "Scan":
        """What two scans of the same clip know together."""
        scenes = {scene.start: scene for scene in (*self.scenes, *other.scenes)}
        ours, theirs = ((one.lost, one.damaged, one.alike) for one in (self, other))
        lost, damaged, alike = (tuple(sorted({*one, *two})) for one, two in zip(ours, theirs, strict=True))
        return Scan(
            scenes=tuple(scenes[start] for start in sorted(scenes)),
            lost=lost,
            damaged=damaged,
            lights={**self.lights, **other.lights},
            bars=other.bars if self.bars is None else self.bars,
            alike=alike,
            palettes={**self.palettes, **other.palettes},
        )

    def to_plain(self) -> dict[str, object]:
        """The scan as JSON can store it; ``from_plain`` is the inverse."""
        return {
            "scenes": [(scene.start, scene.stop) for scene in self.scenes],
            "lost": self.lost,
            "lights": [(frame, light.gain, light.shadow) for frame, light in sorted(self.lights.items())],
            "bars": self.bars,
            "alike": self.alike,
            "damaged": self.damaged,
            "palettes": [(start, one.mean, one.covariance) for start, one in sorted(self.palettes.items())],
        }

    @staticmethod
    def from_plain(stored: Mapping[str, Any]) -> "Scan":
        """Raises ValueError, TypeError, KeyError, or SettingsError if it is damaged."""
        left, right, top, bottom = stored["bars"] or NO_BARS
        return Scan(
            scenes=tuple(FrameRange(*scene) for scene in stored["scenes"]),
            lost=tuple(stored["lost"]),
            lights={frame: Light(*light) for frame, *light in stored["lights"]},
            bars=(left, right, top, bottom) if stored["bars"] else None,
            alike=tuple(stored["alike"]),
            damaged=tuple(stored["damaged"]),
            palettes={
                start: Palette(tuple(mean), tuple(map(tuple, spread))) for start, mean, spread in stored["palettes"]
            },
        )


NOTHING = Scan((), ())


def scan(
    clip: Clip, settings: SceneSettings, keep: Selection, on_frame: Callable[[int], object] = lambda _: None
) -> Scan:
    """Decode a clip once, small and only as far as needed, to find scenes, their light and colors, and bad frames."""
    asked: set[int] = set()
    decoded: dict[int, tuple[Glimpse, Palette]] = {}
    alike: set[int] = set()
    damaged: set[int] = set()
    result = NOTHING

    def look(frames: FrameRange) -> Iterator[Frame]:
        asked.update(frames.indices)
        before = None
        for frame in decode(clip, frames, fit(clip.width, clip.height, SCAN_SIDE)):
            if frame.index not in decoded:  # blocks overlap
                decoded[frame.index] = glimpse(frame.pixels), palette_of(frame.pixels)
                on_frame(frame.index)
            if frame.damaged:
                damaged.add(frame.index)
            if before is not None and repeats(frame.pixels, before):
                alike.add(frame.index)
            before = frame.pixels
            yield frame

    for stretch in _stretches(keep):
        result |= Scan(tuple(find_scenes(look, stretch, clip.num_frames, settings)), ())
    everything = Selection.whole(clip)
    if asked > decoded.keys() and keep != everything:
        # which frames of a damaged clip are lost may depend on where decoding starts: start at the same place for all
        return scan(clip, settings, everything, on_frame)
    lights: dict[int, Light] = {}
    palettes: dict[int, Palette] = {}
    for scene in result.scenes:
        seen = {frame: decoded[frame] for frame in scene.indices if frame in decoded}
        found = dict(zip(seen, find_lights([sight for sight, _ in seen.values()]), strict=True))
        lights |= {frame: light for frame, light in found.items() if light != USUAL}
        lit = [seen[frame][1].brighter(1 / light.gain) for frame, light in found.items() if light.telling]
        if lit or seen:
            palettes[scene.start] = mixed(lit or [palette for _, palette in seen.values()])
    frames = [frame for scene in result.scenes for frame in scene.indices]
    alike -= {scene.start for scene in result.scenes}
    return Scan(
        scenes=result.scenes,
        lost=tuple(frame for frame in frames if frame not in decoded),
        damaged=tuple(frame for frame in frames if frame in damaged),
        lights=lights,
        alike=tuple(frame for frame in frames if frame in alike),
        palettes=palettes,
    )


def _stretches(keep: Selection) -> list[FrameRange]:
    """The parts of a selection, with those close to each other joined."""
    joined: list[FrameRange] = []
    for part in keep.parts:
        near = joined and part.start - joined[-1].stop < BLOCK
        start = joined.pop().start if near else part.start
        joined.append(FrameRange(start, part.stop))
    return joined
