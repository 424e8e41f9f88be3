"""Many films, one after the other, within a budget of time."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from videostyle.errors import JobError, MediaError, OutOfMemoryError, SettingsError, VideostyleError
from videostyle.events import (
    BatchDone,
    BatchPlanned,
    ClipBegun,
    ClipDone,
    ClipPlanned,
    Event,
    FilmDone,
    JobFailed,
    OnEvent,
    Planned,
    ignore,
)
from videostyle.media.files import FULL
from videostyle.names import shortened
from videostyle.presets import Recipe, Values
from videostyle.rendering.batch.check import Task, check_films, find_films, folders_for
from videostyle.rendering.batch.estimates import Estimates
from videostyle.rendering.batch.films import Films, key_of
from videostyle.rendering.batch.jobs import Job, folder_jobs, read_jobs
from videostyle.rendering.batch.pace import Pace, read_budget, read_until
from videostyle.rendering.job import Prepared, prepare, run
from videostyle.rendering.plan.artworks import AnyPath
from videostyle.rendering.request import check
from videostyle.rendering.store.lock import Lock
from videostyle.rendering.store.log import BATCH, Log, logged
from videostyle.rendering.store.store import Store
from videostyle.rendering.workers.engine import Engine
from videostyle.rendering.workers.processes import Processes

LOCK = ".lock"
WAIT = "wait for it to finish, or stop it"
TOO_LITTLE = 2.0
"""a film whose rough estimate is more than so many times the time left is not even prepared"""

NO_ROOM = (FULL, "MB free, but")
"""what messages about full disks say"""
TOO_LONG = "there is no time for it"


class OutOfTime(BaseException):
    """The budget is spent while a film is rendered; like an interruption, it passes through everything."""


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
    the same call again to continue; films that are done are kept. Raises VideostyleError before anything is rendered.
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
        if styles or output or preset or fallback or settings:
            raise SettingsError(f"{source}: a file says itself what is rendered; such options are for folders of clips")
        wanted, folder = read_jobs(source), source.absolute().with_name(f"{source.stem}.batch")
    with nullcontext() if dry_run else _locked(folder):
        films = Films(folder)
        every = find_films(source, wanted, films)
        with folders_for(every) as made:
            tasks = check_films(source, every, films, overwrite)
            night = _Night(folder, films, tasks, pace, on_event)
            if dry_run:
                return night.plan()
            made.clear()
        with logged(Log(folder / BATCH), on_event) as heard:
            night.on_event = heard  # of the batch itself; each job has a log of its own
            night.plan()
            return night.render(order)


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


class _Night:
    """Renders the films of a batch."""

    def __init__(self, folder: Path, films: Films, tasks: list[Task], pace: Pace, on_event: OnEvent) -> None:
        self._folder, self._films, self._tasks, self._pace = folder, films, tasks, pace
        self._of_jobs = self.on_event = on_event
        self._pool: Engine | None = None
        """workers that live on from film to film"""

    def plan(self) -> BatchDone:
        """Estimate every film, and report the table."""
        estimates = Estimates(self.on_event)
        for task in self._tasks:
            preset = task.request.recipe.preset
            if task.status == "waiting":
                try:
                    task.seconds, preset = estimates.rough(task.request)
                except VideostyleError as error:
                    task.status, task.text, task.kind = "failed", str(error), type(error).__name__
            self.on_event(
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
                    log=self._log_of(task),
                )
            )
        waiting = [task for task in self._tasks if task.status == "waiting"]
        seconds, count = sum(task.seconds for task in waiting), len(self._tasks)
        size = sum(sum(task.needs.values()) for task in waiting) + max((task.job_bytes for task in waiting), default=0)
        self.on_event(BatchPlanned(self._folder, count, len(waiting), seconds, self._pace.budget, round(size)))
        return self._counts()

    def render(self, order: str) -> BatchDone:
        """Render what waits; a film that failed for a cause that may pass is tried again after the others."""
        for task in self._tasks:
            if task.status == "failed":
                Log(self._log_of(task))(JobFailed(task.kind, task.text))
                self._done(task, "", 0, 0.0)
            elif task.status == "done" and task.job.exists():  # killed before it could delete it
                _tidy(task.job)
        waiting = [task for task in self._tasks if task.status == "waiting"]
        if order == "shortest":
            waiting.sort(key=lambda task: task.seconds)
        try:
            again = [task for task in waiting if self._render(task, last=False)]
            for task in again:
                self._render(task, last=True)
        finally:
            self._close()
        done = self._counts()
        self.on_event(done)
        return done

    def _render(self, task: Task, last: bool) -> bool:
        """Render a film. Returns whether it is worth trying again."""
        preset, begun = task.request.recipe.preset, self._pace.passed
        frames, log, task.text = 0, Log(self._log_of(task)), ""
        try:
            with logged(log, self._watched(task)) as heard:
                prepared = self._prepared(task, heard)
                preset, estimated, start = prepared.plan.preset, prepared.summary.seconds, self._pace.passed
                frames = run(prepared, heard, self._engine(prepared)).frames
                self._pace.took(preset, estimated, self._pace.passed - start)
                task.status = "done"
        except OutOfTime as reason:
            task.status, task.text = "left", str(reason)
        except Exception as error:
            task.status, task.text = "failed", str(error) or type(error).__name__
            if not last and isinstance(error, VideostyleError) and _may_pass(error):
                return True
        self._done(task, preset, frames, self._pace.passed - begun)
        return False

    def _prepared(self, task: Task, on_event: OnEvent) -> Prepared:
        """The job in the best way for which there is time. Raises OutOfTime if there is none."""
        recipe = task.request.recipe
        hopeless = self._pace.corrected(recipe.preset, task.seconds) > TOO_LITTLE * self._pace.left
        if self._pace.left <= 0 or (hopeless and not task.fallback):
            raise OutOfTime(TOO_LONG)
        checked = check(task.request)
        if key_of(checked) != task.key:
            raise MediaError(f"{task.request.clip}: it or an artwork has changed since the batch began; run it again")
        job = Store(checked.job).begun()
        presets = [job.preset] if job else [recipe.preset, *([task.fallback] if task.fallback else [])]
        self._begun(task, presets[0])
        prepared = None
        for preset in presets:
            request = replace(task.request, recipe=replace(recipe, preset=preset))
            held = self._pool.held() if self._pool else 0
            prepared = prepare(replace(checked, request=request), on_event=on_event, before=prepared, held=held)
            if self._pace.fits(prepared.plan.preset, prepared.summary.seconds):
                return prepared
        raise OutOfTime(TOO_LONG)

    def _engine(self, prepared: Prepared) -> Engine | None:
        """What paints a film. None: an engine for this one only: this process, or GPUs."""
        workers = prepared.summary.workers
        if workers == 1 or prepared.painter.device != "cpu":
            self._close()  # idle workers would keep their memory
            return None
        self._pool = self._pool or Processes(workers)
        self._pool.workers = workers
        return self._pool

    def _close(self) -> None:
        """End the workers."""
        if self._pool:
            self._pool.close()
        self._pool = None

    def _watched(self, task: Task) -> OnEvent:
        """A callback for the job of a film: it records whose the film is, and ends the job when the time is up."""

        def heard(event: Event) -> None:
            if isinstance(event, Planned) and not task.output.exists():  # before a film can appear
                self._films.begin(task.output, task.key)
            if isinstance(event, FilmDone):  # before the job folder is deleted
                self._films.end(task.output, task.key)
            self._of_jobs(event)
            if self._pace.left <= 0 and not isinstance(event, FilmDone):
                raise OutOfTime("the time was up; the frames that are finished are kept")

        return heard

    def _begun(self, task: Task, preset: str) -> None:
        total = len(self._tasks)
        clip, output = task.request.clip, task.output
        self.on_event(ClipBegun(task.number, total, clip, output, preset, self._log_of(task)))

    def _done(self, task: Task, preset: str, frames: int, seconds: float) -> None:
        clip, output, log = task.request.clip, task.output, self._log_of(task)
        self.on_event(ClipDone(task.number, clip, output, task.status, preset, frames, seconds, task.text, log))

    def _log_of(self, task: Task) -> Path:
        return self._folder / shortened(task.output.name, f".{self._films.mark(task.output)}.log")

    def _counts(self) -> BatchDone:
        status = [task.status for task in self._tasks]
        return BatchDone(status.count("done"), status.count("failed"), status.count("left"), self._pace.passed)


def _may_pass(error: Exception) -> bool:
    """Whether the cause of an error may pass by itself: memory or disk space that others take."""
    return isinstance(error, OutOfMemoryError) or any(text in str(error) for text in NO_ROOM)


def _tidy(job: Path) -> None:
    """Delete the job folder of a finished film, unless it is in use."""
    store = Store(job)
    with closing(store), suppress(JobError):
        if store.begun():
            store.lock.take(exclusive=True)
            store.delete()
