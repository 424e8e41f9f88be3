"""Chunks, sizes, fingerprints, and plans as values."""

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from tests.painters import Blend
from tests.rendering.jobs import artwork, frames_in, plan_of, rendered, settings
from videostyle.errors import MediaError
from videostyle.events import Event, Scanned
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import identity
from videostyle.rendering.plan.plan import Artwork, RenderPlan, alone, fingerprint_of, make_plan, plan_frames, scan_key
from videostyle.selection import Selection
from videostyle.settings import RenderSettings


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


def test_a_frame_alone_is_the_first_of_the_rest_of_its_scene(clip: Clip) -> None:
    whole = plan(clip, range(20, 21), temporal__passes=3, temporal__loop=True)
    made = alone(whole)
    (chunk,) = made.chunks
    assert (chunk.name, chunk.frames) == (20, FrameRange(20, 26))
    assert made.to_render == made.to_keep == (20,)
    assert made.scan.palettes.get(20) == whole.scan.palettes.get(14)
    assert (made.settings.temporal.passes, made.settings.temporal.loop, made.head) == (1, False, None)


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
    monkeypatch.setattr("videostyle.rendering.plan.scan.decode", pytest.fail)
    again = plan_frames(clip, (), RenderSettings(), keep, known=made.scan)
    assert (again.chunks, again.fingerprint) == (made.chunks, made.fingerprint)


def test_a_range_that_cannot_be_decoded_is_an_error(clip: Clip) -> None:
    scanned = known(14, 12, lost=(3, 4))
    keep = Selection((range(3, 5),))
    with pytest.raises(MediaError, match=r"none of the frames 3:5 can be decoded; choose others with --frames"):
        plan_frames(clip, (), RenderSettings(), keep, known=scanned)


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
from videostyle.motion.light import Light
from videostyle.rendering.plan.plan import make_plan, plan_frames
from videostyle.rendering.plan.artworks import read_artworks
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


def test_scan_key_knows_clip_detector_and_bars() -> None:
    looked = {
        scan_key("a", settings()),
        scan_key("b", settings()),
        scan_key("a", settings(scene__min_frames=3)),
        scan_key("a", settings(picture__bars="paint")),
    }
    assert len(looked) == 4


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
