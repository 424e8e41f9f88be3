"""From a request to its film: prepare, render, write."""

import shutil
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from videostyle.errors import JobError
from videostyle.events import Fetched, FilmDone, Notice, OnEvent, Planned, ignore
from videostyle.media.files import sweep
from videostyle.media.read.sequence import identity
from videostyle.media.write.folder import pictures_of
from videostyle.paint.load import load_painter, usual_preset
from videostyle.paint.painter import Cost, Painter
from videostyle.presets import change, compose
from videostyle.rendering.beside import written_beside
from videostyle.rendering.film import StoredFilm, check_free, make_patched
from videostyle.rendering.finish import finish_for, together
from videostyle.rendering.passes import passed
from videostyle.rendering.plan import Artwork, RenderPlan, make_plan, plan_frames, scan_key
from videostyle.rendering.record import JobRecord
from videostyle.rendering.renderer import render
from videostyle.rendering.request import Checked
from videostyle.rendering.sizes import check_size
from videostyle.rendering.store import Store
from videostyle.settings import BACKBONES, RenderSettings


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A job that is ready to render."""

    checked: Checked
    plan: RenderPlan
    painter: Painter
    summary: Planned


def prepare(checked: Checked, painter: Painter | None = None, on_event: OnEvent = ignore) -> Prepared:
    """Load the painter, plan, and estimate what a frame costs. Writes nothing but downloaded weights.

    painter: None: the one that the settings select.
    """
    for text in checked.notices:
        on_event(Notice(text))
    recipe, store = checked.request.recipe, Store(checked.job)
    begun = store.begun()
    preset = recipe.preset or (begun and begun.preset) or usual_preset(recipe.given.backbone.device)
    settings = recipe.settings(preset)
    painter = painter or painter_for(checked.artworks, settings, begun, on_event)
    if not painter.paints:
        settings = change(settings, {"optimize.iterations": 0})
    known = store.scan(scan_key(identity(checked.clip), settings))
    plan = plan_frames(checked.clip, checked.artworks, settings, checked.keep, preset, known, on_event)
    check_size(plan.work, painter.smallest)
    store.check(plan.fingerprint, painter.fingerprint)
    width, height = plan.work
    stored = {frame for frame in plan.to_render if store.has(frame)}
    done = len(stored) == len(plan.to_render)
    cost = Cost() if done else painter.cost(height, width)  # which it measures by painting
    slots = choose_slots(checked.request.slots, cost, plan)
    finishing = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.painted_size(plan.size))
    alike = _alike(plan, painter, stored)
    painting = _seconds(plan, cost, stored | alike, plan.settings.temporal.passes)
    summary = Planned(
        clip=plan.clip.path,
        output=checked.output,
        job=checked.job,
        frames=len(plan.to_keep),
        frames_to_render=len(plan.to_render),
        frames_stored=len(stored),
        frames_alike=len(alike),
        size=plan.size,
        work=plan.work,
        scenes=tuple(str(chunk.frames) for chunk in plan.chunks),
        render=tuple(str(chunk.render) for chunk in plan.chunks),
        artworks=tuple(artwork.name for artwork in plan.artworks),
        painter=painter.name,
        reason=painter.reason,
        device=painter.device,
        slots=slots,
        seconds=together(painting, _seconds(plan, finishing) * checked.request.film, painter.device),
        seconds_first=cost.seconds_first,
        seconds_later=cost.seconds_later,
        bytes=cost.bytes_per_slot * slots + finishing.bytes_per_slot,  # the film is written beside painting
        fingerprint=plan.fingerprint,
        passes=plan.settings.temporal.passes,
        passed=passed(plan, store),
    )
    return Prepared(checked, plan, painter, summary)


def choose_slots(asked: int, cost: Cost, plan: RenderPlan) -> int:
    """Number of chunks painted as one batch. asked: 0: the painter's usual number."""
    return max(1, min(asked or cost.usual_slots, cost.most_slots, len(plan.chunks)))


def painter_for(
    artworks: Sequence[Artwork], settings: RenderSettings, begun: JobRecord | None, on_event: OnEvent = ignore
) -> Painter:
    """The painter that the settings select; for an ``auto`` backbone, the network that a job has begun with.

    If weights cached since then changed the network, the job could not continue.
    """
    name = begun.painter if begun else ""
    known = settings.backbone.name == "auto" and not settings.backbone.weights and name in BACKBONES
    if known:
        settings = change(settings, {"backbone.name": name})
    pixels = [artwork.pixels for artwork in artworks]
    painter = load_painter(pixels, settings, lambda what, done, total: on_event(Fetched(what, done, total)))
    if known:
        painter.reason = f"{name}: this job started with it."
    return painter


