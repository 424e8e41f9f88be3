"""The engine that paints in this process."""

import threading
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Stumbling
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.events import Event, FrameDone
from videostyle.media.read.probe import probe
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.inside import InProcess

SCENES = (4, 3)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RenderPlan:
    return plan_of(probe(write_clip(tmp_path_factory.mktemp("inside") / "clip.mp4", moving_scenes(SCENES))), SCENES)


@pytest.mark.parametrize("slots", [1, 2])
def test_it_paints_what_the_renderer_paints(slots: int, plan: RenderPlan, tmp_path: Path) -> None:
    plain, events = list[Event](), list[Event]()
    rendered(plan, tmp_path / "whole", Blend(), slots, plain.append)
    painter = Blend()
    store = opened(tmp_path / "job", plan, painter)
    with InProcess(painter) as engine:
        frames = list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, slots, events.append))
        again = list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, slots))
    store.close()
    assert frames_in(tmp_path / "job") == frames_in(tmp_path / "whole")
    assert sorted(done.frame for done in frames) == list(range(7))
    assert again == []
    assert max(painter.batches) == slots
    # when a frame is reported depends on how fast it is written
    assert sorted(type(event).__name__ for event in events) == sorted(type(event).__name__ for event in plain)
    assert [event for event in events if isinstance(event, FrameDone)] == frames


def test_an_interrupt_ends_its_threads(plan: RenderPlan, tmp_path: Path) -> None:
    painter, before = Stumbling(3), threading.active_count()
    store = opened(tmp_path / "job", plan, painter)
    with InProcess(painter) as engine, pytest.raises(KeyboardInterrupt):
        list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint))
    store.close()
    assert threading.active_count() == before
