"""Events as JSON objects, one a line: what ``--json`` prints, and what ``job.log`` holds."""

import json
import math
import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from videostyle import __version__
from videostyle.events import (
    BatchDone,
    BatchPlanned,
    CellPainted,
    ClipBegun,
    ClipDone,
    ClipPlanned,
    ClipTurn,
    Event,
    Fetched,
    FilmDone,
    FrameDone,
    FrameWritten,
    Iterated,
    JobFailed,
    JobStopped,
    Notice,
    Planned,
    Scanned,
)

SCHEMA = 1
"""version of the JSON objects: raised when a name or a meaning changes, but not when something is added"""
NAMES = {
    Notice: "notice",
    Fetched: "fetched",
    Scanned: "scanned",
    Planned: "plan",
    Iterated: "iterated",
    FrameDone: "frame",
    FrameWritten: "written",
    FilmDone: "film",
    CellPainted: "cell",
    JobFailed: "failed",
    JobStopped: "stopped",
    ClipPlanned: "clip_planned",
    BatchPlanned: "batch",
    ClipBegun: "clip",
    ClipTurn: "turn",
    ClipDone: "clip_done",
    BatchDone: "batch_done",
}
"""what JSON objects call events"""
PASSING = (Fetched, Scanned, Iterated, FrameWritten, CellPainted)
"""events that only show that work goes on, and that no log keeps"""
LIBRARIES = ("torch", "av", "numpy", "opencv-python")
"""whose versions a log records"""


def now() -> str:
    """The time in UTC: ``2026-11-28T18:00:45.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def start() -> dict[str, object]:
    """The object that comes first: which program writes the others, and where it runs."""
    versions = {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}}
    place = {"platform": platform.platform(), "host": socket.gethostname(), "pid": os.getpid()}
    return named("start", {"schema": SCHEMA, "version": __version__, "versions": versions} | place)


def to_object(event: Event) -> dict[str, object]:
    """An event as the fields of a JSON object, with its name and the time."""
    return named(NAMES[type(event)], asdict(event))


def named(name: str, content: Mapping[str, object]) -> dict[str, object]:
    """An object with its name and the time."""
    return {"event": name, "time": now(), **content}


def to_line(content: Mapping[str, object]) -> str:
    """An object as one line of ASCII, without the line's end; numbers that are not finite become null."""
    return json.dumps(_plain(content), default=str)


def _version(library: str) -> str:
    """A library's version; empty if it is not installed under this name."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _plain(value: object) -> object:
    """A value for JSON: null for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
