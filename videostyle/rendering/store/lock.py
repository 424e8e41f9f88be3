"""Which processes use a folder: a lock file that they hold, shared or exclusive."""

import json
import os
import socket
import time
from contextlib import suppress
from datetime import datetime
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
SHARE = "wait for it to finish, or share the folder by naming it with --job in both commands"
"""advice to who comes second to a job folder"""
ELSEWHERE = "use another folder with --job"
"""advice if a job folder cannot be written"""


class Lock:
    """A lock file, which says who holds it. The system releases it when the process ends, even after a crash.

    On systems and file systems without file locks everyone gets the lock.
    """

    def __init__(self, path: Path, advice: str = SHARE, elsewhere: str = ELSEWHERE) -> None:
        """advice: what to do if another process holds it. elsewhere: what to do if it cannot be written."""
        self._path, self._advice, self._elsewhere = path, advice, elsewhere
        self._file: int | None = None
        """descriptor while the lock is held"""
        self.is_exclusive = False
        """whether no other process can hold it now"""

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
                raise JobError(f"{folder}: cannot be written ({error.strerror}); {self._elsewhere}") from None
            try:
                fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                tries += 1
                if tries == TRIES:
                    raise JobError(f"{folder}: another process is using it{self._holder()}; {self._advice}") from None
                time.sleep(PAUSE)
            except OSError:  # a file system without locks
                self._file = file
            else:
                if os.fstat(file).st_nlink:
                    self._file, self.is_exclusive = file, exclusive
                    self._sign(file)
                else:
                    os.close(file)  # its holder has just deleted the folder

    def release(self) -> None:
        """Let other processes take it."""
        if self._file is not None:
            os.close(self._file)
            self._file, self.is_exclusive = None, False

    def _sign(self, file: int) -> None:
        """Write into the file who holds it: of several, who came last."""
        since = datetime.now().astimezone().isoformat(timespec="seconds")
        with suppress(OSError):  # a full disk; the lock is held all the same
            os.truncate(file, 0)
            os.pwrite(file, json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}).encode(), 0)

    def _holder(self) -> str:
        """Who holds the file, as far as it says so."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            holder = json.loads(self._path.read_text())
            since = datetime.fromisoformat(holder["since"]).strftime("%Y-%m-%d %H:%M:%S")
            return f" (process {holder['pid']} on {holder['host']}, since {since})"
        return ""

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
