"""Files that appear whole or not at all."""

import errno
import itertools
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from videostyle.errors import MediaError

MACHINE = uuid.uuid4().hex[:8]
"""tells apart processes with the same number, on machines or in containers that share a folder"""
COUNT = itertools.count()
"""tells apart the files that the threads of a process write at the same time"""


def temporary_of(path: Path) -> Path:
    """A temporary name next to a path, different at every call, short, and with the path's extension."""
    return path.with_name(f".{path.stem[:40]}.{os.getpid()}-{MACHINE}-{next(COUNT)}{path.suffix}")


def reason_of(error: Exception) -> str:
    """Why something could not be written, in a few words."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return getattr(error, "strerror", None) or str(error)


def check_folder(path: Path) -> None:
    """Raise MediaError if no file can be created next to a path."""
    folder = path.parent
    if not folder.exists():
        raise MediaError(f"{folder}: no such folder; create it first, or give another one with -o")
    if not folder.is_dir():
        raise MediaError(f"{folder} is a file; give a folder before the name with -o")
    temporary = temporary_of(path)
    with explained(f"{folder}: cannot be written", "give another folder with -o"):
        temporary.touch()
        temporary.unlink()


@contextmanager
def explained(fault: str, advice: str) -> Iterator[None]:
    """Turn errors of the disk and of FFmpeg inside a ``with`` block into a MediaError: fault, reason, advice."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{fault} ({reason_of(error)}); {advice}") from None


@contextmanager
def whole_or_nothing(
    path: Path, advice: str = "the finished frames are kept; run it again", fault: str = "the film cannot be written"
) -> Iterator[Path]:
    """Yield a temporary name next to a path; the file replaces the path on success and is deleted on failure.

    Flushed to disk before it gets its name. Raises MediaError as ``explained`` does.
    """
    temporary = temporary_of(path)
    with explained(f"{path}: {fault}", advice):
        try:
            yield temporary
            with temporary.open("rb") as file:
                os.fsync(file.fileno())  # what it was made from may be deleted next
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
