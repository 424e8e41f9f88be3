"""What paint was made for, in the job folder."""

from pathlib import Path

import numpy as np
import pytest

from tests.rendering.jobs import record
from videostyle.errors import JobError
from videostyle.frames import Painted
from videostyle.motion.memory import Memory
from videostyle.rendering.store.store import Store

DONE = Painted(np.zeros((4, 5, 3), np.float32))
SIZE = 5, 4


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "job")
    made.open(record())
    return made


def memory(value: int) -> Memory:
    return Memory(np.full((4, 5, 3), value, np.uint8), np.full((4, 5), value + 1, np.uint8))


def test_a_memory_comes_back_until_it_is_forgotten(store: Store) -> None:
    assert store.memory(3, SIZE) is None
    store.save_memory(3, memory(7))
    stored = store.memory(3, SIZE)
    assert stored is not None
    np.testing.assert_array_equal(stored.content, memory(7).content)
    np.testing.assert_array_equal(stored.developed, memory(7).developed)
    store.forget([3, 4])
    assert store.memory(3, SIZE) is None


def test_a_damaged_memory_is_as_if_it_were_missing(store: Store) -> None:
    store.save_memory(3, memory(7))
    (path,) = (store.folder / "chain").iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    assert store.memory(3, SIZE) is None


def test_memories_go_with_their_frames(store: Store) -> None:
    for frame in (1, 2):
        store.save(frame, np.zeros((4, 5, 3), np.uint8), DONE)
        store.save_memory(frame, memory(frame))
    store.remove([1])
    assert store.memory(1, SIZE) is None
    assert store.memory(2, SIZE) is not None
    store.remove([2])
    assert not store.folder.exists()


def test_a_memory_that_cannot_be_written_is_reported(store: Store) -> None:
    (store.folder / "chain").write_bytes(b"")
    with pytest.raises(JobError, match="cannot be written"):
        store.save_memory(3, memory(7))
