"""What is carried through a chunk; tests/rendering/finish/test_finish.py has films made of it."""

from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Gray
from tests.rendering.jobs import opened, plan_of
from videostyle.frames import Clip, Motion, Painted, Pixels
from videostyle.media.read.probe import probe
from videostyle.motion.flow import estimate
from videostyle.paint.finish import Finish, FinishInput
from videostyle.paint.painter import OnStep
from videostyle.rendering.finish.carries import Carries
from videostyle.rendering.store.store import Store


class Chained(Finish):
    """Carries the numbers of all frames so far."""

    fingerprint = "chained"

    def __init__(self) -> None:
        self.worked: list[int] = []

    def carries(self, work: tuple[int, int], size: tuple[int, int]) -> bool:
        return True

    def sees(self, work: tuple[int, int]) -> tuple[int, int]:
        return work

    def carry(self, frame: FinishInput) -> bytes:
        self.worked.append(frame.index)
        assert (frame.motion is None) == (not frame.carry)
        return frame.carry + bytes([frame.index])

    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        return painted


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("carries") / "clip.mp4", moving_scenes((3, 6))))


@pytest.fixture
def store(clip: Clip, tmp_path: Path) -> Store:
    """Frames 3 to 7 of the second scene are painted."""
    store = opened(tmp_path / "job", plan_of(clip, (3, 6), picture__work=32), Gray())
    for frame in range(3, 8):
        store.save(frame, np.zeros((32, 40, 3), np.uint8), Painted(np.zeros((1, 1, 3), np.float32)))
    return store


def carries(clip: Clip, store: Store, finish: Chained) -> Carries:
    plan = plan_of(clip, (3, 6), picture__work=32)
    return Carries(plan, store, finish, plan.chunks[1])


def test_what_is_not_stored_is_worked_out_once(clip: Clip, store: Store) -> None:
    finish = Chained()
    with closing(carries(clip, store, finish)) as made:
        assert made.of(5) == bytes([3, 4, 5])
        assert made.of(6) == bytes([3, 4, 5, 6])
    assert finish.worked == [3, 4, 5, 6]
    with closing(carries(clip, store, finish)) as again:
        assert again.of(4) == bytes([3, 4])
        assert again.of(7) == bytes([3, 4, 5, 6, 7])
    assert finish.worked == [3, 4, 5, 6, 7]


def test_what_another_process_has_stored_is_used(clip: Clip, store: Store) -> None:
    finish = Chained()
    with closing(carries(clip, store, finish)) as made:
        made.of(3)
        store.save_carry(finish.fingerprint, 4, b"other")
        assert made.of(4) == b"other"
        assert made.of(5) == b"other" + bytes([5])
    assert finish.worked == [3, 5]


def test_the_clip_is_no_longer_read_once_the_motion_is_known(
    clip: Clip, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Mock(side_effect=estimate)
    monkeypatch.setattr("videostyle.rendering.finish.carries.estimate", asked)
    still = Motion(np.zeros((32, 40, 2), np.float32), np.ones((32, 40), np.float32))
    with closing(carries(clip, store, Chained())) as made:
        for frame, count in ((3, 0), (4, 1), (5, 1), (6, 2), (7, 2)):
            assert made.of(frame, still if frame in (5, 7) else None) == bytes(range(3, frame + 1))
            assert asked.call_count == count


def test_from_where_it_must_be_worked_out(clip: Clip, store: Store) -> None:
    made = carries(clip, store, Chained())
    assert made.known(6) == (0, b"")
    store.save_carry("chained", 4, b"four")
    assert made.known(6) == (2, b"four")
    assert made.known(4) == (2, b"four")
    assert made.known(3) == (0, b"")
