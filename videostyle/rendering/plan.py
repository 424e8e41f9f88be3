"""Clip + artworks + settings -> RenderPlan: which frames are rendered, in which chunks, and at which size."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import MediaError, SettingsError
from videostyle.events import OnEvent, Scanned, ignore
from videostyle.frames import Chunk, Clip, Frame, FrameRange, Pixels, hash_of
from videostyle.media.read.decode import decode
from videostyle.media.read.sequence import identity
from videostyle.motion.scenes import BLOCK, find_scenes
from videostyle.paint.colors import Palette, mixed, palette_of
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings

LOOK = 6
"""incremented whenever the same settings lead to different pixels, so that a job folder never mixes two looks"""
SCAN_SIDE = 144
"""px, short side at which frames are searched for cuts"""


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """A style picture."""

    name: str
    """file name, for messages and the film's comment"""
    pixels: Pixels = field(repr=False)
    """(H, W, 3) in the clip's colors"""
    path: Path | None = None
    """absolute; None: an array"""
    shown: NDArray[np.bool_] | None = field(default=None, repr=False)
    """(H, W), the pixels that are not transparent; None: all"""

    @property
    def hash(self) -> str:
        """Of everything that decides what frames look like."""
        return hash_of(self.pixels) + ("" if self.shown is None else hashlib.sha256(self.shown.tobytes()).hexdigest())


@dataclass(frozen=True, slots=True)
class Scan:
    """What decoding a clip once has shown. Scene borders depend only on the clip and the scene settings."""

    scenes: tuple[FrameRange, ...]
    """scenes of the frames asked for, ascending; the last one may end with these frames"""
    lost: tuple[int, ...]
    """frames of these scenes that are in the file but cannot be decoded"""
    palettes: Mapping[int, Palette] = field(default_factory=dict, compare=False)
    """first frame of each of these scenes -> the colors of the whole scene"""

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
        # if both know a scene, the longer version counts
        scenes = {scene.start: scene for scene in sorted((*self.scenes, *other.scenes), key=lambda scene: scene.stop)}
        lost = tuple(sorted({*self.lost, *other.lost}))
        return Scan(tuple(scenes[start] for start in sorted(scenes)), lost, {**self.palettes, **other.palettes})


NOTHING = Scan((), ())


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RenderPlan:
    """Everything that decides what a frame will look like, and the frames asked for: a plain value, which pickles."""

    clip: Clip
    artworks: tuple[Artwork, ...]
    """empty for the film of a stored job, whose frames are already painted"""
    settings: RenderSettings
    preset: str
    """preset that the settings started from, for the film's comment; empty: none"""
    scan: Scan
    chunks: tuple[Chunk, ...]
    keep: Selection
    """frames of the film"""
    work: tuple[int, int]
    """width, height at which frames are painted, px"""
    size: tuple[int, int]
    """width, height of the film, px"""
    identity: str
    """of the clip's file, which must not change between planning and painting"""
    fingerprint: str
    """of clip, artworks and settings, but neither of the frames asked for nor of the painter"""

    def __repr__(self) -> str:
        artworks = " + ".join(artwork.name for artwork in self.artworks)
        sizes = f"painted at {self.work[0]}x{self.work[1]}, film {self.size[0]}x{self.size[1]}"
        counts = f"frames={len(self.to_keep)}, scenes={len(self.chunks)}"
        return f"RenderPlan({self.clip.path.name!r}, {artworks!r}, {counts}, {sizes})"

    @property
    def to_render(self) -> tuple[int, ...]:
        """Frames that must be painted: those asked for and those before and between them in their scenes."""
        return tuple(frame for chunk in self.chunks for frame in self.frames_of(chunk))

    @property
    def to_keep(self) -> tuple[int, ...]:
        """Frames of the film."""
        lost = set(self.scan.lost)
        return tuple(frame for frame in self.keep.frames if frame not in lost)

    @property
    def frames_lost(self) -> int:
        """Frames asked for that cannot be decoded, plus those that a truncated clip promises but lacks."""
        beyond = self.clip.frames_missing if self.keep.parts[-1].stop == self.clip.num_frames else 0
        return len(self.keep.frames) - len(self.to_keep) + beyond

    def check_clip(self) -> None:
        """Raise MediaError if the clip has changed since it was planned: it would be mixed with another clip."""
        if identity(self.clip) != self.identity:
            raise MediaError(f"{self.clip.path}: changed since it was planned; restore it, or plan it again")

    def frames_of(self, chunk: Chunk) -> list[int]:
        """Frames of a chunk that must be painted, ascending."""
        lost = set(self.scan.lost)
        return [frame for frame in chunk.render.indices if frame not in lost]


