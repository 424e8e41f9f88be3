"""Clip + artworks + settings -> RenderPlan: which frames are rendered, in which chunks, at which size."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import Chunk, Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.sequence import identity
from videostyle.motion.scenes import BLOCK, find_scenes
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings

LOOK = 5
"""raised whenever the same settings give other pixels, so that two looks never meet in one job folder"""
SCAN_SIDE = 144
"""px, short side at which frames are looked at for cuts"""


@dataclass(frozen=True, slots=True)
class Scan:
    """What looking through a clip finds; where scenes begin depends on clip and scene settings only."""

    scenes: tuple[FrameRange, ...]
    """those of the frames that were asked for, ascending; one may end where these do"""
    lost: tuple[int, ...]
    """frames of these scenes that are in the file and cannot be decoded"""

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
        """What two scans of the same clip found together."""
        # of a scene that both know, the one that reaches further
        found = {scene.start: scene for scene in sorted((*self.scenes, *other.scenes), key=lambda scene: scene.stop)}
        return Scan(tuple(found[start] for start in sorted(found)), tuple(sorted({*self.lost, *other.lost})))


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """Everything that decides what a frame will look like, and the frames that were asked for."""

    clip: Clip
    artworks: tuple[Path, ...]
    settings: RenderSettings
    scan: Scan
    chunks: tuple[Chunk, ...]
    keep: Selection
    """frames of the film"""
    work: tuple[int, int]
    """width, height at which frames are optimised, px"""
    size: tuple[int, int]
    """width, height of the film, px"""
    fingerprint: str
    """of clip, artworks, settings and weights; not of the frames asked for"""

    @property
    def to_render(self) -> tuple[int, ...]:
        """Frames that must exist as files for those asked for, with what leads in to them."""
        lost = set(self.scan.lost)
        return tuple(frame for chunk in self.chunks for frame in chunk.render.indices if frame not in lost)

    @property
    def to_keep(self) -> tuple[int, ...]:
        """Frames that the film is made of."""
        lost = set(self.scan.lost)
        return tuple(frame for frame in self.keep.frames if frame not in lost)

    @property
    def frames_lost(self) -> int:
        """Frames asked for that cannot be decoded, and those that the clip promises and ends without."""
        beyond = self.clip.frames_missing if self.keep.parts[-1].stop == self.clip.num_frames else 0
        return len(self.keep.frames) - len(self.to_keep) + beyond


def scan(
    clip: Clip, settings: SceneSettings, keep: Selection, on_frame: Callable[[int], None] = lambda _: None
) -> Scan:
    """Decode a clip once, small, as far as needed: which scenes some frames lie in, and what cannot be decoded."""
    asked: set[int] = set()
    decoded: set[int] = set()
    found = Scan((), ())

    def look(frames: FrameRange) -> Iterator[Frame]:
        asked.update(frames.indices)
        for frame in decode(clip, frames, _fit(clip.width, clip.height, SCAN_SIDE)):
            decoded.add(frame.index)
            on_frame(frame.index)
            yield frame

    for part in _stretches(keep):
        found |= Scan(tuple(find_scenes(look, part, clip.num_frames, settings)), ())
    everything = Selection.whole(clip)
    if asked > decoded and keep != everything:
        # which frames a damaged clip loses may depend on where decoding began: begin where every other range does
        return scan(clip, settings, everything, on_frame)
    lost = (frame for scene in found.scenes for frame in scene.indices if frame not in decoded)
    return Scan(found.scenes, tuple(lost))


def _stretches(keep: Selection) -> list[FrameRange]:
    """The parts of a selection, those that are near each other as one."""
    joined: list[FrameRange] = []
    for part in keep.parts:
        near = joined and part.start - joined[-1].stop < BLOCK
        start = joined.pop().start if near else part.start
        joined.append(FrameRange(start, part.stop))
    return joined


def make_plan(
    clip: Clip,
    artworks: Sequence[Path],
    settings: RenderSettings,
    found: Scan,
    keep: Selection,
    fingerprint: str,
) -> RenderPlan:
    """Cut a clip into chunks and pick those that the frames asked for need.

    found: of these frames at least. Its scenes begin where the whole clip's do, so that frames are the full render's.
    fingerprint: of the job, see ``fingerprint_of``.
    """
    chunks = [Chunk(i, scene, kept) for i, scene in enumerate(found.scenes) if (kept := keep.within(scene))]
    size = film_size(clip, settings)
    shrunk = settings.picture.work and settings.optimize.iterations  # frames that are kept as they are stay sharp
    work = _fit(*size, min(settings.picture.work, *size)) if shrunk else size
    return RenderPlan(
        clip=clip,
        artworks=tuple(artworks),
        settings=settings,
        scan=found,
        chunks=tuple(chunks),
        keep=keep,
        work=work,
        size=size,
        fingerprint=fingerprint,
    )


def film_size(clip: Clip, settings: RenderSettings) -> tuple[int, int]:
    """Width and height of the film, px."""
    return _fit(clip.width, clip.height, settings.picture.size)


def check_size(plan_size: tuple[int, int], smallest: int) -> None:
    """Raise SettingsError where the pictures are too small for the backbone to see."""
    if min(plan_size) < smallest:
        raise SettingsError(
            f"pictures of {plan_size[0]}x{plan_size[1]} px are too small: the backbone needs {smallest} px on the "
            f"short side; ask for larger ones with --size {smallest}"
        )


def fingerprint_of(clip: Clip, artworks: Sequence[Path], settings: RenderSettings, network: str) -> str:
    """Hash of everything that decides a frame's pixels; network: the backbone's fingerprint and precision."""
    parts = [
        LOOK,
        identity(clip),
        [hashlib.sha256(artwork.read_bytes()).hexdigest() for artwork in artworks],
        settings.fingerprint(),
        network,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def scan_key(clip: Clip, settings: SceneSettings) -> str:
    """What a stored scan must match to be used again."""
    return hashlib.sha256(f"scenes {identity(clip)} {sorted(asdict(settings).items())}".encode()).hexdigest()


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with ``side`` px on the short side; 0 leaves them. The long side is even, for the encoders."""
    short = min(width, height)
    if side in (0, short):
        return width, height
    long = max(2, 2 * round(max(width, height) * side / short / 2))
    return (side, long) if width == short else (long, side)
