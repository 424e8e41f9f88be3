"""Workers that live on from film to film of a batch."""

from pathlib import Path

import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_clip
from tests.painters import Blend
from videostyle.rendering.batch import estimates, night
from videostyle.rendering.workers.inside import InProcess
from videostyle.rendering.workers.processes import Processes

JOBS = """
[defaults]
styles = "art.png"
backbone.device = "cpu"
[[job]]
clips = ["clip.mp4", "silent.mkv", "third.mkv"]
"""


def test_films_have_the_same_workers_which_end_before_one_is_painted_here(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, counts = list[str](), [2, 2, 1]
    painter = Blend()
    write_clip(folder / "third.mkv", moving_scenes((5,)), codec="ffv1")

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

        def held(self) -> int:
            return 7

        def close(self) -> None:
            super().close()
            made.append("closed")

    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: painter)

    def choose(*given: object) -> int:
        made.append(f"{given[-1]} bytes held")
        return counts.pop(0)

    monkeypatch.setattr("videostyle.rendering.estimate.choose_workers", choose)
    monkeypatch.setattr(estimates.Estimates, "rough", lambda *_: (1.0, "draft"))
    monkeypatch.setattr(night, Processes.__name__, Pool)
    (folder / "jobs.toml").write_text(JOBS)
    assert vs.batch(folder / "jobs.toml").done == 3
    with_two = ["begun with 2", "set to 2", "7 bytes held", "set to 2", "7 bytes held"]
    assert made == ["0 bytes held", *with_two, "closed"], "before the third film, and not at the end only"
