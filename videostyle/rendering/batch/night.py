"""Many films within a budget of time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from videostyle.errors import SettingsError, VideostyleError
from videostyle.events import BatchDone, BatchPlanned, ClipPlanned, OnEvent, ignore
from videostyle.names import shortened
from videostyle.presets import Recipe, Values
from videostyle.rendering.batch.check import Task, at_once, check_films, find_films, folders_for
from videostyle.rendering.batch.estimates import Estimates
from videostyle.rendering.batch.films import Films
from videostyle.rendering.batch.jobs import Job, folder_jobs, read_jobs
from videostyle.rendering.batch.pace import Pace, read_budget, read_until
from videostyle.rendering.batch.shift import Shift, counts, log_of
from videostyle.rendering.plan.artworks import AnyPath
from videostyle.rendering.store.lock import Lock
from videostyle.rendering.store.log import BATCH, Log, logged

LOCK = ".lock"
WAIT = "wait for it to finish, or stop it"


def batch(
    jobs: AnyPath,
    styles: Sequence[AnyPath] = (),
    *,
    output: str = "",
    preset: str = "",
    fallback: str = "",
    settings: Values | None = None,
    order: str = "file",
    budget: str = "",
    until: str = "",
    overwrite: bool = False,
    dry_run: bool = False,
    on_event: OnEvent = ignore,
) -> BatchDone:
    """Render many clips: the jobs of a TOML file, or every clip in a folder in one style. Returns what was made.

    styles, output, preset, fallback, settings: for a folder only; a file says them itself. order: ``file`` or
    ``shortest`` first. budget: how long it may take, such as ``"8h"``. until: the time of day at which it ends.
    dry_run: only check, and report the table. A clip that fails does not stop the others. After an interruption, make
    the same call again to continue; films that are done are kept. Several clips are rendered at once where workers
    would be idle otherwise; ``on_event`` is called in the caller's thread only, and the events of a clip's job follow
    its ClipBegun or ClipTurn. Raises VideostyleError before anything is rendered.
    """
    source = Path(jobs)
    recipe = Recipe.read(preset, settings)
    pace = Pace(_budget(budget, until))
    if order not in ("file", "shortest"):
        raise SettingsError(f"--order {order}: wanted file or shortest")
    if source.is_dir():
        wanted = folder_jobs(source, [Path(style) for style in styles], recipe, output, fallback)
        folder = Path(_films_folder(source, wanted[0]))
        wanted = (replace(wanted[0], output=output or f"{folder}/"),)
        folder = folder.with_name(f"{folder.name}.batch")
    else:
        wanted, folder = read_jobs(source), source.absolute().with_name(f"{source.stem}.batch")
        if styles or output or preset or fallback or settings:
            raise SettingsError(f"{source}: a file says itself what is rendered; such options are for folders of clips")
    with nullcontext() if dry_run else _locked(folder):
        films = Films(folder)
        every = find_films(source, wanted, films)
        with folders_for(every) as made:
            tasks = check_films(source, every, films, overwrite)
            if dry_run:
                _plan(folder, films, tasks, pace.budget, on_event)
                return counts(tasks, pace)
            made.clear()
        with logged(Log(folder / BATCH), on_event) as heard:  # of the batch itself; each job has a log of its own
            _plan(folder, films, tasks, pace.budget, heard)
            return Shift(folder, films, tasks, pace, on_event, heard).render(order)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of a batch's folder, which is deleted again if nothing is written into it.

    Raises JobError if another process uses it, or if it cannot be written.
    """
    lock = Lock(folder / LOCK, WAIT, "use another place")
    lock.take(exclusive=True)
    try:
        yield
    finally:
        if {path.name for path in folder.iterdir()} <= {LOCK}:
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()
        lock.release()


def _budget(budget: str, until: str) -> float:
    if budget and until:
        raise SettingsError("--budget and --until: use one of them")
    return read_budget(budget) if budget else read_until(until, datetime.now().astimezone()) if until else 0.0


def _films_folder(source: Path, job: Job) -> str:
    """``FOLDER_ART`` next to a folder of clips."""
    folder = source.absolute()
    folder = folder if folder.name not in ("", "..") else folder.resolve()
    return str(folder.with_name(shortened(f"{folder.name}_{'+'.join(style.stem for style in job.styles)}", "")))


def _plan(folder: Path, films: Films, tasks: Sequence[Task], budget: float, on_event: OnEvent) -> None:
    """Estimate every film, and report the table."""
    estimates = Estimates(on_event)
    for task in tasks:
        preset = task.request.recipe.preset
        if task.status == "waiting":
            try:
                task.seconds, preset = estimates.rough(task.request)
            except VideostyleError as error:
                task.status, task.text, task.kind = "failed", str(error), type(error).__name__
        on_event(
            ClipPlanned(
                number=task.number,
                clip=task.request.clip,
                output=task.output,
                artworks=task.artworks,
                preset=preset,
                frames=task.frames,
                size=task.size,
                seconds=task.seconds,
                status=task.status,
                text=task.text,
                log=log_of(folder, films, task),
            )
        )
    waiting = [task for task in tasks if task.status == "waiting"]
    films_bytes = sum(sum(task.needs.values()) for task in waiting)
    size = round(films_bytes + at_once(task.job_bytes for task in waiting))
    on_event(BatchPlanned(folder, len(tasks), len(waiting), estimates.whole(), budget, size))
