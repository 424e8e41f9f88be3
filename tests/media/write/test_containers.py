from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.write.tracks import source
from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.media.read.probe import probe
from videostyle.media.write.containers import (
    CODECS,
    CONTAINERS,
    codec_of,
    container_of,
    encoder_options,
    pixel_format,
    tick_of,
)
from videostyle.media.write.film import check_film
from videostyle.media.write.notices import FilmCheck
from videostyle.settings import FilmSettings


def clip(pixels: str = "yuv420p", depth: int = 8, pts: tuple[int, ...] = (0, 512, 1024)) -> Clip:
    """A clip without a file: only its numbers matter."""
    return Clip(
        path=Path("clip.mp4"),
        stream=0,
        width=64,
        height=48,
        rate=Fraction(25),
        time_base=Fraction(1, 12800),
        pts=pts,
        durations=(512,) * len(pts),
        depth=depth,
        pixel_format=pixels,
    )


@pytest.mark.parametrize(
    ("pixels", "depth", "codec", "size", "wanted"),
    [
        ("yuv420p", 8, "h264", (64, 48), "yuv420p"),
        ("yuvj420p", 8, "h264", (64, 48), "yuv420p"),
        ("yuv420p", 8, "h264", (65, 48), "yuv444p"),
        ("yuv420p", 8, "h265", (64, 47), "yuv444p"),
        ("yuv420p", 8, "vp9", (65, 47), "yuv420p"),
        ("yuv422p10le", 10, "h264", (64, 48), "yuv422p10le"),
        ("yuv422p10le", 10, "h264", (65, 48), "yuv444p10le"),
        ("yuv422p10le", 10, "h264", (64, 47), "yuv422p10le"),
        ("yuv444p", 8, "h264", (64, 48), "yuv444p"),
        ("yuv444p12le", 12, "prores", (64, 48), "yuv444p10le"),
        ("yuv420p", 8, "prores", (64, 48), "yuv422p10le"),
        ("gbrp", 8, "h264", (64, 48), "yuv420p"),
        ("gbrp", 8, "ffv1", (64, 48), "yuv444p"),
        ("bgr0", 8, "ffv1", (64, 48), "yuv444p"),
        ("yuv444p", 8, "av1", (65, 47), "yuv420p"),
        ("gray", 8, "h264", (64, 48), "yuv420p"),
        ("yuv420p", 8, "gif", (65, 47), "pal8"),
        ("yuv444p", 8, "h264_nvenc", (64, 48), "yuv420p"),
        ("yuv422p10le", 10, "hevc_nvenc", (64, 48), "p010le"),
    ],
)
def test_pixel_format_keeps_chroma_subsampling_and_bit_depth(
    pixels: str, depth: int, codec: str, size: tuple[int, int], wanted: str
) -> None:
    assert pixel_format(clip(pixels, depth), CODECS[codec], CONTAINERS[".mkv"], size) == wanted


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_every_container_has_a_default_codec(suffix: str) -> None:
    path = Path(f"film{suffix.upper()}")
    assert codec_of(path, FilmSettings(), clip()) is CODECS[container_of(path).codecs[0]]
    for name in container_of(path).codecs:
        assert name in CODECS


def test_error_for_a_wrong_codec_lists_the_right_ones() -> None:
    with pytest.raises(MediaError, match=r"film\.txt: cannot write \.txt files; use one of \.mp4"):
        container_of(Path("film.txt"))
    for suffix, container in CONTAINERS.items():
        for name in ("h264", "h265", "prores", "av1", "vp9", "ffv1"):
            settings = FilmSettings(codec=name)
            if name in container.codecs:
                assert codec_of(Path(f"film{suffix}"), settings, clip()) is CODECS[name]
            else:
                with pytest.raises(MediaError, match=rf"cannot hold {name}, only {', '.join(container.codecs)}; "):
                    codec_of(Path(f"film{suffix}"), settings, clip())


