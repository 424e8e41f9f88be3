"""One signal ends the work after a step, two at once."""

import signal
from collections.abc import Callable, Iterator

import pytest

from videostyle.commands.stopping import SIGNALS, gently
from videostyle.events import BatchDone, ClipTurn, Event, FrameDone, Iterated, OnEvent

DONE = FrameDone(0, 1, {}, 1, 0.5)
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="only POSIX systems stop processes with signals")


@pytest.fixture
def heard() -> Iterator[list[Event]]:
    """Events, while no signal is ignored, as under nohup."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    yield []
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", sorted(SIGNALS))
def test_the_first_signal_ends_the_work_after_the_frame_in_flight(number: signal.Signals, heard: list[Event]) -> None:
    def work(on_event: OnEvent) -> None:
        on_event(Iterated(1, 2))
        signal.raise_signal(number)
        on_event(Iterated(2, 2))
        on_event(ClipTurn(2))
        on_event(DONE)
        pytest.fail("it went on")

    with pytest.raises(KeyboardInterrupt), gently(heard.append) as on_event:
        work(on_event)
    assert heard == [Iterated(1, 2), Iterated(2, 2), ClipTurn(2), DONE]


def test_the_second_one_ends_it_at_once(heard: list[Event], capfd: pytest.CaptureFixture[str]) -> None:
    with gently(heard.append):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
    assert "stopping after the frame in flight; once more to stop at once" in capfd.readouterr().err


def test_what_is_done_anyway_stays_done(heard: list[Event]) -> None:
    with gently(heard.append) as on_event:
        signal.raise_signal(signal.SIGINT)
        on_event(BatchDone(1, 0, 0, 1.0))
    assert len(heard) == 1


def test_signals_are_as_before_afterward_and_ignored_ones_stay_ignored(heard: list[Event]) -> None:
    before: Callable[..., object] = signal.getsignal(signal.SIGINT)  # type: ignore[assignment]
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with gently(heard.append) as on_event:
            signal.raise_signal(signal.SIGHUP)
            on_event(DONE)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, old)
    assert signal.getsignal(signal.SIGINT) is before
