import errno
import subprocess
import sys
from pathlib import Path

import pytest

from videostyle.errors import MediaError
from videostyle.media.files import (
    check_folder,
    flush_folder,
    reason_of,
    remove_leftovers,
    temporary_of,
    whole_or_nothing,
)


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("old")
    with whole_or_nothing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_after_an_error_only_the_old_file_remains(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_text("old")

    def write(error: Exception) -> None:
        with whole_or_nothing(path, "buy another") as new:
            new.write_text("half")
            raise error

    with pytest.raises(MediaError, match=r"the disk is full\); buy another"):
        write(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(ZeroDivisionError):
        write(ZeroDivisionError())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_temporary_names_are_short_and_keep_the_extension() -> None:
    name = temporary_of(Path("folder") / ("x" * 250 + ".mkv"))
    assert name.parent == Path("folder")
    assert name.suffix == ".mkv"
    assert len(name.name) < 80


def test_processes_with_the_same_id_on_two_machines_do_not_collide() -> None:
    code = "import os, pathlib; os.getpid = lambda: 7\nfrom videostyle.media.files import temporary_of\n"
    code += "print(temporary_of(pathlib.Path('a.png')))"
    names = {subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(names) == 2


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_folder(tmp_path / "film.mp4")
    with pytest.raises(MediaError, match="no such folder"):
        check_folder(tmp_path / "none" / "film.mp4")
    with pytest.raises(MediaError, match="is a file"):
        check_folder(tmp_path / "file" / "film.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert reason_of(ValueError("odd")) == "odd"


def test_leftovers_of_killed_processes_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    film = tmp_path / "film [1].mp4"
    ranges = [tmp_path / f"{'x' * 60}_{frames}.mp4" for frames in ("0-9", "10-19")]
    for left in (temporary_of(film), temporary_of(film)):
        left.touch()
    temporary_of(film).mkdir()
    others = {
        film,
        temporary_of(tmp_path / "other.mp4"),
        temporary_of(film.with_suffix(".mov")),
        *map(temporary_of, ranges),
        tmp_path / ".film.mp4",
    }
    for other in others:
        other.touch()
    remove_leftovers(film)
    remove_leftovers(tmp_path / f"{'x' * 60}_20-29.mp4")  # another range of the same clip
    assert set(tmp_path.iterdir()) == others
    remove_leftovers(tmp_path / "missing/film.mp4")


def test_a_folder_is_flushed_if_the_system_can(tmp_path: Path) -> None:
    flush_folder(tmp_path)
    flush_folder(tmp_path / "missing")
