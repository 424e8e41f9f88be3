"""What every worker does."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.errors import JobError
from videostyle.events import ignore
from videostyle.paint.painter import Painter
from videostyle.presets import change
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers import worker
from videostyle.rendering.workers.engine import Commission, Piece
from videostyle.rendering.workers.worker import Worker

SCENES = (4, 3)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RenderPlan:
    return plan_of(probe_of(tmp_path_factory.mktemp("worker")), SCENES)


def probe_of(folder: Path):  # type: ignore[no-untyped-def]
    from videostyle.media.read.probe import probe

    return probe(write_clip(folder / "clip.mp4", moving_scenes(SCENES)))


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Painter]:
    """The painters that have been loaded."""
    made: list[Painter] = []

    def load(*_: object) -> Painter:
        made.append(Blend())
        return made[-1]

    monkeypatch.setattr(worker, "painter_for", load)
    return made


@pytest.fixture
def commission(plan: RenderPlan, tmp_path: Path) -> Commission:
    opened(tmp_path / "job", plan, Blend()).close()
    return Commission(plan, tmp_path / "job", Blend().fingerprint)


def test_it_paints_chunks_and_keeps_its_painter(
    loaded: list[Painter], commission: Commission, plan: RenderPlan, tmp_path: Path
) -> None:
    hand = Worker("a test")
    hand.paint(Piece(commission, plan.chunks[1:]), ignore)
    assert list(frames_in(tmp_path / "job")) == [4, 5, 6]
    hand.paint(Piece(replace(commission), plan.chunks), ignore)
    rendered(plan, tmp_path / "whole", Blend())
    assert frames_in(tmp_path / "job") == frames_in(tmp_path / "whole")
    assert len(loaded) == 1
    other = replace(plan, settings=change(plan.settings, {"style.weight": 3.0}))
    hand.paint(Piece(replace(commission, plan=other), plan.chunks), ignore)
    assert len(loaded) == 2, "for other settings"


def test_it_keeps_its_finish(
    loaded: list[Painter], commission: Commission, plan: RenderPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Mock(side_effect=finish_for)
    monkeypatch.setattr(worker, "finish_for", made)
    monkeypatch.setattr("videostyle.rendering.chunk.laying.finish_for", made)
    hand = Worker("a test")
    for chunk in plan.chunks:
        hand.paint(Piece(commission, (chunk,)), ignore)
    assert len(loaded) == made.call_count == 1


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (lambda commission: replace(commission, version="9.9"), "on node 3: has videostyle .*, but the job is of 9.9"),
        (
            lambda commission: replace(commission, painter=Gray().fingerprint),
            "on node 3: its network, .* differs from the job's",
        ),
    ],
    ids=["version", "painter"],
)
def test_a_worker_that_would_paint_something_else_is_refused(
    changed: Callable[[Commission], Commission], text: str, commission: Commission, plan: RenderPlan, tmp_path: Path
) -> None:
    with pytest.raises(JobError, match=text):
        Worker("the worker on node 3").paint(Piece(changed(commission), plan.chunks), ignore)
    assert frames_in(tmp_path / "job") == {}
