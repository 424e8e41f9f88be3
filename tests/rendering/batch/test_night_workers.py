"""Workers that live on from film to film of a batch."""

from pathlib import Path

import pytest

import videostyle as vs
from tests.painters import Blend
from videostyle.rendering.batch import estimates, night
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.processes import Processes

JOBS = """
[defaults]
styles = "art.png"
backbone.device = "cpu"
[[job]]
clips = ["clip.mp4", "silent.mkv"]
"""


def test_all_films_have_the_same_workers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, int]] = []
    painter = Blend()

    class Pool(InProcess):
        """Takes the place of worker processes."""

        def __init__(self, workers: int) -> None:
            super().__init__(painter)
            made.append(("begun", workers))

        def close(self) -> None:
            super().close()
            made.append(("closed", self.workers))

    monkeypatch.setattr(estimates, "painter_for", lambda *_: painter)
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: painter)
    monkeypatch.setattr("videostyle.rendering.job.choose_workers", lambda *_: 2)
    monkeypatch.setattr(night, Processes.__name__, Pool)
    (folder / "jobs.toml").write_text(JOBS)
    assert vs.batch(folder / "jobs.toml").done == 2
    assert made == [("begun", 2), ("closed", 2)]
