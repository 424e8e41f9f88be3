"""Files that appear complete or not at all."""

import errno
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av

from videostyle.errors import MediaError


def temporary_of(path: Path) -> Path:
    """A short temporary name next to a path, different on every call and machine, with the path's extension."""
    return path.with_name(f".{path.stem[:40]}.{uuid.uuid4().hex}{path.suffix[:10]}")


def sweep(path: Path) -> None:
    """Delete what killed processes have left of a file that no other process is writing."""
    name = re.compile(rf"{re.escape(f'.{path.stem}.')}[0-9a-f]{{32}}{re.escape(path.suffix)}")
    for other in path.parent.iterdir():
        if name.fullmatch(other.name):  # whole: shortened names may be another file's
            other.unlink(missing_ok=True)


def reason_of(error: Exception) -> str:
    """Why something could not be written, in a few words."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
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
