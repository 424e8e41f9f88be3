"""Scenes that are painted several times, forward and backward in turn."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Stumbling
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.errors import JobError
from videostyle.events import Event, FrameDone
from videostyle.frames import Clip, Frame, FrameInput, FrameTask, Painted
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.rendering.chunk.passes import Held, next_pass, passed, passes_of
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.lock import Lock
from videostyle.rendering.store.store import Store

SCENES = (6, 5)
PIXEL = np.zeros((4, 4, 3), np.float32)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("passes") / "clip.mp4", moving_scenes(SCENES)))


def plan(clip: Clip, *parts: range, passes: int = 3, **values: Any) -> RenderPlan:
    return plan_of(clip, SCENES, *parts, temporal__passes=passes, **values)


class Counting(Blend):
    """Paints its n-th frame in a gray of n levels, and keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[FrameInput] = []

    def task(self, frame: FrameInput) -> FrameTask:
        self.told.append(frame)
        return super().task(frame)

    def picture(self, task: FrameTask) -> Painted:
        return Painted(np.full_like(task.content, len(self.told) / 255), {"mean": 1.0})


class Mixing(Stumbling):
    """Blends with the frame as it was before, too; interrupted at random."""

    def __init__(self, seed: int, chance: float = 0.0) -> None:
        super().__init__(seed)
        self.likely = chance

    def task(self, frame: FrameInput) -> FrameTask:
        task = super().task(frame)
        mixed = task.content if frame.own is None else 0.5 * task.content + 0.5 * frame.own
        return FrameTask(mixed, task.initial, task.held, task.first, task.losses_before)

    def paint(self, tasks: Any, on_step: Any = None) -> list[Painted]:
        if self.chance.random() < self.likely:
            raise KeyboardInterrupt
        return [self.picture(task) for task in tasks]


def save(store: Store, *frames: int) -> None:
    store.begin()
    for frame in frames:
        store.save(frame, np.zeros((4, 4, 3), np.uint8), Painted(PIXEL))


def test_passes_go_forward_and_backward_and_know_what_is_left(clip: Clip, tmp_path: Path) -> None:
    made, store = plan(clip), Store(tmp_path / "job")
    (scene, _) = made.chunks

    def todo() -> list[list[int]]:
        return [one.todo for one in passes_of(made, scene, store)]

    assert [one.order for one in passes_of(made, scene, store)] == [[*range(6)], [*range(5, -1, -1)], [*range(6)]]
    assert todo() == [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5]]
    assert not store.folder.exists(), "looking writes nothing"
    save(store.of_pass(1), *range(6))
    save(store.of_pass(2), 5, 4)
    assert todo() == [[], [3, 2, 1, 0], [0, 1, 2, 3, 4, 5]]
    assert (next_pass(made, scene, store).todo, passed(made, store)) == ([3, 2, 1, 0], 8)
    store.of_pass(1).drop([5, 4])
    assert todo()[0] == [], "nothing needs them again"
    save(store.of_pass(2), 3, 2, 1, 0)
    assert (next_pass(made, scene, store).left, passed(made, store)) == (0, 12)
    save(store, *range(6))
    assert next_pass(made, scene, store).todo == []
    assert not [*tmp_path.glob("job/passes/*/*/*")]
    (tmp_path / "job/frames/000002.png").unlink()
    assert todo() == [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2], [2]], "as far as it is needed"


def test_a_frame_is_told_how_it_was_painted_and_hangs_on_its_neighbor_in_the_pass(clip: Clip, tmp_path: Path) -> None:
    painter, events = Counting(), list[Event]()
    made = plan(clip, range(6))
    frames = rendered(made, tmp_path / "job", painter, on_event=events.append)
    assert [told.index for told in painter.told] == [*range(6), *range(5, -1, -1), *range(6)]
    assert [told.first for told in painter.told] == [True] + 17 * [False]
    grays = {told: number for number, told in enumerate(painter.told, start=1)}
    before: dict[int, int] = {}
    for number, (told, gray) in enumerate(grays.items()):
        if number < 6:
            assert told.own is None
        else:
            assert told.own is not None
            np.testing.assert_allclose(told.own, before[told.index] / 255, atol=1e-6)
        if number % 6:
            neighbor = told.earlier[1]
            assert np.abs(255 * neighbor.picture - (gray - 1)).max() < 1e-3
            assert neighbor.weight.mean() > 0.5, "along the motion of this pass"
        before[told.index] = gray
    assert [frame.index for frame in frames] == [*range(6)], "given out once"
    done = [event for event in events if isinstance(event, FrameDone)]
    assert [event.passes_left for event in done] == [2] * 6 + [1] * 6 + [0] * 6
    assert [event.last for event in done] == [False] * 17 + [True]


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    folder = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan(clip), folder, Mixing(0))
    assert not [*folder.glob("passes/*/*/*")], "gone when the scene is done"
    return frames_in(folder)


