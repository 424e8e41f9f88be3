"""Chunks, sizes and fingerprints."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from videostyle.errors import SettingsError
from videostyle.frames import Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.presets import change
from videostyle.rendering.plan import Scan, check_size, film_size, fingerprint_of, make_plan, scan, scan_key
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings


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


def plan(clip: Clip, folder: Path, keep: Selection | None = None, scan: Scan = known(14, 12), **values: object):  # type: ignore[no-untyped-def]  # noqa: B008
    settings = change(RenderSettings(), {name.replace("__", "."): value for name, value in values.items()}, "test")
    return make_plan(clip, [folder / "a.png"], settings, scan, keep or Selection.whole(clip), "w")


def test_scan_finds_the_cut_and_sees_every_frame(clip: Clip) -> None:
    seen: list[int] = []
    everything = Selection.whole(clip)
    assert scan(clip, SceneSettings(), everything, seen.append) == known(14, 12)
    assert seen == list(range(26))
    assert scan(clip, SceneSettings(detector="none"), everything) == known(26)


def test_a_range_is_scanned_only_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.motion.scenes.BLOCK", 10)
    monkeypatch.setattr("videostyle.rendering.plan.BLOCK", 10)
    lengths = (30, 25, 6, 28, 31, 30)
    clip = probe(write_clip(tmp_path / "long.mp4", moving_scenes(lengths)))
    seen: list[int] = []
    found = scan(clip, SceneSettings(), Selection((range(70, 72), range(75, 80), range(140, 150))), seen.append)
    assert found == Scan((FrameRange(55, 80), FrameRange(120, 150)), ())  # 6 frames are no scene
    assert len(set(seen)) < 120
    assert scan(clip, SceneSettings(), Selection((range(140, 150),))).scenes == (FrameRange(120, 150),)


def test_a_range_of_a_damaged_clip_is_scanned_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, whole = probe(write_clip(tmp_path / "long.mp4", moving_scenes((30, 40)))), decode

    def damaged(clip: Clip, frames: FrameRange, size: tuple[int, int]) -> Iterator[Frame]:
        return (frame for frame in whole(clip, frames, size) if frame.index != 66)

    monkeypatch.setattr("videostyle.rendering.plan.decode", damaged)
    monkeypatch.setattr("videostyle.motion.scenes.BLOCK", 5)
    assert scan(clip, SceneSettings(), Selection((range(60, 62),))) == known(30, 40, lost=(66,))
    assert scan(clip, SceneSettings(), Selection((range(45, 50),))) == Scan((FrameRange(30, 50),), ())


def test_a_scan_knows_what_it_covers() -> None:
    found = Scan((FrameRange(4, 8), FrameRange(8, 12), FrameRange(20, 30)), ())
    assert found.covers(Selection((range(5, 12), range(20, 30, 3))))
    assert not any(found.covers(Selection((part,))) for part in (range(3, 5), range(8, 13), range(11, 21)))


def test_scans_of_two_parts_add_up() -> None:
    one, other = Scan((FrameRange(4, 8), FrameRange(20, 25)), (5,)), Scan((FrameRange(20, 30),), (21,))
    assert one | other == other | one == Scan((FrameRange(4, 8), FrameRange(20, 30)), (5, 21))


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
    made = plan(clip, folder, scan=known(14, 12, lost=(3, 15)))
    assert set(range(26)) - set(made.to_render) == {3, 15}
    assert made.to_keep == made.to_render


def test_frames_that_a_cut_off_clip_ends_without_concern_who_asks_for_its_end(clip: Clip, folder: Path) -> None:
    cut = replace(clip, frames_missing=5)
    assert plan(cut, folder).frames_lost == 5
    assert plan(cut, folder, keep=Selection((range(3, 20),))).frames_lost == 0
    assert plan(cut, folder, keep=Selection((range(3, 26),))).frames_lost == 5


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
