"""A lock is shared only by those that agree, and free when they end."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from videostyle.errors import JobError
from videostyle.rendering.store import lock
from videostyle.rendering.store.lock import Lock


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(lock, "PAUSE", 0.001)
    return tmp_path / "job/.lock"


@pytest.fixture
def locks(path: Path) -> Iterator[tuple[Lock, Lock]]:
    """Two, which exclude each other in one process as in two."""
    both = Lock(path), Lock(path)
    yield both
    for one in both:
        one.release()


@pytest.mark.parametrize(("theirs", "ours"), [(True, False), (False, True), (True, True)])
def test_who_wants_to_be_alone_shares_with_nobody(theirs: bool, ours: bool, locks: tuple[Lock, Lock]) -> None:
    first, second = locks
    first.take(theirs)
    holder = rf"job: another process is using it \(process {os.getpid()} on {re.escape(socket.gethostname())}, since 20"
    with pytest.raises(JobError, match=rf"{holder}.*\); wait for it to finish, or share the folder"):
        second.take(ours)
    first.release()
    second.take(ours)


def test_a_lock_whose_holder_did_not_sign_is_held_all_the_same(path: Path, locks: tuple[Lock, Lock]) -> None:
    locks[0].take(exclusive=True)
    path.write_text("{")
    with pytest.raises(JobError, match="another process is using it; wait"):
        locks[1].take(exclusive=True)


def test_who_is_exclusive_knows_it(locks: tuple[Lock, Lock]) -> None:
    locks[0].take(exclusive=True)
    assert locks[0].is_exclusive
    locks[0].release()
    locks[0].take(exclusive=False)
    assert not locks[0].is_exclusive


def test_others_share(locks: tuple[Lock, Lock]) -> None:
    for one in locks:
        one.take(exclusive=False)


def test_who_is_alone_stays_alone(locks: tuple[Lock, Lock]) -> None:
    first, second = locks
    first.take(exclusive=False)
    assert first.is_alone()
    with pytest.raises(JobError, match="another process"):
        second.take(exclusive=False)


def test_of_several_the_last_one_is_alone(locks: tuple[Lock, Lock]) -> None:
    first, second = locks
    for one in locks:
        one.take(exclusive=False)
    assert not first.is_alone()
    first.release()
    assert second.is_alone()


def test_a_lock_that_is_not_held_tells_nothing(locks: tuple[Lock, Lock]) -> None:
    assert not locks[0].is_alone()
    locks[0].release()


def test_a_lock_of_a_folder_that_was_just_deleted_is_taken_in_a_new_one(
    path: Path, locks: tuple[Lock, Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = lock.fcntl.flock  # type: ignore[union-attr]

    def overtaken(file: int, kind: int) -> None:
        monkeypatch.setattr("fcntl.flock", flock)
        path.unlink()
        path.parent.rmdir()
        flock(file, kind)

    monkeypatch.setattr("fcntl.flock", overtaken)
    locks[0].take(exclusive=True)
    assert path.exists()
    with pytest.raises(JobError, match="another process"):
        locks[1].take(exclusive=False)


def test_no_descriptor_is_left_open(path: Path, locks: tuple[Lock, Lock]) -> None:
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    locks[0].take(exclusive=True)
    with pytest.raises(JobError):
        locks[1].take(exclusive=True)
    locks[0].release()
    assert path.exists()
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_a_file_system_without_locks_refuses_nobody(locks: tuple[Lock, Lock], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    for one in locks:
        one.take(exclusive=True)
        assert not one.is_alone(), "nobody knows"


def test_a_system_without_locks_refuses_nobody(
    path: Path, locks: tuple[Lock, Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "fcntl", None)
    for one in locks:
        one.take(exclusive=True)
        assert one.is_alone()
    assert path.parent.is_dir()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match=r"job: cannot be written \(.*(directory|exists).*\); use another folder"):
        Lock(tmp_path / "file/job/.lock").take(exclusive=False)


def test_who_cannot_write_is_told_what_to_do_instead(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match=r"cannot be written .*; use another folder with --job"):
        Lock(tmp_path / "file/.lock").take(exclusive=True)
    with pytest.raises(JobError, match=r"cannot be written .*; use another place$"):
        Lock(tmp_path / "file/.lock", elsewhere="use another place").take(exclusive=True)
