"""The work of a night: films are rendered, several at once where that keeps workers busy, within the time there is."""

from collections import deque
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from videostyle.errors import JobError, MediaError, OutOfMemoryError, VideostyleError
from videostyle.events import (
    BatchDone,
    ClipBegun,
    ClipDone,
    ClipTurn,
    Event,
    FilmDone,
    JobFailed,
    Notice,
    OnEvent,
    Planned,
)
from videostyle.media.files import FULL
from videostyle.names import shortened
from videostyle.rendering.batch.check import Task
from videostyle.rendering.batch.crew import Crew, Flight, most_at_once
from videostyle.rendering.batch.films import Films
from videostyle.rendering.batch.lanes import Lane, Lanes
from videostyle.rendering.batch.pace import Pace
from videostyle.rendering.job import Prepared, prepare, run
from videostyle.rendering.request import Checked, check
from videostyle.rendering.store.log import Log, logged
from videostyle.rendering.store.store import Store

TOO_LITTLE = 2.0
"""a film whose rough estimate is more than so many times the time left is not even prepared"""
NO_ROOM = (FULL, "MB free, but")
"""what messages about full disks say"""
AGAIN = "it is tried again after the others"
TOO_LONG = "there is no time for it"
TIME_UP = "the time was up; the frames that are finished are kept"
LOOK = 1.0
"""most seconds between looks at the clock, and at whether workers are idle"""


class OutOfTime(BaseException):
    """The budget is spent while a film is rendered; like an interruption, it passes through everything."""


