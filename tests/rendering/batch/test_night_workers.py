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
    made: list[str] = []
    painter = Blend()

    class Pool(InProcess):
        """Takes the place of worker processes, but paints one piece at a time."""

        def __init__(self, workers: int) -> None:
            super().__init__(painter)
            made.append(f"begun with {workers}")

        def __setattr__(self, name: str, value: object) -> None:
            if name == "workers":
                made.append(f"set to {value}")
            else:
                super().__setattr__(name, value)

        def close(self) -> None:
            super().close()
            made.append("closed")

    monkeypatch.setattr(estimates, "painter_for", lambda *_: painter)
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: painter)
    monkeypatch.setattr("videostyle.rendering.estimate.choose_workers", lambda *_: 2)
    monkeypatch.setattr(night, Processes.__name__, Pool)
    (folder / "jobs.toml").write_text(JOBS)
    assert vs.batch(folder / "jobs.toml").done == 2
    assert made == ["begun with 2", "set to 2", "set to 2", "closed"]
