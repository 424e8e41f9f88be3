"""The front door: what ``import videostyle`` offers. Paths may be text, and pictures arrays."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.events import FilmDone, OnEvent, ignore
from videostyle.media.read.probe import probe
from videostyle.paint.finish import Finish
from videostyle.paint.load import usual_preset
from videostyle.paint.painter import Painter
from videostyle.presets import Recipe, Values, change
from videostyle.rendering.chunk.renderer import RenderedFrame
from videostyle.rendering.estimate import price_of
from videostyle.rendering.film.film import StoredFilm, assemble, check_complete, check_place
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.job import choose_slots, engine_for, opened, prepare, run
from videostyle.rendering.painters import painter_for
from videostyle.rendering.plan.artworks import AnyPath, Styles, read_artworks
from videostyle.rendering.plan.plan import RenderPlan, plan_frames
from videostyle.rendering.plan.sizes import check_size
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.selection import select


def stylize(
    clip: AnyPath,
    styles: Styles,
    output: AnyPath | None = None,
    *,
    preset: str = "",
    settings: Values | None = None,
    frames: str = "",
    painter: Painter | None = None,
    job: AnyPath | None = None,
    overwrite: bool = False,
    strict: bool = False,
    slots: int = 0,
    workers: int = 0,
    cluster: str = "",
    on_event: OnEvent = ignore,
) -> FilmDone:
    """Paint a clip in the style of an artwork and write the film. Returns what was made.

    output: None: ``CLIP_ART.EXT`` next to the clip. preset: empty: the device's usual one. frames: source frames such
    as ``"120:240"``; empty: all. painter: replaces the one that the settings select. job: folder of the finished
    frames, which is then kept. workers: processes that paint scenes at the same time; 0: as many as are fastest, as on
    the command line; 1: this one only. cluster: a Ray cluster that runs them: ``"local"``, or ``"HOST:PORT"`` of its
    head. After an interruption, make the same call again to continue. Raises VideostyleError.
    """
    if painter and cluster:
        raise SettingsError(f"cluster={cluster}: a painter of your own paints in this process only; omit cluster")
    request = Request(
        clip=Path(clip),
        styles=styles,
        recipe=Recipe.read(preset, settings),
        frames=frames,
        output=Path(output) if output else None,
        job=Path(job) if job else None,
        overwrite=overwrite,
        strict=strict,
        slots=slots,
        workers=_workers(workers, painter),
        cluster=cluster,
    )
    return run(prepare(check(request), painter, on_event), on_event)


def plan(
    clip: AnyPath,
    styles: Styles,
    *,
    preset: str = "",
    settings: Values | None = None,
    frames: str = "",
    stream: int | None = None,
    rate: Fraction | None = None,
    on_event: OnEvent = ignore,
) -> RenderPlan:
    """Read a clip and its artworks, and find the scenes of the frames asked for. Loads no network.

    frames: source frames such as ``"120:240"``; empty: all. stream: index of the picture track; None: the main one.
    rate: frames per second of a source without timestamps. The plan is a plain value that can be pickled. Raises
    VideostyleError.
    """
    recipe = Recipe.read(preset, settings)
    source = probe(Path(clip), stream, rate)
    source = replace(source, path=source.path.absolute())  # the plan may be used in another working directory
    artworks = read_artworks(styles, source)
    keep = select(source, frames)
    name = preset or usual_preset(recipe.given.backbone.device)
    return plan_frames(source, artworks, recipe.settings(name), keep, name, on_event=on_event)


def render(
    plan: RenderPlan,
    job: AnyPath,
    *,
    painter: Painter | None = None,
    slots: int = 0,
    workers: int = 1,
    on_event: OnEvent = ignore,
) -> Generator[RenderedFrame]:
    """Paint the frames of a plan into a job folder, and yield each frame asked for once it is on disk.

    Frames stored by an earlier call come first, then the others as they are finished: in order within a scene. The
    iterator may be closed, or the process stopped, after any frame; the next call continues there. Several processes
    may render plans of the same job. painter: None: the one that the settings select. slots: scenes painted as one
    batch; 0: as many as fit. workers: processes that paint scenes at the same time; 1: this one, in which frames are
    only painted when they are asked for; 0: as many as are fastest. Raises VideostyleError.
    """
    store, workers = Store(Path(job)), _workers(workers, painter)
    painter = painter or painter_for(plan.artworks, plan.settings, store.begun(), on_event)
    check_size(plan.work, plan.own, painter.smallest)
    store.check(plan.fingerprint, painter.fingerprint)
    return _render(plan, store, painter, slots, workers, on_event)


def _workers(asked: int, painter: Painter | None) -> int:
    """How many workers are asked for; 0: not said. Raises SettingsError."""
    if asked < 0:
        raise SettingsError(f"workers={asked}: wanted a number from 1, or 0 for as many as are fastest")
    if painter and asked > 1:
        raise SettingsError(f"workers={asked}: a painter of your own paints in this process only; omit workers")
    return 1 if painter else asked


def _render(
    plan: RenderPlan, store: Store, painter: Painter, slots: int, workers: int, on_event: OnEvent
) -> Generator[RenderedFrame]:
    def stored(frames: Iterable[int]) -> Iterator[RenderedFrame]:
        return (RenderedFrame(frame, store.load(frame, plan.work), store.losses(frame)) for frame in frames)

    with opened(plan, store, painter):
        before = [frame for frame in plan.to_keep if store.has(frame)]
        missing = set(plan.to_keep).difference(before)
        yield from stored(before)
        known = {frame for frame in plan.to_render if store.has(frame)}
        price = price_of(plan, painter, workers, stored=known, film=False)
        count = choose_slots(slots, price.cost, plan, price.workers)
        with (
            engine_for(plan, painter, price.workers) as engine,
            closing(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, count, on_event)) as frames,
        ):
            for done in frames:
                if done.frame in missing:
                    missing.remove(done.frame)
                    yield from stored([done.frame])
        yield from stored(sorted(missing))  # painted by other processes in the meantime


def encode(
    plan: RenderPlan,
    job: AnyPath,
    output: AnyPath,
    *,
    settings: Values | None = None,
    finish: Finish | None = None,
    overwrite: bool = False,
    strict: bool = False,
    on_event: OnEvent = ignore,
) -> FilmDone:
    """Make the film of a plan whose frames are all in the job folder. Returns what was made.

    settings: ``film.*``, ``brush.*``, and ``colors.artwork`` settings that differ from the plan's. finish: turns
    painted frames into the film's; None: the one that the settings ask for. Raises IncompleteError, whose ``missing``
    lists the frames that are not painted yet, or another VideostyleError.
    """
    store, path = Store(Path(job)), Path(output)
    store.check(plan.fingerprint)
    plan.check_clip()
    if wrong := [name for name in settings or {} if not name.startswith(("film.", "brush.", "colors.artwork"))]:
        raise SettingsError(
            f"{wrong[0]} cannot change after painting; only film.*, brush.*, and colors.artwork settings can"
        )
    plan = replace(plan, settings=change(plan.settings, settings or {}))
    finish = finish or finish_for(plan.artworks, plan.settings)
    check_complete(plan, store, finish)
    sources = (plan.clip.path, *(artwork.path for artwork in plan.artworks if artwork.path))
    checked = check_place(plan.clip, plan.keep, path, plan.settings, sources, overwrite, strict)
    return assemble(StoredFilm(plan, store, path, checked.notices, checked.subtitles, finish), on_event)


def load_painter(
    styles: Styles, *, preset: str = "", settings: Values | None = None, on_event: OnEvent = ignore
) -> Painter:
    """A painter of single pictures: ``painter(picture)`` returns the picture in the style of the artwork.

    It accepts an array (H, W, 3) of uint8, uint16, or float in 0..1, and returns the same shape and type. It can also
    be passed to ``render`` and ``stylize``. Raises VideostyleError.
    """
    recipe = Recipe.read(preset, settings)
    chosen = recipe.settings(usual_preset(recipe.given.backbone.device))
    return painter_for(read_artworks(styles), chosen, None, on_event)
