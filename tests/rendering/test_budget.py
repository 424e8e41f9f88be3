"""The best that fits into a time."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from tests.painters import Gray
from videostyle.errors import JobError, SettingsError
from videostyle.events import Event, Notice
from videostyle.paint.painter import Cost
from videostyle.presets import Recipe
from videostyle.rendering.budget import prepare_within
from videostyle.rendering.job import estimate, prepare, run
from videostyle.rendering.request import Checked, Request, check
from videostyle.rendering.workers.schedule import CROWD, START
from videostyle.settings import RenderSettings

CLIP = (640, 400)


class Priced(Gray):
    """Costs a second for every iteration and million pixels."""

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        assert settings
        seconds = settings.optimize.iterations * height * width / 1e6
        return Cost(seconds, seconds)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_clip(tmp_path / "clip.mp4", moving_scenes((2,), *CLIP))
    write_art(tmp_path / "art.png")
    real = Priced.cost

    def cost(self: Priced, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return real(self, height, width, settings or RenderSettings())

    monkeypatch.setattr(Priced, "cost", cost)
    monkeypatch.setattr("videostyle.rendering.job.painter_for", lambda *_: Priced())
    return tmp_path


def checked(folder: Path, preset: str = "", **values: Any) -> Checked:
    values = {name.replace("__", "."): value for name, value in values.items()}
    recipe = Recipe(preset, {"backbone.device": "cpu", "brush.amount": 0.0, **values})
    return check(Request(folder / "clip.mp4", (folder / "art.png",), recipe, keep_job=True, overwrite=True))


def chosen(given: Checked, budget: float) -> tuple[str, tuple[int, int]]:
    prepared = prepare_within(given, budget)
    return prepared.plan.preset, prepared.plan.size


def test_with_time_enough_it_is_the_best_preset_at_the_clips_size(folder: Path) -> None:
    assert chosen(checked(folder), 1e6) == ("fine", CLIP)


def test_with_less_time_the_preset_and_then_the_size_give_way(folder: Path) -> None:
    found = [chosen(checked(folder), budget) for budget in (200, 60, 20, 10, 6, 5)]
    presets = [preset for preset, _ in found]
    assert presets == sorted(presets, key=["fine", "standard", "draft"].index)
    assert len(set(presets)) > 1
    sides = [size[1] for preset, size in found if preset == "draft"]
    assert sides == sorted(sides, reverse=True)
    assert all(size == CLIP for preset, size in found if preset != "draft")


def test_what_is_named_stays(folder: Path) -> None:
    preset, size = chosen(checked(folder, "standard"), 3)
    assert preset == "standard"
    assert size < CLIP
    with pytest.raises(SettingsError, match=r"--budget: even the fastest way takes about 4 s, more than 3 s"):
        prepare_within(checked(folder, "standard", picture__size=400), 3)


def test_it_is_said_before_it_starts(folder: Path) -> None:
    heard = list[Event]()
    prepared = prepare_within(checked(folder), 1e6, heard.append)
    said = [event.text for event in heard if isinstance(event, Notice)]
    assert said[-1].startswith("within 277.8 h: fine at 640x400, about ")
    assert len(said) == len(set(said)), "once"
    assert [notice.text for notice in prepared.notices] == said, "and again in the log"


def test_a_job_that_has_begun_goes_on_as_it_was(folder: Path) -> None:
    first = prepare_within(checked(folder, "standard"), 3)
    run(first)
    (folder / "clip_art.mp4.job/frames/000001.png").unlink()
    again = prepare_within(checked(folder), 1e6)
    assert (again.plan.preset, again.plan.size, again.plan.fingerprint) == (
        "standard", first.plan.size, first.plan.fingerprint,
    )  # fmt: skip
    begun = "the job has begun with standard, and goes on with it: what is left takes about"
    assert re.fullmatch(rf"{begun} \d+ s, within 277.8 h", again.notices[-1].text)
    late = prepare_within(checked(folder), 0.001)
    assert re.fullmatch(rf"{begun} \d+ s, longer than 0 s", late.notices[-1].text)
    with pytest.raises(JobError, match="another clip, artwork, setting"):
        prepare_within(checked(folder, picture__size=100), 1e6)


def test_every_preset_is_estimated_with_the_workers_that_it_would_have(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draft is done in a moment, so that one process paints it; the others take long."""
    monkeypatch.setattr("videostyle.rendering.workers.count.cores", lambda: 2)
    monkeypatch.setattr("videostyle.rendering.estimate.cores", lambda: 2)
    write_clip(folder / "clip.mp4", moving_scenes((14, 12), *CLIP))
    monkeypatch.setattr(Priced, "cost", lambda _, __, ___, settings=None: Cost(*2 * [2.0 * bool(settings)]))
    prepared = prepare(checked(folder, "draft"))
    assert prepared.summary.workers == 1
    assert estimate(prepared, "standard") == pytest.approx(START + CROWD * 14 * 2)
    single = prepare(checked(folder, "draft"), Priced())
    assert estimate(single, "standard") == 26 * 2, "only this process has a painter of the caller's own"
