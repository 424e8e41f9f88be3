"""The film that a job has made, noted in its folder before the film gets its name.

A process may be stopped after that and before it has removed the folder. The same command then knows the film again:
``made.json`` holds ``key``, of what was asked for, and the files that were written, each with its size in bytes and the
time of its last change in ns.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from videostyle.errors import MediaError
from videostyle.media.files import whole_or_nothing

NAME = "made.json"


@dataclass(frozen=True, slots=True)
class Made:
    """What is there of a film that a job has made."""

    files: frozenset[Path] = frozenset()
    """those that are unchanged, absolute"""
    whole: bool = False
    """whether they are all of its files"""


def note_made(folder: Path, key: str, files: Iterable[tuple[Path, Path]]) -> None:
    """Note a film that is about to appear. folder: of the job. files: each under its temporary name, and its name.

    What cannot be noted is not: it only helps after an interruption.
    """
    with suppress(MediaError, OSError):
        states = {str(name.absolute()): _state(written) for written, name in files}
        with whole_or_nothing(folder / NAME, "free some space", "cannot be written") as temporary:
            temporary.write_text(json.dumps({"key": key, "files": states}))


def has_made(folder: Path) -> bool:
    """Whether a job has noted a film; without a note nobody needs its key, for which clip and artworks are read."""
    return os.path.exists(folder / NAME)


def find_made(folder: Path, key: str) -> Made:
    """What a job has made for the same request, and is still there."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # none, or damaged
        noted = json.loads((folder / NAME).read_text())
        if noted["key"] == key:
            files = [Path(name) for name, state in noted["files"].items() if _is_still(Path(name), state)]
            return Made(frozenset(files), bool(files) and len(files) == len(noted["files"]))
    return Made()


def forget_made(folder: Path) -> None:
    """Delete the note."""
    (folder / NAME).unlink(missing_ok=True)


def _state(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _is_still(path: Path, state: object) -> bool:
    return path.is_file() and _state(path) == state
