"""One picture, as a film's frame would be painted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import videostyle
from tests.media.profiles import WIDE
from videostyle.events import Iterated, Planned
from videostyle.media.exr import read_header, write_exr
from videostyle.media.light import CHROMATICITIES
from videostyle.media.stills import read_png, write_png
from videostyle.presets import Recipe
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.job import prepare
from videostyle.rendering.look.still import check_still
from videostyle.rendering.request import Request

FEW = {"backbone.name": "compact", "backbone.device": "cpu", "optimize.first_iterations": 3, "picture.work": 48}
PHOTO = np.random.default_rng(0).integers(0, 65535, (64, 80, 4), np.uint16)


def test_a_photo_keeps_depth_transparency_and_profile(folder: Path) -> None:
    write_png(folder / "photo.png", PHOTO, profile=WIDE)
    events: list[object] = []
    done = videostyle.still(folder / "photo.png", folder / "art.png", settings=FEW, on_event=events.append)
    assert done.path == folder / "photo_art.png"
    assert done in events
    (planned,) = (event for event in events if isinstance(event, Planned))
    assert (planned.clip, planned.output, planned.job) == (folder / "photo.png", done.path, None)
    assert planned.command[:3] == ("videostyle", "still", str(folder / "photo.png"))
    painted = read_png(done.path)
    assert painted.dtype == np.uint16
    np.testing.assert_array_equal(painted[..., 3], PHOTO[..., 3])
    assert len(np.unique(painted[..., 0] % 257)) > 100, "sixteen bits are used"
    with Image.open(done.path) as opened:
        assert opened.info["icc_profile"] == WIDE
    again = videostyle.still(folder / "photo.png", folder / "art.png", folder / "b.png", settings=FEW)
    np.testing.assert_array_equal(read_png(again.path), painted)
    with pytest.raises(videostyle.SettingsError, match="exists"):
        videostyle.still(folder / "photo.png", folder / "art.png", settings=FEW)


def test_linear_light_stays_linear(folder: Path) -> None:
    light = PHOTO[..., :3].astype(np.float32) / 16384
    write_exr(folder / "photo.exr", light, CHROMATICITIES[1], {})
    done = videostyle.still(folder / "photo.exr", folder / "art.png", settings=FEW)
    assert done.path == folder / "photo_art.exr"
    assert read_header(done.path).size == (80, 64)


def test_a_still_is_what_the_painter_paints(folder: Path) -> None:
    """Without what only films need, it is the picture that ``load_painter`` paints."""
    write_png(folder / "photo.png", (PHOTO[..., :3] >> 8).astype(np.uint8))
    settings = FEW | {"picture.work": 0, "light.follow": 0, "colors.match": False}
    done = videostyle.still(folder / "photo.png", folder / "art.png", settings=settings)
    painter = videostyle.load_painter(folder / "art.png", settings=settings)
    np.testing.assert_array_equal(read_png(done.path), painter(read_png(folder / "photo.png")))


def test_a_large_one_says_how_far_it_is_finished(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.brush.brush.STRIP", 40 * 80)
    settings, heard = FEW | {"brush.amount": 1, "picture.size": 64}, list[object]()
    videostyle.still(folder / "clip.mp4", folder / "art.png", frame="3", settings=settings, on_event=heard.append)
    rows = [(event.done, event.total) for event in heard if isinstance(event, Iterated) and event.finishing]
    assert rows == [(40, 64), (64, 64)]


def test_finishing_one_takes_memory_once(folder: Path) -> None:
    """A film is finished while its frames are painted, and a still after that."""
    recipe = Recipe("draft", FEW | {"brush.amount": 1, "picture.size": 128})
    request = Request(folder / "clip.mp4", (folder / "art.png",), recipe, frames="3")
    prepared = prepare(check_still(request, folder / "none"))
    plan = prepared.plan
    finishing = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.size).bytes_per_slot
    painting = prepared.painter.cost(*plan.work[::-1]).bytes_per_slot
    assert prepared.summary.bytes == painting + finishing
