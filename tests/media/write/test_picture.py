from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.oracle import (
    frame_times,
    needs_ffprobe,
    planes,
    real,
    streams,
)
from tests.media.write.films import blank, copy, make, smooth
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings

COLORS = {
    "untagged": (0, 2, 2, 2),
    "601 limited": (1, 6, 6, 6),
    "601 pal full": (2, 5, 6, 5),
    "709 limited": (1, 1, 1, 1),
    "709 full": (2, 1, 1, 1),
    "2020 limited": (1, 9, 14, 9),
}


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "pixels"),
    [(name, "yuv420p") for name in COLORS]
    + [
        ("709 limited", "yuv444p"),
        ("601 limited", "yuv422p"),
        ("709 full", "yuv420p10le"),
        ("2020 limited", "yuv420p10le"),
    ],
)
def test_colors_and_their_tags_are_kept(name: str, pixels: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(4)), color=COLORS[name], pixels=pixels)
    film = copy(probe(source), tmp_path / "film.mp4")
    before, after = planes(source, pixels), planes(film, pixels)
    level = 4 if "10" in pixels else 1
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < level
    assert abs((before - after).mean()) < 0.25 * level, "a shift of all colors"
    tags = ("pix_fmt", "color_range", "color_space", "color_transfer", "color_primaries")
    old, new = streams(source)[0], streams(film)[0]
    assert [new.get(tag) for tag in tags] == [old.get(tag) for tag in tags]


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h265", "vp9", "av1", "ffv1", "prores"])
def test_every_encoder_keeps_colors(codec: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(4)), color=COLORS["709 limited"])
    film = copy(probe(source), tmp_path / "film.mkv", FilmSettings(codec=codec))  # type: ignore[arg-type]
    assert np.abs(planes(source) - planes(film)).mean() < 1
    assert streams(film)[0]["color_space"] == "bt709"


@needs_ffprobe
def test_rgb_becomes_tagged_yuv(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        for picture in smooth(3, 96, 64):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    film = copy(probe(path), tmp_path / "film.mkv", FilmSettings(codec="ffv1"))
    assert streams(film)[0]["pix_fmt"] in ("yuv444p", "yuvj444p")
    assert streams(film)[0]["color_space"] == "smpte170m"
    assert np.abs(planes(film, "rgb24") - np.stack([p.ravel() for p in smooth(3, 96, 64)])).mean() < 1.5


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "ffv1", "prores", "av1"])
def test_odd_sizes_are_kept(codec: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3)), size=(97, 65), pixels="yuv444p"))
    film = copy(clip, tmp_path / "film.mkv", FilmSettings(codec=codec))  # type: ignore[arg-type]
    assert (streams(film)[0]["width"], streams(film)[0]["height"]) == (97, 65)
    assert len(frame_times(film)) == 3
    even = probe(make(tmp_path / "even.mp4", list(range(3))))
    check_film(even, tmp_path / "odd.mkv", FilmSettings(codec=codec), (71, 47))  # type: ignore[arg-type]
    encode_film(even, tmp_path / "odd.mkv", blank(even, (71, 47)), FilmSettings(codec=codec), (71, 47))  # type: ignore[arg-type]
    assert (streams(tmp_path / "odd.mkv")[0]["width"], streams(tmp_path / "odd.mkv")[0]["height"]) == (71, 47)


@needs_ffprobe
def test_pixel_aspect_ratio_is_kept(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", aspect=Fraction(16, 11)))
    for film in ("film.mp4", "film.mkv", "film.mov"):
        assert streams(copy(clip, tmp_path / film))[0]["sample_aspect_ratio"] == "16:11"


@needs_ffprobe
def test_rotated_clips_become_upright_films(tmp_path: Path) -> None:
    source = real("rotated90.mov")
    clip = probe(source)
    film = copy(clip, tmp_path / "film.mov")
    stream = streams(film)[0]
    assert (stream["width"], stream["height"]) == (clip.width, clip.height) == (320, 568)
    assert not [data for data in stream.get("side_data_list", []) if "rotation" in data]
    assert np.abs(planes(film, "rgb24") - planes(source, "rgb24")).mean() < 2  # ffmpeg rotates the clip by default


@needs_ffprobe
@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("film.mp4", "h265"), ("film.mkv", "h265"), ("film.mov", "prores"), ("film.webm", "av1"), ("film.mkv", "ffv1")],
)
def test_high_dynamic_range_is_kept(transfer: int, name: str, codec: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(3)), pixels="yuv420p10le", color=(1, 9, transfer, 9))
    film = copy(probe(source), tmp_path / name, FilmSettings(codec=codec))  # type: ignore[arg-type]
    stream = streams(film)[0]
    tags = [stream[tag] for tag in ("color_range", "color_space", "color_transfer", "color_primaries")]
    assert tags == ["tv", "bt2020nc", {16: "smpte2084", 18: "arib-std-b67"}[transfer], "bt2020"]
    assert stream["pix_fmt"].endswith("10le")
    assert np.abs(planes(source, "yuv420p10le") - planes(film, "yuv420p10le")).mean() < 4, "a level of 8 bits"


@needs_ffprobe
def test_10_bit_white_stays_white(tmp_path: Path) -> None:
    """White would become 943 if swscale got 65535: it expects 65283."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p10le"
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        for luma in (64, 502, 940):
            frame = av.VideoFrame(96, 64, "yuv420p10le")
            for plane, level in zip(frame.planes, (luma, 512, 512), strict=True):
                plane.update(np.full(plane.buffer_size // 2, level, "<u2").tobytes())
            frame.color_range = frame.colorspace = 1
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    film = copy(probe(path), tmp_path / "film.mkv", FilmSettings(codec="ffv1"))
    assert np.array_equal(planes(film, "yuv420p10le"), planes(path, "yuv420p10le"))
