"""What logs say: one JSON object a line, as ``--json`` prints them -> values, clip by clip."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from inspect import signature
from pathlib import Path
from typing import TypeVar

from videostyle.errors import JobError
from videostyle.events import FilmDone, FrameDone, Planned
from videostyle.media.read.sequence import CLIPS
from videostyle.rendering.store.log import BATCH, JOB, read_log

E = TypeVar("E")
Line = dict[str, object]
PATHS = {"clip", "output", "job", "path"}
"""fields that are paths"""
DONE, FAILED, LEFT = "done", "failed", "left"
"""the states of a clip"""


@dataclass(slots=True)
class ClipLog:
    """What logs say about one clip and its film; grows line by line while they are read."""

    clip: Path
    output: Path
    state: str = LEFT
    text: str = ""
    """why it failed or was left; empty: not known"""
    plan: Planned | None = None
    versions: dict[str, str] = field(default_factory=dict)
    """of the program and of libraries"""
    begun: str = ""
    """UTC, of its first line; empty: not known"""
    ended: str = ""
    """UTC, of its last line"""
    frames: dict[int, FrameDone] = field(default_factory=dict)
    """source frame -> how it was painted, by the last pass"""
    written: list[int] = field(default_factory=list)
    """source frames in the order in which the film shows them, if the log names them"""
    film: FilmDone | None = None
    notices: list[str] = field(default_factory=list)

    @property
    def command(self) -> tuple[str, ...]:
        """What makes the film again; empty: not known."""
        return self.plan.command if self.plan else ()

    def flag(self, name: str) -> str:
        """What a flag of the command says; empty: not given, or the command is not known."""
        return dict(zip(self.command, self.command[1:], strict=False)).get(name, "")

    def hear(self, line: Line) -> None:
        """One more line about this clip."""
        self.ended = str(line.get("time", self.ended))
        self.begun = self.begun or self.ended
        match line["event"]:
            case "plan" if plan := _event(Planned, line):
                self._begin(plan)
            case "notice":
                self.notices.append(str(line.get("text", "")))
            case "frame" if done := _event(FrameDone, line):
                self.frames[done.frame] = done
            case "written" if isinstance(frame := line.get("frame"), int):
                self.written.append(frame)
            case "film" if film := _event(FilmDone, line):
                self.film, self.state, self.text = film, DONE, ""
            case "failed":
                self.state, self.text = FAILED, str(line.get("text", ""))

    def _begin(self, plan: Planned) -> None:
        """Another run: what was painted before is still there if it is the same job."""
        if self.plan and plan.fingerprint != self.plan.fingerprint:
            self.frames, self.begun = {}, self.ended
        self.plan, self.written, self.state, self.text, self.film = plan, [], LEFT, "", None


@dataclass(frozen=True, slots=True)
class Night:
    """What a log says about a job, or about all clips of a batch."""

    clips: tuple[ClipLog, ...]
    seconds: float
    """wall time of all runs; 0: the log holds no times"""


def read_night(path: Path) -> tuple[Path, Night]:
    """The log that a path means, and what it says. path: a job folder, a batch folder, or a log.

    Raises JobError if there is no log.
    """
    names = [path / name for name in (BATCH, JOB)]
    log = next((name for name in names if name.is_file()), None) if path.is_dir() else path
    if log is None or not log.is_file():
        what = f"holds neither {BATCH} nor {JOB}" if path.is_dir() else "no such file or folder"
        raise JobError(f"{path}: {what}; name a job folder, a batch folder, or what run --json printed")
    if log.suffix.lower() in CLIPS:
        raise JobError(
            f"{log}: a film, not a log; name its job folder (kept by --keep-job or --job), or a batch folder"
        )
    lines = list(read_log(log))
    batch = any(line["event"] == "clip_planned" for line in lines)
    clips = _of_batch(lines, log.parent) if batch else read_clips(lines)
    if not clips:
        raise JobError(f"{log}: no clip has been planned yet; wait until it has")
    return log, Night(tuple(clips), _wall(lines))


def read_clips(lines: list[Line]) -> list[ClipLog]:
    """The clips of a job's log, by film; usually one."""
    clips, before = dict[Path, ClipLog](), list[Line]()
    now: ClipLog | None = None
    versions = dict[str, str]()
    for line in lines:
        if line["event"] == "start":
            versions = {"videostyle": str(line.get("version", ""))} | _table(line.get("versions"))  # type: ignore[assignment]
            now, before = None, []
        elif line["event"] == "plan" and isinstance(line.get("output"), str):
            output = Path(str(line["output"]))
            now = clips.setdefault(output, ClipLog(Path(str(line.get("clip"))), output))
            now.versions = versions
            for told in [*before, line]:  # notices about the clip come before its plan
                now.hear(told)
            before = []
        elif now is None:
            before.append(line)
        else:
            now.hear(line)
    return list(clips.values())


def _of_batch(lines: list[Line], folder: Path) -> list[ClipLog]:
    """The clips of a batch's latest run, each with all that its own log says."""
    planned, logs, ends = dict[str, ClipLog](), dict[str, Path](), dict[str, Line]()
    for line in lines:
        output = str(line.get("output"))
        match line["event"]:
            case "start":
                planned = {}
            case "clip_planned":
                planned[output] = ClipLog(Path(str(line.get("clip"))), Path(output))
        if line["event"] in ("clip_planned", "clip_done"):
            ends[output] = line
        if isinstance(line.get("log"), str):
            logs[output] = folder / Path(str(line["log"])).name
    clips = []
    for output, clip in planned.items():
        if output in logs and logs[output].is_file():
            told = read_clips(list(read_log(logs[output])))
            clip = next((one for one in told if one.output.name == clip.output.name), clip)
        status, text = ends[output].get("status"), str(ends[output].get("text", ""))
        if status in (DONE, FAILED, LEFT):
            clip.state, clip.text = status, text
        clips.append(clip)
    return clips


def _wall(lines: list[Line]) -> float:
    """Seconds from the first to the last line of each run, summed."""
    seconds, first, last = 0.0, None, None
    for line in lines:
        try:
            now = datetime.fromisoformat(str(line["time"]))
        except (KeyError, ValueError):
            continue
        if first is None or line["event"] == "start":
            seconds += (last - first).total_seconds() if first and last else 0.0
            first = now
        last = now
    return seconds + ((last - first).total_seconds() if first and last else 0.0)


def _event(kind: Callable[..., E], line: Line) -> E | None:
    """A line as the event that it was; None if it is not one."""
    known = signature(kind).parameters
    values = {name: _plain(name, value) for name, value in line.items() if name in known}
    try:
        return kind(**values)
    except TypeError:
        return None


def _plain(name: str, value: object) -> object:
    if isinstance(value, list):
        return tuple(value)
    return Path(value) if name in PATHS and isinstance(value, str) else value


def _table(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