@pytest.mark.parametrize("part", [range(3, 4), range(5, 7)])
def test_a_range_is_the_full_renders_and_needs_whole_scenes(
    part: range, clip: Clip, whole: dict[int, str], tmp_path: Path
) -> None:
    made = plan(clip, part)
    assert made.to_render == tuple(range(6 if part.stop < 6 else 11))
    rendered(made, tmp_path / "job", Mixing(0), slots=2)
    assert frames_in(tmp_path / "job") == {frame: whole[frame] for frame in made.to_render}


@pytest.mark.parametrize("slots", [1, 2])
def test_interruptions_and_deleted_frames_change_nothing(
    slots: int, clip: Clip, whole: dict[int, str], tmp_path: Path
) -> None:
    painter, interrupted = Mixing(slots, 0.15), 0
    while True:
        try:
            rendered(plan(clip), tmp_path / "job", painter, slots)
            break
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted
    assert frames_in(tmp_path / "job") == whole
    for frame in random.Random(slots).sample(range(11), 2):
        (tmp_path / f"job/frames/{frame:06d}.png").unlink()
    rendered(plan(clip), tmp_path / "job", Mixing(0))
    assert frames_in(tmp_path / "job") == whole


def test_a_job_with_frames_of_unfinished_passes_is_kept(clip: Clip, tmp_path: Path) -> None:
    made = plan(clip)
    store = opened(tmp_path / "job", made, Blend())
    save(store.of_pass(1), 0)
    store.discard_if_empty()
    store.remove([7])
    store.close()
    assert store.of_pass(1).has(0)
    store.of_pass(1).drop([0])
    store.remove([7])
    assert not store.folder.exists()


def test_only_one_process_paints_a_scene(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.store.lock.PAUSE", 0.001)
    first = render(plan(clip), opened(tmp_path / "job", plan(clip), Mixing(0)), Mixing(0), 1)
    next(first)
    with pytest.raises(JobError, match=r"passes/scene0: another process is using it .*only one can paint a scene"):
        rendered(plan(clip, range(3, 4)), tmp_path / "job", Mixing(0))
    rendered(plan(clip, range(6, 8)), tmp_path / "job", Mixing(0))
    assert len(list(first)) == 5, "the second scene is painted"
    rendered(plan(clip), tmp_path / "job", Mixing(0))
    assert frames_in(tmp_path / "job") == whole


def test_backward_passes_decode_block_by_block(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()

    def counting(*what: Any) -> Iterator[Frame]:
        asked.append(len(what[1]))
        return decode(*what)

    monkeypatch.setattr("videostyle.rendering.chunk.slot.BLOCK", 2)
    monkeypatch.setattr("videostyle.rendering.plan.contents.decode", counting)
    rendered(plan(clip), tmp_path / "job", Mixing(0))
    assert frames_in(tmp_path / "job") == whole
    assert asked == [6, 2, 2, 2, 6, 5, 2, 2, 1, 5]


def test_a_backward_pass_is_led_into_its_own_first_frame(clip: Clip, tmp_path: Path) -> None:
    made, painter = replace(plan_of(clip, (11,), temporal__passes=2), head=0), Counting()
    rendered(made, tmp_path / "job", painter)
    forward, backward = painter.told[:11], painter.told[11:]
    for told, begun in ((forward, 1), (backward, 12)):
        assert [min([0, *one.earlier]) for one in told] == [0, *range(-10, 0)]
        assert np.abs(255 * told[-1].earlier[-1].picture - begun).max() < 1e-3


def test_a_scene_that_cannot_be_released_keeps_no_other(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks, released, release = plan(clip).chunks, list[Lock](), Lock.release

    def fail(lock: Lock) -> None:
        release(lock)
        released.append(lock)
        raise OSError("no")

    monkeypatch.setattr(Lock, "release", fail)
    held = Held(plan(clip), Store(tmp_path / "job"))
    for chunk in chunks:
        held.take(chunk)
    with pytest.raises(OSError, match="no"):
        held.close()
    assert len(released) == len(chunks) > 1
