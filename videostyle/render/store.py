"""The job folder: ``plan.json`` and ``frames/000123.png``, each written whole or not at all.

A frame that exists is done.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from videostyle.errors import JobError, MediaError
from videostyle.frames import FrameRange, Pixels, Stylized
from videostyle.media.atomic import temporary_of
from videostyle.media.stills import read_png, write_png
from videostyle.render.plan import Scan

FORMAT = 2
PNG_END = b"IEND\xaeB`\x82"


class Store:
    """Frames of one job, on disk. Several processes may share one: they write the same bytes under the same names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._frames = folder / "frames"
        self._created = False

    def check(self, fingerprint: str) -> None:
        """Raise JobError for a folder that is another's; one that is missing, empty or of the same job is fine."""
        if self.folder.exists() and not self.folder.is_dir():
            raise JobError(f"{self.folder} is a file and no job folder; give a folder with --job")
        known = self._read()
        if known is None and self.folder.exists() and any(self.folder.iterdir()):
            raise JobError(f"{self.folder} is not empty and no job folder; give an empty or a new one with --job")
        if known is not None and known.get("fingerprint") != fingerprint:
            raise JobError(
                f"{self.folder} holds frames of another clip, style, setting, version or kind of device; "
                "delete it, or give another folder with --job"
            )

    def open(self, fingerprint: str, notes: Mapping[str, Any]) -> None:
        """Make the folder, or go on with one of the same job. Raises JobError for a folder that is another's."""
        self.check(fingerprint)
        self._created = self._created or not self.folder.exists()
        try:
            self._frames.mkdir(parents=True, exist_ok=True)
            self._write({"format": FORMAT, "fingerprint": fingerprint, **notes})
        except OSError as error:
            raise JobError(
                f"{self.folder}: cannot be written ({error.strerror}); give another folder with --job"
            ) from None

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

    def load(self, frame: int) -> Pixels:
        """A stored frame, (H, W, 3)."""
        try:
            return read_png(self._path(frame))
        except MediaError as error:
            raise JobError(f"{error}; delete that file and run the same command again") from None

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
        write_png(path, pixels)

    def discard_if_empty(self) -> None:
        """Leave nothing behind of a job that this process began and that holds no frame yet."""
        if self._created and not any(self._frames.glob("[0-9]*.png")):
            self.remove()

    def remove(self) -> None:
        """Delete the job."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, frame: int) -> Path:
        return self._frames / f"{frame:06d}.png"

    def _read(self) -> dict[str, Any] | None:
        try:
            known = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise JobError(f"{self.folder}: plan.json cannot be read ({error}); delete the folder") from None
        if not isinstance(known, dict) or known.get("format") != FORMAT:
            raise JobError(f"{self.folder}: its plan.json is of another version; delete the folder")
        return known

    def _write(self, known: Mapping[str, Any]) -> None:
        _write_text(self.folder / "plan.json", json.dumps(known, indent=1, default=str))


def _write_text(path: Path, text: str) -> None:
    temporary = temporary_of(path)
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise JobError(f"{path}: cannot be written ({error.strerror}); free some space or give another --job") from None
