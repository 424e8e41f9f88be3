from pathlib import Path

import numpy as np
import pytest

from tests.media.captions import caption, captioned, captions_of, texts_of
from tests.media.oracle import needs_ffprobe, planes
from tests.media.write.films import copy
from videostyle.media.read.extras import CAPTIONS
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

SIZE = (80, 48)


@needs_ffprobe
@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "h264"), ("a.mkv", "h264"), ("a.ts", "h264"), ("a.mp4", "h265")])
def test_captions_are_kept(name: str, codec: str, tmp_path: Path) -> None:
    clip = probe(captioned(tmp_path / "clip.mp4"))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    assert clip.extras == (CAPTIONS,)
    assert check_film(clip, tmp_path / name, settings, SIZE).left_out == ()
    film = copy(clip, tmp_path / name, settings)
    assert texts_of(film) == [caption(number) for number in range(12)]
    assert captions_of(film) == captions_of(clip.path) == 12
    plain = copy(probe(captioned(tmp_path / "plain.mp4", start=99)), tmp_path / f"plain_{name}", settings)
    assert np.abs(planes(film) - planes(plain)).mean() < 1, "the picture is the same as without captions"


def test_captions_of_a_range(tmp_path: Path) -> None:
    clip = probe(captioned(tmp_path / "clip.mp4"))
    film = copy(clip, tmp_path / "film.mp4", FilmSettings(), range(3, 9))
    assert texts_of(film) == [caption(number) for number in range(3, 9)]


def test_captions_of_skipped_frames_are_told(tmp_path: Path) -> None:
    clip = probe(captioned(tmp_path / "clip.mp4"))
    keep = Selection((range(0, 12, 2),))
    check = check_film(clip, tmp_path / "film.mp4", FilmSettings(), SIZE, keep)
    assert check.left_out == ("captions of the frames that are skipped are left out, so texts may be incomplete",)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "prores"), ("a.webm", "vp9"), ("a.mp4", "av1"), ("a.mkv", "ffv1"), ("a", "png")]
)
def test_captions_that_cannot_be_kept_are_told(name: str, codec: str, tmp_path: Path) -> None:
    clip = probe(captioned(tmp_path / "clip.mp4"))
    check = check_film(clip, tmp_path / name, FilmSettings(codec=codec), SIZE)  # type: ignore[arg-type]
    wanted = "left out: closed captions inside the picture stream of clip.mp4; --codec h264 and h265 keep them"
    assert check.left_out == (wanted,)


def test_captions_that_begin_late_are_found(tmp_path: Path) -> None:
    clip = probe(captioned(tmp_path / "clip.mp4", 600, start=250))
    assert clip.extras == (CAPTIONS,)


def test_clips_without_captions_have_none(tmp_path: Path) -> None:
    assert probe(captioned(tmp_path / "clip.mp4", start=99)).extras == ()
