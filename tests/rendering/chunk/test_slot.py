"""What a painter is told about a frame."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import opened, plan_of
from videostyle.errors import JobError, MediaError
from videostyle.frames import Clip, Frame, FrameInput, FrameRange, FrameTask, Painted, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.motion.memory import Memory
from videostyle.paint.colors import Palette, match, mixed, palette_of
from videostyle.paint.painter import Painter
from videostyle.rendering.chunk.chain import Chain
from videostyle.rendering.chunk.slot import Slot
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store


class Listening(Blend):
    """Keeps what it is told about frames."""

    def __init__(self, *reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.told: list[FrameInput] = []

    def task(self, frame: FrameInput) -> FrameTask:
        self.told.append(frame)
        return super().task(frame)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("slot") / "clip.mp4", moving_scenes((8,))))


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job"


def slot(plan: RenderPlan, job: Path, painter: Gray) -> tuple[Slot, Store]:
    store = opened(job, plan, painter)
    return Slot(plan.chunks[0], plan, store, painter), store


def gray(plan: RenderPlan, value: int) -> Any:
    return np.full((plan.work[1], plan.work[0], 3), value, plan.clip.dtype)


def walk(plan: RenderPlan, job: Path, painter: Listening) -> list[FrameInput]:
    """Everything the painter is told, if frame i is painted in the gray 20 * i."""
    one, store = slot(plan, job, painter)
    while not one.finished:
        one.task()
        frame, losses = one.frame, {"mean": float(one.frame)}
        store.save(frame, gray(plan, 20 * frame), Painted(painter.told[-1].content, losses))
        one.accept(gray(plan, 20 * frame), losses)
    one.close()
    store.close()
    return painter.told


def test_the_first_frame_has_nothing_before_it(clip: Clip, job: Path) -> None:
    plan, painter = plan_of(clip, (8,)), Listening(1)
    one, _ = slot(plan, job, painter)
    task = one.task()
    assert one.task() is task, "asking twice is no step"
    (told,) = painter.told
    (frame,) = decode(clip, FrameRange(0, 1))
    np.testing.assert_array_equal(told.content, to_picture(frame.pixels))
    assert (told.index, told.first, told.earlier, told.losses_before) == (0, True, {}, {})
    one.close()


def test_every_frame_of_a_scene_gets_the_colors_of_the_painter_by_one_map(clip: Clip, job: Path) -> None:
    plain, painter = plan_of(clip, (8,)), Listening()
    frames = [to_picture(frame.pixels) for frame in decode(clip, clip.frames)]
    scene = mixed([palette_of(frame.pixels) for frame in decode(clip, clip.frames)])
    plan = replace(plain, scan=replace(plain.scan, palettes={0: scene}))
    painter.palette = Palette((0.3, 0.5, 0.6), ((0.01, 0.0, 0.0), (0.0, 0.02, 0.0), (0.0, 0.0, 0.01)))
    told = walk(plan, job, painter)
    recolor = match(scene, painter.palette)
    for frame, content in zip(told, frames, strict=True):
        np.testing.assert_array_equal(frame.content, recolor(content))
    assert np.abs(np.mean([frame.content for frame in told], (0, 1, 2)) - painter.palette.mean).max() < 0.05


def test_later_frames_see_the_painted_one_before_where_its_motion_is_trusted(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,)), job, Listening(1))
    assert [frame.index for frame in told] == list(range(8))
    for frame in told[1:]:
        assert not frame.first
        assert next(iter(frame.earlier)) == 1
        held = frame.earlier[1]
        assert np.abs(held.picture - 20 * (frame.index - 1) / 255).max() < 1e-5
        assert held.weight.shape == (64, 80)
        assert 0.2 < (held.weight == 1).mean() < 1, "what comes in from outside is not trusted"
        assert frame.losses_before == {"mean": (frame.index - 1) / 2}, "the median of all frames before"


def test_a_painter_gets_the_distances_it_reaches_as_far_as_there_are_frames(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,)), job, Listening(1, 2, 4))
    usual = [[distance for distance in frame.earlier if distance in (1, 2, 4)] for frame in told]
    assert usual == [[], [1], [1, 2], [1, 2], *[[1, 2, 4]] * 4]
    for frame in told:
        for distance, held in frame.earlier.items():
            assert np.abs(held.picture - 20 * (frame.index - distance) / 255).max() < 1e-5


def test_a_painter_that_reaches_no_earlier_frame_gets_none(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,)), job, Listening())
    assert all(not frame.earlier for frame in told)
    assert [frame.losses_before for frame in told] == [{}, *({"mean": frame / 2} for frame in range(7))]


def test_the_distances_reached_come_first(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,)), job, Listening(2))
    assert [list(frame.earlier)[:1] for frame in told[2:]] == [[2]] * 6, "in the order in which they claim pixels"
    assert np.abs(told[3].earlier[2].picture - 20 / 255).max() < 1e-5


def test_lost_frames_are_stepped_over(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,), lost=(0, 3, 4)), job, Listening(1, 2))
    assert [frame.index for frame in told] == [1, 2, 5, 6, 7]
    assert [frame.first for frame in told] == [True, False, False, False, False]
    assert np.abs(told[2].earlier[1].picture - 40 / 255).max() < 1e-5, "frame 2, the last one there was"
    assert np.abs(told[3].earlier[2].picture - 40 / 255).max() < 1e-5
    assert told[2].losses_before == {"mean": 1.5}


def test_a_frame_that_was_lost_and_can_be_read_now_stays_out(clip: Clip, job: Path) -> None:
    plan, painter = plan_of(clip, (8,), lost=(3,)), Listening(1)
    assert 3 not in [frame.index for frame in walk(plan, job, painter)]


def memories_of(plan: RenderPlan, painter: Painter) -> dict[int, Memory]:
    """What the paint of frames 0 to 5 was made for."""
    chain, memories = Chain(painter.reach, plan.settings.flow, painter.progress), {}
    for place, frame in enumerate(decode(plan.clip, FrameRange(0, 6), plan.work)):
        memories[place] = chain.link(place, frame).memory
        chain.add(place, frame, memories[place])
    return memories


@pytest.mark.parametrize("remembered", [False, True])
@pytest.mark.parametrize("reach", [(1,), (1, 2, 4)])
def test_stored_frames_are_skipped_and_give_the_same_inputs(
    reach: tuple[int, ...], remembered: bool, clip: Clip, tmp_path: Path
) -> None:
    plan = plan_of(clip, (8,))
    whole = walk(plan, tmp_path / "whole", Listening(*reach))
    painter = Listening(*reach)
    store = opened(tmp_path / "job", plan, painter)
    for frame in (0, 1, 2, 4, 5):
        store.save(frame, gray(plan, 20 * frame), Painted(whole[0].content, {"mean": float(frame)}))
    if remembered:  # by a process that was stopped; otherwise what their paint was made for is found out again
        for frame, memory in memories_of(plan, painter).items():
            store.save_memory(frame, memory)
    store.close()
    told = walk(plan, tmp_path / "job", painter)
    assert [frame.index for frame in told] == [3, 6, 7]
    for frame in told:
        reference = whole[frame.index]
        assert list(frame.earlier) == list(reference.earlier)
        assert frame.losses_before == reference.losses_before
        np.testing.assert_array_equal(frame.developed, reference.developed)
        np.testing.assert_array_equal(frame.content, reference.content)
        for distance, held in frame.earlier.items():
            np.testing.assert_array_equal(held.picture, reference.earlier[distance].picture)
            np.testing.assert_array_equal(held.weight, reference.earlier[distance].weight)


def test_a_stored_frame_of_the_wrong_size_is_an_error(clip: Clip, job: Path) -> None:
    plan, painter = plan_of(clip, (8,)), Listening(1)
    store = opened(job, plan, painter)
    store.save(0, np.zeros((4, 4, 3), np.uint8), Painted(np.zeros((4, 4, 3), np.float32)))
    one = Slot(plan.chunks[0], plan, store, painter)
    with pytest.raises(JobError, match=r"000000\.png: 4x4 px"):
        one.task()
    one.close()


@pytest.mark.parametrize("gone", [3, 7])
def test_no_frame_takes_the_place_of_one_that_can_no_longer_be_read(
    gone: int, clip: Clip, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*what: Any) -> Iterator[Frame]:
        return (frame for frame in decode(*what) if frame.index != gone)

    monkeypatch.setattr("videostyle.rendering.plan.contents.decode", failing)
    plan = plan_of(clip, (8,))
    one, _ = slot(plan, job, Listening(1))
    for frame in range(gone):
        assert one.frame == frame
        one.task()
        one.accept(gray(plan, 50), {})
    with pytest.raises(MediaError, match=f"frame {gone} could be read before and can no longer be read"):
        one.task()
    one.close()


def test_memories_are_kept_until_the_chunk_is_done(clip: Clip, job: Path) -> None:
    walk(plan_of(clip, (8,), range(3)), job, Listening(1))
    assert [path.name for path in sorted((job / "chain").iterdir())] == ["000000", "000001", "000002"]
    told = walk(plan_of(clip, (8,)), job, Listening(1))
    assert [frame.index for frame in told] == [3, 4, 5, 6, 7]
    assert not list((job / "chain").iterdir())


def test_a_range_ends_where_it_is_kept(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,), range(1, 3)), job, Listening(1))
    assert [frame.index for frame in told] == [0, 1, 2]


def test_frames_come_at_work_size(clip: Clip, job: Path) -> None:
    told = walk(plan_of(clip, (8,), picture__work=32), job, Listening(1))
    assert {frame.content.shape for frame in told} == {(32, 40, 3)}
    assert {held.weight.shape for frame in told for held in frame.earlier.values()} == {(32, 40)}
