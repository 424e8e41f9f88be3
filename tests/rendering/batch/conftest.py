"""A night of two clips."""

from functools import partial
from pathlib import Path

import pytest

from tests.rendering.batch.clockwork import JOBS, Clockwork
from videostyle.rendering.batch import estimates, night
from videostyle.rendering.batch.pace import Pace


@pytest.fixture
def painter(monkeypatch: pytest.MonkeyPatch) -> Clockwork:
    one = Clockwork()
    monkeypatch.setattr(estimates, "painter_for", lambda *_: one)
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: one)
    monkeypatch.setattr(
        "videostyle.rendering.estimate.choose_workers", lambda *_: 1
    )  # others would have another painter
    monkeypatch.setattr(night, "Pace", partial(Pace, clock=lambda: one.now))
    return one


@pytest.fixture
def jobs(folder: Path) -> Path:
    """A file of two clips, of 26 and 5 frames."""
    path = folder / "jobs.toml"
    path.write_text(JOBS)
    return path
