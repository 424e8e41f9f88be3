"""Rough estimates."""

from pathlib import Path

import pytest

from tests.painters import Gray
from videostyle.paint.painter import Painter
from videostyle.presets import Recipe
from videostyle.rendering.batch import estimates as module
from videostyle.rendering.batch.estimates import Estimates
from videostyle.rendering.request import Request
from videostyle.rendering.workers import count
from videostyle.rendering.workers.schedule import CROWD, START


def test_films_are_estimated_with_one_painter_for_each_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = list[Painter]()

    def load(*_: object) -> Painter:
        loaded.append(Gray())
        return loaded[-1]

    monkeypatch.setattr(module, "painter_for", load)
    known = Estimates(lambda _: None)
    recipe = Recipe("standard", {"backbone.name": "compact", "backbone.device": "cpu", "brush.amount": 0})
    assert known.rough(Request(folder / "clip.mp4", (folder / "art.png",), recipe)) == (27.0, "standard")
    request = Request(folder / "clip.mp4", (folder / "art.png",), Recipe("fine", recipe.values), frames="3:9")
    assert known.rough(request) == (10.0, "fine"), "with the frames before in the scene"
    assert len(loaded) == 1
    monkeypatch.setattr(module, "SCENE", 13)
    for cores, seconds in ((1, 28.0), (2, START + CROWD * 14)):
        monkeypatch.setattr(count, "cores", lambda cores=cores: cores)
        film = Request(folder / "clip.mp4", (folder / "art.png",), recipe)
        assert known.rough(film)[0] == pytest.approx(seconds), "with as many workers as the job will have"


def test_what_is_stored_costs_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from videostyle.rendering.job import prepare, run
    from videostyle.rendering.request import check

    monkeypatch.setattr(module, "painter_for", lambda *_: Gray())
    recipe = Recipe("standard", {"backbone.device": "cpu", "brush.amount": 0})
    request = Request(folder / "silent.mkv", (folder / "art.png",), recipe, output=folder / "film.mp4", keep_job=True)
    assert Estimates(lambda _: None).rough(request)[0] == 6.0
    run(prepare(check(request), Gray()))
    (folder / "film.mp4").unlink()
    assert Estimates(lambda _: None).rough(request) == (0.0, "standard")
    (folder / "film.mp4.job/frames/000003.png").unlink()
    assert Estimates(lambda _: None).rough(request)[0] == pytest.approx(6 / 5)


def test_films_share_the_workers(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "painter_for", lambda *_: Gray())
    recipe = Recipe("standard", {"backbone.device": "cpu", "brush.amount": 0})
    monkeypatch.setattr(module, "SCENE", 13)
    for cores, seconds in ((1, 34.0), (2, START + CROWD * 20)):
        monkeypatch.setattr(module, "cores", lambda cores=cores: cores)
        monkeypatch.setattr("videostyle.rendering.estimate.cores", lambda cores=cores: cores)
        known = Estimates(lambda _: None)
        assert known.whole() == 0
        for name in ("clip.mp4", "silent.mkv"):
            known.rough(Request(folder / name, (folder / "art.png",), recipe))
        assert known.whole() == pytest.approx(seconds), "the shorter one comes after a scene of the longer one"
