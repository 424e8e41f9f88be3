"""Time that is left, and estimates that learn."""

from datetime import datetime

import pytest

from videostyle.errors import SettingsError
from videostyle.rendering.batch.pace import Pace, read_budget, read_until


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8h", 28800), ("90min", 5400), ("1h30m", 5400), ("2.5 h", 9000), ("45 s", 45), ("1d", 86400), ("2 hours", 7200)],
)
def test_budgets(text: str, seconds: float) -> None:
    assert read_budget(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "h", "-1h", "0h", "8h x", "8 parsecs"])
def test_no_budgets(text: str) -> None:
    with pytest.raises(SettingsError, match="wanted a time such as 8h, 90min, or 1h30m"):
        read_budget(text)


def test_a_time_of_day_is_today_or_tomorrow() -> None:
    evening = datetime(2026, 11, 28, 22, 30).astimezone()
    assert read_until("07:30", evening) == 9 * 3600
    assert read_until("23:00", evening) == 1800
    assert read_until("22:30", evening) == 86400


@pytest.mark.parametrize("text", ["", "7", "24:00", "7:60", "07:30:00", "noon"])
def test_no_times_of_day(text: str) -> None:
    with pytest.raises(SettingsError, match="wanted a time of day such as 07:30"):
        read_until(text, datetime.now())


def test_estimates_are_corrected_by_what_films_have_taken() -> None:
    now = [100.0]
    pace = Pace(60.0, lambda: now[0])
    assert (pace.left, pace.passed) == (60.0, 0.0)
    assert pace.corrected("fine", 10.0) == 10.0
    pace.took("draft", 10.0, 5.0)
    assert pace.corrected("draft", 10.0) == 5.0
    assert pace.corrected("fine", 10.0) == 5.0, "from other presets, as long as nothing else is known"
    pace.took("fine", 10.0, 20.0)
    assert pace.corrected("fine", 10.0) == 20.0
    now[0] = 119.0
    assert pace.left == 41.0
    assert pace.fits("fine", 19.5)
    assert not pace.fits("fine", 20.5), "a margin is kept"


def test_without_a_budget_everything_fits() -> None:
    assert Pace(0.0).fits("fine", 1e9)
