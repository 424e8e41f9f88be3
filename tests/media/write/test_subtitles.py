import itertools
import re
import struct
import subprocess
from pathlib import Path

import pytest

from tests.media.oracle import ffprobe, hashes, needs_ffprobe, streams
from tests.media.write.test_tracks import FILM, ffmpeg, film_of, source
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film
from videostyle.media.write.notices import FilmNotices
from videostyle.selection import Selection

SRT = """1
00:00:00,500 --> 00:00:01,500
<i>Hello</i> there,
Wörld & all

2
00:00:02,000 --> 00:00:03,500
Second
"""
KINDS = {"clip.mkv": "srt", "ass.mkv": "ass", "clip.mp4": "mov_text", "clip.webm": "webvtt"}
FILMS = {"film.mkv": "subrip", "film.mp4": "mov_text", "film.mov": "mov_text", "film.webm": "webvtt"}
PAIRS = [pair for pair in itertools.product(KINDS, FILMS) if pair != ("clip.webm", "film.mov")]
MANY = [("clip.mkv", "film.mkv"), ("ass.mkv", "film.mkv"), ("clip.mp4", "film.mp4")]
NAMES = {"srt": "subrip"}


def make(folder: Path, name: str, film: str) -> Path:
    (folder / "words.srt").write_text(SRT)
    first = source(folder / "first.mkv", ("libopus",) if "webm" in name + film else ("aac",), seconds=4)
    picture = ("-c:v", "libvpx-vp9", "-cpu-used", "8") if name.endswith("webm") else ("-c:v", "copy")
    ffmpeg(
        *("-i", first, "-i", folder / "words.srt", "-map", "0", "-map", "1", *picture, "-c:a", "copy"),
        *("-c:s", KINDS[name], "-metadata:s:s:0", "language=fra", folder / name),
    )
    return folder / name


def seconds(clock: str) -> float:
    hours, minutes, rest = map(float, clock.split(":"))
    return 3600 * hours + 60 * minutes + rest


def shown(path: Path) -> list[tuple[float, float, str]]:
    """(begin, end, text) as ffmpeg writes them to srt; times from the film's first frame on."""
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:s:0", "-f", "srt", "-"], capture_output=True, check=True
    )
    # ffmpeg's 0 is where the first of all tracks begins
    zero = float(ffprobe(path, "-show_format")["format"]["start_time"]) - float(streams(path)[0]["start_time"])
    found = []
    for block in filter(None, made.stdout.decode().replace("\r", "").strip().split("\n\n")):
        _, times, *text = block.strip().split("\n")
        begin, end = map(seconds, times.replace(",", ".").split(" --> "))
        found.append((begin + zero, end + zero, "\n".join(text)))
    return found


def plain(text: str) -> str:
    return re.sub(r"<[^>]*>", "", text)


@needs_ffprobe
@pytest.mark.parametrize(("name", "film"), PAIRS)
def test_words_become_what_the_container_holds(name: str, film: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, name, film))
    told = check_film(clip, tmp_path / film, FILM, (64, 48))
    made = film_of(clip, tmp_path / film)
    track = streams(made)[2]
    kind = KINDS[name] if film == "film.mkv" and name != "clip.mp4" else FILMS[film]
    kind = NAMES.get(kind, kind)
    assert track["codec_name"] == kind
    assert track["tags"]["language"] == "fra"
    before = NAMES.get(KINDS[name], KINDS[name])
    styles = ", without its styles" if before == "ass" else ""
    assert told.left_out == ()
    assert told.changed == ((f"subtitle track 2 ({before}) becomes {kind}{styles}",) if kind != before else ())
    for (begin, end, text), (old_begin, old_end, old) in zip(shown(made), shown(clip.path), strict=True):
        assert begin == pytest.approx(old_begin, abs=0.0021)
        assert end == pytest.approx(old_end, abs=0.0021)
        assert plain(text) == plain(old)
    if "webvtt" not in (kind, before):
        assert "<i>Hello</i>" in shown(made)[0][2]


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "film"), [("clip.mkv", "film.mkv"), ("ass.mkv", "film.mkv"), ("clip.mp4", "film.mp4")]
)
def test_words_of_several_parts_are_shown_in_each(name: str, film: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, name, film))
    # 0.2..0.8, 1.2..1.6 and 3..4 s of the clip
    made = film_of(clip, tmp_path / film, range(5, 20), range(30, 40), range(75, 100))
    found = [(begin, end, plain(text).split("\n")[0]) for begin, end, text in shown(made)]
    wanted = [(0.3, 0.6, "Hello there,"), (0.6, 0.9, "Hello there,"), (1.0, 1.5, "Second")]
    assert [text for *_, text in found] == [text for *_, text in wanted]
    for (begin, end, _), (first, last, _) in zip(found, wanted, strict=True):
        assert (begin, end) == pytest.approx((first, last), abs=0.025)  # Matroska moved the clip by its sound's priming


