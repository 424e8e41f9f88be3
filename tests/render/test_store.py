"""The job folder: whole frames or none, never another job's."""

import json
from pathlib import Path

import numpy as np
import pytest

from videostyle.errors import JobError
from videostyle.frames import FrameRange, Stylized
from videostyle.render.plan import Scan
from videostyle.render.store import Store

DONE = Stylized(np.zeros((4, 4, 3), np.float32), {"content": 0.25, "style": 1 / 3}, 7, "because")


def pixels(value: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((4, 5, 3), value, np.uint8)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "job")
    made.open("abc", {"note": 1})
    return made


def test_a_frame_comes_back_exactly_with_its_losses(store: Store) -> None:
    assert not store.has(3)
    store.save(3, pixels(9), DONE)
    assert store.has(3)
    np.testing.assert_array_equal(store.load(3), pixels(9))
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
        store.load(3)


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
    assert store.folder.exists(), "it was there before"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="--job"):
        Store(tmp_path / "file" / "job").open("abc", {})
