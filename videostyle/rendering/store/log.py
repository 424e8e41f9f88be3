"""The log of a job or a batch: one JSON object a line, so that everyone can see later what has happened.

    OUTPUT.job/job.log             of a job, as long as its folder exists
    NAME.batch/FILM.HASH.log       of one clip of a batch: it stays when the job folder is removed
    NAME.batch/batch.log           of the batch itself: clip_planned, batch, clip, clip_done, batch_done, stopped

Objects are those of ``--json`` (see README), each with ``event`` and ``time`` in UTC, except those that only show that
work goes on (``journal.PASSING``) and ``scene``. Every run of the same command appends to the log, beginning with
``start``; what a run had to say before it had a folder follows at once. ``plan`` holds the settings, the seed among
them, and the command. ``failed`` or ``stopped`` ends a run that has not made its film. A line that a crash has cut off
is not JSON; whoever reads a log skips it.
"""

import json
import os
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from videostyle.errors import JobError, VideostyleError
from videostyle.events import Event, JobFailed, JobStopped, OnEvent
from videostyle.journal import PASSING, start, to_line, to_object

JOB, BATCH = "job.log", "batch.log"


class Log:
    """Appends events to a file; call it with every event. A log that cannot be written never stops the work."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begun = False

    def __call__(self, event: Event) -> None:
        """Add an event."""
        if isinstance(event, PASSING):
            return
        lines = [to_line(to_object(event))]
        if not self._begun:
            lines.insert(0, to_line(start()))
        with suppress(OSError):  # the disk may be full: then the job itself says so
            self._append(lines)
            self._begun = True

    def _append(self, lines: list[str]) -> None:
        """In one write, so that the lines of processes that share a folder stay whole."""
        content = "".join(f"{line}\n" for line in lines).encode()
        with self.path.open("ab+") as file:
            if not self._begun and _is_cut(file):
                content = b"\n" + content
            file.write(content)
            file.flush()


def _is_cut(file: BinaryIO) -> bool:
    """Whether a crash has cut off the last line."""
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


@contextmanager
def logged(log: Log, on_event: OnEvent, before: Iterable[Event] = ()) -> Iterator[OnEvent]:
    """A callback that also logs; how a ``with`` block ends early is logged as well.

    before: what was reported before there was a log.
    """
    for event in before:
        log(event)

    def heard(event: Event) -> None:
        log(event)
        on_event(event)

    try:
        yield heard
    except Exception as error:
        bug = not isinstance(error, VideostyleError)
        log(JobFailed(type(error).__name__, "".join(traceback.format_exception(error)) if bug else str(error)))
        raise
    except BaseException:
        log(JobStopped())
        raise


def read_log(path: Path) -> Iterator[dict[str, object]]:
    """The objects of a log, oldest first; none if there is no such file. Raises JobError if it cannot be read."""
    try:
        with path.open("rb") as file:
            for line in file:
                with suppress(ValueError, RecursionError):
                    content = json.loads(line)
                    if isinstance(content, dict) and isinstance(content.get("event"), str):
                        yield content
    except FileNotFoundError:
        return
    except OSError as error:
        raise JobError(f"{path}: cannot be read ({error.strerror}); name a job or batch folder") from None
