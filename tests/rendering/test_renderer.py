"""Errors in threads reach the caller, and no thread outlives the call; results are in test_law."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from videostyle.errors import MediaError, VideostyleError
from videostyle.frames import FrameTask, Stylized
from videostyle.media.read.probe import probe
from videostyle.rendering import renderer
from videostyle.rendering.plan import RenderPlan, make_plan
from videostyle.rendering.store import Store
from videostyle.selection import Selection
from videostyle.settings import RenderSettings


class Gray:
    """Paints every frame gray, and counts."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]:
        self.batches.append(len(tasks))
        return [Stylized(np.full_like(task.content, 0.5), {"style": 1.0}, 1) for task in tasks]


@pytest.fixture
def plan(tmp_path: Path) -> RenderPlan:
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((4, 3, 2))))
    return make_plan(
        clip, [write_art(tmp_path / "a.png")], RenderSettings(), known(4, 3, 2), Selection.whole(clip), "w"
    )


def render(plan: RenderPlan, folder: Path, stylizer: Gray, slots: int) -> Store:
    store = Store(folder)
    store.open(plan.fingerprint, {})
    renderer.render(plan, store, stylizer, [], slots, lambda _: None, lambda _: None)
    return store


def test_slots_are_refilled_as_chunks_end(plan: RenderPlan, tmp_path: Path) -> None:
    gray = Gray()
    store = render(plan, tmp_path / "job", gray, 2)
    assert gray.batches == [2, 2, 2, 2, 1]  # chunks of 4, 3 and 2 frames, the third following the second
    assert all(store.has(frame) for frame in range(9))


def test_a_finished_job_costs_nothing(plan: RenderPlan, tmp_path: Path) -> None:
    render(plan, tmp_path / "job", Gray(), 1)
    again = Gray()
    render(plan, tmp_path / "job", again, 1)
    assert again.batches == []


@pytest.mark.parametrize("where", ["decode", "store"])
def test_errors_in_threads_reach_the_caller(
    where: str, plan: RenderPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise MediaError("gone")

    target = "videostyle.rendering.slot.decode" if where == "decode" else "videostyle.rendering.store.write_png"
    monkeypatch.setattr(target, broken)
    before = threading.active_count()
    with pytest.raises(VideostyleError, match="gone"):
        render(plan, tmp_path / "job", Gray(), 2)
    assert threading.active_count() == before


def test_no_thread_outlives_an_interruption(plan: RenderPlan, tmp_path: Path) -> None:
    class Stopped(Gray):
        def stylize(self, tasks: Sequence[FrameTask]) -> list[Stylized]:
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().stylize(tasks)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        render(plan, tmp_path / "job", Stopped(), 2)
    assert threading.active_count() == before
