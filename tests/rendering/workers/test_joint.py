"""A painter that several jobs share."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Small
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.errors import OutOfMemoryError
from videostyle.events import Event, FrameDone
from videostyle.frames import FrameInput, FrameTask, Painted
from videostyle.media.read.probe import probe
from videostyle.paint.painter import OnStep, Painter
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.joint import Joint, Together


def nothing() -> None:
    """All jobs go on."""


@pytest.fixture
def plans(tmp_path: Path) -> list[RenderPlan]:
    """Two clips, of one scene and of two."""
    return [
        plan_of(probe(write_clip(tmp_path / f"{len(lengths)}.mp4", moving_scenes(lengths))), lengths)
        for lengths in ((5,), (6, 4))
    ]


def paint(
    joint: Joint, plans: Sequence[RenderPlan], folder: Path, on_event: Callable[[Event], object] = lambda _: None
) -> list[BaseException | None]:
    """Paint all of them at the same time; returns what has ended each early."""
    engines = [Together(joint) for _ in plans]
    for engine in engines:  # as if all had come that far at the same time
        joint.enter(engine, 1)

    def one(place: int) -> None:
        plan = plans[place]
        store = opened(folder / str(place), plan, joint.painter)
        try:
            for _ in render_chunks(plan, plan.chunks, store, engines[place], joint.painter.fingerprint, 2, on_event):
                pass
        finally:
            store.close()

    with ThreadPoolExecutor(len(plans)) as threads:
        return [future.exception() for future in [threads.submit(one, place) for place in range(len(plans))]]


def test_frames_of_several_jobs_are_one_batch_and_the_same_as_alone(plans: list[RenderPlan], tmp_path: Path) -> None:
    painter = Blend()
    joint = Joint(painter, 4, nothing)
    assert paint(joint, plans, tmp_path) == [None, None]
    assert painter.batches == [3, 3, 3, 3, 2, 1], "one scene, and two, until these end"
    assert joint.idle == 4, "nobody paints any more"
    for place, plan in enumerate(plans):
        rendered(plan, tmp_path / "alone" / str(place), Blend())
        assert frames_in(tmp_path / str(place)) == frames_in(tmp_path / "alone" / str(place))


def test_a_batch_is_never_larger_than_it_may_be(plans: list[RenderPlan], tmp_path: Path) -> None:
    painter = Blend()
    paint(Joint(painter, 2, nothing), plans, tmp_path)
    assert painter.batches[:4] == [2, 1, 2, 1]


def test_if_memory_runs_out_batches_become_smaller(plans: list[RenderPlan], tmp_path: Path) -> None:
    painter = Small(2)
    joint = Joint(painter, 4, nothing)
    assert paint(joint, plans, tmp_path) == [None, None]
    assert painter.batches[:3] == [3, 1, 1]
    assert joint.most == 1
    rendered(plans[1], tmp_path / "alone", Blend())
    assert frames_in(tmp_path / "1") == frames_in(tmp_path / "alone")


class Picky(Blend):
    """Cannot paint frames of a certain brightness."""

    def __init__(self, bad: float) -> None:
        super().__init__()
        self.bad = bad

    def task(self, frame: FrameInput) -> FrameTask:
        self.seen = float(frame.content.mean())
        return super().task(frame)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        if any(np.isclose(task.content.mean(), self.bad) for task in tasks):
            raise ValueError("too bright")
        return super().paint(tasks, on_step)


def test_an_error_is_that_of_the_job_whose_frame_it_was(plans: list[RenderPlan], tmp_path: Path) -> None:
    first = Picky(-1)
    rendered(plans[1], tmp_path / "alone", first)
    joint = Joint(Picky(first.seen), 4, nothing)
    none, error = paint(joint, plans, tmp_path)
    assert none is None
    assert isinstance(error, ValueError)
    assert len(frames_in(tmp_path / "0")) == 5


def test_a_frame_that_does_not_fit_alone_ends_its_job(plans: list[RenderPlan], tmp_path: Path) -> None:
    errors = paint(Joint(Small(0), 4, nothing), plans, tmp_path)
    assert [type(error) for error in errors] == [OutOfMemoryError] * 2


def test_a_job_that_is_stopped_holds_nobody_up(plans: list[RenderPlan], tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(event: Event) -> None:
        if isinstance(event, FrameDone) and (event.chunk, event.frame) == (6, 7):
            raise Enough

    joint = Joint(Blend(), 4, nothing)
    assert [type(error) for error in paint(joint, plans, tmp_path, stop)] == [type(None), Enough]
    assert (len(frames_in(tmp_path / "0")), joint.idle) == (5, 4)


def test_all_jobs_can_be_ended_while_a_batch_is_painted(plans: list[RenderPlan], tmp_path: Path) -> None:
    painter = Blend()

    def check() -> None:
        if len(painter.batches) > 2:
            raise KeyboardInterrupt

    errors = paint(Joint(painter, 4, check), plans, tmp_path)
    assert [type(error) for error in errors] == [KeyboardInterrupt] * 2
    assert len(painter.batches) < 8


def test_a_part_says_of_itself_what_the_painter_says() -> None:
    painter = Blend(1, 3)
    traits = {name: object() for name in Painter.__annotations__}
    for name, trait in traits.items():
        setattr(painter, name, trait)
    part: Painter = Together(Joint(painter, 4, nothing))._painter
    assert {name: getattr(part, name) for name in traits} == traits
    assert part.cost(64, 80) == painter.cost(64, 80)
    assert part.progress(0.5, 64, 80) == painter.progress(0.5, 64, 80)
