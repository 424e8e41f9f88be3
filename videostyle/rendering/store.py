"""The job folder: ``plan.json`` and ``frames/000123.png``, each written whole or not at all.

A frame that exists is done. ``.lock`` is held by the processes that are at work in the folder.
"""

import json
import os
import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from videostyle.errors import JobError, MediaError
from videostyle.frames import FrameRange, Pixels, Stylized
from videostyle.media.files import reason_of, temporary_of
from videostyle.media.stills import read_png, write_png
from videostyle.rendering.plan import Scan

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

FORMAT = 2
LOCK, LOCK_TRIES = ".lock", 20
PNG_END = b"IEND\xaeB`\x82"


class Store:
    """Frames of one job, on disk. Several processes may share one: they write the same bytes under the same names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames = folder / "frames"
        self._created = False
        self._claim: int | None = None
        """file descriptor of the lock that is held"""

    def check(self, fingerprint: str) -> None:
        """Raise JobError for a folder that is another's; one that is missing, empty or of the same job is fine."""
        if self.folder.exists() and not self.folder.is_dir():
            raise JobError(f"{self.folder} is a file and no job folder; give a folder with --job")
        known = self._read()
        if known is None and self.folder.exists() and not all(_is_ours(path) for path in self.folder.iterdir()):
            raise JobError(f"{self.folder} is not empty and no job folder; give an empty or a new one with --job")
        if known is not None and known.get("fingerprint") != fingerprint:
            raise JobError(
                f"{self.folder} holds frames of another clip, style, setting, version or kind of device; "
                "delete it, or give another folder with --job"
            )

    def open(self, fingerprint: str, notes: Mapping[str, Any], alone: bool = False) -> None:
        """Make the folder, or go on with one of the same job, until ``close``.

        alone: no other process may be at work in it. Raises JobError where one is, or for a folder that is another's.
        """
        self.check(fingerprint)
        self._created = not self.folder.exists()
        try:
            self._claim = _claimed(self.folder / LOCK, alone)
            self.check(fingerprint)  # again: who came first may have written its plan by now
            # the plan first: a folder with frames and without a plan is nobody's
            self._write({"format": FORMAT, "fingerprint": fingerprint, **notes})
            self._frames.mkdir(exist_ok=True)
        except BaseException as error:
            self.discard_if_empty()
            self.close()
            if not isinstance(error, OSError):
                raise
            raise JobError(
                f"{self.folder}: cannot be written ({error.strerror}); give another folder with --job"
            ) from None

    def close(self) -> None:
        """Let other processes have the folder."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def notes(self) -> dict[str, Any]:
        """What ``plan.json`` says. Raises JobError where there is none."""
        known = self._read()
        if known is None:
            raise JobError(f"{self.folder}: no job folder, there is no plan.json in it; give one that 'run --job' made")
        return known

    def scan(self, key: str) -> Scan:
        """What earlier runs found out about the same clip with the same scene settings, perhaps nothing."""
        known = self._read() or {}
        stored = known.get("scan") or {}
        if stored.get("key") != key:
            return Scan((), ())
        return Scan(tuple(FrameRange(*scene) for scene in stored["scenes"]), tuple(stored["lost"]))

    def has(self, frame: int) -> bool:
        """Whether the frame is done: its file is there and whole."""
        try:
            with self._path(frame).open("rb") as file:
                file.seek(-len(PNG_END), os.SEEK_END)
                return file.read() == PNG_END
        except OSError:
            return False

    def load(self, frame: int, size: tuple[int, int]) -> Pixels:
        """A stored frame, (H, W, 3). size: width and height that it must have, px."""
        path = self._path(frame)
        try:
            pixels = read_png(path)
        except MediaError as error:
            raise JobError(f"{error}; delete that file and run the same command again") from None
        height, width = pixels.shape[:2]
        if (width, height) != size:
            raise JobError(
                f"{path}: {width}x{height} px where the job's frames have {size[0]}x{size[1]}; "
                "delete that file and run the same command again"
            )
        return pixels

    def losses(self, frame: int) -> dict[str, float]:
        """The loss terms with which a frame was stored; empty where they are unknown."""
        try:
            return dict(json.loads(self._path(frame).with_suffix(".json").read_text())["losses"])
        except (OSError, ValueError, KeyError):
            return {}

    def save(self, frame: int, pixels: Pixels, done: Stylized) -> None:
        """Store a frame; what is known of it first, so that a frame that exists has its losses beside it."""
        record = {"losses": dict(done.losses), "iterations": done.iterations, "retried": done.retried}
        path = self._path(frame)
        _write_text(path.with_suffix(".json"), json.dumps(record))
        try:
            write_png(path, pixels)
        except MediaError as error:
            path.with_suffix(".json").unlink(missing_ok=True)
            raise JobError(f"{error}; the same command then goes on with the frames that are done") from None

    def discard_if_empty(self) -> None:
        """Leave nothing behind of a job that this process began, that holds no frame yet and that nobody joined."""
        if self._created and not any(self._frames.glob("[0-9]*.png")) and _is_alone(self._claim):
            shutil.rmtree(self.folder, ignore_errors=True)

    def remove(self, frames: Collection[int]) -> None:
        """Delete these frames, and the folder where no others are left: another range's may wait to be gone on with."""
        done = {self._path(frame).name for frame in frames}
        if all(path.name in done for path in self._frames.glob("[0-9]*.png")):
            shutil.rmtree(self.folder, ignore_errors=True)
            return
        for frame in frames:
            for suffix in (".png", ".json"):
                self._path(frame).with_suffix(suffix).unlink(missing_ok=True)

    def _path(self, frame: int) -> Path:
        return self._frames / f"{frame:06d}.png"

    def _read(self) -> dict[str, Any] | None:
        try:
            known = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise JobError(
                f"{self.folder}: cannot be read ({error.strerror}); give another folder with --job"
            ) from None
        except ValueError as error:
            raise JobError(f"{self.folder}: plan.json cannot be read ({error}); delete the folder") from None
        if not isinstance(known, dict) or known.get("format") != FORMAT:
            raise JobError(f"{self.folder}: its plan.json is of another version; delete the folder")
        return known

    def _write(self, known: Mapping[str, Any]) -> None:
        _write_text(self.folder / "plan.json", json.dumps(known, indent=1, default=str))


