"""How much time a batch has, and how long what is left will take."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from videostyle.errors import SettingsError

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MARGIN = 1.05
"""a film is begun only if this many times its estimate is left"""


def read_budget(text: str) -> float:
    """Seconds of a budget such as ``8h``, ``90min``, ``1h30m`` or ``2.5 h``. Raises SettingsError."""
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])(?:ec|econds?|in|inutes?|ours?|ays?)?", text.lower())
    whole = re.fullmatch(r"(\s*[0-9]+(\.[0-9]+)?\s*[smhd](ec|econds?|in|inutes?|ours?|ays?)?)+\s*", text.lower())
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if not whole or seconds <= 0:
        raise SettingsError(f"--budget {text}: wanted a time such as 8h, 90min, or 1h30m")
    return seconds


def read_until(text: str, now: datetime) -> float:
    """Seconds from now until a time of day such as ``07:30``, today or tomorrow. Raises SettingsError."""
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip())
    if not match:
        raise SettingsError(f"--until {text}: wanted a time of day such as 07:30")
    end = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
    end += timedelta(days=end <= now)
    return end.timestamp() - now.timestamp()  # the clocks may be changed in between


class Pace:
    """The time left, and estimates corrected by what the films so far have taken.

    budget: seconds from now on; 0: no limit. clock: the wall's, which does not stand still while a machine sleeps.
    """

    def __init__(self, budget: float, clock: Callable[[], float] = time.time) -> None:
        self._clock, self._begun, self.budget = clock, clock(), budget
        self._estimated: defaultdict[str, float] = defaultdict(float)
        self._measured: defaultdict[str, float] = defaultdict(float)

    @property
    def passed(self) -> float:
        """Seconds since the beginning."""
        return self._clock() - self._begun

    @property
    def left(self) -> float:
        """Seconds left; infinite without a budget."""
        return self.budget - self.passed if self.budget else float("inf")

    def took(self, preset: str, estimated: float, measured: float) -> None:
        """Learn from a finished film.

        estimated: what was expected when it was begun, with its share of the workers then (``Crew.seconds``), so that
        films that were painted at the same time count as such. measured: seconds from then until it was done.
        """
        self._estimated[preset] += estimated
        self._measured[preset] += measured

    def corrected(self, preset: str, estimated: float) -> float:
        """An estimate times what films of the preset, or else all films, have taken relative to theirs."""
        known = [preset] if self._estimated[preset] else list(self._estimated)
        before = sum(self._estimated[name] for name in known)
        return estimated * sum(self._measured[name] for name in known) / before if before else estimated

    def fits(self, preset: str, estimated: float) -> bool:
        """Whether there is time for a film."""
        return self.corrected(preset, estimated) * MARGIN <= self.left
