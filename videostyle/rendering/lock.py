"""Which processes use a folder: a lock file that they hold, shared or exclusive."""

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
"""number of attempts, and seconds between them: a process that is about to end may still hold the lock"""


class Lock:
    """A lock file. The system releases it when the process ends, even after a crash.

    On systems and file systems without file locks everyone gets the lock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        """descriptor while the lock is held"""

    def take(self, exclusive: bool) -> None:
        """Hold the lock, shared with others or exclusively; the folder is created if needed.

        Raises JobError if another process holds it, or if the folder cannot be written.
        """
        folder, tries = self._path.parent, 0
        while self._file is None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if fcntl is None:
                    return
                file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            except FileNotFoundError:  # another process has just deleted the folder
                continue
            except OSError as error:
                fault = f"{folder}: cannot be written ({error.strerror})"
                raise JobError(f"{fault}; use another folder with --job") from None
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                tries += 1
                if tries == TRIES:
                    advice = "wait for it to finish, or share the folder by naming it with --job in both commands"
                    raise JobError(f"{folder}: another process is using it; {advice}") from None
                time.sleep(PAUSE)
            except OSError:  # a file system without locks
                self._file = file
            else:
                if os.fstat(file).st_nlink:
                    self._file = file
                else:
                    os.close(file)  # its holder has just deleted the folder

    def release(self) -> None:
        """Let other processes take it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def is_alone(self) -> bool:
        """Whether no other process holds the lock; then none can take it from now on. If false, this one loses it."""
        if fcntl is None:
            return True
        if self._file is None:
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held, or a file system that cannot tell
            return False
        return True
