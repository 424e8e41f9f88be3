from pathlib import Path
from typing import Any

import pytest

from tests.media.boxes import add, dolby_vision, spherical, stereo
from tests.media.messages import AMBIENT, hdr10_plus, with_message
from tests.media.oracle import ffprobe, needs_ffprobe, streams
from tests.media.refusals import refusal_of
from tests.media.sources import remux, write
from videostyle.media.read.extras import CAPTIONS, frame_extras, joined, stream_extras, unreadable_profile
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.settings import FilmSettings

SIZE = (80, 48)
HEVC: dict[str, Any] = {"codec": "libx265", "pixels": "yuv420p10le", "codec_tag": "hvc1"}
QUIET = {"x265-params": "log-level=none"}
VISION = "Dolby Vision metadata"
SIDES, BALL = "stereo 3D layout (side by side)", "360-degree projection (equirectangular)"


def side_data_of(path: Path) -> set[str]:
    """The kinds of a stream's side data, as ffprobe names them."""
    return {entry["side_data_type"] for entry in streams(path)[0].get("side_data_list", [])}


@needs_ffprobe
@pytest.mark.parametrize(("profile", "compatibility"), [(8, 1), (8, 2), (8, 4), (7, 6), (4, 2), (9, 2)])
def test_dolby_vision_over_a_standard_layer_is_told(profile: int, compatibility: int, tmp_path: Path) -> None:
    path = add(write(tmp_path / "a.mp4", 3, options=QUIET, **HEVC), dolby_vision(profile, compatibility))
    assert side_data_of(path) == {"DOVI configuration record"}
    clip = probe(path)
    assert clip.extras == (VISION,)
    for name in ("film.mp4", "film.mkv"):
        lost = check_film(clip, tmp_path / name, FilmSettings(codec="h265"), SIZE).left_out
        assert lost == (f"left out: {VISION} of a.mp4",)


@pytest.mark.parametrize(("profile", "compatibility"), [(5, 0), (10, 0), (20, 0)])
def test_dolby_vision_of_other_colors_is_refused(profile: int, compatibility: int, tmp_path: Path) -> None:
    kind = "dvh1" if profile == 5 else ""
    path = add(write(tmp_path / "a.mp4", 3, options=QUIET, **HEVC), dolby_vision(profile, compatibility), kind=kind)
    assert f"Dolby Vision profile {profile}" in refusal_of(probe, path, "export the clip as HDR10, HLG or SDR$")


@needs_ffprobe
def test_spherical_and_stereo_clips_are_told(tmp_path: Path) -> None:
    path = add(write(tmp_path / "a.mp4", 3), stereo(2), spherical())
    assert side_data_of(path) == {"Stereo 3D", "Spherical Mapping"}
    other = remux(path, tmp_path / "a.mkv")
    assert side_data_of(other) == {"Stereo 3D", "Spherical Mapping"}
    for clip in (probe(path), probe(other)):
        assert clip.extras == (SIDES, BALL)
        lost = check_film(clip, tmp_path / "film.webm", FilmSettings(), SIZE).left_out
        assert lost == tuple(f"left out: {extra} of {clip.path.name}" for extra in (SIDES, BALL))


def test_a_flat_layout_needs_no_word(tmp_path: Path) -> None:
    assert probe(add(write(tmp_path / "a.mp4", 3), stereo(0))).extras == ()
    assert probe(write(tmp_path / "b.mp4", 3)).extras == ()


def test_frame_packing_inside_the_stream_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", 3, options={"x264-params": "frame-packing=3"})
    assert probe(path).extras == ("stereo 3D layout",)


@needs_ffprobe
@pytest.mark.parametrize(
    ("message", "read", "told"),
    [
        (hdr10_plus(), "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)", "HDR10+ metadata"),
        (AMBIENT, "", "ambient viewing environment"),  # which ffprobe 5 does not read
    ],
)
def test_messages_in_the_stream_are_told(message: tuple[int, bytes], read: str, told: str, tmp_path: Path) -> None:
    path = with_message(tmp_path / "a.mp4", *message)
    if read:
        frames = ffprobe(path, "-show_frames")["frames"]
        assert all(read in {entry.get("side_data_type") for entry in frame["side_data_list"]} for frame in frames)
    clip = probe(path)
    assert clip.extras == (told,)
    lost = check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="h265"), SIZE).left_out
    assert lost == (f"left out: {told} of a.mp4",)


def test_frames_without_side_data() -> None:
    assert frame_extras([]) == ()
    assert joined(["a", "b", "a (c)", "b"]) == ("b", "a (c)")
    assert CAPTIONS in joined([CAPTIONS, CAPTIONS])


def test_descriptions() -> None:
    text = (
        "0:0: Video: hevc\n    Side data:\n      ICC Profile\n      CPB properties: bitrate max/min/avg: 0/0/0\n"
        "      Ambient Viewing Environment: ambient_illuminance=314.0\n      Display Matrix: rotation of 90 degrees\n"
    )
    assert stream_extras(text) == ("ICC profile", "ambient viewing environment")
    assert unreadable_profile(text) is None
    assert stream_extras("0:0: Video: h264\n    Metadata:\n      ICC Profile: mine\n") == ()
