"""The loop: batches, order, errors, threads, and the one law with a painter that needs no network."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray, Slow, Small, Stumbling
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.errors import MediaError, OutOfMemoryError, VideostyleError
from videostyle.events import Event, FrameDone, Iterated, Notice
from videostyle.frames import Clip, FrameInput, FrameTask, Painted, Picture
from videostyle.media.read.probe import probe
from videostyle.paint.painter import OnStep
from videostyle.rendering.chunk.laying import Laying
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.chunk.slot import Slot
from videostyle.rendering.plan.plan import RenderPlan

SCENES = (5, 3, 2)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("renderer") / "clip.mp4", moving_scenes(SCENES)))


@pytest.fixture
def plan(clip: Clip) -> RenderPlan:
    return plan_of(clip, SCENES)


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The full render, one frame at a time: what everything else must equal."""
    folder = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan_of(clip, SCENES), folder, Blend(1, 2))
    frames = frames_in(folder)
    assert list(frames) == list(range(10))
    assert len(set(frames.values())) == 10
    return frames


def test_slots_are_refilled_as_chunks_end(plan: RenderPlan, tmp_path: Path) -> None:
    gray = Gray()
    rendered(plan, tmp_path / "job", gray, 2)
    assert gray.batches == [2, 2, 2, 2, 2]  # chunks of 5, 3 and 2 frames, the third following the second
    assert list(frames_in(tmp_path / "job")) == list(range(10))


def test_a_finished_job_costs_nothing(plan: RenderPlan, tmp_path: Path) -> None:
    rendered(plan, tmp_path / "job", Gray(), 1)
    again = Gray()
    assert rendered(plan, tmp_path / "job", again, 1) == []
    assert again.batches == []


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_each_frame_is_given_out_once_and_when_it_is_on_disk(slots: int, plan: RenderPlan, tmp_path: Path) -> None:
    painter, seen = Blend(), []
    store, events = opened(tmp_path / "job", plan, painter), list[Event]()
    for one in render(plan, store, painter, slots, events.append):
        np.testing.assert_array_equal(store.load(one.index, plan.work), one.pixels)
        assert store.losses(one.index) == one.losses
        done = events[-1]
        assert isinstance(done, FrameDone)
        assert (done.frame, done.losses) == (one.index, one.losses)
        seen.append(done)
    store.close()
    assert sorted(done.frame for done in seen) == list(range(10))
    assert [done.chunk for done in sorted(seen, key=lambda done: done.frame)] == [0] * 5 + [5] * 3 + [8] * 2
    assert sorted(done.frame for done in seen if done.last) == [4, 7, 9]
    assert all(done.iterations == 1 and done.seconds > 0 for done in seen)


