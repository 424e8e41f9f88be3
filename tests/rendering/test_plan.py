"""Chunks, sizes, fingerprints, and plans as values."""

import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from tests.painters import Blend
from tests.rendering.jobs import artwork, frames_in, plan_of, rendered, settings
from videostyle.errors import MediaError, SettingsError
from videostyle.events import Event, Scanned
from videostyle.frames import Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import identity
from videostyle.rendering.plan import (
    Artwork,
    RenderPlan,
    Scan,
    check_size,
    film_size,
    fingerprint_of,
    make_plan,
    plan_frames,
    scan,
    scan_key,
)
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


def plan(clip: Clip, *parts: range, lost: tuple[int, ...] = (), **values: Any) -> RenderPlan:
    return plan_of(clip, (14, 12), *parts, lost=lost, **values)


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
    scanned = Scan((FrameRange(4, 8), FrameRange(8, 12), FrameRange(20, 30)), ())
    assert scanned.covers(Selection((range(5, 12), range(20, 30, 3))))
    assert not any(scanned.covers(Selection((part,))) for part in (range(3, 5), range(8, 13), range(11, 21)))


def test_scans_of_two_parts_add_up() -> None:
    one, other = Scan((FrameRange(4, 8), FrameRange(20, 25)), (5,)), Scan((FrameRange(20, 30),), (21,))
    assert one | other == other | one == Scan((FrameRange(4, 8), FrameRange(20, 30)), (5, 21))


def test_chunks_come_from_the_clip_and_a_range_selects(clip: Clip) -> None:
    whole = plan(clip)
    assert [chunk.frames for chunk in whole.chunks] == [FrameRange(0, 14), FrameRange(14, 26)]
    assert whole.to_render == whole.to_keep == tuple(range(26))
    part = plan(clip, range(17, 20))
    assert [chunk.frames for chunk in part.chunks] == [FrameRange(14, 26)]
    assert (part.to_render, part.to_keep) == (tuple(range(14, 20)), (17, 18, 19))
    assert part.fingerprint == whole.fingerprint


@pytest.mark.parametrize("part", [range(0, 26), range(3, 5), range(13, 15), range(20, 26, 4)])
def test_chunks_have_the_same_name_in_a_range_as_in_the_full_render(part: range, clip: Clip) -> None:
    names = {frame: chunk.name for chunk in plan(clip).chunks for frame in chunk.frames.indices}
    made = plan(clip, part)
    assert [chunk.name for chunk in made.chunks] == sorted({names[frame] for frame in part})
    for chunk in made.chunks:
        assert {names[frame] for frame in made.frames_of(chunk)} == {chunk.name}


def test_steps_render_everything_up_to_the_last_frame_and_keep_every_nth(clip: Clip) -> None:
    made = plan(clip, range(1, 21, 3))
    assert made.to_keep == (1, 4, 7, 10, 13, 16, 19)
    assert made.to_render == tuple(range(20))


def test_lost_frames_are_neither_rendered_nor_kept(clip: Clip) -> None:
    made = plan(clip, lost=(3, 15))
    assert set(range(26)) - set(made.to_render) == {3, 15}
    assert made.to_keep == made.to_render
    assert made.frames_lost == 2


def test_frames_missing_at_the_end_concern_only_who_asks_for_the_end(clip: Clip) -> None:
    truncated = replace(clip, frames_missing=5)
    assert plan(truncated).frames_lost == 5
    assert plan(truncated, range(3, 20)).frames_lost == 0
    assert plan(truncated, range(3, 26)).frames_lost == 5


