import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media.oracle import ffprobe, needs_ffprobe, streams
from tests.media.write.films import make
from tests.media.write.tracks import CHAPTERS, SRT, ffmpeg, film_of, source
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.media.write.notices import FilmCheck
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FILM, SILENT = FilmSettings(), FilmSettings(sound=False)
PART = Selection((range(5, 15),))
GIF = "each frame is reduced to 256 colors, and frame times are rounded to 10 ms"
JOINS = ", it is off by up to 12.0 ms after a join"
PARTS = Selection((range(5, 15), range(20, 25)))


@needs_ffprobe
def test_notices_name_what_a_container_cannot_hold(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "texts.srt").write_text(SRT)
    first = source(tmp_path / "first.mp4", ("libmp3lame",), "-timecode", "01:00:00:00", seconds=4)
    texts = ("-i", tmp_path / "notes.txt", "-i", tmp_path / "texts.srt")
    ffmpeg(
        *("-i", first, *texts, "-map", "0:v", "-map", "0:a", "-map", "2", "-map_metadata", "1", "-c", "copy"),
        *("-c:s", "mov_text", tmp_path / "clip.mp4"),
    )
    clip = probe(tmp_path / "clip.mp4")
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)) == FilmCheck(), (
        "the track of the chapters is not a loss"
    )
    for name, settings, place in (
        ("film.ts", FILM, ".ts"),
        ("film.avi", FILM, ".avi"),
        ("film.gif", SILENT, ".gif"),
        ("pictures", FilmSettings(codec="png"), "a folder of pictures"),
    ):
        notices = check_film(clip, tmp_path / name, settings, (64, 48)).left_out
        sound = ("audio track 1 (mp3) of clip.mp4 is left out of the film",) if name == "pictures" else ()
        tags = (
            (f"tags that {place} cannot hold are left out: title, artist",) if name in ("film.ts", "film.gif") else ()
        )
        assert notices == (
            *sound,
            "subtitle track 2 (mov_text) of clip.mp4 is left out of the film",
            f"the chapters of clip.mp4 are left out: {place} cannot hold them",
            f"the timecode 01:00:00:00 is left out: {place} cannot hold it",
            *tags,
        )
        if name != "pictures":
            made = film_of(clip, tmp_path / name, settings=settings)
            assert not ffprobe(made, "-show_chapters")["chapters"]
            assert len(streams(made)) == (1 if settings is SILENT else 2)


@needs_ffprobe
@pytest.mark.parametrize(
    ("film", "one", "several"),
    [
        ("film.mp4", "an edit list makes it start on time", JOINS),
        ("film.mkv", "up to 24.0 ms at the start are silent", JOINS),
        ("film.ts", "up to 24.0 ms at the start are silent", JOINS),
        ("film.avi", "it is off by up to 12.0 ms", ""),
    ],
)
def test_notice_says_how_precisely_sound_is_trimmed(film: str, one: str, several: str, tmp_path: Path) -> None:
    clip = probe(source(tmp_path / "clip.mkv", ("libmp3lame",)))
    assert check_film(clip, tmp_path / film, FILM, (64, 48), Selection.whole(clip)).changed == ()
    for keep, how in ((PART, one), (PARTS, one + several)):
        notices = check_film(clip, tmp_path / film, FILM, (64, 48), keep)
        assert notices == FilmCheck((), (f"audio track 1 (mp3) is trimmed at packet borders: {how}",))
    plain = probe(source(tmp_path / "plain.mkv", ("pcm_s16le",)))
    if film != "film.ts":
        assert check_film(plain, tmp_path / film, FILM, (64, 48), PARTS).changed == ()


@needs_ffprobe
def test_notice_for_timecode_that_is_lost_or_partly_correct(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", [0, 40, 90, 95, 300, 301], Fraction(1, 600)))
    uneven = dataclasses.replace(clip, timecode="01:00:00:00")
    keep = Selection((range(2, 4),))
    notices = check_film(uneven, tmp_path / "film.mov", FILM, (96, 64), keep)
    lost = "the timecode 01:00:00:00 is left out: that of the range's first frame cannot be computed"
    assert notices.left_out == (lost,)
    even = dataclasses.replace(probe(make(tmp_path / "even.mp4")), timecode="01:00:00:00")
    parts = Selection((range(2, 4), range(6, 7)))
    notices = check_film(even, tmp_path / "film.mov", FILM, (96, 64), parts)
    assert notices.changed == (
        "the timecode 01:00:00:02 is correct for the first range only; it keeps counting after that",
    )


@pytest.mark.parametrize(
    ("pixels", "depth", "film", "codec", "changed"),
    [
        ("yuv420p", 8, "film.mp4", "auto", ()),
        ("yuvj420p", 8, "film.mov", "prores", ()),
        ("yuv444p", 8, "film.mp4", "av1", ("the chroma subsampling changes from 4:4:4 to 4:2:0",)),
        ("yuv422p10le", 10, "film.mkv", "h265", ()),
        ("yuv444p12le", 12, "film.mkv", "h264", ("the bit depth is reduced from 12 to 10",)),
        ("gbrp", 8, "film.mp4", "auto", ("RGB is converted to 4:2:0 YUV",)),
        ("gray", 8, "film.mp4", "auto", ()),
        ("yuv420p", 8, "film.gif", "auto", (GIF,)),
    ],
)
def test_notices_for_changes_of_the_picture(
    pixels: str, depth: int, film: str, codec: str, changed: tuple[str, ...], tmp_path: Path
) -> None:
    clip = dataclasses.replace(probe(make(tmp_path / "clip.mp4")), pixel_format=pixels, depth=depth)
    notices = check_film(clip, tmp_path / film, FilmSettings(codec=codec), (96, 64))  # type: ignore[arg-type]
    assert notices == FilmCheck((), changed)


@needs_ffprobe
def test_sound_before_time_zero_stays_in_sync(tmp_path: Path) -> None:
    clip = probe(source(tmp_path / "clip.mp4", ("aac",), seconds=2))
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)).changed == ()
    (notice,) = check_film(clip, tmp_path / "film.mkv", FILM, (64, 48)).changed
    assert "cannot store negative timestamps: sound and picture are both delayed" in notice
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
    assert begins["film.avi"] == pytest.approx(begins["clip.mp4"], abs=0.04), (
        "within a frame: an AVI only counts frames"
    )
