"""The columns against films whose flicker, paint, and light are known."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import temporal_scores
from temporal_clips import Sample, write_clip

from tests.clips import moving_scenes, write_art
from videostyle.frames import Frame, Pixels, to_picture
from videostyle.rendering.scoring import score


def frames(pictures: list[Pixels]) -> list[Frame]:
    return [Frame(index, Fraction(index, 24), picture) for index, picture in enumerate(pictures)]


def test_exact_flicker_is_what_was_added() -> None:
    """A pan of 3 px a frame has none; every other frame 10 levels lighter flickers by 10 levels."""
    world = np.random.default_rng(0).integers(0, 240, (40, 80, 3), dtype=np.uint8)
    pan = [world[:, 3 * at : 3 * at + 50] for at in range(5)]
    valid = np.zeros((40, 50), bool)
    valid[5:-5, 5:-10] = True
    truth = [(np.full((40, 50, 2), (3, 0), np.float32), valid)] * 4
    steady = temporal_scores.exact_pairs([to_picture(picture) for picture in pan], truth)
    assert steady == pytest.approx([0] * 4, abs=1e-3)
    lighter = [to_picture(picture + np.uint8(10 * (at % 2))) for at, picture in enumerate(pan)]
    assert temporal_scores.exact_pairs(lighter, truth) == pytest.approx([10] * 4, abs=1e-3)


@pytest.mark.usefixtures("few_patches")
def test_the_mean_of_the_estimated_pairs_is_the_packages_flicker(tmp_path: Path) -> None:
    scenes = moving_scenes((4, 3))
    clip = write_clip(tmp_path / "clip.mkv", scenes)
    noise = np.random.default_rng(0)
    film = write_clip(tmp_path / "film.mkv", [noise.integers(0, 255, scenes[0].shape, np.uint8) for _ in scenes])
    art = write_art(tmp_path / "art.png")
    figures = temporal_scores.measure(Sample("case", clip), film, film, art, judge={"backbone.name": "compact"})
    scores = score(clip, film, [art], settings={"backbone.name": "compact"})
    assert figures["flicker"] == pytest.approx(scores.flicker)
    assert figures["content"] == scores.content_distance
    assert figures["worst"] >= 1
    assert figures["paint_least"] == figures["paint_median"] == 1


def test_paint_is_measured_against_the_frame_alone_and_black_is_left_out() -> None:
    clip = [np.full((8, 8, 3), level, np.uint8) for level in (100, 100, 0)]
    alone = [np.full((8, 8, 3), level, np.uint8) for level in (140, 120, 1)]
    film = [np.full((8, 8, 3), level, np.uint8) for level in (110, 120, 90)]
    shares = temporal_scores.painted_shares(frames(clip), frames(film), frames(alone))
    assert shares == pytest.approx([0.25, 1.0])


def test_light_counts_what_the_clip_does_not_do() -> None:
    clip = frames([np.full((8, 8, 3), level, np.uint8) for level in (10, 30, 50)])
    same = frames([np.full((8, 8, 3), level, np.uint8) for level in (110, 130, 150)])
    flat = frames([np.full((8, 8, 3), 90, np.uint8)] * 3)
    assert temporal_scores.light_error(clip, same) == pytest.approx(0, abs=1e-3)
    assert temporal_scores.light_error(clip, flat) == pytest.approx(20, abs=1e-3)