def test_encoder_counts_frames_if_all_have_the_same_duration() -> None:
    film = Path("film.mp4")
    assert tick_of(clip(), "mp4", film) == Fraction(1, 25)
    assert tick_of(clip(pts=(1024, 1536, 2048)), "mp4", film) == Fraction(1, 25)
    assert tick_of(clip(pts=(100, 612, 1124)), "mp4", film) == Fraction(1, 12800), "starts between two ticks"
    assert tick_of(clip(pts=(0, 512, 1025)), "mp4", film) == Fraction(1, 12800)
    assert tick_of(clip(pts=(0,)), "avi", film) == Fraction(1, 25)
    assert tick_of(clip(), "gif", film) == Fraction(1, 100)
    with pytest.raises(MediaError, match=r"use -o film\.mkv"):
        tick_of(clip(pts=(0, 512, 2000)), "avi", film)


def test_h265_films_of_two_frames_have_no_b_frames() -> None:
    for frames, wanted in ((1, True), (2, True), (3, False)):
        options = encoder_options(clip(), CODECS["h265"], FilmSettings(), "mp4", frames, "yuv420p")
        assert ("bframes=0" in options["x265-params"]) == wanted
    assert encoder_options(clip(), CODECS["h264"], FilmSettings(quality=30), "mp4", 9, "yuv420p")["crf"] == "30"
    assert encoder_options(clip(), CODECS["h264"], FilmSettings(), "mp4", 9, "yuv420p")["crf"] == "16"


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "codec", "film", "message"),
    [
        ("clip.mkv", "aac", "film.webm", r"\.webm cannot hold the clip's sound \(aac\); use -o film\.mkv"),
        ("clip.mkv", "libmp3lame", "film.webm", r"\(mp3\); use -o film\.mkv"),
        ("clip.mkv", "libopus", "film.avi", r"\(opus\); use -o film\.mkv"),
        ("clip.mkv", "libopus", "film.mov", r"\(opus\); use -o film\.mkv"),
        ("clip.mkv", "flac", "film.ts", r"\(flac\); use -o film\.mkv"),
        ("clip.mov", "pcm_s16le", "film.ts", r"\(pcm_s16le\); use -o film\.mkv"),
    ],
)
def test_container_that_cannot_hold_the_sound_is_refused(
    name: str, codec: str, film: str, message: str, tmp_path: Path
) -> None:
    given = probe(source(tmp_path / name, (codec,)))
    with pytest.raises(MediaError, match=message):
        check_film(given, tmp_path / film, FilmSettings(), (64, 48))
    assert check_film(given, tmp_path / "film.mkv", FilmSettings(), (64, 48)) == FilmCheck()
    with pytest.raises(MediaError, match=r"\.gif cannot hold the clip's sound .*; use -o film\.mkv, or --no-sound"):
        check_film(given, tmp_path / "film.gif", FilmSettings(), (64, 48))
    for silent in (film, "film.gif"):
        assert check_film(given, tmp_path / silent, FilmSettings(sound=False), (64, 48)).left_out == ()
    assert len(check_film(given, tmp_path / "frames", FilmSettings(codec="png"), (64, 48)).left_out) == 1
    assert check_film(given, tmp_path / "frames", FilmSettings(codec="png", sound=False), (64, 48)).left_out == ()
    assert [path.name for path in tmp_path.iterdir()] == [name]


@needs_ffprobe
def test_advice_names_a_container_other_than_matroska(tmp_path: Path) -> None:
    given = probe(source(tmp_path / "clip.mov", ("pcm_mulaw",)))
    with pytest.raises(MediaError, match=r"\(pcm_mulaw\); use -o film\.mov"):
        check_film(given, tmp_path / "film.mkv", FilmSettings(), (64, 48))
    assert check_film(given, tmp_path / "film.mov", FilmSettings(), (64, 48)) == FilmCheck()


@needs_ffprobe
def test_sound_without_a_usual_layout_is_refused_before_any_work(tmp_path: Path) -> None:
    given = probe(source(tmp_path / "clip.mkv", ("pcm_s16le",), "-ac", "3"))
    with pytest.raises(MediaError, match=r"\.mp4 cannot hold the clip's sound .pcm_s16le.; use -o film\.mkv"):
        check_film(given, tmp_path / "film.mp4", FilmSettings(), (64, 48))