@needs_ffprobe
def test_words_of_a_range_that_are_converted(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4", range(25, 75))
    found = shown(made)
    assert [plain(text).split("\n")[0] for *_, text in found] == ["Hello there,", "Second"]
    assert [time for one in found for time in one[:2]] == pytest.approx([0, 0.5, 1, 2], abs=0.025)


def segment(kind: int, data: bytes) -> bytes:
    """A piece of a Blu-ray's subtitles, at 0.5 s."""
    return b"PG" + struct.pack(">IIBH", 45000, 0, kind, len(data)) + data


@needs_ffprobe
def test_pictures_of_words_are_copied_or_left_out_with_a_notice(tmp_path: Path) -> None:
    composition = struct.pack(">HHBHBBBB", 64, 48, 0x10, 0, 0x80, 0, 0, 0)
    (tmp_path / "words.sup").write_bytes(segment(0x16, composition) + segment(0x80, b""))
    first = source(tmp_path / "first.mkv")
    ffmpeg("-i", first, "-i", tmp_path / "words.sup", "-map", "0", "-map", "1", "-c", "copy", tmp_path / "clip.mkv")
    clip = probe(tmp_path / "clip.mkv")
    lost = ("subtitle track 2 (hdmv_pgs_subtitle) of clip.mkv is left out of the film",)
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)) == FilmNotices(lost)
    assert check_film(clip, tmp_path / "film.mkv", FILM, (64, 48)) == FilmNotices()
    assert hashes(film_of(clip, tmp_path / "film.mkv"), "subtitle") == hashes(clip.path, "subtitle")
    parts = (range(5, 20), range(30, 40))
    assert check_film(clip, tmp_path / "film.mkv", FILM, (64, 48), Selection(parts)).left_out == lost
    assert len(streams(film_of(clip, tmp_path / "film.mkv", *parts))) == 2


@needs_ffprobe
def test_words_lie_beside_their_picture_in_the_file(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4")
    lying = ffprobe(made, "-show_entries", "packet=stream_index,pts_time,pos")["packets"]
    order = [(int(p["stream_index"]), float(p["pts_time"])) for p in sorted(lying, key=lambda p: int(p["pos"]))]
    place = next(i for i, (index, time) in enumerate(order) if index == 2 and time > 1.9)
    assert abs(order[place - 1][1] - 2) < 1


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv"])
def test_a_track_without_a_word_stays_one(film: str, tmp_path: Path) -> None:
    words = make(tmp_path, "clip.mkv" if film == "film.mp4" else "clip.mp4", film)
    ffmpeg("-i", words, "-map", "0", "-c", "copy", "-t", "0.4", tmp_path / f"silent{words.suffix}")
    made = film_of(probe(tmp_path / f"silent{words.suffix}"), tmp_path / film)
    assert [stream["codec_type"] for stream in streams(made)] == ["video", "audio", "subtitle"]
    assert shown(made) == []


@needs_ffprobe
def test_words_outside_the_range_leave_an_empty_track(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4", range(90, 100))
    assert streams(made)[2]["codec_name"] == "mov_text"
    assert shown(made) == []


@needs_ffprobe
def test_words_that_cannot_be_read_are_counted(tmp_path: Path) -> None:
    clip = make(tmp_path, "clip.mkv", "film.mp4")
    data = clip.read_bytes()
    assert data.count("Wörld".encode()) == 1
    clip.write_bytes(data.replace("Wörld".encode(), "Wörlds".encode("latin-1")))
    told = check_film(probe(clip), tmp_path / "film.mp4", FILM, (64, 48)).left_out
    assert told == ("texts of subtitle track 2 that are left out, damaged or not in UTF-8: 1",)
    assert [text for *_, text in shown(film_of(probe(clip), tmp_path / "film.mp4"))] == ["Second"]
