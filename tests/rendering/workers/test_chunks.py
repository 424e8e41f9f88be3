"""Dealing chunks: order, faults, and what is reported, with an engine whose workers take turns."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from tests.rendering.workers.engines import Fault, Turns
from videostyle.errors import DeviceError, JobError, OutOfMemoryError
from videostyle.events import Event, FrameDone, Iterated, Notice
from videostyle.frames import Clip
from videostyle.media.read.probe import probe
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.engine import Engine, Failed, Lost, Piece, Report

SCENES = (4, 3, 5, 2)
STARTS = [0, 4, 7, 12]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("chunks") / "clip.mp4", moving_scenes(SCENES)))


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    job = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan_of(clip, SCENES), job, Blend())
    return frames_in(job)


def painted(
    plan: RenderPlan, job: Path, engine: Engine, slots: int = 1, on_event: Callable[[Event], object] = lambda _: None
) -> list[FrameDone]:
    painter = Blend()
    store = opened(job, plan, painter)
    try:
        return list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, slots, on_event))
    finally:
        store.close()


@pytest.mark.parametrize("workers", [1, 2, 3, 9])
def test_any_number_of_workers_paints_the_same_frames(
    workers: int, clip: Clip, whole: dict[int, str], tmp_path: Path
) -> None:
    events: list[Event] = []
    engine = Turns(workers, Blend(), seed=workers)
    frames = painted(plan_of(clip, SCENES), tmp_path / "job", engine, on_event=events.append)
    assert frames_in(tmp_path / "job") == whole
    assert sorted(done.frame for done in frames) == list(range(14))
    assert [done for done in events if isinstance(done, FrameDone)] == frames
    assert sum(done.last for done in frames) == len(SCENES)
    assert engine.given == ([STARTS] if workers == 1 else [[start] for start in STARTS]), "in the clip's order"
    assert any(isinstance(event, Iterated) for event in events) == (workers == 1)


def test_only_what_is_missing_is_given(clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    plan, engine = plan_of(clip, SCENES), Turns(2, Blend())
    rendered(plan, tmp_path / "job", Blend())
    for frame in (5, 13):
        (tmp_path / f"job/frames/{frame:06d}.png").unlink()
    assert {done.frame for done in painted(plan, tmp_path / "job", engine)} == {5, 13}
    assert engine.given == [[4], [12]]
    assert frames_in(tmp_path / "job") == whole


def test_with_slots_a_piece_fills_them_and_pieces_shrink(tmp_path: Path) -> None:
    scenes = (2,) * 12
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes(scenes)))
    engine = Turns(2, Blend())
    painted(plan_of(clip, scenes), tmp_path / "job", engine, slots=2)
    assert [len(names) for names in engine.given] == [3, 2, 2, 2, 2, 1]
    assert [name for names in engine.given for name in names] == list(range(0, 24, 2))


def once(frame: int, report: Report) -> Fault:
    """The worker that paints a frame first meets this fault."""
    left = [report]

    def fault(_: Piece, event: Event) -> Report | None:
        return left.pop() if left and isinstance(event, FrameDone) and event.frame == frame else None

    return fault


@pytest.mark.parametrize("frame", [4, 5, 6])
def test_a_lost_worker_is_continued_and_every_frame_reported_once(
    frame: int, clip: Clip, whole: dict[int, str], tmp_path: Path
) -> None:
    engine = Turns(2, Blend(), once(frame, Lost("signal 9 ended it")))
    frames = painted(plan_of(clip, SCENES), tmp_path / "job", engine)
    assert frames_in(tmp_path / "job") == whole
    assert sorted(done.frame for done in frames) == list(range(14))
    assert [done.chunk for done in frames if done.last].count(4) == 1
    assert 1 <= engine.given.count([4]) <= 2, "twice unless all of its frames were stored"
    assert engine.workers == 2
    assert {done.frame: done.losses.keys() for done in frames}[frame] == {"mean"}


def test_what_a_worker_painted_twice_is_reported_once(clip: Clip, tmp_path: Path) -> None:
    twice = plan_of(clip, SCENES, temporal__passes=2)
    engine = Turns(2, Blend(), once(5, Lost("signal 9 ended it")))
    events: list[Event] = []
    frames = painted(twice, tmp_path / "job", engine, on_event=events.append)
    done = [(event.frame, event.passes_left) for event in events if isinstance(event, FrameDone)]
    assert len(done) == len(set(done))
    assert sorted(one.frame for one in frames) == list(range(14))


def test_a_piece_that_ends_every_worker_ends_the_render(clip: Clip, tmp_path: Path) -> None:
    class Deadly(Turns):
        def _paint(self, piece: Piece) -> Iterator[Report]:
            return iter([Lost("signal 11 ended it")]) if piece.chunks[0].name == 4 else super()._paint(piece)

    engine, plan = Deadly(2, Blend()), plan_of(clip, SCENES, range(4, 9))
    with pytest.raises(DeviceError, match=r"scene 4: 3 workers in a row were lost .* signal 11 ended it"):
        painted(plan, tmp_path / "job", engine)
    assert engine.given.count([4]) == 3


def test_workers_that_get_further_each_time_end_nothing(clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    lost: list[int] = []

    def fault(_: Piece, event: Event) -> Report | None:
        if isinstance(event, Iterated) and event.done == 2 and len(lost) < 9:
            lost.append(1)
            return Lost("its machine is gone") if len(lost) % 3 else None
        return None

    painted(plan_of(clip, SCENES), tmp_path / "job", Turns(2, Blend(), fault))
    assert len(lost) == 9
    assert frames_in(tmp_path / "job") == whole


@pytest.mark.parametrize(
    "report", [Lost("memory", for_memory=True), Failed(OutOfMemoryError("full")), Failed(MemoryError())]
)
def test_without_memory_fewer_workers_go_on(report: Report, clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    events: list[Event] = []
    engine = Turns(3, Blend(), once(5, report))
    painted(plan_of(clip, SCENES), tmp_path / "job", engine, on_event=events.append)
    (notice,) = [event.text for event in events if isinstance(event, Notice)]
    assert "memory" in notice
    assert notice.endswith("continuing with 2 workers")
    assert engine.workers == 2
    assert frames_in(tmp_path / "job") == whole


@pytest.mark.parametrize(("workers", "crowded"), [(1, True), (3, False)])
def test_an_error_is_raised_here_and_the_others_stop(workers: int, crowded: bool, clip: Clip, tmp_path: Path) -> None:
    engine = Turns(workers, Blend(), once(5, Failed(OutOfMemoryError("full; use --size"))))
    engine.crowded = crowded
    with pytest.raises(OutOfMemoryError, match="full; use --size"):
        painted(plan_of(clip, SCENES), tmp_path / "job", engine)
    assert bool(engine.abandoned) == (workers > 1)
    full = Turns(2, Blend(), once(13, Failed(JobError("disk full"))))
    with pytest.raises(JobError, match="disk full"):
        painted(plan_of(clip, SCENES), tmp_path / "job", full)


def test_closing_it_stops_the_workers(clip: Clip, tmp_path: Path) -> None:
    plan, engine = plan_of(clip, SCENES), Turns(2, Blend())
    store = opened(tmp_path / "job", plan, Blend())
    with closing(render_chunks(plan, plan.chunks, store, engine, Blend().fingerprint)) as frames:
        next(frames)
    assert engine.abandoned == [[0], [4]]
    store.close()


def test_the_end_waits_for_the_frame_that_it_is_led_into(tmp_path: Path) -> None:
    from tests.rendering.plan.test_loop import plan_of as looped
    from tests.rendering.plan.test_loop import ring

    pictures = ring(0, range(3)) + ring(1, range(9)) + ring(0, range(26, 30))
    plan = looped(probe(write_clip(tmp_path / "clip.mp4", pictures)))
    assert plan.head == 0
    rendered(plan, tmp_path / "whole", Blend())
    began: list[int] = []

    class Watched(Turns):
        def give(self, piece: Piece) -> None:
            super().give(piece)
            if piece.chunks[0].name == 12:
                began.append(len(frames_in(tmp_path / "job")))
                assert (tmp_path / "job/frames/000000.png").exists()

    painted(plan, tmp_path / "job", Watched(3, Blend()))
    assert began
    assert frames_in(tmp_path / "job") == frames_in(tmp_path / "whole")
