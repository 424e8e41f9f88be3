"""The job folder: the only owner of its layout.

    plan.json           what the job is: clip, artworks, settings, painter; written once
    scans/HASH.json     scenes and lost frames, one file for each process's finding
    frames/000123.png   a painted frame, with its losses inside the file
    finish/HASH/000123  what a finish carries from a frame to the next one
    .lock               held by the processes at work in the folder

Every file is written whole or not at all, and flushed to disk before it gets its name. A frame that exists is done.
Processes that share a folder never write different bytes under the same name, so no update can be lost.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from videostyle.errors import JobError, MediaError, SettingsError
from videostyle.frames import FrameRange, Painted, Pixels
from videostyle.media.files import reason_of, temporary_of
from videostyle.media.stills import read_note, read_png, write_png
from videostyle.rendering.lock import Lock
from videostyle.rendering.plan import NOTHING, Scan

FORMAT = 3
FRAMES = "[0-9]*.png"
PNG_END = b"IEND\xaeB`\x82"


class Store:
    """Frames of one job, on disk. Several processes may share one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames = folder / "frames"
        self._created = False
        self._lock = Lock(folder / ".lock")

    def check(self, plan: str, painter: str = "") -> None:
        """Raise JobError if the folder belongs to another job; missing, empty, or the same job is fine.

        plan, painter: fingerprints; an empty painter is not compared.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise JobError(f"{self.folder}: a file, not a job folder; give a folder with --job")
        known = self._read()
        if known is None:
            paths = list(self.folder.glob("*"))  # none if another process has just deleted the folder
            if any(path.name == "plan.json" and path.is_file() for path in paths):  # or has just written its plan
                self.check(plan, painter)
            elif not all(map(_may_be_new, paths)):
                raise JobError(f"{self.folder}: neither empty nor a job folder; give a new folder with --job")
            return
        if known["fingerprint"] != plan:
            fault = "holds frames of another clip, artwork, setting or version"
        elif painter and known["painter"]["fingerprint"] != painter:
            name = known["painter"]["name"]
            fault = f"its frames were painted by another network, precision or kind of device ({name})"
        else:
            return
        raise JobError(f"{self.folder}: {fault}; delete it, or give another folder with --job")

    def open(self, plan: str, painter: str, record: Mapping[str, object], alone: bool = False) -> None:
        """Create the folder, or continue one of the same job, until ``close``.

        record: what ``plan.json`` holds besides the fingerprint; the process that comes first writes it. Its key
        ``painter`` holds a name and the painter's fingerprint. alone: no other process may be at work in the folder.
        Raises JobError if one is, or if the folder belongs to another job.
        """
        self.check(plan, painter)
        self._created = not self.folder.exists()
        try:
            self._lock.take(alone)
            self.check(plan, painter)  # another process may have written its plan by now
            if self._read() is None:
                # the plan first: a folder with frames and no plan would belong to nobody
                _write(self.folder / "plan.json", {"format": FORMAT, "fingerprint": plan, **record}, once=True)
                self.check(plan, painter)  # another process may have been faster
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
        self._lock.release()

    def record(self) -> dict[str, Any]:
        """What ``plan.json`` holds. Raises JobError if there is none."""
        known = self._read()
        if known is None:
            raise JobError(f"{self.folder}: not a job folder, it has no plan.json; give one that 'run --job' made")
        return known

    def beginning(self) -> tuple[str, str]:
        """Names of the painter and the preset that this job began with; empty if it has not begun."""
        known = self._read()
        return (str(known["painter"]["name"]), str(known.get("preset", ""))) if known else ("", "")

    def save_scan(self, key: str, scan: Scan) -> None:
        """Add what a process has learned about the clip. key: see ``plan.scan_key``."""
        content = {"key": key, "scenes": [(scene.start, scene.stop) for scene in scan.scenes], "lost": scan.lost}
        name = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        path = self.folder / "scans" / f"{name}.json"
        if not path.exists():
            _write(path, content)

    def scan(self, key: str) -> Scan:
        """What all processes have learned about the same clip with the same scene settings; perhaps nothing."""
        scan = NOTHING
        for path in sorted((self.folder / "scans").glob("[0-9a-f]*.json")):
            # one that another process has just deleted, or that a disk has damaged, is scanned again
            with suppress(OSError, ValueError, TypeError, KeyError, SettingsError):
                stored = json.loads(path.read_text(encoding="utf-8"))
                if stored["key"] == key:
                    scan |= Scan(tuple(FrameRange(*scene) for scene in stored["scenes"]), tuple(stored["lost"]))
        return scan

    def has(self, frame: int) -> bool:
        """Whether the frame is done: its file exists and is whole."""
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
            fault = f"{width}x{height} px, but the job's frames are {size[0]}x{size[1]}"
            raise JobError(f"{path}: {fault}; delete that file and run the same command again")
        return pixels

    def losses(self, frame: int) -> dict[str, float]:
        """The loss terms that a frame was stored with; empty if it is not stored. Raises JobError if it is damaged."""
        if not self.has(frame):
            return {}
        try:
            return dict(json.loads(read_note(self._path(frame)))["losses"])
        except (MediaError, ValueError, KeyError, TypeError):
            fault = f"{self._path(frame)}: damaged, its losses cannot be read"
            raise JobError(f"{fault}; delete that file and run the same command again") from None

    def save(self, frame: int, pixels: Pixels, painted: Painted) -> None:
        """Store a frame together with its losses. Raises JobError if it cannot be written."""
        note = {"losses": dict(painted.losses), "iterations": painted.iterations, "retried": painted.retried}
        try:
            write_png(self._path(frame), pixels, json.dumps(note))
        except MediaError as error:
            raise JobError(f"{error}; the same command then continues after the finished frames") from None

    def save_carry(self, finish: str, frame: int, carry: bytes) -> None:
        """Store what a finish carries from a frame to the next one. finish: its fingerprint."""
        _write_bytes(self._carry_path(finish, frame), carry)

    def carry(self, finish: str, frame: int) -> bytes | None:
        """What a finish carried on from a frame; None if that is not stored."""
        try:
            return self._carry_path(finish, frame).read_bytes()
        except OSError:
            return None

    def discard_if_empty(self) -> None:
        """Delete a folder that this process created, that holds no frame yet and that no other process has joined."""
        if self._created and not any(self._frames.glob(FRAMES)) and self._lock.is_alone():
            self._delete()

    def remove(self, frames: Collection[int]) -> None:
        """Delete these frames, and the whole folder unless frames of other ranges are left in it."""
        names = {self._path(frame).name for frame in frames}
        if all(path.name in names for path in self._frames.glob(FRAMES)):
            self._delete()
            return
        for frame in frames:
            self._path(frame).unlink(missing_ok=True)

    def _delete(self) -> None:
        """Delete the folder: renamed first, so that a process that opens it anew never sees half of it."""
        doomed = temporary_of(self.folder)
        with suppress(OSError):
            os.replace(self.folder, doomed)
        shutil.rmtree(doomed if doomed.exists() else self.folder, ignore_errors=True)

    def _path(self, frame: int) -> Path:
        return self._frames / f"{frame:06d}.png"

    def _carry_path(self, finish: str, frame: int) -> Path:
        return self.folder / "finish" / hashlib.sha256(finish.encode()).hexdigest()[:16] / f"{frame:06d}"

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
        if not isinstance(known, dict) or known.get("format") != FORMAT or not {"fingerprint", "painter"} <= set(known):
            raise JobError(f"{self.folder}: its plan.json is of another version or damaged; delete the folder")
        return known


def _may_be_new(path: Path) -> bool:
    """Whether this may be in a job folder whose plan is not written yet."""
    return path.name.startswith(".") or (path.name == "frames" and path.is_dir() and not any(path.iterdir()))


def _write(path: Path, content: Mapping[str, object], once: bool = False) -> None:
    _write_bytes(path, json.dumps(content, indent=1, default=str).encode(), once)


def _write_bytes(path: Path, content: bytes, once: bool = False) -> None:
    """Write a small file whole or not at all, flushed to disk before it gets its name.

    once: leave a file alone that another process has written under this name.
    """
    temporary = temporary_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if once:
            _name_once(temporary, path)
        else:
            os.replace(temporary, path)
    except OSError as error:
        raise JobError(
            f"{path}: cannot be written, {reason_of(error)}; free some space or give another folder with --job"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _name_once(temporary: Path, path: Path) -> None:
    """Give a file its name unless the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            os.replace(temporary, path)