class Shift:
    """Renders the films of a batch. Each is a job in a lane of its own; what the user gave is called in one thread."""

    def __init__(
        self, folder: Path, films: Films, tasks: Sequence[Task], pace: Pace, of_jobs: OnEvent, on_event: OnEvent
    ) -> None:
        """of_jobs, on_event: get the events of jobs, and those of the batch itself."""
        self._folder, self._films, self._tasks, self._pace = folder, films, tasks, pace
        self._of_jobs, self._on_event = of_jobs, on_event
        self._crew = Crew()
        self._waiting = deque[Task]()
        self._again: list[Task] = []
        """films that failed for a cause that may pass"""
        self._turn = 0
        """number of the clip whose events were reported last"""

    def render(self, order: str) -> BatchDone:
        """Render what waits; a film that failed for a cause that may pass is tried again after the others, alone."""
        for task in self._tasks:
            if task.status == "failed":
                Log(log_of(self._folder, self._films, task))(JobFailed(task.kind, task.text))
                self._done(task, "", 0, 0.0)
            elif task.status == "done" and task.job.exists():  # killed before it could delete it
                _tidy(task.job)
        waiting = [task for task in self._tasks if task.status == "waiting"]
        if order == "shortest":
            waiting.sort(key=lambda task: task.seconds)
        try:
            self._render_all(waiting, last=False)
            for task in list(self._again):
                self._render_all([task], last=True)
        finally:
            self._crew.close()
        done = counts(self._tasks, self._pace)
        self._on_event(done)
        return done

    def _render_all(self, tasks: Sequence[Task], last: bool) -> None:
        self._waiting.extend(tasks)
        with Lanes() as lanes:
            try:
                while self._waiting or lanes.lanes:
                    if self._waiting and self._has_room(lanes):
                        lanes.begin(partial(self._render, self._waiting.popleft(), last))
                    lanes.serve(min(LOOK, self._pace.left) if self._pace.left > 0 else LOOK)
                    if self._pace.left <= 0 and self._crew.flights:
                        self._stop(lanes)
            except BaseException:
                self._crew.stop(KeyboardInterrupt)
                raise

    def _has_room(self, lanes: Lanes) -> bool:
        """Whether another film is to be begun; one at a time is prepared."""
        flights = len(self._crew.flights)
        return len(lanes.lanes) == flights < most_at_once() and self._crew.has_room()

    def _stop(self, lanes: Lanes) -> None:
        """The time is up."""
        lanes.end(partial(OutOfTime, TIME_UP))
        self._crew.stop(partial(OutOfTime, TIME_UP))

    def _render(self, task: Task, last: bool, lane: Lane) -> None:
        """Render a film. Called in a lane."""
        preset, begun = task.request.recipe.preset, self._pace.passed
        frames, flight, task.text = 0, None, ""
        try:
            with logged(Log(log_of(self._folder, self._films, task)), self._watched(task, lane)) as heard:
                flight, begun = self._prepared(task, lane, heard), self._pace.passed  # without the wait for others
                preset = flight.prepared.plan.preset
                render = partial(run, flight.prepared, _counted(flight, heard), flight.engine)
                # what this process paints alone is painted where a second Ctrl-C ends it at once
                frames = (render() if flight.is_shared else lane.call(render)).frames
                self._pace.took(preset, flight.expected, self._pace.passed - begun)
                task.status = "done"
        except OutOfTime as reason:
            task.status, task.text = "left", str(reason)
        except Exception as error:
            task.status, task.text = "failed", str(error) or type(error).__name__
            if not last and isinstance(error, VideostyleError) and _may_pass(error):
                task.status, task.text = "left", f"{task.text}; {AGAIN}"
                self._again.append(task)
        finally:
            if flight:
                lane.call(partial(self._crew.end, flight), always=True)
        lane.call(partial(self._done, task, preset, frames, self._pace.passed - begun), always=True)

    def _prepared(self, task: Task, lane: Lane, on_event: OnEvent) -> Flight:
        """The job in the best way for which there is time, begun. Raises OutOfTime if there is none."""
        recipe = task.request.recipe
        hopeless = self._pace.corrected(recipe.preset, task.seconds) > TOO_LITTLE * self._pace.left
        if self._pace.left <= 0 or (hopeless and not task.fallback):
            raise OutOfTime(TOO_LONG)
        checked = check(task.request)
        if checked.made_of != task.key:
            raise MediaError(f"{task.request.clip}: it or an artwork has changed since the batch began; run it again")
        job = Store(checked.job).begun()
        presets = [job.preset] if job else [recipe.preset, *([task.fallback] if task.fallback else [])]
        lane.call(partial(self._begun, task, presets[0]))
        prepared = None
        for preset in presets:
            request = replace(task.request, recipe=replace(recipe, preset=preset))
            prepared, flight = self._tried(replace(checked, request=request), prepared, lane, on_event)
            if flight:
                return flight
        raise OutOfTime(TOO_LONG)

    def _tried(
        self, checked: Checked, before: Prepared | None, lane: Lane, on_event: OnEvent
    ) -> tuple[Prepared, Flight | None]:
        """A job, begun beside those in flight, or after them if that cannot be; None if there is no time for it."""

        def prepared(before: Prepared | None, on_event: OnEvent) -> Prepared:
            # a cost that is measured while others are painted is too high, and on a GPU it counts their memory
            others = tuple(task.seconds for task in self._waiting)
            beside = lane.call(partial(self._crew.beside, others))
            return prepare(checked, on_event=on_event, before=before, beside=beside)

        def new(event: Event) -> None:
            if not isinstance(event, Notice):  # all of these have been said
                on_event(event)

        found = prepared(before, on_event)
        flight, alone = lane.call(partial(self._attempt, found))
        if not (flight or alone):
            lane.until(lambda: not self._crew.flights)
            found = prepared(found, new)
            flight, _ = lane.call(partial(self._attempt, found))
        return found, flight

    def _attempt(self, prepared: Prepared) -> tuple[Flight | None, bool]:
        """The job, begun, if it can be painted now, and in time; and whether nothing else is in flight."""
        alone = not self._crew.flights
        fits = self._crew.suits(prepared) and self._pace.fits(prepared.plan.preset, self._crew.seconds(prepared))
        return self._crew.begin(prepared) if fits else None, alone

    def _watched(self, task: Task, lane: Lane) -> OnEvent:
        """A callback for the job of a film: it records whose the film is, and ends the job when the time is up."""

        def heard(event: Event) -> None:
            if isinstance(event, Planned) and not task.output.exists():  # before a film can appear
                self._films.begin(task.output, task.key)
            if isinstance(event, FilmDone):  # before the job folder is deleted
                self._films.end(task.output, task.key)
            if self._turn != task.number:
                self._turn = task.number
                self._of_jobs(ClipTurn(task.number))
            self._of_jobs(event)
            if self._pace.left <= 0 and not isinstance(event, FilmDone):
                raise OutOfTime(TIME_UP)

        return lambda event: lane.call(partial(heard, event), always=isinstance(event, FilmDone))

    def _begun(self, task: Task, preset: str) -> None:
        self._turn, total, log = task.number, len(self._tasks), log_of(self._folder, self._films, task)
        self._on_event(ClipBegun(task.number, total, task.request.clip, task.output, preset, log))

    def _done(self, task: Task, preset: str, frames: int, seconds: float) -> None:
        clip, output, log = task.request.clip, task.output, log_of(self._folder, self._films, task)
        self._on_event(ClipDone(task.number, clip, output, task.status, preset, frames, seconds, task.text, log))


def log_of(folder: Path, films: Films, task: Task) -> Path:
    """The log of a film's job."""
    return folder / shortened(task.output.name, f".{films.mark(task.output)}.log")


def counts(tasks: Sequence[Task], pace: Pace) -> BatchDone:
    """How many films are done, have failed, or are left."""
    status = [task.status for task in tasks]
    return BatchDone(status.count("done"), status.count("failed"), status.count("left"), pace.passed)


def _counted(flight: Flight, on_event: OnEvent) -> OnEvent:
    """A callback that also counts what is painted."""

    def heard(event: Event) -> None:
        flight.hear(event)
        on_event(event)

    return heard


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
