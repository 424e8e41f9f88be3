"""Chunks, sizes and fingerprints."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from videostyle.errors import SettingsError
from videostyle.frames import Clip, FrameRange
from videostyle.media.probe import probe
from videostyle.render.plan import Scan, check_size, film_size, fingerprint_of, make_plan, scan, scan_key
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings, change


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plan")
    write_clip(path / "clip.mp4", moving_scenes((14, 12)))
    write_art(path / "a.png", 0)
    write_art(path / "b.png", 1)
    return path


@pytest.fixture(scope="module")
def clip(folder: Path) -> Clip:
    return probe(folder / "clip.mp4")


def plan(clip: Clip, folder: Path, keep: Selection | None = None, scan: Scan = Scan((14,), ()), **values: object):  # type: ignore[no-untyped-def]  # noqa: B008
    settings = change(RenderSettings(), {name.replace("__", "."): value for name, value in values.items()}, "test")
    return make_plan(clip, [folder / "a.png"], settings, scan, keep or Selection.whole(clip), "w")


def test_scan_finds_the_cut_and_sees_every_frame(clip: Clip) -> None:
    seen: list[int] = []
    assert scan(clip, SceneSettings(), seen.append) == Scan((14,), ())
    assert seen == list(range(26))
    assert scan(clip, SceneSettings(detector="none")) == Scan((), ())


def test_chunks_come_from_the_clip_and_a_range_selects(clip: Clip, folder: Path) -> None:
    whole = plan(clip, folder)
    assert [chunk.frames for chunk in whole.chunks] == [FrameRange(0, 14), FrameRange(14, 26)]
    assert whole.to_render == whole.to_keep == tuple(range(26))
    part = plan(clip, folder, Selection((range(17, 20),)))
    assert [chunk.frames for chunk in part.chunks] == [FrameRange(14, 26)]
    assert (part.to_render, part.to_keep) == (tuple(range(14, 20)), (17, 18, 19))
    assert part.chunks[0].index == whole.chunks[1].index
    assert part.fingerprint == whole.fingerprint


def test_lost_frames_are_neither_rendered_nor_kept(clip: Clip, folder: Path) -> None:
    made = plan(clip, folder, scan=Scan((14,), (3, 15)))
    assert set(range(26)) - set(made.to_render) == {3, 15}
    assert made.to_keep == made.to_render


@pytest.mark.parametrize(
    ("values", "size", "work"),
    [
        ({}, (80, 64), (80, 64)),
        ({"picture__size": 32}, (40, 32), (40, 32)),
        ({"picture__work": 48}, (80, 64), (60, 48)),
        ({"picture__work": 500}, (80, 64), (80, 64)),
        ({"picture__size": 128, "picture__work": 96}, (160, 128), (120, 96)),
    ],
)
def test_sizes(clip: Clip, folder: Path, values: dict[str, int], size: tuple[int, int], work: tuple[int, int]) -> None:
    made = plan(clip, folder, **values)
    assert (made.size, made.work) == (size, work)
    assert film_size(clip, made.settings) == size


def test_an_upright_film_keeps_its_shape(clip: Clip) -> None:
    tall = replace(clip, width=90, height=160)
    assert film_size(tall, change(RenderSettings(), {"picture.size": 45}, "test")) == (45, 80)


def test_fingerprint_knows_clip_style_settings_and_weights(clip: Clip, folder: Path, tmp_path: Path) -> None:
    a, settings = [folder / "a.png"], RenderSettings()
    base = fingerprint_of(clip, a, settings, "w")
    other = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((14, 13))))
    prints = {
        base,
        fingerprint_of(clip, a, change(settings, {"style.weight": 7.0}, "test"), "w"),
        fingerprint_of(clip, [folder / "b.png"], settings, "w"),
        fingerprint_of(clip, a, settings, "other"),
        fingerprint_of(other, a, settings, "w"),
    }
    assert len(prints) == 5
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(clip.path.read_bytes())
    assert fingerprint_of(probe(moved), a, settings, "w") == base
    assert fingerprint_of(clip, a, change(settings, {"film.quality": 30}, "test"), "w") == base


def test_scan_key_knows_clip_and_detector(clip: Clip) -> None:
    assert scan_key(clip, SceneSettings()) != scan_key(clip, SceneSettings(min_frames=3))


def test_a_size_that_is_too_small_names_one_that_is_not() -> None:
    check_size((40, 16), 16)
    with pytest.raises(SettingsError, match="--size 16"):
        check_size((40, 15), 16)
