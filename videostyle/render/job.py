"""From a request to a film: check what can be wrong, plan, render, assemble."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from videostyle import __version__
from videostyle.errors import JobError, MediaError, SettingsError
from videostyle.frames import Clip, FrameDone, FrameRange, Pixels, to_picture
from videostyle.media.encode import check_film, encode_film
from videostyle.media.probe import probe
from videostyle.media.stills import read_picture
from videostyle.render.ahead import Ahead
from videostyle.render.plan import RenderPlan, check_size, film_size, make_plan, scan, scan_key
from videostyle.render.renderer import render
from videostyle.render.store import Store
from videostyle.settings import RenderSettings

if TYPE_CHECKING:  # torch takes seconds to import: errors in a request must not wait for it
    from videostyle.stylize.stylizer import Stylizer

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")
"""containers that a film is written to by default where the clip is in one of them; .mp4 where not"""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for."""

    clip: Path
    artworks: tuple[Path, ...]
    settings: RenderSettings
    frames: str = ""
    """source frames as ``A:B``; empty: all"""
    output: Path | None = None
    """None: ``CLIP_ART.EXT`` beside the clip"""
    job: Path | None = None
    """folder of the finished frames; None: beside the output, deleted when the film is done"""
    keep_job: bool = False
    overwrite: bool = False
    slots: int = 0
    """chunks that are optimised as one batch; 0: as many as fit"""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A request whose files have been looked at; nothing has been written."""

    request: Request
    clip: Clip
    artworks: tuple[Pixels, ...]
    keep: FrameRange
    output: Path
    job: Path
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A job that is ready to be rendered."""

    checked: Checked
    plan: RenderPlan
    stylizer: "Stylizer"
    device: str
    backbone: str
    """its name"""
    why: str
    """one sentence: why this backbone"""
    slots: int
    seconds_per_iteration: float
    bytes_needed: int
    seconds_left: float
    """estimate for the frames that are not stored yet, at most"""
    frames_stored: int
    """frames of this range that an earlier run stored"""


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is written."""

    path: Path
    frames: int
    frames_lost: int
    """frames of the range that the clip promised and that could not be decoded"""
    seconds: float
    """wall time of rendering and encoding"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know, in one line."""

    text: str


def check(request: Request) -> Checked:
    """Find everything that can be wrong with a request's files before any work starts (torch is not needed yet)."""
    if not request.artworks:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    clip = probe(request.clip)
    artworks = tuple(read_picture(path) for path in request.artworks)
    keep = FrameRange.parse(request.frames, clip.num_frames) if request.frames else clip.frames
    output = request.output or _default_output(request.clip, request.artworks)
    for source in (request.clip, *request.artworks):
        if output.exists() and os.path.samefile(output, source):
            raise SettingsError(f"{output} is an input of this render; give another file with -o")
    if output.exists() and not request.overwrite:
        raise SettingsError(f"{output} exists; give another file with -o, or --overwrite to replace it")
    size = film_size(clip, request.settings)
    notices = check_film(clip, output, request.settings.film, size)
    if clip.frames_missing:
        notices += (f"{request.clip} is cut off: {clip.frames_missing} frames that it promises are not in the file",)
    job = request.job or output.with_name(f"{output.name}.job")
    return Checked(request, clip, artworks, keep, output, job, clip.notes + notices)


def prepare(
    checked: Checked,
    on_scan: Callable[[int], None] = lambda _: None,
    on_fetch: Callable[[str, int, int], None] | None = None,
) -> Prepared:
    """Choose the backbone, find the scenes, and measure what a frame costs. Writes nothing."""
    from videostyle.stylize.backbones import choose_backbone
    from videostyle.stylize.device import choose_device, fitting_slots
    from videostyle.stylize.stylizer import Stylizer

    request = checked.request
    device = choose_device(request.settings.backbone.device)
    backbone, why = choose_backbone(request.settings.backbone, on_fetch)
    fingerprint = backbone.fingerprint
    stylizer = Stylizer(backbone, checked.artworks, request.settings, device)
    store = Store(checked.job)
    found = store.scan(scan_key(checked.clip, request.settings.scene))
    found = found or scan(checked.clip, request.settings.scene, on_scan)
    plan = make_plan(checked.clip, request.artworks, request.settings, found, checked.keep, fingerprint)
    if not plan.to_keep:
        raise MediaError(
            f"{request.clip}: none of the frames {checked.keep} can be decoded; choose others with --frames"
        )
    check_size(plan.work, stylizer.smallest)
    store.check(plan.fingerprint)
    width, height = plan.work
    cost = stylizer.calibrate(height, width)
    stored = {frame for frame in plan.to_render if store.has(frame)}
    slots = min(request.slots or fitting_slots(device, cost), len(plan.chunks))
    return Prepared(
        checked=checked,
        plan=plan,
        stylizer=stylizer,
        device=str(device),
        backbone=backbone.name,
        why=why,
        slots=slots,
        seconds_per_iteration=cost.seconds_per_iteration,
        bytes_needed=cost.bytes_per_slot * slots,
        seconds_left=cost.seconds_per_iteration * _iterations(plan, stored),
        frames_stored=len(stored),
    )


