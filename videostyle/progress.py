"""What the user sees of a job: two lines of plan, a bar (in a log, lines), a line per scene; or JSON objects."""

import errno
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from videostyle.errors import VideostyleError
from videostyle.events import (
    CellPainted,
    ClipBegun,
    ClipDone,
    ClipTurn,
    Event,
    Fetched,
    FilmDone,
    FrameDone,
    FrameWritten,
    Iterated,
    Notice,
    Planned,
    Scanned,
)
from videostyle.journal import NAMES, named, start, to_line, to_object
from videostyle.ticks import Ticks
from videostyle.words import counted, span

WRITING = "writing the film"


@contextmanager
def output() -> Iterator[None]:
    """Guard what prints on stdout: a full disk is a VideostyleError, and a closed pipe ends the program."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EPIPE):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python would fail again at exit
        if error.errno == errno.EPIPE:
            raise SystemExit(1) from None
        raise VideostyleError(f"stdout: {error.strerror}; free some space or send the output elsewhere") from None


def shown(line: str) -> str:
    """A line without what names of files may hold and a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def faults(done: FilmDone) -> str:
    """What damage to the clip has cost its film; empty if nothing."""
    lost = f"{counted(done.frames_lost, 'frame')} of the clip could not be decoded" if done.frames_lost else ""
    damaged = f"damage shows in {counted(done.frames_damaged, 'frame')}" if done.frames_damaged else ""
    return "; ".join(part for part in (lost, damaged) if part)


def side_by_side(planned: Planned) -> str:
    """How many scenes are painted at the same time: ``1 scene at a time``, ``3 workers``."""
    scenes = f"{counted(planned.slots, 'scene')} at a time"
    if planned.workers == 1:
        return scenes
    return f"{planned.workers} workers" + (f" with {scenes} each" if planned.slots > 1 else "")


@dataclass(slots=True, eq=False)
class _Job:
    """What is known of a job that is shown."""

    name: str = ""
    """of its clip"""
    single: bool = False
    """whether one frame is painted: the bar then counts its iterations"""
    scenes: dict[int, str] = field(default_factory=dict)
    """first frame of a scene -> its frame range"""
    done: defaultdict[int, list[FrameDone]] = field(default_factory=lambda: defaultdict(list))
    todo: int = 0
    """how often frames are still painted, all passes together"""
    written: int = 0
    """frames handed to the encoder"""


