"""Several films of a night at once, with a painter that they share."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import videostyle as vs
from tests.painters import Blend
from tests.rendering.batch.clockwork import Clockwork
from tests.rendering.batch.pairs import packets_of, pictures_of, write_pair
from videostyle.events import ClipBegun, ClipDone, ClipTurn, Event, FilmDone, FrameDone
from videostyle.frames import FrameTask, Painted
from videostyle.paint.painter import Cost, OnStep
from videostyle.rendering.batch import estimates, night
from videostyle.rendering.batch.pace import Pace
from videostyle.rendering.workers.engine import Piece
from videostyle.rendering.workers.joint import Together
from videostyle.settings import RenderSettings


class Shared(Clockwork):
    """Holds four frames in a batch, and may wait before it paints."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return Cost(2.0, 1.0, usual_slots=4)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        assert len(tasks) <= 4
        assert self.gate.wait(60)
        return super().paint(tasks, on_step)


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Shared:
    """Paints every film; its clock is the batch's."""
    one = Shared()
    monkeypatch.setattr(estimates, "painter_for", lambda *_: one)
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: one)
    monkeypatch.setattr("videostyle.rendering.estimate.choose_workers", lambda *_: 1)
    monkeypatch.setattr(night, "Pace", partial(Pace, clock=lambda: one.now))
    return one


@pytest.fixture
def together(painter: Shared, monkeypatch: pytest.MonkeyPatch) -> Shared:
    """The painter, which waits until two clips are in flight."""
    given, give = list[Piece](), Together.give

    def counted(self: Together, piece: Piece) -> None:
        give(self, piece)
        given.append(piece)
        if len(given) > 1:
            painter.gate.set()

    painter.gate.clear()
    monkeypatch.setattr(Together, "give", counted)
    return painter


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    return write_pair(tmp_path)


def on_frame(act: Callable[[Event], object]) -> Callable[[Event], None]:
    """Act on frames only."""

    def heard(event: Event) -> None:
        if isinstance(event, FrameDone):
            act(event)

    return heard


def stop(_: Event) -> None:
    raise KeyboardInterrupt


def test_clips_of_one_scene_are_painted_in_one_batch_as_alone(jobs: Path, together: Shared) -> None:
    heard, threads = list[Event](), set[object]()
    done = vs.batch(jobs, on_event=lambda event: (heard.append(event), threads.add(threading.current_thread())))
    assert done.done == 2
    assert threads == {threading.main_thread()}
    assert 2 in together.batches
    alone = Blend()
    for name in ("one", "two"):
        film = jobs.parent / f"{name}_alone.mkv"
        options: dict[str, Any] = {"preset": "draft", "settings": {"brush.amount": 0, "picture.work": 0}}
        vs.stylize(jobs.parent / f"{name}.mkv", jobs.parent / "art.png", film, painter=alone, **options)
        made = jobs.parent / f"films/{name}.mkv"
        assert pictures_of(made) == pictures_of(film)
        assert packets_of(made) == packets_of(film)
    number, clips = 0, dict[int, list[int]]()
    for event in heard:
        if isinstance(event, ClipBegun | ClipTurn):
            number = event.number
        elif isinstance(event, FrameDone):
            clips.setdefault(number, []).append(event.frame)
    assert clips == {1: list(range(7)), 2: list(range(6))}, "events say whose they are"
    assert any(isinstance(event, ClipTurn) for event in heard)


def test_an_interruption_ends_all_and_the_same_call_goes_on(jobs: Path, together: Shared) -> None:
    with pytest.raises(KeyboardInterrupt):
        vs.batch(jobs, on_event=on_frame(stop))
    assert not list((jobs.parent / "films").glob("*.mkv"))
    stored = len(list((jobs.parent / "films").glob("*.job/frames/[0-9]*.png")))
    assert stored
    together.batches.clear()
    assert vs.batch(jobs).done == 2
    assert sum(together.batches) == 13 - stored


def test_when_the_time_is_up_all_are_left(jobs: Path, together: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "fits", lambda *_: True)

    def late(_: Event) -> None:
        together.now = 100.0

    heard, act = list[Event](), on_frame(late)
    done = vs.batch(jobs, budget="99s", on_event=lambda event: (heard.append(event), act(event)))
    assert done.left == 2
    texts = {event.text for event in heard if isinstance(event, ClipDone)}
    assert texts == {"the time was up; the frames that are finished are kept"}
    assert vs.batch(jobs).done == 2


@pytest.mark.usefixtures("together")
def test_a_clip_that_fails_stops_only_itself(jobs: Path) -> None:
    failed = list[int]()

    def fail(_: Event) -> None:
        if not failed:
            failed.append(1)
            raise ValueError("a bug")

    heard, act = list[Event](), on_frame(fail)
    done = vs.batch(jobs, on_event=lambda event: (heard.append(event), act(event)))
    assert (done.done, done.failed) == (1, 1)
    assert sorted(event.text for event in heard if isinstance(event, ClipDone)) == ["", "a bug"]
    assert vs.batch(jobs).done == 2


def test_a_clip_with_another_look_waits_for_those_in_flight(jobs: Path, painter: Shared) -> None:
    other = Shared()
    other.fingerprint = "another"
    text = jobs.read_text()
    jobs.write_text(text.replace('["one.mkv", "two.mkv"]', '"one.mkv"') + '[[job]]\nclips = "two.mkv"\nseed = 1\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("videostyle.rendering.job.painter_for", lambda *given: other if given[1].seed else painter)
        heard = list[Event]()
        assert vs.batch(jobs, on_event=heard.append).done == 2
    assert set(painter.batches) == set(other.batches) == {1}
    kinds = [type(event) for event in heard if isinstance(event, FilmDone | FrameDone)]
    assert kinds == [*[FrameDone] * 7, FilmDone, *[FrameDone] * 6, FilmDone]


def test_whether_a_clip_fits_counts_what_is_in_flight(jobs: Path, painter: Shared) -> None:
    """About eight seconds for the first clip, and seven for the second, but a second less is needed for each."""
    done = vs.batch(jobs, budget="12s")
    assert (done.done, done.left, painter.now) == (1, 1, 7.0), "it was not begun, and did not fit afterward"
    assert set(painter.batches) == {1}


def test_what_does_not_fit_beside_others_may_fit_after_them(jobs: Path, painter: Shared) -> None:
    done = vs.batch(jobs, budget="14s")
    assert (done.done, painter.now) == (2, 13.0)
    assert set(painter.batches) == {1}
