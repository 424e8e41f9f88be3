"""From a request to its film: prepare, render, write."""

import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass

from videostyle.errors import JobError
from videostyle.events import FilmDone, Notice, OnEvent, Planned, ignore
from videostyle.media.read.sequence import identity
from videostyle.media.write.folder import pictures_of
from videostyle.paint.load import usual_preset
from videostyle.paint.painter import Cost, Painter
from videostyle.presets import change, compose
from videostyle.rendering.estimate import frames_alike, seconds_of
from videostyle.rendering.film import StoredFilm, check_free, make_film, make_patched
from videostyle.rendering.finish import finish_for
from videostyle.rendering.painters import painter_for
from videostyle.rendering.passes import passed
from videostyle.rendering.plan import RenderPlan, make_plan, plan_frames, scan_key
from videostyle.rendering.record import JobRecord
from videostyle.rendering.request import Checked
from videostyle.rendering.sizes import check_size
from videostyle.rendering.store import Store
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.cluster import Cluster
from videostyle.rendering.workers.count import bytes_of, choose_workers, gpus_for
from videostyle.rendering.workers.engine import Engine
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.processes import Processes
from videostyle.rendering.workers.schedule import duration, slowest
from videostyle.rendering.workers.session import LOCAL, room


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
    workers = 1 if painter else checked.request.workers  # only this process has a painter of the caller's own
    painter = painter or painter_for(checked.artworks, settings, begun, on_event)
    if not painter.paints:
        settings = change(settings, {"optimize.iterations": 0})
    known = store.scan(scan_key(identity(checked.clip), settings))
    plan = plan_frames(checked.clip, checked.artworks, settings, checked.keep, preset, known, on_event)
    check_size(plan.work, painter.smallest)
    store.check(plan.fingerprint, painter.fingerprint)
    return Prepared(checked, plan, painter, _planned(checked, plan, painter, store, workers))


def _planned(checked: Checked, plan: RenderPlan, painter: Painter, store: Store, workers: int) -> Planned:
    """What a job will make, and what it will take. workers: 0: as many as are worth it."""
    width, height = plan.work
    stored = {frame for frame in plan.to_render if store.has(frame)}
    done = len(stored) == len(plan.to_render)
    cost = Cost() if done else painter.cost(height, width)  # which it measures by painting
    alike = frames_alike(plan, painter, stored)
    seconds = seconds_of(plan, cost, stored | alike, plan.settings.temporal.passes)
    cluster = checked.request.cluster
    most = room(cluster, workers, painter.device) if cluster not in ("", LOCAL) and any(seconds) else 0
    workers = choose_workers(workers, seconds, cost, painter.device, plan.settings, most)
    slots = choose_slots(checked.request.slots, cost, plan, workers)
    painting = bytes_of(workers, slots, cost, painter.device)
    finishing = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.painted_size(plan.size))
    return Planned(
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
        seconds=duration(seconds, workers) + sum(seconds_of(plan, finishing)) * checked.request.film,
        seconds_first=cost.seconds_first,
        seconds_later=cost.seconds_later,
        bytes=max(painting, finishing.bytes_per_slot),  # the film is written after painting
        fingerprint=plan.fingerprint,
        passes=plan.settings.temporal.passes,
        passed=passed(plan, store),
        workers=workers,
        bytes_per_worker=painting // workers,
        slowest={str(plan.chunks[place].frames): span for place, span in slowest(seconds, workers)},
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
    on_event(prepared.summary)
    checked, plan = prepared.checked, prepared.plan
    request, start = checked.request, time.perf_counter()
    with opened(plan, Store(checked.job), prepared.painter, exclusive=not request.job) as store:
        count = prepared.summary.workers
        own = nullcontext(engine) if engine else engine_for(plan, prepared.painter, count, request.cluster)
        painter, slots = prepared.painter.fingerprint, prepared.summary.slots
        with (
            own as workers,
            closing(render_chunks(plan, plan.chunks, store, workers, painter, slots, on_event)) as frames,
        ):
            for _ in frames:
                pass
        if request.film:  # unless clip or film were replaced in the meantime
            plan.check_clip()
            pictures = pictures_of(checked.output, plan.settings.film, plan.clip)
            place = pictures.folder if pictures else checked.output
            check_free(place, checked.sources, request.overwrite or bool(pictures), pictures)
            finish = finish_for(plan.artworks, plan.settings)
            film = StoredFilm(plan, store, checked.output, subtitles=checked.subtitles, finish=finish)
            if checked.patch:
                make_patched(film, checked.patch, on_event)
            else:
                make_film(film, on_event)
        if not (request.keep_job or request.job):
            store.remove(plan.to_render)
    seconds = time.perf_counter() - start
    done = FilmDone(checked.output, len(plan.to_keep), plan.frames_lost, seconds, plan.frames_damaged)
    on_event(done)
    return done


def engine_for(plan: RenderPlan, painter: Painter, workers: int, cluster: str = "") -> Engine:
    """An engine of so many workers. Raises SettingsError if this machine has too few GPUs for them."""
    if cluster:
        return Cluster(cluster, workers, painter.device != "cpu")
    if workers == 1:
        return InProcess(painter)
    return Processes(workers, gpus_for(workers, painter.device, plan.settings))


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
    """Seconds that the whole range would take with another preset and as many workers; see ``seconds_of``."""
    plan = prepared.plan
    settings = compose(preset, prepared.checked.request.recipe.values)
    other = make_plan(plan.clip, (), settings, plan.scan, plan.keep, head=plan.head)
    width, height = other.work
    alike = frames_alike(other, prepared.painter, set())
    cost = prepared.painter.cost(height, width, settings)
    painting = duration(seconds_of(other, cost, alike, settings.temporal.passes), prepared.summary.workers)
    finishing = finish_for(plan.artworks, settings).cost(other.work, other.painted_size(other.size))
    return painting + sum(seconds_of(other, finishing)) * prepared.checked.request.film


def _check_space(plan: RenderPlan, store: Store) -> None:
    """Raise JobError if a job's frames cannot fit on the disk.

    A painted frame as PNG takes about three quarters of its raw size, plus a block of the disk.
    """
    folder = next(path for path in (store.folder, *store.folder.parents) if path.exists())
    width, height = plan.work
    missing = sum(not store.has(frame) for frame in plan.to_render)
    missing *= min(2, plan.settings.temporal.passes)  # those of the pass before are kept until a pass is done
    needed = missing * (width * height * 3 * plan.clip.dtype.itemsize * 3 // 4 + 4096)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise JobError(
            f"{folder}: {free / 1e6:,.1f} MB free, but the frames need about {needed / 1e6:,.1f} MB; "
            "free some space, or use a folder on another disk with --job"
        )
