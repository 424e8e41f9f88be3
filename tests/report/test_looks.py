"""Pictures and curves of a film beside its clip."""

import base64
import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import moving_scenes, write_clip
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.probe import probe
from videostyle.report.looks import LARGE, MEASURED, SCENES, fitted, look, uri

SIX, ALL = [FrameRange(0, 6), FrameRange(6, 11)], range(11)


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return probe(write_clip(tmp_path / "clip.mp4", moving_scenes()))


def opened(picture: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2])))


def test_first_middle_and_last_frames_of_scenes(clip: Clip, tmp_path: Path) -> None:
    film = probe(write_clip(tmp_path / "film.mp4", [255 - picture for picture in moving_scenes()]))
    looks = look(clip, film, SIX, ALL)
    assert [[pair.frame for pair in strip] for strip in looks.strips] == [[0, 3, 5], [6, 8, 10]]
    assert looks.large is not None
    assert looks.large.frame == 3
    for pair in (*looks.strips[1], looks.large):
        source, painted = (np.asarray(opened(picture), float) for picture in (pair.clip, pair.film))
        assert np.abs(source + painted - 255).mean() < 6
    assert [moment.frame for moment in looks.moments] == [*ALL]
    assert [moment.frame for moment in looks.moments if math.isnan(moment.flicker)] == [0, 6]
    assert looks.measured == (80, 64)


def test_the_film_of_a_range(clip: Clip, tmp_path: Path) -> None:
    pictures = moving_scenes()
    film = probe(write_clip(tmp_path / "film.mp4", [pictures[frame] for frame in (4, 5, 8)]))
    looks = look(clip, film, SIX, (4, 5, 8))
    assert [[pair.frame for pair in strip] for strip in looks.strips] == [[4, 5], [8]]
    assert [moment.frame for moment in looks.moments] == [4, 5, 8]
    assert all(abs(moment.light - moment.light_source) < 2 for moment in looks.moments)


def test_only_a_few_scenes_are_shown(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((2,) * 9)))
    looks = look(clip, clip, [FrameRange(2 * scene, 2 * scene + 2) for scene in range(9)], range(18))
    firsts = [strip[0].frame for strip in looks.strips]
    assert len(firsts) == SCENES
    assert (firsts[0], firsts[-1]) == (0, 16)


def test_large_films_are_shown_small(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "clip.mp4", [np.zeros((120, 1600, 3), np.uint8)]))
    assert fitted(clip, LARGE) == (800, 60)
    assert fitted(clip, MEASURED) == (144, 16)
    assert fitted(clip, 5000) == (1600, 120)


def test_very_wide_films_are_measured_too(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "clip.mp4", moving_scenes((3,), 640, 32)))
    assert [moment.flicker >= 0 for moment in look(clip, clip, [FrameRange(0, 3)], range(3)).moments] == [
        False,
        True,
        True,
    ]


def test_data_uris() -> None:
    assert uri(b"abc") == "data:image/jpeg;base64,YWJj"
