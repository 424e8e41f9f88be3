"""The film's frames are the same for any range and after any interruption, whatever a finish carries along."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Gray
from tests.rendering.jobs import opened, plan_of, settings
from videostyle.frames import Clip, Motion, Painted, Pixels
from videostyle.media.read.probe import probe
from videostyle.media.stills import resize
from videostyle.paint.finish import Finish, FinishInput
from videostyle.paint.painter import OnStep
from videostyle.rendering.finish.finish import ENLARGE, Enlarge, finish_for, finished
from videostyle.rendering.plan.plan import Artwork, RenderPlan
from videostyle.rendering.store.store import Store

SCENES = (13, 9)


class RunningMean(Finish):
    """Shows the mean of all painted frames of the scene so far."""

    def __init__(self, fingerprint: str = "mean 1") -> None:
        self.fingerprint = fingerprint
        self.calls: list[bool] = []
        """of every call: whether it is the first of a chunk"""

    def carries(self, work: tuple[int, int], size: tuple[int, int]) -> bool:
        return True

    def carry(self, frame: FinishInput) -> bytes:
        self.calls.append(not frame.carry)
        total = frame.painted.astype(np.uint32)
        count = 1
        if frame.carry:
            count += int.from_bytes(frame.carry[:4], "big")
            total += np.frombuffer(frame.carry[4:], np.uint32).reshape(frame.painted.shape)
        return count.to_bytes(4, "big") + total.tobytes()

    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        total = np.frombuffer(carry[4:], np.uint32).reshape(painted.shape)
        return resize((total // int.from_bytes(carry[:4], "big")).astype(painted.dtype), size)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("finish") / "clip.mp4", moving_scenes(SCENES)))


def plan(clip: Clip, *parts: range, lost: tuple[int, ...] = ()) -> RenderPlan:
    return plan_of(clip, SCENES, *parts, lost=lost, picture__work=32)


def paint(frame: int) -> Pixels:
    return np.random.default_rng(frame).integers(0, 256, (32, 40, 3), np.uint8)


@pytest.fixture
def store(clip: Clip, tmp_path: Path) -> Store:
    """A job folder in which all frames are painted."""
    made = opened(tmp_path / "job", plan(clip), Gray())
    for frame in range(sum(SCENES)):
        made.save(frame, paint(frame), Painted(np.zeros((1, 1, 3), np.float32)))
    made.close()
    return made


@pytest.fixture(scope="module")
def expected() -> dict[int, Pixels]:
    """The film, from the definition of the running mean."""
    film = {}
    for start, stop in ((0, 13), (13, 22)):
        for frame in range(start, stop):
            total = np.sum([paint(earlier) for earlier in range(start, frame + 1)], axis=0)
            film[frame] = resize((total // (frame + 1 - start)).astype(np.uint8), (80, 64))
    return film


def check(film: list[tuple[int, Pixels]], expected: dict[int, Pixels], frames: range) -> None:
    assert [frame for frame, _ in film] == list(frames)
    for frame, pixels in film:
        np.testing.assert_array_equal(pixels, expected[frame], err_msg=f"frame {frame}")


def test_painted_frames_are_enlarged_to_the_films_size(clip: Clip, store: Store) -> None:
    film = list(finished(plan(clip), store, Enlarge()))
    assert [frame for frame, _ in film] == list(range(22))
    for frame, pixels in film:
        np.testing.assert_array_equal(pixels, resize(paint(frame), (80, 64)))
    assert not (store.folder / "finish").exists(), "nothing is carried"


def test_painted_frames_of_the_films_size_are_left_alone(clip: Clip, tmp_path: Path) -> None:
    whole = plan_of(clip, SCENES, range(2, 3))
    store = opened(tmp_path / "other", whole, Gray())
    painted = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    store.save(2, painted, Painted(np.zeros((1, 1, 3), np.float32)))
    ((frame, pixels),) = finished(whole, store, Enlarge())
    assert frame == 2
    np.testing.assert_array_equal(pixels, painted)


def test_another_size_than_the_plans(clip: Clip, store: Store) -> None:
    film = finished(plan(clip, range(2, 3)), store, Enlarge(), (20, 16))
    assert [pixels.shape for _, pixels in film] == [(16, 20, 3)]


PARTS = [range(22), range(7, 11), range(13, 14), range(10, 16), range(21, 22), range(1, 21, 3), range(0, 13, 4)]


@pytest.mark.parametrize("part", PARTS, ids=str)
@pytest.mark.parametrize("before", [None, range(22), range(5, 9), range(0, 8, 3)], ids=str)
def test_any_range_after_any_other_gives_the_frames_of_the_whole(
    before: range | None, part: range, clip: Clip, store: Store, expected: dict[int, Pixels]
) -> None:
    if before:
        check(list(finished(plan(clip, before), store, RunningMean())), expected, before)
    check(list(finished(plan(clip, part), store, RunningMean())), expected, part)


def test_a_chunk_begins_with_nothing(clip: Clip, store: Store) -> None:
    mean = RunningMean()
    list(finished(plan(clip), store, mean))
    assert [place for place, first in enumerate(mean.calls) if first] == [0, 13]


def test_the_lead_in_is_not_finished_again(clip: Clip, store: Store) -> None:
    first, second = RunningMean(), RunningMean()
    list(finished(plan(clip, range(8, 10)), store, first))
    assert len(first.calls) == 10
    list(finished(plan(clip, range(9, 12)), store, second))
    assert len(second.calls) == 2, "10 and 11; what frame 9 carries is known"


@pytest.mark.parametrize("stop", [1, 8, 14, 20])
def test_a_film_that_was_interrupted_continues_the_same(
    stop: int, clip: Clip, store: Store, expected: dict[int, Pixels]
) -> None:
    begun = finished(plan(clip), store, RunningMean())
    check(list(itertools.islice(begun, stop)), expected, range(stop))
    begun.close()  # type: ignore[attr-defined]
    check(list(finished(plan(clip), store, RunningMean())), expected, range(22))


@pytest.mark.parametrize("gone", [range(22), range(1, 22, 2), (6, 7, 12)], ids=str)
def test_carries_that_were_deleted_change_nothing(
    gone: Sequence[int], clip: Clip, store: Store, expected: dict[int, Pixels]
) -> None:
    list(finished(plan(clip), store, RunningMean()))
    carries = [path for path in (store.folder / "finish").rglob("*") if path.is_file()]
    assert len(carries) == 22
    for path in carries:
        if int(path.name) in gone:
            path.unlink()
    check(list(finished(plan(clip, range(8, 20)), store, RunningMean())), expected, range(8, 20))


def test_what_is_carried_is_stored_before_the_frame_is_given_out(clip: Clip, store: Store) -> None:
    mean = RunningMean()
    for frame, _ in finished(plan(clip), store, mean):
        assert store.carry(mean.fingerprint, frame)


class Dimmed(RunningMean):
    """Another finish, which carries something else."""

    def carry(self, frame: FinishInput) -> bytes:
        return super().carry(replace(frame, painted=frame.painted // 2))


def test_another_finish_never_uses_what_was_carried(clip: Clip, store: Store, expected: dict[int, Pixels]) -> None:
    alone = list(finished(plan(clip, range(8, 20)), store, Dimmed("dimmed")))
    check(list(finished(plan(clip), store, RunningMean())), expected, range(22))
    assert len(list((store.folder / "finish").iterdir())) == 2
    again = finished(plan(clip, range(8, 20)), store, Dimmed("dimmed"))
    for (_, one), (_, other) in zip(alone, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_film_of_another_size_uses_what_was_carried(clip: Clip, store: Store) -> None:
    list(finished(plan(clip), store, RunningMean()))
    mean = RunningMean()
    film = list(finished(plan(clip, range(8, 20)), store, mean, (20, 16)))
    assert [pixels.shape for _, pixels in film] == [(16, 20, 3)] * 12
    assert not mean.calls


def test_lost_frames_are_left_out(clip: Clip, store: Store) -> None:
    film = list(finished(plan(clip, range(2, 6), lost=(0, 3)), store, RunningMean()))
    assert [frame for frame, _ in film] == [2, 4, 5]
    mean = (paint(1).astype(int) + paint(2)) // 2
    np.testing.assert_array_equal(film[0][1], resize(mean.astype(np.uint8), (80, 64)))


class Watching(RunningMean):
    """Asks for the clip's motion and keeps what it is given."""

    def __init__(self) -> None:
        super().__init__("watching")
        self.seen: list[tuple[int, Motion | None]] = []

    def sees(self, work: tuple[int, int]) -> tuple[int, int]:
        return work

    def carry(self, frame: FinishInput) -> bytes:
        self.seen.append((frame.index, frame.motion))
        return super().carry(frame)


