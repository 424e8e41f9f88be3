"""Which processes are at work in a folder: a lock file that they hold, shared or alone."""

import os
import time
from pathlib import Path
from types import ModuleType

from videostyle.errors import JobError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TRIES, PAUSE = 20, 0.05
"""how often, and seconds between: a process that is about to end may still hold the lock"""


class Lock:
    """A lock file. The system releases it when the process ends, however it ends.

    Systems and file systems without file locks never refuse it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        """descriptor while the lock is held"""

    def take(self, alone: bool) -> None:
        """Hold the lock, shared with others or alone; its folder is created if needed.

        Raises JobError if another process holds it, OSError if the folder cannot be written.
        """
        if fcntl is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return
        kind = (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB
        tries = 0
        while self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except FileNotFoundError:  # another process has just deleted the folder
                continue
            try:
                fcntl.flock(file, kind)
            except BlockingIOError:
                os.close(file)
                tries += 1
                if tries == TRIES:
                    raise JobError(
                        f"{self._path.parent}: another process is at work in it; wait for it, "
                        "or give both the same folder with --job"
                    ) from None
                time.sleep(PAUSE)
            except OSError:  # a file system without locks
                self._file = file
            else:
                if os.fstat(file).st_nlink:
                    self._file = file
                else:
                    os.close(file)  # its holder has just deleted the folder

    def release(self) -> None:
        """Let other processes have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def is_alone(self) -> bool:
        """Whether no other process holds the lock. Then none can from now on; otherwise this one loses it too."""
        if fcntl is None:
            return True
        if self._file is None:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held, or a file system that cannot tell
            return False
        return True
