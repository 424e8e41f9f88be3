"""The job folder: whole frames or none, never another job's."""

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.rendering.jobs import record
from videostyle.errors import JobError, MediaError
from videostyle.frames import FrameRange, Painted, Pixels
from videostyle.rendering.plan.scan import Scan
from videostyle.rendering.store.store import Store

DONE = Painted(np.zeros((4, 4, 3), np.float32), {"content": 0.25, "style": 1 / 3}, 7, "because")
SCAN = Scan((FrameRange(0, 8), FrameRange(8, 9)), (4,))


def pixels(value: int) -> Pixels:
    return np.full((4, 5, 3), value, np.uint8)


def opened(folder: Path, plan: str = "abc", painter: str = "gray 1", alone: bool = False) -> Store:
    store = Store(folder)
    store.open(record(plan, painter), alone)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = opened(tmp_path / "job")
    yield made
    made.close()


def test_a_frame_comes_back_exactly_with_its_losses(store: Store) -> None:
    assert not store.has(3)
    store.save(3, pixels(9), DONE)
    assert store.has(3)
    np.testing.assert_array_equal(store.load(3, (5, 4)), pixels(9))
    assert store.losses(3) == {"content": 0.25, "style": 1 / 3}
    assert store.losses(4) == {}
    assert [path.name for path in (store.folder / "frames").iterdir()] == ["000003.png"], "one file for each frame"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_both_depths(dtype: type, store: Store) -> None:
    picture = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (6, 7, 3), dtype, endpoint=True)
    store.save(0, picture, DONE)
    loaded = store.load(0, (7, 6))
    assert loaded.dtype == dtype
    np.testing.assert_array_equal(loaded, picture)


def test_losses_that_are_not_finite_come_back(store: Store) -> None:
    store.save(3, pixels(9), Painted(DONE.picture, {"style": float("inf"), "content": float("nan")}))
    assert repr(store.losses(3)) == "{'style': inf, 'content': nan}"


def test_a_frame_without_its_losses_is_reported_because_the_next_one_needs_them(store: Store) -> None:
    from videostyle.media.stills import write_png

    write_png(store.folder / "frames/000003.png", pixels(9))
    assert store.has(3)
    with pytest.raises(JobError, match=r"000003\.png: damaged, its losses cannot be read; delete that file"):
        store.losses(3)