def _is_ours(path: Path) -> bool:
    """Whether this may lie in a job folder whose plan is not written yet."""
    return path.name.startswith(".") or (path.name == "frames" and path.is_dir() and not any(path.iterdir()))


def _claimed(path: Path, alone: bool) -> int | None:
    """Descriptor of a lock file that is held with others, or alone; None on systems without locks.

    The system gives it free when the process ends, however it does. Raises JobError where another process holds it.
    """
    tries = 0
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        if fcntl is None:
            return None
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            tries += 1
            if tries < LOCK_TRIES:  # it may be about to give up
                time.sleep(0.05)
                continue
            raise JobError(
                f"{path.parent}: another process is at work in it; wait for it, or give both the same folder with --job"
            ) from None
        except OSError:  # a file system without locks
            return file
        if os.fstat(file).st_nlink:
            return file
        os.close(file)  # who held it deleted the folder just now


def _is_alone(claim: int | None) -> bool:
    """Whether no other process holds this lock file; from now on none can."""
    if claim is None or fcntl is None:
        return fcntl is None
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system that cannot tell
        return False
    return True


def _write_text(path: Path, text: str) -> None:
    """Write a small file at once, and onto the disk itself: without its plan all of a job would be lost."""
    temporary = temporary_of(path)
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise JobError(
            f"{path}: cannot be written, {reason_of(error)}; free some space or give another --job"
        ) from None
