"""A request, from plan to film: prepare, render, write."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass

from videostyle import __version__
from videostyle.errors import JobError, MediaError
from videostyle.events import Fetched, FilmDone, Notice, OnEvent, Planned, ignore
from videostyle.media.read.sequence import identity
from videostyle.paint.load import load_painter, usual_preset
from videostyle.paint.painter import Cost, Painter
from videostyle.presets import change, compose
from videostyle.rendering.film import StoredFilm, check_free, make_film, make_patched
from videostyle.rendering.plan import Artwork, RenderPlan, check_size, fingerprint_of, make_plan, plan_frames, scan_key
from videostyle.rendering.renderer import render
from videostyle.rendering.request import Checked
from videostyle.rendering.store import Store
from videostyle.settings import BACKBONES, RenderSettings


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A job that is ready to be rendered."""

    checked: Checked
    plan: RenderPlan
    painter: Painter
    summary: Planned


def prepare(checked: Checked, painter: Painter | None = None, on_event: OnEvent = ignore) -> Prepared:
    """Load the painter, plan, and measure what a frame costs. Writes nothing but downloaded weights.

    painter: None: the one that the settings ask for.
    """
    for text in checked.notices:
        on_event(Notice(text))
    recipe, store = checked.request.recipe, Store(checked.job)
    preset = recipe.preset or store.beginning()[1] or usual_preset(recipe.given.backbone.device)
    settings = recipe.settings(preset)
    painter = painter or painter_for(checked.artworks, settings, store, on_event)
    known = store.scan(scan_key(checked.clip, settings.scene))
    plan = plan_frames(checked.clip, checked.artworks, settings, checked.keep, preset, known, on_event)
    check_size(plan.work, painter.smallest)
    store.check(plan.fingerprint, painter.fingerprint)
    width, height = plan.work
    cost = painter.cost(height, width)
    stored = {frame for frame in plan.to_render if store.has(frame)}
    slots = choose_slots(checked.request.slots, cost, plan)
    summary = Planned(
        clip=plan.clip.path,
        output=checked.output,
        job=checked.job,
        frames=len(plan.to_keep),
        frames_to_render=len(plan.to_render),
        frames_stored=len(stored),
        size=plan.size,
        work=plan.work,
        scenes=tuple(str(chunk.frames) for chunk in plan.chunks),
        render=tuple(str(chunk.render) for chunk in plan.chunks),
        artworks=tuple(artwork.name for artwork in plan.artworks),
        painter=painter.name,
        reason=painter.reason,
        device=painter.device,
        slots=slots,
        seconds=_seconds(plan, cost, stored),
        seconds_first=cost.seconds_first,
        seconds_later=cost.seconds_later,
        bytes=cost.bytes_per_slot * slots,
        fingerprint=plan.fingerprint,
    )
    return Prepared(checked, plan, painter, summary)


def choose_slots(asked: int, cost: Cost, plan: RenderPlan) -> int:
    """Chunks painted as one batch; asked: 0 for as many as are usual."""
    return max(1, min(asked or cost.usual_slots, cost.most_slots, len(plan.chunks)))


def painter_for(
    artworks: Sequence[Artwork], settings: RenderSettings, store: Store, on_event: OnEvent = ignore
) -> Painter:
    """The painter that the settings ask for. An ``auto`` backbone is the one that the job folder began with.

    Otherwise weights that were cached since then would change the network, and the job could not continue.
    """
    name, _ = store.beginning()
    known = settings.backbone.name == "auto" and not settings.backbone.weights and name in BACKBONES
    if known:
        settings = change(settings, {"backbone.name": name}, "job")
    pixels = [artwork.pixels for artwork in artworks]
    painter = load_painter(pixels, settings, lambda what, done, total: on_event(Fetched(what, done, total)))
    if known:
        painter.reason = f"{name}: this job began with it."
    return painter