@pytest.mark.parametrize("part", [range(6, 8), range(3, 9), range(0, 1), range(9, 10)])
def test_a_range_equals_the_full_render(part: range, clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    rendered(plan_of(clip, SCENES, part), tmp_path / "job", Blend(1, 2), 2)
    first = max(start for start in (0, 5, 8) if start <= part.start)
    assert frames_in(tmp_path / "job") == {frame: whole[frame] for frame in range(first, part.stop)}


@pytest.mark.parametrize("slots", [2, 3, 8])
def test_slots_change_nothing(slots: int, plan: RenderPlan, whole: dict[int, str], tmp_path: Path) -> None:
    rendered(plan, tmp_path / "job", Blend(1, 2), slots)
    assert frames_in(tmp_path / "job") == whole


@pytest.mark.parametrize("seed", range(5))
def test_interruptions_change_nothing(seed: int, plan: RenderPlan, whole: dict[int, str], tmp_path: Path) -> None:
    painter, interrupted, threads = Stumbling(seed, 1, 2), 0, threading.active_count()
    while True:
        try:
            rendered(plan, tmp_path / "job", painter, slots=1 + seed % 3)
            break
        except KeyboardInterrupt:
            interrupted += 1
            assert threading.active_count() == threads
    assert interrupted
    assert frames_in(tmp_path / "job") == whole


def test_a_deleted_frame_comes_back_the_same(plan: RenderPlan, whole: dict[int, str], tmp_path: Path) -> None:
    rendered(plan, tmp_path / "job", Blend(1, 2))
    folder = tmp_path / "job/frames"
    for frame in (0, 2, 3, 8):
        (folder / f"{frame:06d}.png").unlink()
    (folder / "000006.png").write_bytes((folder / "000007.png").read_bytes()[:200])
    rendered(plan, tmp_path / "job", Blend(1, 2), 2)
    assert frames_in(tmp_path / "job") == whole


def test_closing_early_saves_what_was_painted_and_leaves_no_thread(plan: RenderPlan, tmp_path: Path) -> None:
    threads, gray = threading.active_count(), Gray()
    store = opened(tmp_path / "job", plan, gray)
    with closing(render(plan, store, gray, 2)) as frames:
        first = next(frames)
        assert threading.active_count() > threads
    assert threading.active_count() == threads
    assert first.index in frames_in(tmp_path / "job")
    assert len(frames_in(tmp_path / "job")) == sum(gray.batches)
    store.close()


def test_an_iterator_that_is_never_started_starts_nothing(plan: RenderPlan, tmp_path: Path) -> None:
    threads, gray = threading.active_count(), Gray()
    store = opened(tmp_path / "job", plan, gray)
    render(plan, store, gray, 2).close()
    assert (threading.active_count(), gray.batches) == (threads, [])
    store.close()


@pytest.mark.parametrize("where", ["decode", "write_png", "task"])
def test_errors_in_threads_reach_the_caller(
    where: str, plan: RenderPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MediaError("gone")

    room = {"decode": "videostyle.rendering.plan.contents", "write_png": "videostyle.rendering.store.store"}
    monkeypatch.setattr(f"{room[where]}.{where}" if where in room else "tests.painters.Gray.task", broken)
    threads = threading.active_count()
    with pytest.raises(VideostyleError, match="gone"):
        rendered(plan, tmp_path / "job", Gray(), 2)
    assert threading.active_count() == threads
    assert not frames_in(tmp_path / "job")


def test_one_failing_task_does_not_hide_behind_the_others(plan: RenderPlan, tmp_path: Path) -> None:
    class Unlucky(Slow):
        def task(self, frame: FrameInput) -> FrameTask:
            if frame.index == 5:
                raise ZeroDivisionError
            return super().task(frame)

    threads = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        rendered(plan, tmp_path / "job", Unlucky(0.05), 3)
    assert threading.active_count() == threads


def test_what_was_painted_before_an_interruption_is_saved(plan: RenderPlan, tmp_path: Path) -> None:
    class Stopped(Gray):
        def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().paint(tasks, on_step)

    threads = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        rendered(plan, tmp_path / "job", Stopped(), 2)
    assert threading.active_count() == threads
    assert list(frames_in(tmp_path / "job")) == [0, 1, 5, 6]


@pytest.mark.parametrize("part", [Laying, Slot])
def test_an_interrupt_while_it_ends_leaves_no_thread(
    part: type[Laying | Slot], plan: RenderPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close, threads = part.close, threading.active_count()

    def interrupted(self: Any) -> None:
        close(self)
        raise KeyboardInterrupt

    store, gray = opened(tmp_path / "job", plan, Gray()), Gray()
    frames = render(plan, store, gray, 2)
    next(frames)
    monkeypatch.setattr(part, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        frames.close()
    assert threading.active_count() == threads
    store.close()


@pytest.mark.parametrize(("cores", "slots"), [(8, 6), (8, 3), (3, 6)])
def test_tasks_of_a_batch_are_made_in_parallel(
    cores: int, slots: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    scenes = (1,) * 6
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes(scenes)))
    others = threading.Barrier(min(slots, cores))

    class Together(Slow):
        def task(self, frame: FrameInput) -> FrameTask:
            others.wait(60)
            return super().task(frame)

    together = Together(0.02)
    rendered(plan_of(clip, scenes), tmp_path / "job", together, slots)
    assert together.most <= min(slots, cores)


def test_a_device_that_is_too_small_gets_fewer_slots(plan: RenderPlan, whole: dict[int, str], tmp_path: Path) -> None:
    painter, events = Small(1), list[Event]()
    painter.reach = (1, 2)
    rendered(plan, tmp_path / "job", painter, 3, events.append)
    assert painter.batches == [3, *[1] * 10]
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert notice.text == "3 scenes at a time do not fit in the device's memory; continuing with 1"
    assert frames_in(tmp_path / "job") == whole


def test_slots_are_halved_until_they_fit(clip: Clip, tmp_path: Path) -> None:
    painter = Small(2)
    done = rendered(plan_of(clip, (2,) * 5), tmp_path / "job", painter, 5)
    assert painter.batches == [5, 2, 2, 2, 2, 1, 1]
    assert [one.index for one in done] == [0, 2, 1, 3, 4, 6, 5, 7, 8, 9], "chunks given up keep their order"


def test_a_device_that_holds_no_frame_at_all_is_an_error(plan: RenderPlan, tmp_path: Path) -> None:
    with pytest.raises(OutOfMemoryError, match="--size"):
        rendered(plan, tmp_path / "job", Small(0), 2)


def test_steps_within_a_batch_are_reported(clip: Clip, tmp_path: Path) -> None:
    events: list[Event] = []
    rendered(plan_of(clip, SCENES, range(8, 10)), tmp_path / "job", Gray(), 2, events.append)
    assert [event for event in events if isinstance(event, Iterated)] == [Iterated(1, 2), Iterated(2, 2)] * 2


class Careless(Gray):
    """Returns pictures that break the contract of painters."""

    name = "careless"

    def __init__(self, make: Callable[[Picture], Picture]) -> None:
        super().__init__()
        self.make = make

    def picture(self, task: FrameTask) -> Painted:
        return Painted(self.make(super().picture(task).picture), {"style": 1.0}, 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda picture: picture[:-1], r"painter careless must return pictures of shapes \[\(64, 80, 3\)"),
        (lambda picture: picture[..., 0], r"painter careless must return pictures of shapes \[\(64, 80, 3\)"),
        (lambda picture: picture * np.float32("nan"), r"painter careless must return finite floats in 0\.\.1"),
        (lambda picture: picture * np.float32("inf"), r"painter careless must return finite floats in 0\.\.1"),
        (lambda picture: (picture * 255).astype(np.uint8), r"painter careless must return finite floats in 0\.\.1"),
    ],
    ids=["height", "gray", "nan", "infinite", "bytes"],
)
def test_pictures_that_break_the_contract_are_refused_and_not_stored(
    make: Callable[[Picture], Picture], message: str, plan: RenderPlan, tmp_path: Path
) -> None:
    threads = threading.active_count()
    with pytest.raises(ValueError, match=message):
        rendered(plan, tmp_path / "job", Careless(make), 2)
    assert threading.active_count() == threads
    assert not frames_in(tmp_path / "job")
