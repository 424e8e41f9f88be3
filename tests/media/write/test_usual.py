from pathlib import Path
from typing import Any

import pytest

from tests.media.oracle import needs_ffprobe, streams
from tests.media.sources import save, write
from tests.media.write.films import FAST, copy, make
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.media.write.usual import FLAVORS
from videostyle.settings import FilmSettings

QUIET = {"x265-params": "log-level=none"}
CAUSE = "because few players show 10 bits in"


def encoded(film: Path) -> tuple[Any, ...]:
    """Codec, tag and pixel format of a film's picture, as ffprobe sees them."""
    return tuple(streams(film)[0][name] for name in ("codec_name", "codec_tag_string", "pix_fmt"))


@needs_ffprobe
@pytest.mark.parametrize(
    ("codec", "pixels", "name", "wanted", "notices"),
    [
        ("libx265", "yuv420p10le", "film.mp4", ("hevc", "hvc1", "yuv420p10le"), (f"h265 {CAUSE} h264",)),
        ("libx264", "yuv422p10le", "film.mov", ("hevc", "hvc1", "yuv422p10le"), (f"h265 {CAUSE} h264",)),
        ("prores_ks", "yuv422p10le", "film.mp4", ("hevc", "hvc1", "yuv422p10le"), (f"h265 {CAUSE} h264",)),
        ("ffv1", "yuv420p10le", "film.mkv", ("hevc", "[0][0][0][0]", "yuv420p10le"), (f"h265 {CAUSE} h264",)),
        ("libx265", "yuv420p10le", "film.webm", ("av1", "[0][0][0][0]", "yuv420p10le"), (f"av1 {CAUSE} vp9",)),
        ("libx265", "yuv420p", "film.mov", ("h264", "avc1", "yuv420p"), ()),
        ("mjpeg", "yuvj422p", "film.mp4", ("h264", "avc1", "yuvj422p"), ()),
    ],
)
def test_depth_decides_the_codec(
    codec: str, pixels: str, name: str, wanted: tuple[str, ...], notices: tuple[str, ...], tmp_path: Path
) -> None:
    options = QUIET if codec == "libx265" else {}
    clip = probe(make(tmp_path / "clip.mkv", list(range(4)), codec=codec, pixels=pixels, options=options))
    changed = check_film(clip, tmp_path / name, FAST, (96, 64)).changed
    assert changed == tuple(f"the film is {notice}; --codec selects another codec" for notice in notices)
    assert encoded(copy(clip, tmp_path / name)) == wanted


@needs_ffprobe
@pytest.mark.parametrize(("number", "tag"), list(enumerate(["apco", "apcs", "apcn", "apch", "ap4h", "ap4x"])))
def test_prores_keeps_its_flavor(number: int, tag: str, tmp_path: Path) -> None:
    pixels = "yuv444p10le" if number > 3 else "yuv422p10le"
    path = write(tmp_path / "clip.mov", 3, "prores_ks", pixels, options={"profile": str(number)})
    assert encoded(path)[1] == tag
    clip = probe(path)
    (notice, *_) = check_film(clip, tmp_path / "film.mov", FAST, (80, 48)).changed
    assert notice == (
        f"the film is ProRes {FLAVORS[number]} because the clip is ProRes; --codec h264 makes a smaller film"
    )
    assert encoded(copy(clip, tmp_path / "film.mov"))[:2] == ("prores", tag)
    assert encoded(copy(clip, tmp_path / "other.mov", FilmSettings(codec="h264")))[0] == "h264"
    asked = FilmSettings(codec="prores", quality=5)
    assert encoded(copy(clip, tmp_path / "finest.mov", asked))[1] == "ap4x"


@needs_ffprobe
def test_deep_pictures_become_h265(tmp_path: Path) -> None:
    save(tmp_path / "shots", numbers=range(3))
    assert encoded(copy(probe(tmp_path / "shots"), tmp_path / "shallow.mp4"))[0] == "h264"
    path = write(tmp_path / "clip.mov", 3, "png", "rgb48be")
    assert encoded(copy(probe(path), tmp_path / "film.mp4")) == ("hevc", "hvc1", "yuv420p10le")
