"""Clip + artworks + settings -> RenderPlan: which frames are rendered, in which chunks, and at which size."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from videostyle.errors import MediaError
from videostyle.events import Notice, OnEvent, Scanned, ignore
from videostyle.frames import NO_BARS, Bars, Chunk, Clip, FrameRange, Pixels, hash_of
from videostyle.media.read.crop import without_bars
from videostyle.media.read.sequence import identity
from videostyle.motion.light import USUAL, Light, sources
from videostyle.presets import change
from videostyle.rendering.plan import loop
from videostyle.rendering.plan.bars import describe, inside_size, search_bars
from videostyle.rendering.plan.scan import NOTHING, Scan, scan
from videostyle.rendering.plan.sizes import film_size, fit
from videostyle.selection import Selection
from videostyle.settings import RenderSettings

LOOK = 9
"""incremented whenever the same settings lead to different pixels, so that a job folder never mixes two looks"""


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """A style picture."""

    name: str
    """file name, for messages and the film's comment"""
    pixels: Pixels = field(repr=False)
    """(H, W, 3) in the clip's colors"""
    path: Path | None = None
    """absolute; None: an array"""


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
    head: int | None = None
    """the clip's first frame, if frames asked for are led into it: its chunk is painted up to it at least"""

    def __repr__(self) -> str:
        artworks = " + ".join(artwork.name for artwork in self.artworks)
        sizes = f"painted at {self.work[0]}x{self.work[1]}, film {self.size[0]}x{self.size[1]}"
        counts = f"frames={len(self.to_keep)}, scenes={len(self.chunks)}"
        return f"RenderPlan({self.clip.path.name!r}, {artworks!r}, {counts}, {sizes})"

    @property
    def bars(self) -> Bars:
        """Bars of the clip that are not painted."""
        return _kept_bars(self.scan, self.settings)

    @property
    def inside(self) -> Clip:
        """The clip without its bars: what is painted."""
        return without_bars(self.clip, self.bars)

    @property
    def own(self) -> tuple[int, int]:
        """Width and height of the clip without its bars, px."""
        return self.inside.width, self.inside.height

    def painted_size(self, film: tuple[int, int]) -> tuple[int, int]:
        """Width and height of what is painted, px, in a film of a size."""
        return inside_size(self.clip, self.bars, film)

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

    @property
    def frames_damaged(self) -> int:
        """Frames of the film in which the decoder has patched up damage."""
        return len({*self.scan.damaged}.intersection(self.to_keep))

    def check_clip(self) -> None:
        """Raise MediaError if the clip has changed since it was planned: it would be mixed with another clip."""
        if identity(self.clip) != self.identity:
            raise MediaError(f"{self.clip.path}: changed since it was planned; restore it, or plan it again")

    @property
    def follows_light(self) -> bool:
        """Whether the film follows the clip's light; frames kept as they are have it already."""
        return self.settings.paints and self.settings.light.follow > 0

    def light(self, frame: int) -> Light:
        """The light of a frame."""
        return self.scan.lights.get(frame, USUAL)

    def sources_of(self, chunk: Chunk) -> dict[int, int]:
        """Each frame of a chunk that must be painted -> the frame whose content is painted (see ``light.sources``)."""
        frames = self.frames_of(chunk)
        if not self.follows_light:
            return dict(zip(frames, frames, strict=True))
        lost = set(self.scan.lost)
        scene = [frame for frame in chunk.frames.indices if frame not in lost]
        return dict(zip(frames, sources(scene, [self.light(frame) for frame in scene]), strict=False))

    def led(self, chunk: Chunk) -> list[int]:
        """The frames of a chunk that are led into the clip's first frame, ascending, asked for or not."""
        is_last = self.head is not None and chunk.frames.stop == self.clip.num_frames
        return loop.led(chunk.frames, self.scan.lost) if is_last else []

    def frames_of(self, chunk: Chunk) -> list[int]:
        """Frames of a chunk that must be painted, ascending."""
        lost = set(self.scan.lost)
        return [frame for frame in chunk.render.indices if frame not in lost]


