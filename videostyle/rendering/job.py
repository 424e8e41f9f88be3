"""From a request to a film: check what can be wrong, plan, render, write."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from videostyle.errors import JobError, MediaError, SettingsError
from videostyle.frames import Clip, FrameDone, Pixels, to_picture
from videostyle.media.color import in_colors_of
from videostyle.media.files import check_folder
from videostyle.media.patch.patch import Patch, plan_patch
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import default_name, has_file
from videostyle.media.stills import read_picture
from videostyle.rendering.film import (
    FilmDone,
    FrameWritten,
    check_free,
    check_place,
    make_film,
    make_patched,
    notes,
    unless_strict,
)
from videostyle.rendering.plan import RenderPlan, check_size, fingerprint_of, make_plan, scan, scan_key
from videostyle.rendering.renderer import render
from videostyle.rendering.store import Store
from videostyle.selection import Selection, select
from videostyle.settings import RenderSettings

if TYPE_CHECKING:  # torch takes seconds to import: errors in a request must not wait for it
    from videostyle.paint.optimize.optimizer import Stylizer

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")
"""containers that a film is written to by default where the clip is in one of them; .mp4 where not"""
LONGEST_NAME = 60
"""characters of a film's name that may say which frames are in it"""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for."""

    clip: Path
    artworks: tuple[Path, ...]
    settings: RenderSettings
    preset: str = ""
    """name of the preset that the settings began with, for the film's comment"""
    frames: str = ""
    """source frames, as for ``selection.select``; empty: all"""
    begin: str = ""
    """time or timecode of the first frame, instead of ``frames``"""
    end: str = ""
    """time or timecode at which the film ends"""
    handles: int = 0
    """frames added before and after"""
    stream: int | None = None
    """index of the picture track; None: the clip's main one"""
    rate: Fraction | None = None
    """frames a second of a source without times"""
    output: Path | None = None
    """None: ``CLIP_ART.EXT`` beside the clip"""
    patch: Path | None = None
    """a full film of the clip in which the frames are to be replaced"""
    film: bool = True
    """whether a film is made, or the job folder's frames are all that is wanted"""
    job: Path | None = None
    """folder of the finished frames; None: beside the output, deleted when the film is done"""
    keep_job: bool = False
    overwrite: bool = False
    strict: bool = False
    """whether a film that must leave something of the clip out is an error"""
    slots: int = 0
    """chunks that are optimised as one batch; 0: as many as fit"""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A request whose files have been looked at; nothing has been written."""

    request: Request
    clip: Clip
    artworks: tuple[Pixels, ...]
    keep: Selection
    output: Path
    """the film, or the job folder where no film is wanted"""
    job: Path
    patch: Patch | None
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
class Notice:
    """Something the user should know, in one line."""

    text: str


def check(request: Request) -> Checked:
    """Find everything that can be wrong with a request's files before any work starts (torch is not needed yet)."""
    if not request.artworks:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    clip = probe(request.clip, request.stream, request.rate)
    artworks = tuple(in_colors_of(clip.color, read_picture(path)) for path in request.artworks)
    keep = select(clip, request.frames, request.begin, request.end, request.handles)
    notices = clip.notes
    if clip.frames_missing:
        notices += (f"{request.clip} is cut off: {clip.frames_missing} frames that it promises are not in the file",)
    if not request.film:
        if request.job is None or request.output or request.patch:
            raise SettingsError("--no-film leaves frames in a folder and no film; give that with --job, and no -o")
        return Checked(request, clip, artworks, keep, request.job, request.job, None, notices)
    patch = plan_patch(request.patch, clip, keep, request.settings.film) if request.patch else None
    output = request.output or _default_output(clip, request, keep)
    sources = (request.clip, *request.artworks)
    if patch:
        check_free(output, sources, request.overwrite)
        check_folder(output)
        notices += patch.notices + unless_strict(patch.left_out, request.strict)
    else:
        notices += check_place(clip, keep, output, request.settings, sources, request.overwrite, request.strict)
    job = request.job or output.with_name(f"{output.name}.job")
    return Checked(request, clip, artworks, keep, output, job, patch, notices)