def test_half_a_frame_does_not_count(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    path = store.folder / "frames/000003.png"
    path.write_bytes(path.read_bytes()[:-5])
    assert not store.has(3)
    assert store.losses(3) == {}
    path.write_bytes(b"")
    assert not store.has(3)


def test_a_damaged_frame_is_reported_with_what_to_do(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    path = store.folder / "frames/000003.png"
    content = path.read_bytes()
    path.write_bytes(content[:30] + b"xxxx" + content[34:])
    with pytest.raises(JobError, match=r"000003\.png.*delete that file and run the same command again"):
        store.load(3, (5, 4))


def test_a_frame_of_another_size_is_reported(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    with pytest.raises(
        JobError, match=r"000003\.png: 5x4 px, 3 channels, but the job's frames are 50x40, 3 channels; delete that file"
    ):
        store.load(3, (50, 40))


def test_a_frame_that_cannot_be_written_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        JobError, match=r"\(the disk is full\); .*run the same command again to continue after the finished"
    ):
        store.save(3, pixels(9), DONE)
    assert not list((store.folder / "frames").iterdir())


def test_a_picture_that_cannot_be_encoded_is_the_jobs_error(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise MediaError("000003.png: cannot be written")

    monkeypatch.setattr("videostyle.rendering.store.store.write_png", failing)
    with pytest.raises(JobError, match="cannot be written; then run the same command again"):
        store.save(3, pixels(9), DONE)


def test_the_same_job_continues_and_another_is_refused(store: Store) -> None:
    opened(store.folder).close()
    with pytest.raises(
        JobError, match=r"holds frames of another clip, artwork, setting or version; use another folder"
    ):
        opened(store.folder, "other", "gray 1")
    with pytest.raises(JobError, match="another clip, artwork"):
        store.check("other")


def test_another_painter_has_its_own_message(store: Store) -> None:
    message = r"painted by another network, precision or kind of device \(gray\); use another folder with --job"
    with pytest.raises(JobError, match=message):
        opened(store.folder, "abc", "gray 2")
    store.check("abc")
    store.check("abc", "gray 1")
    with pytest.raises(JobError, match=message):
        store.check("abc", "gray 2")


def test_the_first_process_writes_the_plan_and_no_other(store: Store) -> None:
    path = store.folder / "plan.json"
    first = path.read_bytes()
    other = Store(store.folder)
    other.open(record(maker="another process"))
    other.close()
    assert path.read_bytes() == first
    assert json.loads(first)["fingerprint"] == "abc"
    assert store.record() == store.begun() == record()


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(JobError, match="neither empty nor a job folder; name a new folder with --job"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_file_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="a file, not a job folder; name a folder with --job"):
        Store(tmp_path / "file").check("abc")
    with pytest.raises(JobError, match="--job"):
        opened(tmp_path / "file" / "job")


def test_a_folder_without_a_plan_has_no_record(tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"not a job folder, it has no plan\.json"):
        Store(tmp_path / "none").record()
    assert Store(tmp_path / "none").begun() is None
    Store(tmp_path / "none").check("abc", "gray 1")


@pytest.mark.parametrize("content", ["[1]", "[", '{"format": 2}', '{"format": 99}'])
def test_a_plan_that_cannot_be_read_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    store = Store(tmp_path)
    for read in (lambda: opened(tmp_path), store.record, store.begun, lambda: store.check("abc")):
        with pytest.raises(JobError, match=r"plan\.json: damaged, or from another version .*; the frames next to it"):
            read()


def test_what_a_killed_process_began_can_be_continued(tmp_path: Path) -> None:
    (tmp_path / "job/frames").mkdir(parents=True)
    (tmp_path / "job/.plan.7-abc.json").write_text("{")
    opened(tmp_path / "job").close()


def test_what_is_carried_belongs_to_a_frame_and_a_finish(store: Store) -> None:
    assert store.carry("mean", 3) is None
    store.save_carry("mean", 3, b"\0\1")
    store.save_carry("mean", 4, b"")
    assert [store.carry("mean", frame) for frame in (3, 4, 5)] == [b"\0\1", b"", None]
    assert store.carry("other", 3) is None


def test_a_carry_that_cannot_be_written_is_reported(store: Store) -> None:
    (store.folder / "finish").write_text("in the way")
    with pytest.raises(JobError, match="cannot be written"):
        store.save_carry("mean", 3, b"")


@pytest.mark.parametrize("what", ["plan", "frame", "scan", "carry"])
def test_every_file_is_flushed_before_it_gets_its_name(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, Any]] = []
    fsync, replace, link = os.fsync, os.replace, os.link

    def flush(file: int) -> None:
        calls.append(("flush", os.fstat(file).st_ino))
        fsync(file)

    def rename(source: Path, target: Path) -> None:
        calls.append(("name", Path(source).stat().st_ino))
        replace(source, target)

    def name(source: Path, target: Path) -> None:
        calls.append(("name", Path(source).stat().st_ino))
        link(source, target)

    store = None if what == "plan" else opened(tmp_path / "job")
    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", rename)
    monkeypatch.setattr(os, "link", name)
    if store is None:
        store = opened(tmp_path / "job")
    elif what == "frame":
        store.save(3, pixels(9), DONE)
    elif what == "scan":
        store.save_scan("k", SCAN)
    else:
        store.save_carry("mean", 3, b"")
    store.close()
    (first, flushed), *named = calls
    assert first == "flush"
    assert named
    assert all(call == ("name", flushed) for call in named), "another file was flushed"
    assert not [path for path in (tmp_path / "job").rglob(".*") if path.name != ".lock"]


def test_nothing_is_left_of_a_job_that_failed_at_once(tmp_path: Path) -> None:
    store = opened(tmp_path / "job")
    store.save_scan("k", SCAN)
    store.discard_if_empty()
    assert not store.folder.exists()
    store.close()


def test_frames_are_never_thrown_away_after_a_failure(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    store.discard_if_empty()
    assert store.has(3)


def test_a_folder_that_was_there_before_stays(store: Store) -> None:
    later = opened(store.folder)
    later.discard_if_empty()
    later.close()
    assert store.folder.exists()


def test_a_finished_range_takes_its_own_frames_along(store: Store) -> None:
    for frame in (1, 2, 7):
        store.save(frame, pixels(9), DONE)
    store.remove([1, 2])
    assert [store.has(frame) for frame in (1, 2, 7)] == [False, False, True]
    store.remove([1, 2, 7])
    assert not store.folder.exists()


def test_what_finishes_carried_goes_with_its_frames(store: Store) -> None:
    for frame in (1, 7):
        store.save(frame, pixels(9), DONE)
        for finish in ("mean", "other"):
            store.save_carry(finish, frame, b"\1")
    store.remove([1])
    assert [store.carry(finish, frame) for finish in ("mean", "other") for frame in (1, 7)] == [None, b"\1"] * 2


def test_an_open_that_is_refused_leaves_the_folder_as_it_was(store: Store) -> None:
    before = sorted(store.folder.rglob("*"))
    for job in (("other", "gray 1"), ("abc", "gray 2")):
        with pytest.raises(JobError):
            opened(store.folder, *job)
    assert sorted(store.folder.rglob("*")) == before