def scan(
    clip: Clip, settings: SceneSettings, keep: Selection, on_frame: Callable[[int], object] = lambda _: None
) -> Scan:
    """Decode a clip once, small and only as far as needed, to find its scenes, their colors, and lost frames."""
    asked: set[int] = set()
    decoded: dict[int, Palette] = {}
    result = NOTHING

    def look(frames: FrameRange) -> Iterator[Frame]:
        asked.update(frames.indices)
        for frame in decode(clip, frames, _fit(clip.width, clip.height, SCAN_SIDE)):
            if frame.index not in decoded:  # blocks overlap
                decoded[frame.index] = palette_of(frame.pixels)
                on_frame(frame.index)
            yield frame

    for stretch in _stretches(keep):
        result |= Scan(tuple(find_scenes(look, stretch, clip.num_frames, settings)), ())
    starts = {scene.start for scene in result.scenes}
    whole = [
        scene if scene.stop in starts else _whole(scene, look, clip.num_frames, settings) for scene in result.scenes
    ]
    everything = Selection.whole(clip)
    if asked > decoded.keys() and keep != everything:
        # which frames of a damaged clip are lost may depend on where decoding starts: start at the same place for all
        return scan(clip, settings, everything, on_frame)
    lost = (frame for scene in result.scenes for frame in scene.indices if frame not in decoded)
    palettes = {}
    for scene in whole:
        if frames := [decoded[frame] for frame in scene.indices if frame in decoded]:
            palettes[scene.start] = mixed(frames)
    return Scan(result.scenes, tuple(lost), palettes)


def _whole(
    scene: FrameRange, look: Callable[[FrameRange], Iterator[Frame]], num_frames: int, settings: SceneSettings
) -> FrameRange:
    """A scene to its end in the clip, which may lie beyond the frames asked for."""
    while scene.stop < num_frames:
        further = FrameRange(scene.stop - 1, min(num_frames, scene.stop + max(BLOCK, len(scene))))
        found, *later = find_scenes(look, further, num_frames, settings)
        scene = FrameRange(scene.start, found.stop)
        if later:
            break
    return scene


def _stretches(keep: Selection) -> list[FrameRange]:
    """The parts of a selection, with those close to each other joined."""
    joined: list[FrameRange] = []
    for part in keep.parts:
        near = joined and part.start - joined[-1].stop < BLOCK
        start = joined.pop().start if near else part.start
        joined.append(FrameRange(start, part.stop))
    return joined


def make_plan(
    clip: Clip, artworks: Sequence[Artwork], settings: RenderSettings, scanned: Scan, keep: Selection, preset: str = ""
) -> RenderPlan:
    """Cut a clip into chunks and pick those needed for the frames asked for. Reads samples of the clip's file.

    scanned: must cover these frames. Scenes begin where those of the whole clip do, so that frames equal the full
    render's.
    """
    known = identity(clip)
    chunks = tuple(Chunk(scene, part) for scene in scanned.scenes if (part := keep.within(scene)))
    size = film_size(clip, settings)
    side = settings.picture.work if settings.paints else 0  # frames kept as they are stay sharp
    return RenderPlan(
        clip=clip,
        artworks=tuple(artworks),
        settings=settings,
        preset=preset,
        scan=scanned,
        chunks=chunks,
        keep=keep,
        work=_fit(*size, min(side, *size)) if side else size,
        size=size,
        identity=known,
        fingerprint=fingerprint_of(known, artworks, settings),
    )


def plan_frames(
    clip: Clip,
    artworks: Sequence[Artwork],
    settings: RenderSettings,
    keep: Selection,
    preset: str = "",
    known: Scan = NOTHING,
    on_event: OnEvent = ignore,
) -> RenderPlan:
    """Find the scenes of the frames asked for, unless they are known, and plan these frames.

    Raises MediaError if none of the frames can be decoded.
    """
    if not known.covers(keep):
        known |= scan(clip, settings.scene, keep, lambda frame: on_event(Scanned(frame)))
    plan = make_plan(clip, artworks, settings, known, keep, preset)
    if not plan.to_keep:
        raise MediaError(f"{clip.path}: none of the frames {keep} can be decoded; choose others with --frames")
    return plan


def film_size(clip: Clip, settings: RenderSettings) -> tuple[int, int]:
    """Width and height of the film, px."""
    return _fit(clip.width, clip.height, settings.picture.size)


def check_size(work: tuple[int, int], smallest: int) -> None:
    """Raise SettingsError if frames are too small for the painter."""
    if min(work) < smallest:
        raise SettingsError(
            f"frames of {work[0]}x{work[1]} px are too small: the network needs {smallest} px on the short side; "
            f"use --size {smallest}"
        )


def fingerprint_of(clip: str, artworks: Sequence[Artwork], settings: RenderSettings) -> str:
    """Hash (hex) of everything in a plan that decides a frame's pixels. clip: its identity."""
    looks = [LOOK, clip, [artwork.hash for artwork in artworks], settings.fingerprint()]
    return hashlib.sha256(json.dumps(looks).encode()).hexdigest()


def scan_key(clip: str, settings: SceneSettings) -> str:
    """What a stored scan must match to be used again. clip: its identity."""
    return hashlib.sha256(f"scenes and colors {clip} {sorted(asdict(settings).items())}".encode()).hexdigest()


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with ``side`` px on the short side; 0 keeps them. The long side is even, for the encoders."""
    short = min(width, height)
    if side in (0, short):
        return width, height
    long = max(2, 2 * round(max(width, height) * side / short / 2))
    return (side, long) if width == short else (long, side)
