"""The job folder: whole frames or none, never another job's."""

import errno
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from videostyle.errors import JobError, MediaError
from videostyle.frames import FrameRange, Stylized
from videostyle.rendering.plan import Scan
from videostyle.rendering.store import Store

DONE = Stylized(np.zeros((4, 4, 3), np.float32), {"content": 0.25, "style": 1 / 3}, 7, "because")


def pixels(value: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((4, 5, 3), value, np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "job")
    made.open("abc", {"note": 1})
    yield made
    made.close()


def test_a_frame_comes_back_exactly_with_its_losses(store: Store) -> None:
    assert not store.has(3)
    store.save(3, pixels(9), DONE)
    assert store.has(3)
    np.testing.assert_array_equal(store.load(3, (5, 4)), pixels(9))
    assert store.losses(3) == {"content": 0.25, "style": 1 / 3}
    assert store.losses(4) == {}
    names = sorted(path.name for path in (store.folder / "frames").iterdir())
    assert names == ["000003.json", "000003.png"]


def test_half_a_frame_is_none(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    path = store.folder / "frames/000003.png"
    path.write_bytes(path.read_bytes()[:-5])
    assert not store.has(3)
    path.write_bytes(b"")
    assert not store.has(3)


def test_a_damaged_frame_is_told_with_what_to_do(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    path = store.folder / "frames/000003.png"
    content = path.read_bytes()
    path.write_bytes(content[:30] + b"xxxx" + content[34:])
    with pytest.raises(JobError, match="delete that file"):
        store.load(3, (5, 4))


def test_a_frame_of_another_size_is_told(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    with pytest.raises(JobError, match=r"000003\.png: 5x4 px where the job's frames have 50x40; delete that file"):
        store.load(3, (50, 40))


def test_a_frame_that_cannot_be_written_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MediaError("000003.png: cannot be written, the disk is full; free some space or choose another folder")

    monkeypatch.setattr("videostyle.rendering.store.write_png", full)
    with pytest.raises(JobError, match=r"the disk is full; .*goes on with the frames that are done"):
        store.save(3, pixels(9), DONE)
    assert not list((store.folder / "frames").iterdir())


def test_the_same_job_goes_on_and_another_is_refused(store: Store) -> None:
    Store(store.folder).open("abc", {})
    with pytest.raises(JobError, match="another clip, style, setting"):
        Store(store.folder).open("other", {})


def test_a_folder_that_is_no_job_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(JobError, match="no job folder"):
        Store(tmp_path).open("abc", {})
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("content", ["", "[1]", "{", '{"format": 99}'])
def test_a_plan_that_cannot_be_read_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "plan.json").write_text(content)
    with pytest.raises(JobError, match=r"plan\.json"):
        Store(tmp_path).open("abc", {})


def test_a_stored_scan_is_used_for_the_same_clip_only(store: Store) -> None:
    store.open("abc", {"scan": {"key": "k", "scenes": [[4, 8], [8, 9]], "lost": [4]}})
    assert store.scan("k") == Scan((FrameRange(4, 8), FrameRange(8, 9)), (4,))
    assert store.scan("other") == Store(store.folder / "none").scan("k") == Scan((), ())
    assert json.loads((store.folder / "plan.json").read_text())["fingerprint"] == "abc"


def test_nothing_is_left_of_a_job_that_failed_at_once(tmp_path: Path) -> None:
    made = Store(tmp_path / "job")
    made.open("abc", {})
    made.discard_if_empty()
    assert not made.folder.exists()


def test_frames_are_never_thrown_away_after_a_failure(store: Store) -> None:
    store.save(3, pixels(9), DONE)
    store.discard_if_empty()
    assert store.has(3)
    later = Store(store.folder)
    later.open("abc", {})
    (store.folder / "frames/000003.png").unlink()
    later.discard_if_empty()
    later.close()
    assert store.folder.exists(), "it was there before"


HOLD = """
import sys
from pathlib import Path
from videostyle.rendering.store import Store
store = Store(Path(sys.argv[1]))
store.open("abc", {}, alone=sys.argv[2] == "alone")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("theirs", "ours", "fits"), [("shared", False, True), ("shared", True, False),
                                                      ("alone", False, False), ("alone", True, False)])  # fmt: skip
def test_a_folder_is_shared_only_by_processes_that_mean_to(theirs: str, ours: bool, fits: bool, tmp_path: Path) -> None:
    code = [sys.executable, "-c", HOLD, str(tmp_path / "job"), theirs]
    store = Store(tmp_path / "job")
    with subprocess.Popen(code, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "open\n"
        if fits:
            store.open("abc", {}, ours)
            store._created = True
            store.discard_if_empty()
            assert store.folder.exists(), "the other process is still in it"
        else:
            with pytest.raises(JobError, match="another process is at work in it"):
                store.open("abc", {}, ours)
        other.kill()  # and the system gives the folder free
    store.close()
    store.open("abc", {}, alone=True)
    store.close()


def test_a_file_system_without_locks_serves_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    store = Store(tmp_path / "job")
    store.open("abc", {})
    store.discard_if_empty()
    assert store.folder.exists(), "another process may be in it"
    store.close()


OPEN = """
import sys
from pathlib import Path
from videostyle.rendering.store import Store
for number in range(40):
    store = Store(Path(sys.argv[1]) / str(number))
    store.open("abc", {})
    store.discard_if_empty()
    store.close()
"""


def test_many_processes_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    code = [sys.executable, "-c", OPEN, str(tmp_path)]
    workers = [subprocess.Popen(code, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for worker in workers:
        assert worker.communicate()[1] == ""
        assert worker.returncode == 0


def test_a_finished_range_takes_its_own_frames_along(store: Store) -> None:
    for frame in (1, 2, 7):
        store.save(frame, pixels(9), DONE)
    store.remove([1, 2])
    assert [store.has(frame) for frame in (1, 2, 7)] == [False, False, True]
    store.remove([1, 2, 7])
    assert not store.folder.exists()


def test_what_a_killed_process_began_is_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "job/frames").mkdir(parents=True)
    (tmp_path / "job/.plan.7-abc.json").write_text("{")
    store = Store(tmp_path / "job")
    store.open("abc", {})
    store.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="--job"):
        Store(tmp_path / "file" / "job").open("abc", {})
