"""The job folder: the only module that knows its layout.

    plan.json           what the job is: clip, artworks, settings, painter; written once
    scans/HASH.json     scenes, their colors and light, bars, and bad frames, one file for each scan
    frames/000123.png   a painted frame, with its losses inside the file
    chain/000123        what the paint of a frame was made for, as long as later frames need it
    finish/HASH/000123  what a finish carries from a frame to the next one
    passes/1/           frames/ and chain/ of a pass that others follow, until the next one is done
    .lock               held by the processes that use the folder

Every file is written whole or not at all, and flushed to disk before it gets its name. A frame that exists is done.
Processes that share a folder never write different bytes under the same name, so no update can be lost.
"""

import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from videostyle.errors import JobError, MediaError, SettingsError
from videostyle.frames import Painted, Pixels
from videostyle.media.files import explained, temporary_of, whole_or_nothing
from videostyle.media.stills import read_note, read_png, write_png
from videostyle.motion.memory import Memory
from videostyle.rendering.plan.scan import NOTHING, Scan
from videostyle.rendering.store.lock import ELSEWHERE, Lock
from videostyle.rendering.store.record import JobRecord, is_cut

T = TypeVar("T")
PLAN = "plan.json"
FRAMES = "[0-9]*.png"
PNG_END = b"IEND\xaeB`\x82"
AGAIN = "run the same command again"