def prepare(
    checked: Checked,
    on_scan: Callable[[int], None] = lambda _: None,
    on_fetch: Callable[[str, int, int], None] | None = None,
) -> Prepared:
    """Choose the backbone, find the scenes, and measure what a frame costs. Writes nothing but fetched weights."""
    from videostyle.paint.backbones.backbone import choose_backbone
    from videostyle.paint.device import choose_device, choose_precision, choose_slots
    from videostyle.paint.optimize.optimizer import Stylizer

    request = checked.request
    device = choose_device(request.settings.backbone.device)
    backbone, why = choose_backbone(request.settings.backbone, on_fetch)
    precision = choose_precision(request.settings.optimize.precision, device)
    fingerprint = fingerprint_of(
        checked.clip, request.artworks, request.settings, f"{backbone.fingerprint} {precision}"
    )
    stylizer = Stylizer(backbone, checked.artworks, request.settings, device)
    store = Store(checked.job)
    scene, keep = request.settings.scene, checked.keep
    found = store.scan(scan_key(checked.clip, scene))
    if not found.covers(keep):
        found |= scan(checked.clip, scene, keep, on_scan)
    plan = make_plan(checked.clip, request.artworks, request.settings, found, keep, fingerprint)
    if not plan.to_keep:
        raise MediaError(
            f"{request.clip}: none of the frames {checked.keep} can be decoded; choose others with --frames"
        )
    check_size(plan.work, stylizer.smallest)
    store.check(plan.fingerprint)
    width, height = plan.work
    cost = stylizer.calibrate(height, width)
    stored = {frame for frame in plan.to_render if store.has(frame)}
    slots = min(choose_slots(request.slots, device, cost), len(plan.chunks))
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


def run(
    prepared: Prepared, report: Callable[[Notice | FrameDone | FrameWritten | FilmDone], object] = lambda _: None
) -> FilmDone:
    """Render the frames that are missing and make the film of all of them.

    After an interruption the same request goes on where it stopped. The job folder is deleted with the film done,
    unless it was named or is to be kept, and after an error unless it holds finished frames.
    """
    checked, plan = prepared.checked, prepared.plan
    request, store = checked.request, Store(checked.job)
    start = time.perf_counter()
    _check_space(plan, store)
    maker = prepared.backbone + (f", preset {request.preset}" if request.preset else "")
    store.open(plan.fingerprint, notes(plan, store, maker, request.rate), alone=not request.job)
    try:
        pictures = [to_picture(artwork) for artwork in checked.artworks]
        render(plan, store, prepared.stylizer, pictures, prepared.slots, report, lambda text: report(Notice(text)))
        _write_film(prepared, store, maker, report)
        if not (request.keep_job or request.job):
            store.remove(plan.to_render)
    except BaseException:
        store.discard_if_empty()
        raise
    finally:
        store.close()
    done = FilmDone(checked.output, len(plan.to_keep), plan.frames_lost, time.perf_counter() - start)
    report(done)
    return done


def _write_film(
    prepared: Prepared, store: Store, maker: str, report: Callable[[Notice | FrameWritten], object]
) -> None:
    """Make what is asked for of the frames, unless another file has come into its place meanwhile."""
    checked, plan, request = prepared.checked, prepared.plan, prepared.checked.request
    if not request.film:
        return
    overwrite = request.overwrite or request.settings.film.codec == "png"
    check_free(checked.output, (request.clip, *request.artworks), overwrite)
    if checked.patch:
        for text in make_patched(plan, store, checked.patch, checked.output, report):
            report(Notice(text))
    else:
        make_film(plan, store, checked.output, maker, report)


def estimate(prepared: Prepared, settings: RenderSettings) -> float:
    """Seconds that the whole range would take at most with other settings, by the size of its pictures."""
    plan = prepared.plan
    other = make_plan(plan.clip, plan.artworks, settings, plan.scan, plan.keep, fingerprint="")
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


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Refuse to begin a job whose frames cannot fit the disk.

    Of paint a PNG takes about three quarters of the raw size; the record beside it takes a block of the disk.
    """
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    width, height = plan.work
    missing = sum(not store.has(frame) for frame in plan.to_render)
    needed = missing * (width * height * 3 * plan.clip.dtype.itemsize * 3 // 4 + 4096)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e6:,.1f} MB are free and the frames take about {needed / 1e6:,.1f} MB; "
            "free some space, or give a folder on another disk with --job"
        )


def _default_output(clip: Clip, request: Request, keep: Selection) -> Path:
    """Beside the clip; the film of a part says which, so that parts do not stand in each other's way."""
    if request.patch:
        return request.patch.with_name(f"{request.patch.stem}_patched{request.patch.suffix}")
    source = default_name(clip)
    name = f"{source.stem if has_file(clip) else source.name}_{'+'.join(path.stem for path in request.artworks)}"
    if request.settings.film.codec == "png":
        return source.with_name(name)  # its pictures are numbered: parts meet in one folder
    if keep != Selection.whole(clip):
        parts = [f"{p.start}-{p.stop - 1}" + (f"x{p.step}" if p.step > 1 else "") for p in keep.parts]
        text = "+".join(parts)
        name += f"_{text if len(text) <= LONGEST_NAME else f'{keep.frames[0]}-{keep.frames[-1]}'}"
    suffix = source.suffix.lower()
    return source.with_name(name + (suffix if suffix in FILM_SUFFIXES else ".mp4"))
