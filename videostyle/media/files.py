"""Files that appear complete or not at all."""

import errno
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from videostyle.errors import MediaError

FULL = "the disk is full"
Ready = Callable[[Sequence[tuple[Path, Path]]], object]
"""called with the temporary name and the name of each file, directly before the first one appears"""


def temporary_of(path: Path) -> Path:
    """A short temporary name next to a path, different on every call and machine, with the path's extension."""
    return path.with_name(f"{_beginning(path)}{uuid.uuid4().hex}{path.suffix[:10]}")


def _beginning(path: Path) -> str:
    """How temporary names of a path begin; no other path's begin so."""
    return f".{path.stem[:30]}.{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]}."


def remove_leftovers(path: Path) -> None:
    """Delete what killed processes have left under temporary names of a path; none may be writing it now."""
    name = re.compile(re.escape(_beginning(path)) + "[0-9a-f]{32}" + re.escape(path.suffix[:10]))
    with suppress(OSError):
        for left in [entry for entry in path.absolute().parent.iterdir() if name.fullmatch(entry.name)]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def reason_of(error: Exception) -> str:
    """Why something could not be written, in a few words."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return FULL
    return getattr(error, "strerror", None) or str(error)


def check_folder(path: Path) -> None:
    """Raise MediaError if no file can be created next to a path."""
    folder = path.parent
    if not folder.exists():
        raise MediaError(f"{folder}: no such folder; create it first, or choose another one with -o")
    if not folder.is_dir():
        raise MediaError(f"{folder} is a file, not a folder; choose another place with -o")
    temporary = temporary_of(path)
    with explained(f"{folder}: cannot be written", "choose another folder with -o"):
        temporary.touch()
        temporary.unlink()


@contextmanager
def explained(fault: str, advice: str) -> Iterator[None]:
    """Turn disk and FFmpeg errors inside a ``with`` block into a MediaError: fault, reason, advice."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{fault} ({reason_of(error)}); {advice}") from None


@contextmanager
def whole_or_nothing(
    path: Path, advice: str = "the finished frames are kept; run it again", fault: str = "the film cannot be written"
) -> Iterator[Path]:
    """Yield a temporary name next to a path; the file replaces the path on success and is deleted on failure.

    The file is flushed to disk before it is renamed. Raises MediaError as ``explained`` does.
    """
    temporary = temporary_of(path)
    with explained(f"{path}: {fault}", advice):
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())  # its sources may be deleted next
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