def run(prepared: Prepared, on_event: OnEvent = ignore) -> FilmDone:
    """Render the frames that are missing and make the film of all of them.

    After an interruption the same request continues where it stopped. The job folder is deleted once the film is done,
    unless it was named or is to be kept, and after an error unless it holds finished frames.
    """
    checked, plan = prepared.checked, prepared.plan
    request, start = checked.request, time.perf_counter()
    with opened(plan, Store(checked.job), prepared.painter, alone=not request.job) as store:
        with closing(render(plan, store, prepared.painter, prepared.summary.slots, on_event)) as frames:
            for rendered in frames:
                on_event(rendered.done)
        if request.film:  # unless another file has taken its place meanwhile
            overwrite = request.overwrite or plan.settings.film.codec == "png"
            check_free(checked.output, checked.sources, overwrite)
            if checked.patch:
                make_patched(plan, store, checked.patch, checked.output, on_event)
            else:
                maker = store.record()["maker"]
                make_film(StoredFilm(plan, store, checked.output, maker, (), checked.subtitles), on_event)
        if not (request.keep_job or request.job):
            store.remove(plan.to_render)
    done = FilmDone(checked.output, len(plan.to_keep), plan.frames_lost, time.perf_counter() - start)
    on_event(done)
    return done


@contextmanager
def opened(plan: RenderPlan, store: Store, painter: Painter, alone: bool = False) -> Iterator[Store]:
    """A job folder that is ready for frames; after an error it is deleted if it holds none.

    alone: no other process may be at work in it.
    """
    _check_space(plan, store)
    _check_clip(plan)
    store.open(plan.fingerprint, painter.fingerprint, _record(plan, painter), alone)
    try:
        store.save_scan(scan_key(plan.clip, plan.settings.scene), plan.scan)
        yield store
    except BaseException:
        store.discard_if_empty()
        raise
    finally:
        store.close()


def _record(plan: RenderPlan, painter: Painter) -> dict[str, object]:
    """What ``plan.json`` holds: all that the film of a stored job needs, and what people want to know."""
    clip, chosen = plan.clip, f", preset {plan.preset}" if plan.preset else ""
    return {
        "clip": str(clip.path.absolute()),
        "stream": clip.stream,
        "rate": clip.given_rate and str(clip.given_rate),
        "identity": identity(clip),
        "styles": [str(artwork.path.absolute()) for artwork in plan.artworks if artwork.path],
        "preset": plan.preset,
        "painter": {"name": painter.name, "fingerprint": painter.fingerprint},
        "maker": f"{painter.name}{chosen}, style {' + '.join(artwork.name for artwork in plan.artworks)}",
        "version": __version__,
        "settings": asdict(plan.settings),
    }


def estimate(prepared: Prepared, preset: str) -> float:
    """Seconds that the whole range would take at most with another preset."""
    plan = prepared.plan
    settings = compose(preset, prepared.checked.request.recipe.values)
    other = make_plan(plan.clip, plan.artworks, settings, plan.scan, plan.keep, fingerprint="estimate")
    width, height = other.work
    return _seconds(other, prepared.painter.cost(height, width, settings), set())


def _seconds(plan: RenderPlan, cost: Cost, stored: set[int]) -> float:
    """What the frames that are not stored yet take at most."""
    firsts = {chunk.name for chunk in plan.chunks} - stored
    later = set(plan.to_render) - stored - firsts
    return len(later) * cost.seconds_later + len(firsts) * cost.seconds_first


def _check_clip(plan: RenderPlan) -> None:
    """Raise MediaError if the clip is not the one planned: its frames would be stored as those of another."""
    try:
        same = fingerprint_of(plan.clip, plan.artworks, plan.settings) == plan.fingerprint
    except OSError as error:
        raise MediaError(f"{plan.clip.path}: cannot be read ({error.strerror}); give the clip again") from None
    if not same:
        raise MediaError(f"{plan.clip.path}: the clip has changed since it was planned; plan it again")


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Refuse to begin a job whose frames cannot fit the disk.

    A PNG of paint takes about three quarters of its raw size, and a block of the disk.
    """
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    width, height = plan.work
    missing = sum(not store.has(frame) for frame in plan.to_render)
    needed = missing * (width * height * 3 * plan.clip.dtype.itemsize * 3 // 4 + 4096)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e6:,.1f} MB free, but the frames need about {needed / 1e6:,.1f} MB; "
            "free some space, or give a folder on another disk with --job"
        )
