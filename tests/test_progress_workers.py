"""What the user sees of jobs with several workers."""

from dataclasses import replace

import pytest

from tests.test_progress import PLANNED
from videostyle.events import Planned
from videostyle.progress import Progress, side_by_side

SHARED = replace(PLANNED, slots=1, workers=3, bytes=2_400_000_000, bytes_per_worker=800_000_000)


@pytest.mark.parametrize(
    ("planned", "text"),
    [
        (replace(PLANNED, slots=1), "1 scene at a time"),
        (SHARED, "3 workers"),
        (replace(SHARED, slots=4), "3 workers with 4 scenes at a time each"),
    ],
)
def test_how_many_scenes_are_painted_at_the_same_time(planned: Planned, text: str) -> None:
    assert side_by_side(planned) == text


def test_the_plan_says_how_many_workers_and_their_memory(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(dry=True)(SHARED)
    lines = capsys.readouterr().err
    assert "On cpu, 3 workers: about 12 min, 2.40 GB on top of the program's own memory (0.80 GB per worker)" in lines
    assert "held up" not in lines


def test_the_plan_names_the_scenes_that_hold_it_up(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(dry=True)(replace(SHARED, slowest={"6:9": 240.0, "0:6": 100.0}))
    assert "held up by frames 6:9 (4 min), 0:6 (2 min): more workers" in capsys.readouterr().err
