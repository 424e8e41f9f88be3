"""Scans: scenes, and frames that cannot be decoded."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import known, moving_scenes, write_clip
from videostyle.frames import Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.motion.light import Light
from videostyle.rendering.plan.scan import Scan, scan
from videostyle.selection import Selection
from videostyle.settings import SceneSettings


def test_scan_finds_the_cut_and_sees_every_frame(clip: Clip) -> None:
    seen: list[int] = []
    everything = Selection.whole(clip)
    assert scan(clip, SceneSettings(), everything, seen.append) == known(14, 12)
    assert seen == list(range(26))
    assert scan(clip, SceneSettings(detector="none"), everything) == known(26)


def test_a_range_is_scanned_only_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.motion.scenes.BLOCK", 10)
    monkeypatch.setattr("videostyle.rendering.plan.scan.BLOCK", 10)
    lengths = (30, 25, 6, 28, 31, 30)
    clip = probe(write_clip(tmp_path / "long.mp4", moving_scenes(lengths)))
    seen: list[int] = []
    found = scan(clip, SceneSettings(), Selection((range(70, 72), range(75, 80), range(140, 150))), seen.append)
    assert found.scenes == (FrameRange(55, 89), FrameRange(120, 150))  # 6 frames are no scene
    assert len(set(seen)) < 130
    assert scan(clip, SceneSettings(), Selection((range(140, 150),))).scenes == (FrameRange(120, 150),)


def test_a_range_of_a_damaged_clip_is_scanned_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, whole = probe(write_clip(tmp_path / "long.mp4", moving_scenes((30, 40)))), decode

    def damaged(clip: Clip, frames: FrameRange, size: tuple[int, int]) -> Iterator[Frame]:
        return (frame for frame in whole(clip, frames, size) if frame.index != 66)

    monkeypatch.setattr("videostyle.rendering.plan.scan.decode", damaged)
    monkeypatch.setattr("videostyle.motion.scenes.BLOCK", 5)
    assert scan(clip, SceneSettings(), Selection((range(60, 62),))) == known(30, 40, lost=(66,))
    assert scan(clip, SceneSettings(), Selection((range(5, 10),))) == Scan((FrameRange(0, 30),), ())


def test_a_scan_knows_what_it_covers() -> None:
    scanned = Scan((FrameRange(4, 8), FrameRange(8, 12), FrameRange(20, 30)), ())
    assert scanned.covers(Selection((range(5, 12), range(20, 30, 3))))
    assert not any(scanned.covers(Selection((part,))) for part in (range(3, 5), range(8, 13), range(11, 21)))


def test_scans_of_two_parts_add_up() -> None:
    one, other = Scan((FrameRange(4, 8),), (5,), {4: Light(0.5)}), Scan((FrameRange(20, 30),), (21,), {29: Light(0)})
    both = Scan((FrameRange(4, 8), FrameRange(20, 30)), (5, 21), {4: Light(0.5), 29: Light(0)})
    assert one | other == other | one == both