def run(prepared: Prepared, report: Callable[[Notice | FrameDone | FilmDone], object] = lambda _: None) -> FilmDone:
    """Render the frames that are missing and make the film of all of them.

    After an interruption the same request goes on where it stopped. The job folder is deleted with the film done,
    unless it was named or is to be kept, and after an error unless it holds finished frames.
    """
    checked, plan = prepared.checked, prepared.plan
    request, store = checked.request, Store(checked.job)
    start = time.perf_counter()
    _check_space(plan, store)
    store.open(plan.fingerprint, _notes(plan))
    try:
        pictures = [to_picture(artwork) for artwork in checked.artworks]
        render(plan, store, prepared.stylizer, pictures, prepared.slots, report, lambda text: report(Notice(text)))
        _assemble(plan, store, checked.output, prepared.backbone)
    except BaseException:
        store.discard_if_empty()
        raise
    if not (request.keep_job or request.job):
        store.remove()
    lost = len(plan.keep) - len(plan.to_keep) + checked.clip.frames_missing
    done = FilmDone(checked.output, len(plan.to_keep), lost, time.perf_counter() - start)
    report(done)
    return done


def estimate(prepared: Prepared, settings: RenderSettings) -> float:
    """Seconds that the whole range would take at most with other settings, by the size of its pictures."""
    plan = prepared.plan
    other = make_plan(plan.clip, plan.artworks, settings, plan.scan, plan.keep, weights="")
    larger = (other.work[0] * other.work[1]) / (plan.work[0] * plan.work[1])
    return larger * prepared.seconds_per_iteration * _iterations(other, set())


def _iterations(plan: RenderPlan, stored: set[int]) -> float:
    """What the frames that are not stored yet take at most, in iterations of a frame at full size."""
    if not plan.settings.optimize.iterations:
        return 0.0
    firsts = {chunk.frames.start for chunk in plan.chunks} - stored
    later = set(plan.to_render) - stored - firsts
    # a first frame's iterations are shared by its scales, each half the area of the next: about two thirds at most
    return (
        len(later) * plan.settings.optimize.iterations + len(firsts) * plan.settings.optimize.first_iterations * 2 / 3
    )


def _assemble(plan: RenderPlan, store: Store, output: Path, backbone: str) -> None:
    """Encode the stored frames as a film with everything else that the clip holds."""

    def pictures() -> Iterator[tuple[int, Pixels]]:
        for frame in plan.to_keep:
            yield frame, store.load(frame)

    settings = plan.settings
    styles = " + ".join(path.name for path in plan.artworks)
    comment = f"videostyle {__version__}, {backbone}, style {styles}, seed {settings.seed}"
    part = None if plan.keep == plan.clip.frames else plan.keep
    ahead = Ahead(pictures(), depth=4)
    try:
        encode_film(plan.clip, output, ahead, settings.film, plan.size, part, comment)
    finally:
        ahead.close()


def _notes(plan: RenderPlan) -> dict[str, object]:
    """What ``plan.json`` says beside the fingerprint."""
    return {
        "clip": str(plan.clip.path),
        "styles": [str(path) for path in plan.artworks],
        "version": __version__,
        "settings": asdict(plan.settings),
        "scenes": [str(chunk.frames) for chunk in plan.chunks],
        "scan": {
            "key": scan_key(plan.clip, plan.settings.scene),
            "cuts": plan.scan.cuts,
            "lost": plan.scan.lost,
        },
    }


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Refuse to begin a job whose frames cannot fit the disk; a PNG takes about half of its raw size."""
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    width, height = plan.work
    missing = sum(not store.has(frame) for frame in plan.to_render)
    needed = missing * width * height * 3 * plan.clip.dtype.itemsize // 2
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e9:.1f} GB are free and the frames take about {needed / 1e9:.1f} GB; "
            "free some space, or give a folder on another disk with --job"
        )


def _default_output(clip: Path, artworks: tuple[Path, ...]) -> Path:
    suffix = clip.suffix.lower() if clip.suffix.lower() in FILM_SUFFIXES else ".mp4"
    return clip.with_name(f"{clip.stem}_{'+'.join(path.stem for path in artworks)}{suffix}")
