"""From a request to its film: prepare, render, write."""

import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace

from videostyle.errors import JobError
from videostyle.events import Event, FilmDone, Notice, OnEvent, Planned, ignore
from videostyle.media.files import flush_folder, remove_leftovers
from videostyle.media.read.sequence import identity
from videostyle.media.write.folder import pictures_of
from videostyle.paint.painter import Cost, Painter
from videostyle.presets import Values, change, compose
from videostyle.rendering.chunk.passes import passed
from videostyle.rendering.command import command_of
from videostyle.rendering.estimate import Price, price_of
from videostyle.rendering.film.beside import written_beside
from videostyle.rendering.film.film import StoredFilm, check_free, make_patched
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.painters import painter_for, preset_of
from videostyle.rendering.plan.plan import RenderPlan, alone, make_plan, plan_frames, scan_key
from videostyle.rendering.plan.sizes import check_size, stored_bytes
from videostyle.rendering.request import Checked
from videostyle.rendering.store.log import JOB, Log, logged
from videostyle.rendering.store.made import forget_made
from videostyle.rendering.store.record import JobRecord
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.cluster import Cluster
from videostyle.rendering.workers.count import ALONE, Beside, bytes_of, gpus_for
from videostyle.rendering.workers.engine import Engine
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.pool import Pool
from videostyle.rendering.workers.processes import Processes
from videostyle.rendering.workers.schedule import slowest
from videostyle.rendering.workers.session import LOCAL, room
from videostyle.settings import known_settings