def test_a_finish_gets_the_motion_since_the_frame_before_in_its_chunk(clip: Clip, store: Store) -> None:
    whole, later = Watching(), Watching()
    list(finished(plan(clip), store, whole))
    assert [frame for frame, motion in whole.seen if motion is None] == [0, 13]
    for path in (store.folder / "finish").rglob("*"):
        if path.name in ("000005", "000006", "000015"):
            path.unlink()
    list(finished(plan(clip, range(5, 7), range(15, 16)), store, later))
    assert [frame for frame, _ in later.seen] == [5, 6, 15], "earlier ones are stored"
    motions = dict(whole.seen)
    for frame, motion in later.seen:
        wanted = motions[frame]
        assert motion
        assert wanted
        assert motion.flow.shape == (32, 40, 2)
        np.testing.assert_array_equal(motion.flow, wanted.flow)
        np.testing.assert_array_equal(motion.consistency, wanted.consistency)


def test_motion_across_a_lost_frame_is_that_of_both_steps(clip: Clip, store: Store) -> None:
    watching = Watching()
    list(finished(plan(clip, range(2, 6), lost=(0, 3)), store, watching))
    assert [(frame, motion is None) for frame, motion in watching.seen] == [
        (1, True),
        (2, False),
        (4, False),
        (5, False),
    ]


def test_the_settings_choose_the_finish() -> None:
    artworks = [Artwork("art.png", paint(1))]
    assert finish_for(artworks, settings(brush__amount=0.0)) is ENLARGE
    assert finish_for((), settings(brush__amount=1.0, optimize__iterations=0)) is ENLARGE, "frames are not painted"
    assert finish_for(artworks, settings(brush__amount=1.0, backbone__device="cpu")).carries((64, 48), (128, 96))