def test_what_is_known_is_not_scanned_again(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[Event] = []
    keep = Selection((range(3, 5),))
    made = plan_frames(clip, (), RenderSettings(), keep, on_event=events.append)
    assert {type(event) for event in events} == {Scanned}
    monkeypatch.setattr("videostyle.rendering.plan.decode", pytest.fail)
    again = plan_frames(clip, (), RenderSettings(), keep, known=made.scan)
    assert (again.chunks, again.fingerprint) == (made.chunks, made.fingerprint)


def test_a_range_that_cannot_be_decoded_is_an_error(clip: Clip) -> None:
    scanned = known(14, 12, lost=(3, 4))
    keep = Selection((range(3, 5),))
    with pytest.raises(MediaError, match=r"none of the frames 3:5 can be decoded; choose others with --frames"):
        plan_frames(clip, (), RenderSettings(), keep, known=scanned)


@pytest.mark.parametrize(
    ("values", "size", "work"),
    [
        ({}, (80, 64), (80, 64)),
        ({"picture__size": 32}, (40, 32), (40, 32)),
        ({"picture__work": 48}, (80, 64), (60, 48)),
        ({"picture__work": 500}, (80, 64), (80, 64)),
        ({"picture__size": 128, "picture__work": 96}, (160, 128), (120, 96)),
        ({"picture__work": 48, "optimize__iterations": 0}, (80, 64), (80, 64)),
    ],
)
def test_sizes(clip: Clip, values: dict[str, int], size: tuple[int, int], work: tuple[int, int]) -> None:
    made = plan(clip, **values)
    assert (made.size, made.work) == (size, work)
    assert film_size(clip, made.settings) == size


def test_an_upright_film_keeps_its_shape(clip: Clip) -> None:
    tall = replace(clip, width=90, height=160)
    assert film_size(tall, settings(picture__size=45)) == (45, 80)


def test_fingerprint_knows_clip_artworks_and_settings(clip: Clip, folder: Path, tmp_path: Path) -> None:
    a, b = artwork(folder / "a.png"), artwork(folder / "b.png")
    base = fingerprint_of(identity(clip), [a], settings())
    other = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((14, 13))))
    prints = {
        base,
        fingerprint_of(identity(clip), [a], settings(style__weight=7.0)),
        fingerprint_of(identity(clip), [b], settings()),
        fingerprint_of(identity(clip), [a, b], settings()),
        fingerprint_of(identity(clip), [b, a], settings()),
        fingerprint_of(identity(clip), [Artwork("a.png", a.pixels.astype(np.uint16) * 257)], settings()),
        fingerprint_of(identity(clip), [Artwork("a.png", a.pixels.reshape(a.pixels.shape[1], -1, 3))], settings()),
        fingerprint_of(identity(other), [a], settings()),
    }
    assert len(prints) == 8
    moved = tmp_path / "moved.mp4"
    moved.write_bytes(clip.path.read_bytes())
    assert fingerprint_of(identity(probe(moved)), [a], settings()) == base
    assert fingerprint_of(identity(clip), [Artwork("an array", a.pixels)], settings()) == base
    assert fingerprint_of(identity(clip), [a], settings(film__quality=30)) == base


def test_a_plan_pickles_and_its_copy_renders_the_same(clip: Clip, folder: Path, tmp_path: Path) -> None:
    made = make_plan(clip, [artwork(folder / "a.png")], settings(), known(14, 12), Selection((range(12, 16),)), "draft")
    copy = pickle.loads(pickle.dumps(made))
    assert (copy.clip, copy.settings, copy.chunks, copy.keep) == (made.clip, made.settings, made.chunks, made.keep)
    assert (copy.fingerprint, copy.preset, copy.artworks[0].name) == (made.fingerprint, "draft", "a.png")
    np.testing.assert_array_equal(copy.artworks[0].pixels, made.artworks[0].pixels)
    for number, one in enumerate((made, copy)):
        rendered(one, tmp_path / str(number), Blend())
    frames = frames_in(tmp_path / "0")
    assert list(frames) == list(range(16))
    assert frames_in(tmp_path / "1") == frames


@pytest.mark.parametrize("parts", [(range(10_000),), tuple(range(n, n + 1) for n in range(0, 10_000, 2))])
def test_a_plan_is_shown_in_one_short_line(parts: tuple[range, ...], clip: Clip) -> None:
    long = replace(clip, pts=tuple(range(10_000)), durations=(1,) * 10_000)
    shown = repr(plan_of(long, (100,) * 100, *parts))
    assert len(shown) < 300
    assert "clip.mp4" in shown
    assert f"frames={sum(map(len, parts))}," in shown
    assert "scenes=100," in shown


def test_planning_needs_no_torch(folder: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import identity
from videostyle.rendering.plan import make_plan, plan_frames
from videostyle.rendering.artworks import read_artworks
from videostyle.selection import select
from videostyle.settings import RenderSettings
clip = probe(Path({str(folder / "clip.mp4")!r}))
artworks, keep = read_artworks([{str(folder / "a.png")!r}], clip), select(clip, "3:5")
plan = plan_frames(clip, artworks, RenderSettings(), keep)
assert plan.to_keep == make_plan(clip, artworks, RenderSettings(), plan.scan, keep).to_keep == (3, 4)
import videostyle
assert videostyle.plan(clip.path, {str(folder / "a.png")!r}, preset="draft", frames="3:5").to_keep == (3, 4)
assert "torch" not in sys.modules
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


def test_scan_key_knows_clip_and_detector() -> None:
    assert (
        len(
            {scan_key("a", SceneSettings()), scan_key("b", SceneSettings()), scan_key("a", SceneSettings(min_frames=3))}
        )
        == 3
    )


def test_a_size_that_is_too_small_names_one_that_is_not() -> None:
    check_size((40, 16), 16)
    with pytest.raises(SettingsError, match="--size 16"):
        check_size((40, 15), 16)


def test_a_clip_that_vanished_or_is_damaged_on_disk_is_reported_in_one_line(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = replace(clip, path=tmp_path / "gone.mp4")
    with pytest.raises(MediaError, match=r"gone\.mp4: cannot be read \(No such file or directory\); check that"):
        make_plan(gone, (), settings(), known(14, 12), Selection.whole(clip))

    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(MediaError, match=r"clip\.mp4: cannot be read \(Input/output error\); check that") as error:
        make_plan(clip, (), settings(), known(14, 12), Selection.whole(clip))
    assert "\n" not in str(error.value)