class Store:
    """Frames of one job, on disk. Several processes may share one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames = folder / "frames"
        self._created = False
        self.lock = Lock(folder / ".lock")

    def check(self, plan: str, painter: str = "") -> None:
        """Raise JobError if the folder belongs to another job; missing, empty, or the same job is fine.

        plan, painter: fingerprints; an empty painter is not compared.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise JobError(f"{self.folder}: a file, not a job folder; name a folder with --job")
        record = self.begun()
        if record is None:
            paths = list(self.folder.glob("*"))  # empty if another process has just deleted the folder
            if any(path.name == PLAN and path.is_file() for path in paths):  # or has just written its plan
                self.check(plan, painter)
            elif not all(map(_may_be_new, paths)):
                raise JobError(f"{self.folder}: neither empty nor a job folder; name a new folder with --job")
            return
        if record.fingerprint != plan:
            fault = "holds frames of another clip, artwork, setting or version"
        elif painter and record.painter_fingerprint != painter:
            fault = f"its frames were painted by another network, precision or kind of device ({record.painter})"
        else:
            return
        raise JobError(f"{self.folder}: {fault}; use another folder with --job")

    def open(self, record: JobRecord, exclusive: bool = False) -> None:
        """Create the folder, or continue one of the same job, until ``close``.

        record: written by the process that comes first. exclusive: no other process may use the folder. Raises JobError
        if one does, or if the folder belongs to another job.
        """
        job = record.fingerprint, record.painter_fingerprint
        self.check(*job)
        self._created = not self.folder.exists()
        try:
            self.lock.take(exclusive)
            if self.begun() is None:
                # the plan first: a folder with frames and no plan would belong to nobody
                _write_once(self.folder / PLAN, record.to_json().encode())
            self.check(*job)  # another process may have been faster
            self.begin()
        except BaseException:
            self.discard_if_empty()
            self.close()
            raise

    def close(self) -> None:
        """Let other processes use the folder."""
        self.lock.release()

    def record(self) -> JobRecord:
        """The job's record. Raises JobError if there is none or if it is damaged."""
        if record := self.begun():
            return record
        raise JobError(f"{self.folder}: not a job folder, it has no {PLAN}; name one that 'run --job' made")

    def begun(self) -> JobRecord | None:
        """The record of a job that has begun, else None. Raises JobError if it is damaged."""
        path = self.folder / PLAN
        if is_cut(path) and not any(self._stored()):
            path.unlink(missing_ok=True)  # a power failure at the very beginning
        return JobRecord.read(path)

    def save_scan(self, key: str, scan: Scan) -> None:
        """Add what a process knows about the clip. key: see ``plan.scan_key``."""
        content = {"key": key, **scan.to_plain()}
        name = hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
        path = self.folder / "scans" / f"{name}.json"
        if not path.exists():
            _write(path, json.dumps(content).encode())

    def scan(self, key: str) -> Scan:
        """What all processes know about the same clip with the same scene settings; may be nothing."""
        scan = NOTHING
        for path in sorted((self.folder / "scans").glob("[0-9a-f]*.json")):
            # a file that was just deleted by another process, or is damaged, only means another scan
            with suppress(OSError, ValueError, TypeError, KeyError, RecursionError, SettingsError):
                stored = json.loads(path.read_text(encoding="utf-8"))
                if stored["key"] == key:
                    scan |= Scan.from_plain(stored)
        return scan

    def has(self, frame: int) -> bool:
        """Whether the frame is done: its file exists and is whole."""
        try:
            with self._path(frame).open("rb") as file:
                file.seek(-len(PNG_END), os.SEEK_END)
                return file.read() == PNG_END
        except OSError:
            return False

    def count(self) -> int:
        """How many frames have a file."""
        return sum(1 for _ in self._frames.glob(FRAMES))

    def load(self, frame: int, size: tuple[int, int]) -> Pixels:
        """A stored frame, (H, W, 3). size: expected width and height, px. Raises JobError if it is damaged."""
        path = self._path(frame)
        try:
            pixels = read_png(path)
        except MediaError as error:
            raise JobError(f"{error}; delete that file and {AGAIN}") from None
        height, width, channels = pixels.shape
        if (width, height, channels) != (*size, 3):
            fault = (
                f"{width}x{height} px, {channels} channels, but the job's frames are {size[0]}x{size[1]}, 3 channels"
            )
            raise JobError(f"{path}: {fault}; delete that file and {AGAIN}")
        return pixels

    def losses(self, frame: int) -> dict[str, float]:
        """The loss terms that a frame was stored with; empty if it is not stored. Raises JobError if it is damaged."""
        return self._noted(frame, "losses", dict) if self.has(frame) else {}

    def first_of(self, frame: int) -> int:
        """The frame that a stored frame repeats; its own number if it repeats none, or is not stored.

        Raises JobError if it is damaged.
        """
        return self._noted(frame, "repeats", int) if self.has(frame) else frame

    def _noted(self, frame: int, name: str, kind: Callable[..., T]) -> T:
        """A value that a frame was stored with."""
        try:
            return kind(json.loads(read_note(self._path(frame)))[name])
        except (MediaError, ValueError, KeyError, TypeError, RecursionError):
            fault = f"{self._path(frame)}: damaged, its {name} cannot be read"
            raise JobError(f"{fault}; delete that file and {AGAIN}") from None

    def save(self, frame: int, pixels: Pixels, painted: Painted) -> None:
        """Store a painted frame together with its losses. Raises JobError if it cannot be written."""
        note = {"losses": dict(painted.losses), "iterations": painted.iterations, "retried": painted.retried}
        self._save(frame, pixels, note | {"repeats": frame})

    def save_repeat(self, frame: int, pixels: Pixels, losses: Mapping[str, float], first: int) -> None:
        """Store a frame that repeats another, ``first``, with the other's pixels and losses. Raises JobError."""
        self._save(frame, pixels, {"losses": dict(losses), "iterations": 0, "retried": "", "repeats": first})

    def _save(self, frame: int, pixels: Pixels, note: Mapping[str, object]) -> None:
        try:
            write_png(self._path(frame), pixels, json.dumps(note, default=float))
        except MediaError as error:
            raise JobError(f"{error}; then {AGAIN} to continue after the finished frames") from None

    def save_memory(self, frame: int, memory: Memory) -> None:
        """Store what the paint of a frame was made for."""
        _write(self._memory_path(frame), memory.to_bytes())

    def memory(self, frame: int, size: tuple[int, int]) -> Memory | None:
        """What the paint of a frame was made for; None if it is not stored or is damaged. size: width, height, px."""
        try:
            return Memory.from_bytes(self._memory_path(frame).read_bytes(), size)
        except OSError:
            return None

    def forget(self, frames: Iterable[int]) -> None:
        """Delete the memories of these frames."""
        for frame in frames:
            self._memory_path(frame).unlink(missing_ok=True)

    def save_carry(self, finish: str, frame: int, carry: bytes) -> None:
        """Store what a finish carries from a frame to the next one. finish: its fingerprint."""
        _write(self._carry_path(finish, frame), carry + zlib.crc32(carry).to_bytes(4))

    def carry(self, finish: str, frame: int) -> bytes | None:
        """What a finish carried on from a frame; None if it is not stored or is damaged."""
        with suppress(OSError):
            stored = self._carry_path(finish, frame).read_bytes()
            if stored[-4:] == zlib.crc32(stored[:-4]).to_bytes(4):
                return stored[:-4]
        return None

    def of_pass(self, number: int) -> "Store":
        """The frames of a pass over scenes that is followed by others, in a folder of their own."""
        return Store(self.folder / "passes" / str(number))

    def begin(self) -> None:
        """Create the folder of frames. Raises JobError."""
        with explained(f"{self._frames}: cannot be created", ELSEWHERE):
            self._frames.mkdir(parents=True, exist_ok=True)

    def drop(self, frames: Iterable[int]) -> None:
        """Delete these frames and their memories."""
        for frame in frames:
            self._path(frame).unlink(missing_ok=True)
            self.forget([frame])

    def discard_if_empty(self) -> None:
        """Delete a folder that this process created, that holds no frames yet and that no other process uses."""
        if self._created and not any(self._stored()) and self.lock.is_alone():
            self.delete()

    def remove(self, frames: Collection[int]) -> None:
        """Delete these frames and what finishes carried from them; the whole folder unless other frames are left."""
        names = {self._path(frame).name for frame in frames}
        if all(path.name in names for path in self._stored()):
            self.delete()
            return
        self.drop(frames)
        for path in [path for frame in frames for path in self.folder.glob(f"finish/*/{frame:06d}")]:
            path.unlink(missing_ok=True)

    def delete(self) -> None:
        """Delete the folder; renamed first, so that a process that opens it again never sees half of it."""
        folder = self.folder.resolve()
        doomed = temporary_of(folder)
        with suppress(OSError):
            os.replace(folder, doomed)
        shutil.rmtree(doomed if doomed.exists() else folder, ignore_errors=True)
        if self.folder.is_symlink():
            self.folder.unlink()

    def _stored(self) -> Iterator[Path]:
        """Files of all frames, those of unfinished passes included."""
        yield from self._frames.glob(FRAMES)
        yield from self.folder.glob(f"passes/*/frames/{FRAMES}")

    def _path(self, frame: int) -> Path:
        return self._frames / f"{frame:06d}.png"

    def _memory_path(self, frame: int) -> Path:
        return self.folder / "chain" / f"{frame:06d}"

    def _carry_path(self, finish: str, frame: int) -> Path:
        return self.folder / "finish" / hashlib.sha256(finish.encode()).hexdigest()[:16] / f"{frame:06d}"


def _may_be_new(path: Path) -> bool:
    """Whether this may be in a job folder whose plan has not been written yet."""
    return path.name.startswith(".") or (path.name == "frames" and path.is_dir() and not any(path.iterdir()))


def _write(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all. Raises JobError."""
    try:
        with whole_or_nothing(path, f"free some space, or {ELSEWHERE}", "cannot be written") as temporary:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
    except MediaError as error:
        raise JobError(str(error)) from None


def _write_once(path: Path, content: bytes) -> None:
    """Write a small file unless another process has written one under this name. Raises JobError."""
    draft = temporary_of(path)
    _write(draft, content)
    try:
        os.link(draft, path)
    except OSError:  # it is there, or a file system without hard links
        if not path.exists():
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
