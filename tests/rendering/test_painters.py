"""The painter of a job."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import write_art
from tests.painters import Gray
from tests.rendering.jobs import artwork, record, settings
from videostyle.events import Event, Fetched
from videostyle.paint.painter import Painter
from videostyle.presets import Recipe
from videostyle.rendering import painters
from videostyle.rendering.painters import painter_for, preset_of
from videostyle.settings import RenderSettings


def test_a_job_continues_with_the_network_that_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names: list[str] = []
    events: list[Event] = []

    def load(_: object, chosen: RenderSettings, report, *__) -> Painter:  # type: ignore[no-untyped-def]
        names.append(chosen.backbone.name)
        report("weights", 1, 2)
        return Gray()

    monkeypatch.setattr(painters, "load_painter", load)
    art, begun = artwork(write_art(tmp_path / "art.png")), replace(record(), painter="vgg16")
    assert painter_for([art], settings(), None, events.append).reason == ""
    assert painter_for([art], settings(), begun).reason == "vgg16: this job started with it."
    painter_for([art], settings(backbone__name="alexnet"), begun)
    painter_for([art], settings(), replace(begun, painter="gray"))
    assert names == ["auto", "vgg16", "alexnet", "auto"]
    assert events == [Fetched("weights", 1, 2)]


def test_a_preset_that_is_named_comes_before_the_one_of_the_job() -> None:
    on_cpu = {"backbone.device": "cpu"}
    begun = record(preset="fine")
    assert preset_of(Recipe("standard", on_cpu), begun) == "standard"
    assert preset_of(Recipe("", on_cpu), begun) == "fine"
    assert preset_of(Recipe("", on_cpu), None) == "draft"
