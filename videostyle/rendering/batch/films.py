"""The films that a batch has made: what the same command need not make again, and what it may replace.

``films.json`` in the batch's folder: path of a film -> ``key`` of what was asked for, and ``size`` and ``changed`` of
the finished file. A film without these two was begun and not finished.
"""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from videostyle import __version__
from videostyle.media.files import whole_or_nothing

NAME = "films.json"


class Films:
    """The record, on disk; it may not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._films: dict[str, dict[str, object]] = {}
        with suppress(OSError, ValueError, RecursionError):  # damaged: then films that exist are nobody's
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            self._films = {str(film): dict(entry) for film, entry in stored["films"].items()}

    def knows(self, film: Path) -> bool:
        """Whether the batch has begun or made this film."""
        return _name(film) in self._films

    def may_replace(self, film: Path, key: str) -> bool:
        """Whether an existing film is what an interrupted run of the same job has left."""
        entry = self._films.get(_name(film), {})
        return entry.get("key") == key and "size" not in entry

    def is_done(self, film: Path, key: str) -> bool:
        """Whether the film is there, unchanged, and what is asked for."""
        entry = self._films.get(_name(film))
        return entry is not None and entry == {"key": key, **_state(film)}

    def begin(self, film: Path, key: str) -> None:
        """Record that the film is ours from now on. Raises MediaError if it cannot be written."""
        self._films[_name(film)] = {"key": key}
        self._write()

    def end(self, film: Path, key: str) -> None:
        """Record that it is done. Raises MediaError if it cannot be written."""
        self._films[_name(film)] = {"key": key, **_state(film)}
        self._write()

    def mark(self, film: Path) -> str:
        """Eight letters that tell films of the same name in several folders apart."""
        return hashlib.sha256(_name(film).encode()).hexdigest()[:8]

    def _write(self) -> None:
        with whole_or_nothing(self._path, "free some space", "cannot be written") as temporary:
            temporary.write_text(json.dumps({"version": __version__, "films": self._films}, indent=1))


def _name(film: Path) -> str:
    """Its absolute path, also if it holds bytes that are not text."""
    return os.path.realpath(film).encode(errors="surrogateescape").decode(errors="backslashreplace")


def _state(film: Path) -> dict[str, object]:
    """Size in bytes, and time of the last change in ns; empty if there is no such file."""
    try:
        found = film.stat()
    except OSError:
        return {}
    return {"size": found.st_size, "changed": found.st_mtime_ns}