def make_plan(
    clip: Clip,
    artworks: Sequence[Artwork],
    settings: RenderSettings,
    scanned: Scan,
    keep: Selection,
    preset: str = "",
    head: int | None = None,
) -> RenderPlan:
    """Cut a clip into chunks and pick those needed for the frames asked for. Reads samples of the clip's file.

    scanned: must cover these frames. Scenes begin where those of the whole clip do, so that frames equal the full
    render's. head: the clip's first frame, if its last ones are led into it.
    """
    known = identity(clip)
    whole = settings.temporal.passes > 1
    chunks = tuple(Chunk(scene, part, whole) for scene in scanned.scenes if (part := keep.within(scene)))
    if head is not None and head not in chunks[0].render:
        scene = scanned.scenes[0]
        chunks = (Chunk(scene, FrameRange(scene.start, head + 1)), *(one for one in chunks if one.frames != scene))
    size = film_size(clip, settings)
    inside = inside_size(clip, _kept_bars(scanned, settings), size)
    side = settings.picture.work if settings.paints else 0  # frames kept as they are stay sharp
    return RenderPlan(
        clip=clip,
        artworks=tuple(artworks),
        settings=settings,
        preset=preset,
        scan=scanned,
        chunks=chunks,
        keep=keep,
        work=fit(*inside, min(side, *inside)) if side else inside,
        size=size,
        identity=known,
        fingerprint=fingerprint_of(known, artworks, settings),
        head=head,
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
    """Find the bars of the clip and the scenes of the frames asked for, unless they are known; plan these frames.

    Raises MediaError if none of the frames can be decoded.
    """
    if settings.paints and known.bars is None:
        bars, partly = search_bars(clip)
        known |= Scan((), (), bars=bars)
        if partly and settings.picture.bars == "keep":
            on_event(Notice(f"{clip.path}: has bars in parts of the clip only, so they are painted"))
    if any(bars := _kept_bars(known, settings)):
        stay = f"bars of {describe(bars)} stay as they are"
        on_event(Notice(f"{clip.path}: {stay}; --set picture.bars=paint paints them"))
    if not known.covers(keep):
        known |= scan(without_bars(clip, bars), settings.scene, keep, lambda frame: on_event(Scanned(frame)))
    known, head = _joined(without_bars(clip, bars), settings, known, keep, on_event)
    plan = make_plan(clip, artworks, settings, known, keep, preset, head)
    if not plan.to_keep:
        raise MediaError(f"{clip.path}: none of the frames {keep} can be decoded; choose others with --frames")
    if count := plan.frames_damaged:
        where = next(frame for frame in plan.scan.damaged if frame in keep.frames)
        on_event(Notice(f"{count} of these frames are damaged, the first is {where}: they show what could be decoded"))
    return plan


def _joined(
    inside: Clip, settings: RenderSettings, known: Scan, keep: Selection, on_event: OnEvent
) -> tuple[Scan, int | None]:
    """The clip's first frame, if frames asked for are led into it, and what is known of the clip then.

    inside: without bars. Says so if the last frame does not lead into the first one.
    """
    if not (settings.temporal.loop and settings.paints):
        return known, None
    last = known.scenes[-1]
    asked = keep.within(last) if last.stop == inside.num_frames else None
    if asked is None or not any(frame < asked.stop for frame in loop.led(last, known.lost)):
        on_event(Notice("--loop leads the clip's last frames into its first; these frames hold none that it changes"))
        return known, None
    if settings.temporal.passes > 1 and last.start:
        on_event(Notice("with several passes, --loop changes only clips of a single scene"))
        return known, None
    beginning = Selection((range(1),))
    if not known.covers(beginning):
        known |= scan(inside, settings.scene, beginning, lambda frame: on_event(Scanned(frame)))
    share = loop.match(inside, known, settings)
    if share < loop.MATCH:
        unlike = f"the first frame follows the last one {share:.0%} as well as a next frame would"
        on_event(Notice(f"{inside.path}: does not end where it begins ({unlike}), so --loop changes nothing"))
        return known, None
    return known, loop.first_of(known)


def alone(plan: RenderPlan) -> RenderPlan:
    """A plan of one frame, painted as the film would paint it if it were the first of its scene, and in one pass."""
    (frame,) = plan.keep.frames
    scene = next(scene for scene in plan.scan.scenes if frame in scene)
    palettes = dict(plan.scan.palettes)
    if scene.start in palettes:
        palettes[frame] = palettes[scene.start]
    return replace(
        plan,
        settings=change(plan.settings, {"temporal.passes": 1, "temporal.loop": False}),
        scan=replace(plan.scan, palettes=palettes),
        chunks=(Chunk(FrameRange(frame, scene.stop), FrameRange(frame, frame + 1)),),
        head=None,
    )


def fingerprint_of(clip: str, artworks: Sequence[Artwork], settings: RenderSettings) -> str:
    """Hash (hex) of everything in a plan that decides a frame's pixels. clip: its identity."""
    looks = [LOOK, clip, [hash_of(artwork.pixels) for artwork in artworks], settings.fingerprint()]
    return hashlib.sha256(json.dumps(looks).encode()).hexdigest()


def scan_key(clip: str, settings: RenderSettings) -> str:
    """What a stored scan must match to be used again. clip: its identity."""
    looked = settings.picture.bars if settings.paints else ""
    return hashlib.sha256(
        f"scenes, light, and colors {clip} {looked} {sorted(asdict(settings.scene).items())}".encode()
    ).hexdigest()


def _kept_bars(scanned: Scan, settings: RenderSettings) -> Bars:
    """The bars that stay as they are; frames that are not painted stay whole."""
    return scanned.bars or NO_BARS if settings.picture.bars == "keep" and settings.paints else NO_BARS
