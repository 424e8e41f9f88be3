import itertools
import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from av.subtitles.stream import SubtitleStream

from tests.media.oracle import ffprobe, hashes, needs_ffprobe, streams
from tests.media.write.tracks import FILM, blank, ffmpeg, film_of, source
from videostyle.media.read.probe import open_file, probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.notices import FilmCheck
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
    (folder / "texts.srt").write_text(SRT)
    first = source(folder / "first.mkv", ("libopus",) if "webm" in name + film else ("aac",), seconds=4)
    picture = ("-c:v", "libvpx-vp9", "-cpu-used", "8") if name.endswith("webm") else ("-c:v", "copy")
    ffmpeg(
        *("-i", first, "-i", folder / "texts.srt", "-map", "0", "-map", "1", *picture, "-c:a", "copy"),
        *("-c:s", KINDS[name], "-metadata:s:s:0", "language=fra", folder / name),
    )
    return folder / name


def seconds(clock: str) -> float:
    hours, minutes, rest = map(float, clock.split(":"))
    return 3600 * hours + 60 * minutes + rest


def shown(path: Path, track: int = 0) -> list[tuple[float, float, str]]:
    """(begin, end, text) as ffmpeg writes them to srt; seconds from the film's first frame."""
    made = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:s:{track}", "-f", "srt", "-"],
        capture_output=True,
        check=True,
    )
    # ffmpeg's time 0 is the start of the earliest track
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
def test_text_is_converted_to_what_the_container_holds(name: str, film: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, name, film))
    notices = check_film(clip, tmp_path / film, FILM, (64, 48))
    made = film_of(clip, tmp_path / film)
    track = streams(made)[2]
    kind = KINDS[name] if film == "film.mkv" and name != "clip.mp4" else FILMS[film]
    kind = NAMES.get(kind, kind)
    assert track["codec_name"] == kind
    assert track["tags"]["language"] == "fra"
    before = NAMES.get(KINDS[name], KINDS[name])
    styles = ", without its styles" if before == "ass" else ""
    assert notices.left_out == ()
    assert notices.changed == (
        (f"subtitle track 2 ({before}) is converted to {kind}{styles}",) if kind != before else ()
    )
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
def test_text_in_several_ranges_is_shown_in_each(name: str, film: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, name, film))
    # 0.2..0.8, 1.2..1.6 and 3..4 s of the clip
    made = film_of(clip, tmp_path / film, range(5, 20), range(30, 40), range(75, 100))
    found = [(begin, end, plain(text).split("\n")[0]) for begin, end, text in shown(made)]
    wanted = [(0.3, 0.6, "Hello there,"), (0.6, 0.9, "Hello there,"), (1.0, 1.5, "Second")]
    assert [text for *_, text in found] == [text for *_, text in wanted]
    for (begin, end, _), (first, last, _) in zip(found, wanted, strict=True):
        assert (begin, end) == pytest.approx(
            (first, last), abs=0.025
        )  # Matroska delayed the clip by its sound's priming


@needs_ffprobe
def test_converted_text_of_a_range(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4", range(25, 75))
    found = shown(made)
    assert [plain(text).split("\n")[0] for *_, text in found] == ["Hello there,", "Second"]
    assert [time for one in found for time in one[:2]] == pytest.approx([0, 0.5, 1, 2], abs=0.025)


def segment(kind: int, data: bytes) -> bytes:
    """A segment of Blu-ray subtitles, at 0.5 s."""
    return b"PG" + struct.pack(">IIBH", 45000, 0, kind, len(data)) + data


@needs_ffprobe
def test_bitmap_subtitles_are_copied_or_left_out_with_a_notice(tmp_path: Path) -> None:
    composition = struct.pack(">HHBHBBBB", 64, 48, 0x10, 0, 0x80, 0, 0, 0)
    (tmp_path / "texts.sup").write_bytes(segment(0x16, composition) + segment(0x80, b""))
    first = source(tmp_path / "first.mkv")
    ffmpeg("-i", first, "-i", tmp_path / "texts.sup", "-map", "0", "-map", "1", "-c", "copy", tmp_path / "clip.mkv")
    clip = probe(tmp_path / "clip.mkv")
    lost = ("subtitle track 2 (hdmv_pgs_subtitle) of clip.mkv is left out of the film",)
    assert check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)) == FilmCheck(lost)
    assert check_film(clip, tmp_path / "film.mkv", FILM, (64, 48)) == FilmCheck()
    assert hashes(film_of(clip, tmp_path / "film.mkv"), "subtitle") == hashes(clip.path, "subtitle")
    parts = (range(5, 20), range(30, 40))
    assert check_film(clip, tmp_path / "film.mkv", FILM, (64, 48), Selection(parts)).left_out == lost
    assert len(streams(film_of(clip, tmp_path / "film.mkv", *parts))) == 2