Workers = AbstractContextManager[Engine]
"""an engine, as long as it is needed"""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A job that is ready to render."""

    checked: Checked
    plan: RenderPlan
    painter: Painter
    summary: Planned
    price: Price
    workers: int = 0
    """how many are asked for; 0: as many as are worth it"""
    most: int = 0
    """how many a cluster has room for; 0: it was not asked"""
    notices: tuple[Notice, ...] = ()
    """what was said while it was prepared, for its log"""


def prepare(
    checked: Checked,
    painter: Painter | None = None,
    on_event: OnEvent = ignore,
    before: "Prepared | None" = None,
    beside: Beside = ALONE,
) -> Prepared:
    """Load the painter, plan, and estimate what a frame costs. Writes nothing but downloaded weights.

    painter: None: the one that the settings select. before: the same request with other settings, whose scan is used
    again if it holds for these. beside: other jobs that share the workers.
    """
    notices = list[Notice]()

    def heard(event: Event) -> None:
        notices.extend([event] if isinstance(event, Notice) else [])
        on_event(event)

    return replace(_prepare(checked, painter, heard, before, beside), notices=tuple(notices))


def _prepare(
    checked: Checked, painter: Painter | None, on_event: OnEvent, before: Prepared | None, beside: Beside
) -> Prepared:
    for text in checked.notices:
        on_event(Notice(text))
    recipe, store = checked.request.recipe, Store(checked.job)
    begun = store.begun()
    preset = preset_of(recipe, begun)
    settings = recipe.settings(preset)
    workers = 1 if painter else checked.request.workers  # only this process has a painter of the caller's own
    painter = painter or painter_for(checked.artworks, settings, begun, on_event)
    if not painter.paints:
        settings = change(settings, {"optimize.iterations": 0})
    known = store.scan(key := scan_key(identity(checked.clip), settings))
    if before and scan_key(before.plan.identity, before.plan.settings) == key:
        known |= before.plan.scan
    plan = plan_frames(checked.clip, checked.artworks, settings, checked.keep, preset, known, on_event)
    plan = alone(plan) if checked.alone else plan
    check_size(plan.work, plan.own, painter.smallest)
    store.check(plan.fingerprint, painter.fingerprint)
    stored = {frame for frame in plan.to_render if store.has(frame)}
    cluster = checked.request.cluster
    elsewhere = cluster not in ("", LOCAL) and len(stored) < len(plan.to_render)
    most = room(cluster, workers, painter.device) if elsewhere else 0
    price = price_of(plan, painter, workers, stored=stored, film=checked.request.film, most=most, beside=beside)
    return Prepared(checked, plan, painter, _planned(checked, plan, painter, store, price), price, workers, most)


def _planned(checked: Checked, plan: RenderPlan, painter: Painter, store: Store, price: Price) -> Planned:
    """What a job will make, and what it will take."""
    cost, workers = price.cost, price.workers
    slots = choose_slots(checked.request.slots, cost, plan, workers)
    finishing = price.finishing.bytes_per_slot  # in every worker, and where the film is written beside that
    beside = checked.request.film and not checked.alone
    painting = bytes_of(workers, slots * cost.bytes_per_slot + finishing, painter.device)
    return Planned(
        clip=plan.clip.path,
        output=checked.output,
        job=checked.job,
        frames=len(plan.to_keep),
        frames_to_render=len(plan.to_render),
        frames_stored=sum(map(store.has, plan.to_render)),
        frames_alike=price.alike,
        size=plan.size,
        work=plan.work,
        scenes=tuple(str(chunk.frames) for chunk in plan.chunks),
        render=tuple(str(chunk.render) for chunk in plan.chunks),
        artworks=tuple(artwork.name for artwork in plan.artworks),
        painter=painter.name,
        reason=painter.reason,
        device=painter.device,
        slots=slots,
        seconds=price.seconds,
        seconds_first=cost.seconds_first,
        seconds_later=cost.seconds_later,
        bytes=painting + finishing * beside,
        fingerprint=plan.fingerprint,
        passes=plan.settings.temporal.passes,
        passed=passed(plan, store),
        workers=workers,
        bytes_per_worker=painting // workers,
        slowest={str(plan.chunks[place].frames): span for place, span in slowest(price.chunks, workers)},
        preset=plan.preset,
        settings={name: plan.settings.value(name) for name in known_settings()},
        command=command_of(checked, plan.preset),
    )


def choose_slots(asked: int, cost: Cost, plan: RenderPlan, workers: int = 1) -> int:
    """Number of chunks that a worker paints as one batch. asked: 0: the painter's usual number."""
    return max(1, min(asked or cost.usual_slots, cost.most_slots, -(-len(plan.chunks) // workers)))


def run(prepared: Prepared, on_event: OnEvent = ignore, engine: Engine | None = None) -> FilmDone:
    """Render the missing frames and make the film from all of them.

    After an interruption the same request continues where it stopped. The job folder is deleted once the film is done,
    unless the user named it or keeps it, and after an error unless it holds finished frames. engine: runs the workers,
    and lives on; None: one for this job only, with as many as planned.
    """
    checked, plan = prepared.checked, prepared.plan
    request, start = checked.request, time.perf_counter()
    workers = nullcontext(engine) if engine else _engine(prepared)  # which fails before anything is written
    on_event(prepared.summary)
    before: list[Event] = [*prepared.notices, prepared.summary]
    with opened(plan, Store(checked.job), prepared.painter, exclusive=not request.job) as store:
        with logged(Log(store.folder / JOB), on_event, before) as heard:
            if not checked.made.whole:
                _make(prepared, store, workers, heard)
            seconds = time.perf_counter() - start
            done = FilmDone(checked.output, len(plan.to_keep), plan.frames_lost, seconds, plan.frames_damaged)
            heard(done)
        if not (request.keep_job or request.job):
            store.remove(plan.to_render)
        forget_made(store.folder)
    return done


def _make(prepared: Prepared, store: Store, workers: Workers, on_event: OnEvent) -> None:
    """Paint the missing frames, and write the film beside that."""
    checked, plan = prepared.checked, prepared.plan

    def check() -> None:  # whether clip or film were replaced in the meantime
        plan.check_clip()
        pictures = pictures_of(checked.output, plan.settings.film, plan.clip)
        place = pictures.folder if pictures else checked.output
        free = checked.request.overwrite or bool(pictures) or checked.output.absolute() in checked.made.files
        check_free(place, checked.sources, free, pictures)

    if store.lock.is_exclusive:  # then nobody else is writing this film
        remove_leftovers(checked.output)
        remove_leftovers(store.folder)
    finish = finish_for(plan.artworks, plan.settings)
    film = StoredFilm(plan, store, checked.output, subtitles=checked.subtitles, finish=finish, key=checked.key)
    if checked.patch or not checked.request.film:
        _paint(prepared, store, workers, on_event)
    else:
        with written_beside(film, check, on_event) as follow:
            _paint(prepared, store, workers, follow)
    if checked.patch:
        check()
        make_patched(film, checked.patch, on_event)
    if checked.request.film:
        flush_folder(checked.output.absolute().parent)  # the frames may be deleted next


def _paint(prepared: Prepared, store: Store, workers: Workers, on_event: OnEvent) -> None:
    """Paint the missing frames."""
    plan, painter, slots = prepared.plan, prepared.painter.fingerprint, prepared.summary.slots
    with (
        workers as engine,
        closing(render_chunks(plan, plan.chunks, store, engine, painter, slots, on_event)) as frames,
    ):
        for _ in frames:
            pass


def _engine(prepared: Prepared) -> Engine:
    """The engine that paints this job only."""
    cluster, workers = prepared.checked.request.cluster, prepared.summary.workers
    return engine_for(prepared.plan, prepared.painter, workers, cluster)


def engine_for(plan: RenderPlan, painter: Painter, workers: int, cluster: str = "") -> Engine:
    """An engine of so many workers. Raises SettingsError if this machine has too few GPUs for them."""
    if cluster:
        return Cluster(cluster, workers, painter.device != "cpu")
    if workers == 1:
        return InProcess(painter)
    return Processes(Pool(workers, gpus_for(workers, painter.device, plan.settings)))


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


def estimate(prepared: Prepared, preset: str, values: Values | None = None) -> float:
    """Seconds that the whole range would take with another preset, and with the workers that are worth it then.

    values: settings that replace the preset's and the request's.
    """
    plan, recipe = prepared.plan, prepared.checked.request.recipe
    settings = compose(preset, {**recipe.values, **(values or {})})
    other = make_plan(plan.clip, plan.artworks, settings, plan.scan, plan.keep, head=plan.head)
    film = prepared.checked.request.film
    return price_of(other, prepared.painter, prepared.workers, film=film, most=prepared.most, other=True).seconds


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Raise JobError if a job's frames, and what the film's finish carries from them, cannot fit on the disk."""
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    missing = sum(not store.has(frame) for frame in plan.to_render)
    passes = min(2, plan.settings.temporal.passes)  # those of the pass before are kept until a pass is done
    carried = finish_for(plan.artworks, plan.settings).stored(plan.work, plan.painted_size(plan.size))
    needed = missing * (passes * stored_bytes(plan.work, plan.clip.dtype.itemsize) + carried)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e6:,.1f} MB free, but the frames need about {needed / 1e6:,.1f} MB; "
            "free some space, or use a folder on another disk with --job"
        )