class Progress:
    """Turns events into lines: call it with every event, and close it after the work.

    dry: nothing will be rendered; the plan lists the scenes instead of starting a bar.
    """

    def __init__(self, as_json: bool = False, quiet: bool = False, verbose: bool = False, dry: bool = False) -> None:
        self._json, self._quiet, self._verbose, self._dry = as_json, quiet or as_json, verbose, dry
        self._started = False
        self._bar: tqdm[Any] | Ticks | None = None
        """of all jobs that are shown"""
        self._job = _Job()
        """the one that events are about"""
        self._jobs: dict[int, _Job] = {}
        """of a batch, in flight, by the number of the clip"""
        self._unit = "frame"
        """what the result has"""

    def __call__(self, event: Event) -> None:
        """Show an event: an object for scripts on stdout, or a line for people on stderr."""
        if self._json:
            if not self._started:
                _print_object(start())
            self._started = True
            _print_object(to_object(event))
        match event:
            case Planned():
                self._plan(event)
            case ClipBegun():
                self._job = self._jobs[event.number] = _Job(event.clip.name)
            case ClipTurn(number):
                self._job = self._jobs[number]
            case ClipDone():
                if job := self._jobs.pop(event.number, None):  # others were not even begun
                    self._end(job)
            case Notice(text):
                self.say(self._whose(f"note: {text}"))
            case Scanned() | Fetched() if self._shared():
                pass  # the bar counts the frames of others
            case Scanned(frame) if not self._quiet and sys.stderr.isatty() and frame % 50 == 49:
                print(f"\rlooking for scenes: frame {frame + 1}", end="\r", file=sys.stderr, flush=True)
            case Fetched() if not self._quiet:
                self._fetched(event)
            case Iterated(done, total, finishing):
                self._iterated(done, total, "row" if finishing else "iteration")
            case FrameDone():
                self._frame_done(event)
            case FrameWritten(_, total) if not self._quiet:
                self._frame_written(total)
            case CellPainted(done, total) if not self._quiet:
                self._unit = "picture"
                self._count(done, total, self._unit)
            case FilmDone(path, frames, _, seconds):
                self._end(self._job)
                more = f"; {faults(event)}" if faults(event) else ""
                self.say(f"wrote {path}: {counted(frames, self._unit)} in {span(seconds)}{more}")
            case _ if type(event) not in NAMES:
                raise TypeError(f"not an event: {event!r}")

    def close(self) -> None:
        """Remove the progress bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _shared(self) -> bool:
        """Whether the bar is that of other jobs, too."""
        return any(job.scenes for job in self._jobs.values() if job is not self._job)

    def _whose(self, line: str) -> str:
        """A line about the job, which names the clip if others are in flight."""
        return f"{self._job.name}: {line}" if self._shared() else line

    def _end(self, job: _Job) -> None:
        """A job is done, or given up: what it has not painted is no longer awaited."""
        if not any(other.scenes for other in self._jobs.values() if other is not job):
            self.close()
        elif self._bar is not None:
            self._bar.total -= job.todo
            self._bar.refresh()
        job.todo = 0

    def _plan(self, planned: Planned) -> None:
        """The plan in two lines: what is made; how, and how long it takes. Then the scenes, or the progress bar."""
        job = self._job
        if not self._shared():
            self.close()  # of a download that was given up, or of another clip's job
        job.done.clear()
        job.written = 0
        (width, height), frames = planned.size, planned.frames
        work = "" if planned.work == planned.size else f", painted at {planned.work[0]}x{planned.work[1]}"
        job.single = planned.frames_to_render == planned.passes == 1 and not self._shared()
        total, stored, passes = planned.frames_to_render, planned.frames_stored, planned.passes
        self.say(
            f"{planned.clip.name}: {counted(frames, 'frame')} of {width}x{height}{work}, "
            f"{counted(len(planned.scenes), 'scene')}"
            + (f", plus {counted(total - frames, 'frame')} painted but not kept" if total > frames else "")
            + f", in the style of {' + '.join(planned.artworks)} -> {planned.output}"
        )
        self.say(
            f"{planned.reason} On {planned.device}, {side_by_side(planned)}: about {span(planned.seconds)}, "
            f"{planned.bytes / 1e9:.2f} GB on top of the program's own memory"
            + (f" ({planned.bytes_per_worker / 1e9:.2f} GB per worker)" if planned.workers > 1 else "")
            + (f"; {passes} passes over whole scenes" if passes > 1 else "")
            + (f"; {counted(stored, 'frame')} already done" if stored else "")
            + (f"; about {counted(planned.frames_alike, 'repeat')}, at no cost" if planned.frames_alike else "")
        )
        job.scenes = {int(scene.partition(":")[0]): scene for scene in planned.scenes}
        if self._dry:
            for (first, scene), render in zip(job.scenes.items(), planned.render, strict=True):
                self.say(f"scene {first}: frames {scene}, renders {render}")
            if planned.slowest:
                scenes = ", ".join(f"{scene} ({span(seconds)})" for scene, seconds in planned.slowest.items())
                self.say(f"held up by frames {scenes}: more workers would not paint a scene faster")
        elif not self._quiet and stored < total and not job.single:  # from the start: first frames take longest
            self._await(job, passes * total, passes * stored + planned.passed)

    def _await(self, job: _Job, total: int, known: int) -> None:
        """Let the bar count a job's frames."""
        job.todo = total - known
        if self._bar is not None and self._bar.desc != WRITING:
            self._bar.total += total
            self._bar.initial += known
            self._bar.n += known
            self._bar.refresh()
            return
        self.close()
        self._bar = self._new_bar(total, "frame", known, smoothing=0.1)

    def _new_bar(self, total: int, unit: str, done: int = 0, title: str = "", **looks: Any) -> "tqdm[Any] | Ticks":
        """A progress bar, or what takes its place in a log. total: 0: unknown. looks: of a bar, for tqdm."""
        if not sys.stderr.isatty():
            return Ticks(self.say, total, unit, done, title)
        return tqdm(total=total or None, initial=done, unit=unit, desc=title, dynamic_ncols=True, **looks)

    def _count(self, done: int, total: int, unit: str) -> None:
        self._bar = self._bar or self._new_bar(total, unit)
        self._bar.n, self._bar.total = done, total
        self._bar.refresh()

    def _iterated(self, done: int, total: int, unit: str) -> None:
        if self._job.single and not self._quiet:
            self._count(done, total, unit)
        elif isinstance(self._bar, tqdm):
            self._bar.set_postfix_str(f"{unit} {done} of {total}")

    def _fetched(self, event: Fetched) -> None:
        if self._bar is None:
            self._bar = self._new_bar(event.total, "B", title=event.what, unit_scale=True)
        self._bar.update(event.done - self._bar.n)
        if event.total and event.done >= event.total:
            self.close()

    def _frame_done(self, event: FrameDone) -> None:
        self._job.todo -= 1
        if self._job.single:
            self.close()
        elif self._bar is not None:
            if isinstance(self._bar, tqdm):
                self._bar.set_postfix_str("", refresh=False)
            self._bar.update()
        if self._verbose and event.repeats is not None:
            self.say(self._whose(f"frame {event.frame}: repeats frame {event.repeats}"))
        elif self._verbose:
            again = f", to be painted {counted(event.passes_left, 'time')} more" if event.passes_left else ""
            losses = " ".join(f"{name} {value:.4g}" for name, value in event.losses.items())
            iterations = counted(event.iterations, "iteration")
            self.say(self._whose(f"frame {event.frame}: {event.seconds:.2f} s, {iterations}, {losses}{again}"))
        if event.retried:
            self(Notice(f"frame {event.frame} was painted again: {event.retried}"))
        self._job.done[event.chunk].append(event)
        if event.last:
            self._scene(event.chunk, self._job.done.pop(event.chunk))

    def _frame_written(self, total: int) -> None:
        """A separate bar for what is left once everything is painted: encoding a long film takes minutes."""
        self._job.written += 1
        if self._shared():
            return
        if self._bar is None or self._bar.desc != WRITING:
            if self._bar is not None and self._bar.n < self._bar.total:
                return
            self.close()
            self._bar = self._new_bar(total, "frame", self._job.written - 1, WRITING, leave=False)
        self._bar.update()

    def _scene(self, chunk: int, frames: list[FrameDone]) -> None:
        seconds = sum(done.seconds for done in frames)
        final = [done.repeats is None for done in frames if not done.passes_left]
        painted = sum(final)
        repeats = f", {counted(len(final) - painted, 'repeat')}" if len(final) > painted else ""
        iterations, each = sum(done.iterations for done in frames), max(painted, 1)
        if not self._job.single:
            line = (
                f"scene {chunk}, frames {self._job.scenes[chunk]}: {painted} painted in {span(seconds)} "
                f"({seconds / each:.2f} s and {iterations / each:.0f} iterations each){repeats}"
            )
            self.say(self._whose(line))
        if self._json:
            scene = {"scene": chunk, "frames": self._job.scenes[chunk], "painted": painted}
            scene |= {"repeats": len(final) - painted}
            _print_object(named("scene", scene | {"seconds": round(seconds, 3)}))

    def say(self, line: str) -> None:
        """A line for people, beside the bar."""
        if not self._quiet:
            tqdm.write(shown(line), file=sys.stderr)


def _print_object(content: dict[str, object]) -> None:
    with output():
        print(to_line(content))