def run(prepared: Prepared, on_event: OnEvent = ignore) -> FilmDone:
    """Render the missing frames and make the film from all of them.

    After an interruption the same request continues where it stopped. The job folder is deleted once the film is done,
    unless the user named it or keeps it, and after an error unless it holds finished frames.
    """
    on_event(prepared.summary)
    checked, plan = prepared.checked, prepared.plan
    request, start = checked.request, time.perf_counter()
    with opened(plan, Store(checked.job), prepared.painter, exclusive=not request.job) as store:

        def paint(on_event: OnEvent) -> None:
            with closing(render(plan, store, prepared.painter, prepared.summary.slots, on_event)) as frames:
                for _ in frames:
                    pass

        def check() -> None:  # whether clip or film were replaced in the meantime
            plan.check_clip()
            pictures = pictures_of(checked.output, plan.settings.film, plan.clip)
            place = pictures.folder if pictures else checked.output
            check_free(place, checked.sources, request.overwrite or bool(pictures), pictures)

        finish = finish_for(plan.artworks, plan.settings)
        film = StoredFilm(plan, store, checked.output, subtitles=checked.subtitles, finish=finish)
        if request.film and not checked.patch:
            if not request.job:
                sweep(checked.output)  # this process alone uses the job folder, whose name is the film's
            with written_beside(film, check, on_event) as follow:
                paint(follow)
        else:
            paint(on_event)
        if request.film and checked.patch:
            check()
            make_patched(film, checked.patch, on_event)
        if not (request.keep_job or request.job):
            store.remove(plan.to_render)
    seconds = time.perf_counter() - start
    done = FilmDone(checked.output, len(plan.to_keep), plan.frames_lost, seconds, plan.frames_damaged)
    on_event(done)
    return done


@contextmanager
def opened(plan: RenderPlan, store: Store, painter: Painter, exclusive: bool = False) -> Iterator[Store]:
    """A job folder that is ready for frames; after an error it is deleted if it holds none.

    exclusive: no other process may use it. Raises MediaError if the clip has changed since it was planned.
    """
    _check_space(plan, store)
    plan.check_clip()
    store.open(JobRecord.of(plan, painter), exclusive)
    try:
        store.save_scan(scan_key(plan.identity, plan.settings), plan.scan)
        yield store
    except BaseException:
        store.discard_if_empty()
        raise
    finally:
        store.close()


def estimate(prepared: Prepared, preset: str) -> float:
    """Seconds that the whole range would take with another preset; see ``_seconds``."""
    plan = prepared.plan
    settings = compose(preset, prepared.checked.request.recipe.values)
    other = make_plan(plan.clip, (), settings, plan.scan, plan.keep, head=plan.head)
    width, height = other.work
    alike = _alike(other, prepared.painter, set())
    painting = _seconds(other, prepared.painter.cost(height, width, settings), alike, settings.temporal.passes)
    finishing = finish_for(plan.artworks, settings).cost(other.work, other.painted_size(other.size))
    film = _seconds(other, finishing) * prepared.checked.request.film
    return together(painting, film, prepared.painter.device)


def _alike(plan: RenderPlan, painter: Painter, stored: set[int]) -> set[int]:
    """Frames not stored yet that probably repeat earlier ones."""
    return set(plan.to_render) & set(plan.scan.alike) - stored if painter.reach else set()


def _seconds(plan: RenderPlan, cost: Cost, free: Collection[int] = (), passes: int = 1) -> float:
    """Most seconds that a plan's frames take if little in each is new to its scene.

    free: frames that take none, because they are stored, or repeat others.
    """
    firsts = {chunk.name for chunk in plan.chunks}.difference(free)
    later = set(plan.to_render).difference(free, firsts)
    again = len(later) * passes + len(firsts) * (passes - 1)
    return again * cost.seconds_later + len(firsts) * cost.seconds_first


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Raise JobError if a job's frames cannot fit on the disk.

    A painted frame as PNG takes about three quarters of its raw size, plus a block of the disk, and what the film's
    finish carries from it.
    """
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    width, height = plan.work
    missing = sum(not store.has(frame) for frame in plan.to_render)
    passes = min(2, plan.settings.temporal.passes)  # those of the pass before are kept until a pass is done
    carried = finish_for(plan.artworks, plan.settings).stored(plan.work, plan.painted_size(plan.size))
    needed = missing * (passes * (width * height * 3 * plan.clip.dtype.itemsize * 3 // 4 + 4096) + carried)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e6:,.1f} MB free, but the frames need about {needed / 1e6:,.1f} MB; "
            "free some space, or use a folder on another disk with --job"
        )
