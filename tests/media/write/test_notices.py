import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media.oracle import ffprobe, needs_ffprobe, streams
from tests.media.write.films import make
from tests.media.write.test_tracks import CHAPTERS, SRT, ffmpeg, film_of, source
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.media.write.notices import FilmNotices
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FILM, SILENT = FilmSettings(), FilmSettings(sound=False)
PART = Selection((range(5, 15),))
JOINS = ", it is off by up to 12.0 ms after a join"
PARTS = Selection((range(5, 15), range(20, 25)))


@needs_ffprobe
def test_what_a_container_cannot_hold_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "words.srt").write_text(SRT)
    first = source(tmp_path / "first.mp4", ("libmp3lame",), "-timecode", "01:00:00:00", seconds=4)
    texts = ("-i", tmp_path / "notes.txt", "-i", tmp_path / "words.srt")
    ffmpeg(
        *("-i", first, *texts, "-map", "0:v", "-map", "0:a", "-map", "2", "-map_metadata", "1", "-c", "copy"),
        *("-c:s", "mov_text", tmp_path / "clip.mp4"),
    )
    clip = probe(tmp_path / "clip.mp4")
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)) == FilmNotices(), "its chapters' track is no loss"
    for name, settings, place in (
        ("film.ts", FILM, ".ts"),
        ("film.avi", FILM, ".avi"),
        ("film.gif", SILENT, ".gif"),
        ("pictures", FilmSettings(codec="png"), "a folder of pictures"),
    ):
        told = check_film(clip, tmp_path / name, settings, (64, 48)).left_out
        sound = ("audio track 1 (mp3) of clip.mp4 is left out of the film",) if name == "pictures" else ()
        assert told == (
            *sound,
            "subtitle track 2 (mov_text) of clip.mp4 is left out of the film",
            f"the chapters of clip.mp4 are left out: {place} cannot hold them",
            f"the timecode 01:00:00:00 is left out: {place} cannot hold it",
        )
        if name != "pictures":
            made = film_of(clip, tmp_path / name, settings=settings)
            assert not ffprobe(made, "-show_chapters")["chapters"]
            assert len(streams(made)) == (1 if settings is SILENT else 2)


@needs_ffprobe
@pytest.mark.parametrize(
    ("film", "one", "several"),
    [
        ("film.mp4", "an edit list makes it begin in its place", JOINS),
        ("film.mkv", "up to 24.0 ms at the beginning are silent", JOINS),
        ("film.ts", "up to 24.0 ms at the beginning are silent", JOINS),
        ("film.avi", "it is off by up to 12.0 ms", ""),
    ],
)
def test_how_the_sound_of_a_range_is_cut_is_told(film: str, one: str, several: str, tmp_path: Path) -> None:
    clip = probe(source(tmp_path / "clip.mkv", ("libmp3lame",)))
    assert check_film(clip, tmp_path / film, FILM, (64, 48), Selection.whole(clip)).changed == ()
    for keep, how in ((PART, one), (PARTS, one + several)):
        told = check_film(clip, tmp_path / film, FILM, (64, 48), keep)
        assert told == FilmNotices((), (f"audio track 1 (mp3) is cut at its packets: {how}",))
    plain = probe(source(tmp_path / "plain.mkv", ("pcm_s16le",)))
    if film != "film.ts":
        assert check_film(plain, tmp_path / film, FILM, (64, 48), PARTS).changed == ()


@needs_ffprobe
def test_timecode_that_is_lost_or_right_in_part_only_is_told(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", [0, 40, 90, 95, 300, 301], Fraction(1, 600)))
    uneven = dataclasses.replace(clip, timecode="01:00:00:00")
    keep = Selection((range(2, 4),))
    told = check_film(uneven, tmp_path / "film.mov", FILM, (96, 64), keep)
    assert told.left_out == ("the timecode 01:00:00:00 is left out: the range's first frame cannot be counted from it",)
    even = dataclasses.replace(probe(make(tmp_path / "even.mp4")), timecode="01:00:00:00")
    parts = Selection((range(2, 4), range(6, 7)))
    told = check_film(even, tmp_path / "film.mov", FILM, (96, 64), parts)
    assert told.changed == ("the timecode 01:00:00:02 is right for the first range only, from which it counts on",)


@pytest.mark.parametrize(
    ("pixels", "depth", "film", "codec", "changed"),
    [
        ("yuv420p", 8, "film.mp4", "auto", ()),
        ("yuvj420p", 8, "film.mov", "prores", ()),
        ("yuv444p", 8, "film.mp4", "av1", ("the picture's 4:4:4 color becomes 4:2:0",)),
        ("yuv422p10le", 10, "film.mkv", "h265", ()),
        ("yuv444p12le", 12, "film.mkv", "h264", ("the picture's 12 bits become 10",)),
        ("gbrp", 8, "film.mp4", "auto", ("the picture's RGB becomes 4:2:0 YUV",)),
        ("gray", 8, "film.mp4", "auto", ()),
        ("yuv420p", 8, "film.gif", "auto", ("the film has 256 colors, and its times are rounded to 10 ms",)),
    ],
)
def test_what_the_picture_loses_is_told(
    pixels: str, depth: int, film: str, codec: str, changed: tuple[str, ...], tmp_path: Path
) -> None:
    clip = dataclasses.replace(probe(make(tmp_path / "clip.mp4")), pixel_format=pixels, depth=depth)
    told = check_film(clip, tmp_path / film, FilmSettings(codec=codec), (96, 64))  # type: ignore[arg-type]
    assert told == FilmNotices((), changed)


@needs_ffprobe
def test_sound_before_zero_is_kept_in_time(tmp_path: Path) -> None:
    clip = probe(source(tmp_path / "clip.mp4", ("aac",), seconds=2))
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)).changed == ()
    (told,) = check_film(clip, tmp_path / "film.mkv", FILM, (64, 48)).changed
    assert "no times below 0" in told
    begins = {}
    for name in ("clip.mp4", "film.mkv", "film.avi"):
        made = film_of(clip, tmp_path / name) if name != "clip.mp4" else tmp_path / name
        first: dict[str, Fraction] = {}
        with av.open(made) as container:
            for packet in container.demux():
                if packet.pts is not None and packet.time_base:
                    first.setdefault(packet.stream.type, packet.pts * packet.time_base)
        begins[name] = float(first["video"] - first["audio"])
    assert begins["clip.mp4"] > 0
    assert begins["film.mkv"] == pytest.approx(begins["clip.mp4"], abs=1e-3)
    assert begins["film.avi"] == pytest.approx(begins["clip.mp4"], abs=0.04), "within a frame: an AVI counts them"
