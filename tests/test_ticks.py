"""Lines of a log instead of a progress bar."""

import pytest

from videostyle.ticks import Ticks


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("videostyle.ticks.time", clock)
    return clock


def lines_of(clock: Clock, total: int, seconds: float, done: int = 0) -> list[str]:
    """The lines of so much work that takes so long each."""
    lines: list[str] = []
    ticks = Ticks(lines.append, total, "frame", done)
    for _ in range(total - done):
        clock.now += seconds
        ticks.update()
    ticks.close()
    return lines


def test_a_line_for_each_tenth(clock: Clock) -> None:
    lines = lines_of(clock, 1000, 0.5)
    assert lines[:2] == [
        "100 of 1000 frames in 50 s, about 8 min left",
        "200 of 1000 frames in 2 min, about 7 min left",
    ]
    assert len(lines) == 10
    assert lines[-1] == "1000 of 1000 frames in 8 min"


def test_fast_work_has_few_lines_and_slow_work_one_a_minute(clock: Clock) -> None:
    assert lines_of(clock, 1000, 0.001) == []
    assert [line.partition(" of")[0] for line in lines_of(clock, 20, 1.0)] == ["5", "11", "16"]
    assert len(lines_of(clock, 10_000, 2.0)) == pytest.approx(10_000 * 2 / 60, abs=15)


def test_what_was_done_before_takes_no_time(clock: Clock) -> None:
    assert lines_of(clock, 100, 6.0, done=80)[0] == "90 of 100 frames in 60 s, about 60 s left"


def test_a_download_counts_megabytes(clock: Clock) -> None:
    lines: list[str] = []
    for total in (0, 575_000_000):
        ticks = Ticks(lines.append, total, "B", title="vgg19")
        clock.now += 60
        ticks.update(115_000_000)
    assert lines == ["vgg19: 115 MB in 60 s", "vgg19: 115 of 575 MB in 60 s, about 4 min left"]
