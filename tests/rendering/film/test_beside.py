"""The film is written while its frames are painted; whatever ends early leaves no film, no thread, and one error."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Gray
from tests.rendering.jobs import opened, plan_of
from videostyle.errors import MediaError, SettingsError
from videostyle.events import Event, FrameDone, FrameWritten
from videostyle.frames import Painted
from videostyle.media.read.probe import probe
from videostyle.media.write import film as written
from videostyle.rendering.film import beside
from videostyle.rendering.film.beside import written_beside
from videostyle.rendering.film.film import StoredFilm
from videostyle.rendering.finish.arrivals import Arrivals, Stopped

SCENES = (6, 5)


@pytest.fixture
def film(tmp_path: Path) -> StoredFilm:
    """Of a job whose first two frames are painted."""
    (tmp_path / "film").mkdir()
    plan = plan_of(probe(write_clip(tmp_path / "clip.mp4", moving_scenes(SCENES))), SCENES)
    made = StoredFilm(plan, opened(tmp_path / "job", plan, Gray()), tmp_path / "film/film.mkv")
    for frame in (0, 1):
        paint(made, frame)
    return made


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def paint(film: StoredFilm, frame: int) -> FrameDone:
    pixels = np.full((64, 80, 3), 20 * frame, np.uint8)
    film.store.save(frame, pixels, Painted(np.zeros((1, 1, 3), np.float32)))
    return FrameDone(0, frame, {}, 1, 0.1)


def free() -> None:
    pass


def files(film: StoredFilm) -> list[str]:
    return sorted(path.name for path in film.output.parent.iterdir())


def until(happened: Callable[[], bool]) -> None:
    ready = threading.Event()
    for _ in range(500):
        if happened():
            return
        ready.wait(0.01)
    raise AssertionError("it did not happen")


def test_frames_are_written_in_order_while_others_are_painted(film: StoredFilm) -> None:
    events: list[Event] = []
    with written_beside(film, free, events.append) as follow:
        for frame in (6, 7, 2, 3, 4, 5):
            follow(paint(film, frame))
        assert not film.output.exists()
        for frame in range(8, 11):
            follow(paint(film, frame))
    assert [event.frame for event in events if isinstance(event, FrameWritten)] == list(range(11))
    assert sum(isinstance(event, FrameDone) for event in events) == 9
    assert files(film) == ["film.mkv"]
    assert probe(film.output).num_frames == 11


def test_events_come_in_the_callers_thread_and_before_the_end(film: StoredFilm) -> None:
    written: list[int] = []

    def see(event: Event) -> None:
        assert threading.current_thread() is threading.main_thread()
        if isinstance(event, FrameWritten):
            written.append(event.frame)

    with written_beside(film, free, see) as follow:
        for frame in range(2, 10):
            follow(paint(film, frame))

        def reported() -> bool:
            follow(FrameDone(0, 9, {}, 1, 0.1))
            return 3 in written

        until(reported)
        follow(paint(film, 10))
    assert written == list(range(11))


def test_a_frame_that_will_be_painted_again_is_not_written(film: StoredFilm) -> None:
    with written_beside(film, free, lambda _: None) as follow:
        for frame in range(2, 11):
            follow(FrameDone(0, frame, {}, 1, 0.1, passes_left=1))  # it is not even stored
        for frame in range(2, 11):
            follow(paint(film, frame))
    assert probe(film.output).num_frames == 11


def test_frames_that_another_process_painted_are_found_at_the_end(film: StoredFilm) -> None:
    with written_beside(film, free, lambda _: None) as follow:
        for frame in range(2, 11):
            done = paint(film, frame)
            if frame % 2:
                follow(done)
    assert probe(film.output).num_frames == 11


@pytest.mark.parametrize("error", [ValueError("no paint"), KeyboardInterrupt()], ids=["error", "Ctrl-C"])
@pytest.mark.parametrize("painted", [0, 5])
def test_an_error_while_painting_leaves_no_film(painted: int, error: BaseException, film: StoredFilm) -> None:
    def run() -> None:
        with written_beside(film, free, lambda _: None) as follow:
            for frame in range(2, 2 + painted):
                follow(paint(film, frame))
            raise error

    with pytest.raises(type(error)):
        run()
    assert not files(film)


def test_an_error_of_the_film_ends_painting_at_the_next_frame_and_is_raised_once(
    film: StoredFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = beside.make_film

    def full(*given: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("videostyle.media.write.film.Tracks.write", Mock(side_effect=MediaError("the disk is full")))
            try:
                real(*given)
            finally:
                failed.set()

    failed = threading.Event()
    monkeypatch.setattr(beside, "make_film", full)
    painted: list[int] = []

    def run() -> None:
        with written_beside(film, free, lambda _: None) as follow:
            assert failed.wait(5)
            threading.Event().wait(0.05)
            for frame in range(2, 11):
                follow(paint(film, frame))
                painted.append(frame)

    with pytest.raises(MediaError, match="the disk is full") as raised:
        run()
    assert not painted
    assert raised.value.__context__ is None
    assert not files(film)


def test_a_film_that_must_not_be_written_is_not_begun(film: StoredFilm) -> None:
    def taken() -> None:
        raise SettingsError("film.mkv exists")

    with pytest.raises(SettingsError, match="exists"), written_beside(film, taken, lambda _: None):
        raise AssertionError("painting began")
    assert not files(film)


def test_a_film_that_may_no_longer_be_written_does_not_appear(film: StoredFilm) -> None:
    def taken() -> None:
        if film.store.has(10):
            raise SettingsError("film.mkv exists")

    def run() -> None:
        with written_beside(film, taken, lambda _: None) as follow:
            for frame in range(2, 11):
                follow(paint(film, frame))

    with pytest.raises(SettingsError, match="exists"):
        run()
    assert not files(film)


def test_an_error_of_the_callback_ends_all(film: StoredFilm) -> None:
    def closed(_: Event) -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit), written_beside(film, free, closed) as follow:
        follow(paint(film, 2))
    assert not files(film)


class OutOfTime(BaseException):
    """What a batch raises from its callback."""


def ended_by(film: StoredFilm, error: BaseException, before: Callable[[], object]) -> None:
    """Make a film; the callback raises an error once the last frame has been written and something has happened."""

    def stopped(event: Event) -> None:
        if isinstance(event, FrameWritten) and event.frame == 10:
            before()
            raise error

    with written_beside(film, free, stopped) as follow:
        for frame in range(2, 11):
            follow(paint(film, frame))


@pytest.mark.parametrize("name", ["film.mkv", "film_%06d.png"])
def test_an_interrupt_while_the_rest_is_encoded_or_read_back_leaves_no_film(
    name: str, film: StoredFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, stopped = Arrivals.stop, threading.Event()
    flush = "write_folder" if name.endswith("png") else "check_written"
    real = getattr(written, flush)

    def told(arrivals: Arrivals) -> None:
        stop(arrivals)
        stopped.set()

    def late(*given: Any) -> None:
        if flush == "check_written":
            assert stopped.wait(5)
            real(*given)
        else:
            *given, ready = given
            real(*given, lambda files: (stopped.wait(5), ready(files)))

    monkeypatch.setattr(Arrivals, "stop", told)
    monkeypatch.setattr(written, flush, late)
    film = replace(film, output=film.output.with_name(name))
    with pytest.raises(KeyboardInterrupt):
        ended_by(film, KeyboardInterrupt(), lambda: None)
    assert not files(film)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutOfTime(), ValueError("closed")], ids=repr)
def test_nothing_ends_early_once_the_film_has_its_name(
    error: BaseException, film: StoredFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, named = beside.make_film, threading.Event()

    def make(*given: Any) -> None:
        real(*given)
        named.set()

    monkeypatch.setattr(beside, "make_film", make)
    ended_by(film, error, lambda: named.wait(5))
    assert probe(film.output).num_frames == 11


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX systems send signals to a thread")
def test_however_often_it_is_interrupted_the_thread_has_ended(
    film: StoredFilm, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []

    def make(_: StoredFilm, __: object, arrivals: Arrivals, *___: object) -> None:
        with suppress(Stopped):
            arrivals.wait(99)
        for _ in range(3):
            time.sleep(0.1)
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.2)
        ended.append(1)
        raise Stopped

    monkeypatch.setattr(beside, "make_film", make)
    with pytest.raises(KeyboardInterrupt), written_beside(film, free, Mock(side_effect=KeyboardInterrupt)) as follow:
        follow(paint(film, 2))
    assert ended