@needs_ffprobe
def test_text_is_interleaved_with_the_picture(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4")
    lying = ffprobe(made, "-show_entries", "packet=stream_index,pts_time,pos")["packets"]
    order = [(int(p["stream_index"]), float(p["pts_time"])) for p in sorted(lying, key=lambda p: int(p["pos"]))]
    place = next(i for i, (index, time) in enumerate(order) if index == 2 and time > 1.9)
    assert abs(order[place - 1][1] - 2) < 1


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv"])
def test_empty_subtitle_track_is_kept(film: str, tmp_path: Path) -> None:
    spoken = make(tmp_path, "clip.mkv" if film == "film.mp4" else "clip.mp4", film)
    silent = tmp_path / f"silent{spoken.suffix}"
    ffmpeg("-i", spoken, "-map", "0", "-c", "copy", "-t", "0.4", silent)
    made = film_of(probe(silent), tmp_path / film)
    assert [stream["codec_type"] for stream in streams(made)] == ["video", "audio", "subtitle"]
    assert shown(made) == []


@needs_ffprobe
def test_text_outside_the_range_leaves_an_empty_track(tmp_path: Path) -> None:
    made = film_of(probe(make(tmp_path, "clip.mkv", "film.mp4")), tmp_path / "film.mp4", range(90, 100))
    assert streams(made)[2]["codec_name"] == "mov_text"
    assert shown(made) == []


@needs_ffprobe
def test_text_that_cannot_be_converted_is_counted(tmp_path: Path) -> None:
    clip = make(tmp_path, "clip.mkv", "film.mp4")
    data = clip.read_bytes()
    assert data.count("Wörld".encode()) == 1
    clip.write_bytes(data.replace("Wörld".encode(), "Wörlds".encode("latin-1")))
    notices = check_film(probe(clip), tmp_path / "film.mp4", FILM, (64, 48)).left_out
    assert notices == ("texts of subtitle track 2 that are damaged or not UTF-8 are left out (1 of them)",)
    assert [text for *_, text in shown(film_of(probe(clip), tmp_path / "film.mp4"))] == ["Second"]


@needs_ffprobe
def test_text_tracks_are_read_once_and_in_one_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = make(tmp_path, "clip.mkv", "film.mp4")
    ffmpeg(
        *("-i", one, "-map", "0:v", "-map", "0:a", "-map", "0:s", "-map", "0:s", "-map", "0:s", "-c", "copy"),
        *("-c:s:1", "ass", "-metadata:s:s:1", "language=deu", tmp_path / "three.mkv"),
    )
    content = (tmp_path / "three.mkv").read_bytes()
    assert content.count("Wörld".encode()) == 3
    place = content.index("Wörld".encode())
    damaged = content[:place] + "Wörlds".encode("latin-1") + content[place + len("Wörld".encode()) :]
    (tmp_path / "three.mkv").write_bytes(damaged)
    clip = probe(tmp_path / "three.mkv")
    passes: list[int] = []

    class Counted:
        """A file that notes how many streams each demux pass reads."""

        def __init__(self, path: Path) -> None:
            self._container = open_file(path)
            self.streams = self._container.streams

        def __enter__(self) -> "Counted":
            return self

        def __exit__(self, *_: object) -> None:
            self._container.close()

        def demux(self, streams: list[SubtitleStream]) -> Iterator[object]:
            passes.append(len(streams))
            return self._container.demux(streams)

    monkeypatch.setattr("videostyle.media.write.subtitles.open_file", Counted)
    notices = check_film(clip, tmp_path / "film.mp4", FILM, (64, 48))
    assert passes == [3], "the check reads the file once"
    assert len(notices.left_out) == 1
    assert re.fullmatch(
        r"texts of subtitle track \d that are damaged or not UTF-8 .* \(1 of them\)", notices.left_out[0]
    )
    assert len(notices.changed) == 3
    film = tmp_path / "film.mp4"
    encode_film(clip, film, blank(clip.frames.indices), FILM, (64, 48), subtitles=notices.subtitles)
    assert passes == [3], "the film uses what the check has read"
    encode_film(clip, tmp_path / "unchecked.mp4", blank(clip.frames.indices), FILM, (64, 48))
    assert passes == [3, 3], "a film without a check reads the file once"
    assert hashes(tmp_path / "unchecked.mp4", "subtitle") == hashes(film, "subtitle")
    made = streams(film)[2:]
    assert [(track["codec_name"], track["tags"]["language"]) for track in made] == [
        ("mov_text", "fra"),
        ("mov_text", "deu"),
        ("mov_text", "fra"),
    ]
    texts = [[plain(text).split("\n")[0] for *_, text in shown(film, track)] for track in range(3)]
    assert sorted(texts) == [["Hello there,", "Second"], ["Hello there,", "Second"], ["Second"]]


@needs_ffprobe
def test_films_without_text_read_no_subtitles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise AssertionError(f"{path} was opened")

    monkeypatch.setattr("videostyle.media.write.subtitles.open_file", fail)
    clip = probe(source(tmp_path / "clip.mkv"))
    assert len(streams(film_of(clip, tmp_path / "film.mp4"))) == 2
