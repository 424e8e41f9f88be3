"""Frames that tell what a clip looks like."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.clips import moving_scenes, write_clip
from videostyle.frames import FrameRange
from videostyle.media.read.probe import probe
from videostyle.rendering.look.telling import places, sharpness, telling_frames
from videostyle.rendering.plan.plan import plan_frames
from videostyle.selection import Selection
from videostyle.settings import RenderSettings


def test_the_longest_scenes_show_a_lit_and_sharp_frame(tmp_path: Path) -> None:
    pictures = moving_scenes((10, 24, 30))
    for dark in range(20, 24):  # around the middle of the second scene
        pictures[dark] = pictures[dark] // 16
    for soft in range(44, 54):
        picture = pictures[soft].astype(float)
        for _ in range(12):
            picture = (picture + np.roll(picture, 1, 0) + np.roll(picture, 1, 1) + np.roll(picture, 1, (0, 1))) / 4
        pictures[soft] = picture.astype(np.uint8)
    clip = probe(write_clip(tmp_path / "clip.mp4", pictures))
    plan = plan_frames(clip, (), RenderSettings(), Selection.whole(clip))
    scenes = FrameRange(0, 10), FrameRange(10, 34), FrameRange(34, 64)
    plan = replace(plan, scan=replace(plan.scan, scenes=scenes))
    second, third = telling_frames(plan, 2)
    assert second in range(10, 34)
    assert second not in range(20, 24)
    assert third in range(34, 64)
    assert third not in range(44, 54)
    assert len(telling_frames(plan, 9)) == 3


def test_places_are_spread_evenly(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((24,))))
    assert places(clip, 1).frames == (2, 6, 10, 14, 18, 22)
    assert len(places(clip, 50).frames) == 24


def test_a_sharp_picture_is_sharper() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    assert sharpness(noise) > sharpness(noise // 2) > sharpness(np.full_like(noise, 9)) == 0
