"""Job folders in odd states: links, foreign frames, nested JSON, values of NumPy."""

from pathlib import Path

import numpy as np
import pytest

from tests.rendering.jobs import record
from tests.rendering.store.test_store import DONE, opened, pixels
from videostyle.errors import JobError
from videostyle.frames import Painted
from videostyle.media.stills import write_png
from videostyle.rendering.plan.scan import NOTHING
from videostyle.rendering.store.store import Store

NESTED = "[" * 200_000


def test_a_folder_that_is_a_link_is_deleted_with_its_target(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "job").symlink_to(tmp_path / "disk")
    store = opened(tmp_path / "job")
    store.save(3, pixels(9), DONE)
    store.remove([3])
    store.close()
    assert not list(tmp_path.iterdir())


def test_a_frame_with_transparency_is_not_the_jobs(tmp_path: Path) -> None:
    store = opened(tmp_path / "job")
    write_png(store.folder / "frames/000003.png", np.zeros((4, 5, 4), np.uint8))
    with pytest.raises(JobError, match=r"000003\.png: 5x4 px, 4 channels.*delete that file"):
        store.load(3, (5, 4))
    store.close()


def test_losses_of_numpy_are_stored(tmp_path: Path) -> None:
    store = opened(tmp_path / "job")
    painted = Painted(np.zeros((4, 5, 3), np.float32), {"style": np.float32(0.5)}, np.int64(7))  # type: ignore[dict-item, arg-type]
    store.save(3, pixels(9), painted)
    assert store.losses(3) == {"style": 0.5}
    store.close()


def test_nested_json_is_damage_and_not_a_crash(tmp_path: Path) -> None:
    store = opened(tmp_path / "job")
    (store.folder / "scans").mkdir()
    (store.folder / "scans/0123456789abcdef.json").write_text(NESTED)
    assert store.scan("key") == NOTHING
    store.close()
    (store.folder / "plan.json").write_text(NESTED)
    with pytest.raises(JobError, match=r"plan\.json: damaged"):
        Store(tmp_path / "job").record()


def test_a_plan_that_a_power_failure_cut_off_before_the_first_frame_is_written_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "job")
    store.open(record())
    store.close()
    path = tmp_path / "job/plan.json"
    whole = path.read_bytes()
    for length in (0, 1, len(whole) - 1):
        path.write_bytes(whole[:length])
        store = Store(tmp_path / "job")
        store.open(record())
        store.close()
        assert path.read_bytes() == whole


@pytest.mark.parametrize("content", ["{}", "{\n}\n", "my plan", '{"format": 4'])
def test_a_plan_of_somebody_else_is_never_deleted(content: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(JobError, match=r"plan.json: damaged"):
        Store(tmp_path).begun()
    assert path.read_text() == content


def test_a_plan_that_is_cut_off_beside_frames_is_damaged(tmp_path: Path) -> None:
    store = Store(tmp_path / "job")
    store.open(record())
    (tmp_path / "job/frames/000000.png").touch()
    path = tmp_path / "job/plan.json"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(JobError, match=r"plan.json: damaged"):
        Store(tmp_path / "job").begun()
    store.close()


def test_frames_are_counted_and_a_whole_folder_is_deleted_with_its_unfinished_passes(tmp_path: Path) -> None:
    store = opened(tmp_path / "job")
    for one, frame in ((store, 3), (store, 5), (store.of_pass(1), 4)):
        one.begin()
        one.save(frame, pixels(9), DONE)
    assert store.count() == 2
    store.delete()
    store.close()
    assert not list(tmp_path.iterdir())
