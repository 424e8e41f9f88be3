"""Clip + artworks + settings -> RenderPlan: which frames are rendered, in which chunks, at which size."""

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import Chunk, Clip, Frame, FrameRange
from videostyle.media.decode import decode
from videostyle.media.sequence import identity
from videostyle.motion.scenes import find_cuts
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings

LOOK = 3
"""raised whenever the same settings give other pixels, so that two looks never meet in one job folder"""
SCAN_SIDE = 144
"""px, short side at which frames are looked at for cuts"""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one pass over all frames of a clip finds; it depends on clip and scene settings only."""

    cuts: tuple[int, ...]
    """first frames of new scenes"""
    lost: tuple[int, ...]
    """frames that are in the file and cannot be decoded"""


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
        """Frames asked for that cannot be decoded, and those that the clip promises and does not hold."""
        return len(self.keep.frames) - len(self.to_keep) + self.clip.frames_missing


def scan(clip: Clip, settings: SceneSettings, on_frame: Callable[[int], None] = lambda _: None) -> Scan:
    """Decode the whole clip once, small: where scenes begin, and which frames cannot be decoded."""
    decoded: set[int] = set()

    def watched() -> Iterator[Frame]:
        for frame in decode(clip, size=_fit(clip.width, clip.height, SCAN_SIDE)):
            decoded.add(frame.index)
            on_frame(frame.index)
            yield frame

    cuts = tuple(find_cuts(watched(), settings))
    return Scan(cuts, tuple(frame for frame in clip.frames.indices if frame not in decoded))


def scenes(found: Scan, clip: Clip) -> list[FrameRange]:
    """The scenes of a clip: a farm's best tasks, because nothing leads in to them."""
    return [FrameRange(start, stop) for start, stop in itertools.pairwise([0, *found.cuts, clip.num_frames])]


def make_plan(
    clip: Clip,
    artworks: Sequence[Path],
    settings: RenderSettings,
    found: Scan,
    keep: Selection,
    fingerprint: str,
) -> RenderPlan:
    """Cut a clip into chunks and pick those that the frames asked for need.

    Chunk borders come from the whole clip, never from the frames asked for, so that these are the full render's.
    fingerprint: of the job, see ``fingerprint_of``.
    """
    chunks = [Chunk(i, scene, kept) for i, scene in enumerate(scenes(found, clip)) if (kept := keep.within(scene))]
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


def fingerprint_of(clip: Clip, artworks: Sequence[Path], settings: RenderSettings, weights: str) -> str:
    """Hash of everything that decides a frame's pixels; weights: the backbone's fingerprint."""
    parts = [
        LOOK,
        identity(clip),
        [hashlib.sha256(artwork.read_bytes()).hexdigest() for artwork in artworks],
        settings.fingerprint(),
        weights,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def scan_key(clip: Clip, settings: SceneSettings) -> str:
    """What a stored scan must match to be used again."""
    return hashlib.sha256(f"{identity(clip)} {sorted(asdict(settings).items())}".encode()).hexdigest()


def _fit(width: int, height: int, side: int) -> tuple[int, int]:
    """Width and height with ``side`` px on the short side; 0 leaves them. The long side is even, for the encoders."""
    short = min(width, height)
    if side in (0, short):
        return width, height
    long = max(2, 2 * round(max(width, height) * side / short / 2))
    return (side, long) if width == short else (long, side)
