"""Who paints the clips in flight, and whether there is room for another."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import write_art
from tests.painters import Blend
from videostyle.events import FrameDone
from videostyle.frames import Chunk
from videostyle.paint.painter import Cost
from videostyle.presets import Recipe
from videostyle.rendering.batch import crew as module
from videostyle.rendering.batch.crew import Crew, Flight, most_at_once
from videostyle.rendering.job import Prepared, prepare
from videostyle.rendering.request import Request, check
from videostyle.rendering.workers import count
from videostyle.rendering.workers.engine import Commission, Piece
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.joint import Together
from videostyle.rendering.workers.processes import Processes
from videostyle.rendering.workers.schedule import CROWD

GB = 1_000_000_000
Make = Callable[..., Prepared]


class Costly(Blend):
    """A second for each frame; a batch holds so many."""

    def __init__(self, slots: int = 1, name: str = "blend 1") -> None:
        super().__init__()
        self.slots, self.fingerprint = slots, name

    def cost(self, height: int, width: int, settings: object = None) -> Cost:
        return Cost(1.0, 1.0, 0, self.slots)


@pytest.fixture
def make(folder: Path) -> Make:
    """Prepare a clip of 26 frames for so many workers."""
    write_art(folder / "art.png")

    def made(workers: int, painter: Costly | None = None, name: str = "clip.mp4") -> Prepared:
        recipe = Recipe("draft", {"backbone.device": "cpu", "brush.amount": 0, "picture.work": 0})
        prepared = prepare(check(Request(folder / name, (folder / "art.png",), recipe)), painter or Costly())
        return replace(prepared, summary=replace(prepared.summary, workers=workers))

    return made


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew()
    yield crew
    crew.close()


def begun(flight: Flight) -> None:
    """As if it had given its chunks, which nobody paints."""
    assert isinstance(flight.engine, Processes | Together)
    flight.engine.begun = True


def test_one_that_paints_alone_has_no_room_beside_it(crew: Crew, make: Make) -> None:
    assert crew.has_room()
    flight = crew.begin(make(1))
    assert isinstance(flight.engine, InProcess)
    assert not crew.has_room()
    assert not crew.suits(make(1))
    crew.end(flight)
    assert crew.has_room()


def test_workers_are_shared_while_some_would_be_idle(crew: Crew, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first = crew.begin(make(2))
    assert not crew.has_room(), "its chunks are not given yet"
    begun(first)
    assert crew.has_room()
    assert crew.beside((3.0,)).workers == 2
    assert crew.suits(make(2))
    second = crew.begin(make(2))
    assert isinstance(second.engine, Processes)
    assert second.engine.workers == 2
    assert not crew.has_room()
    begun(second)
    monkeypatch.setattr(module.Pool, "idle", 0)
    assert not crew.has_room()
    crew.end(first)
    crew.end(second)
    assert crew.beside(()).workers == 0, "the next one has as many as it is worth"
    assert crew.beside((3.0,)).others == (3.0,)
    pool = crew._pool
    crew.begin(make(3))
    assert crew._pool is pool
    assert pool
    assert pool.workers == 3


def test_a_clip_is_painted_beside_others_if_memory_for_all_of_them_is_free(
    crew: Crew, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sized(size: int, finishing: int) -> Prepared:
        one = make(2)
        price = replace(one.price, finishing=replace(one.price.finishing, bytes_per_slot=finishing))
        return replace(one, price=price, summary=replace(one.summary, bytes=size))

    free = [0.0]
    monkeypatch.setattr(count, "free_bytes", lambda: free[0] / count.MEMORY_SHARE)
    crew.begin(sized(3 * GB, GB))
    for size, needed in ((2 * GB, 4 * GB), (5 * GB, 6 * GB)):  # workers for the larger one, and the other one's finish
        free[0] = 0.99 * needed
        assert not crew.suits(sized(size, GB))
        free[0] = 1.01 * needed
        assert crew.suits(sized(size, GB))


def test_idle_workers_end_before_a_clip_is_painted_without_them(crew: Crew, make: Make) -> None:
    crew.end(crew.begin(make(2)))
    assert crew._pool
    crew.begin(make(1))
    assert crew._pool is None


def test_a_painter_is_shared_by_clips_of_its_size_and_settings(crew: Crew, make: Make) -> None:
    first = crew.begin(make(1, painter := Costly(4)))
    assert isinstance(first.engine, Together)
    assert not crew.has_room()
    begun(first)
    assert crew.has_room()
    crew._joint.enter(first.engine, 4)  # type: ignore[union-attr]
    assert not crew.has_room(), "its batch is full"
    other = make(1, Costly(4))
    assert crew.suits(other)
    assert not crew.suits(make(1, Costly(4, "another")))
    smaller = replace(other, plan=replace(other.plan, work=(40, 32)))
    assert not crew.suits(smaller)
    seeded = replace(other.plan, settings=replace(other.plan.settings, seed=1))
    assert not crew.suits(replace(other, plan=seeded))
    artworks = tuple(replace(artwork, pixels=artwork.pixels[::-1]) for artwork in other.plan.artworks)
    assert not crew.suits(replace(other, plan=replace(other.plan, artworks=artworks)))
    before = first.expected
    second = crew.begin(other)
    assert second.prepared.painter is painter, "the other one is not kept"
    assert first.expected == pytest.approx(before + 26)
    assert second.expected == pytest.approx(other.summary.seconds + 26)
    assert crew.seconds(other) == pytest.approx(other.summary.seconds + 52)


def test_a_clip_has_to_wait_for_chunks_that_were_begun_before(crew: Crew, make: Make) -> None:
    alone = make(2)
    assert crew.seconds(alone) == alone.summary.seconds
    first = crew.begin(alone)
    assert len(alone.plan.chunks) == 2
    seconds = [CROWD * span for span in alone.price.chunks]
    assert crew.seconds(alone) == pytest.approx(max(alone.summary.seconds, sum(seconds)))
    second = crew.begin(make(2))
    assert second.expected == pytest.approx(sum(seconds))
    assert second.expected > second.prepared.summary.seconds, "it waits"
    crew.end(second)
    assert sum(first.rest()) == 26
    for frame in range(26):
        assert sum(first.rest()) == 26 - frame
        chunk: Chunk = next(chunk for chunk in alone.plan.chunks if frame in chunk.frames)
        first.hear(FrameDone(chunk.name, frame, {}, 1, 1.0))
    assert first.rest() == [0, 0]
    assert crew.seconds(alone) == alone.summary.seconds
    assert first.has_begun


def test_all_can_be_stopped(crew: Crew, make: Make) -> None:
    flight = crew.begin(make(2))
    crew.stop(InterruptedError)
    with pytest.raises(InterruptedError):
        flight.engine.wait(lambda *_: None)
    crew.end(flight)
    flight = crew.begin(make(1, Costly(4)))
    assert crew._joint
    crew._joint._check()
    crew.stop(InterruptedError)
    with pytest.raises(InterruptedError):
        crew._joint._check()


def test_there_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cores", lambda: 4)
    assert most_at_once() == 5


def test_a_piece_that_is_given_shows(crew: Crew, make: Make) -> None:
    flight = crew.begin(make(1, Costly(4)))
    plan = flight.prepared.plan
    assert not flight.has_begun
    flight.engine.give(Piece(Commission(plan, Path("job"), "blend 1", 4), plan.chunks))
    assert flight.has_begun
    assert crew._joint
    assert crew._joint.idle == 2
    flight.engine.abandon()
    assert crew._joint.idle == 4
