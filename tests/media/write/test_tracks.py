import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.oracle import ffprobe, frame_times, hashes, needs_ffprobe, real, streams
from tests.media.write.tracks import CHAPTERS, FILM, SRT, ffmpeg, film_of, source
from videostyle.media.read.probe import open_file, probe
from videostyle.media.write.containers import CONTAINERS
from videostyle.media.write.film import check_film
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import SortedTracks, Tracks


@needs_ffprobe
@pytest.mark.parametrize(
    ("clip", "film"), [("clip.mkv", "film.mkv"), ("clip.mp4", "film.mp4"), ("clip.mov", "film.mov")]
)
def test_language_title_and_disposition_of_tracks_are_kept(clip: str, film: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "texts.srt").write_text(SRT)
    first = source(tmp_path / "first.mkv", ("aac", "aac"), seconds=4)
    text = "srt" if clip.endswith("mkv") else "mov_text"
    ffmpeg(
        *("-i", first, "-i", tmp_path / "texts.srt", "-i", tmp_path / "notes.txt"),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", "-c:s", text),
        *("-metadata:s:v:0", "language=jpn", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"),
        *("-metadata:s:a:1", "title=Kommentar", "-metadata:s:s:0", "language=fra"),
        *("-disposition:a:0", "default", "-disposition:a:1", "0", "-disposition:s:0", "forced"),
        tmp_path / clip,
    )
    origin = tmp_path / clip
    made = film_of(probe(origin), tmp_path / film)
    old, new = streams(origin), [s for s in streams(made) if s["codec_name"] != "bin_data"]
    assert len(new) == len([s for s in old if s["codec_name"] != "bin_data"]) == 4
    for before, after in zip(old, new, strict=False):
        assert after["codec_type"] == before["codec_type"]
        for tag in ("language", "title"):
            assert after.get("tags", {}).get(tag) == before.get("tags", {}).get(tag)
        assert after["disposition"] == before["disposition"]
    assert hashes(made, "subtitle") == hashes(origin, "subtitle")
    for path in (origin, made):
        chapters = ffprobe(path, "-show_chapters")["chapters"]
        assert [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in chapters] == [
            (0, 1, "One"),
            (1, 2.5, "Two"),
            (2.5, 4, "Three"),
        ]
        tags = {key.lower(): value for key, value in ffprobe(path, "-show_format")["format"]["tags"].items()}
        assert tags["title"] == "The title"
        assert tags["artist"] == "Someone"


@needs_ffprobe
@pytest.mark.parametrize(
    ("clip", "film"), [("clip.mp4", "film.mp4"), ("clip.mkv", "film.mkv"), ("clip.mp4", "film.mkv")]
)
def test_covers_are_kept(clip: str, film: str, tmp_path: Path) -> None:
    first = source(tmp_path / "first.mp4")
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=32x32", "-frames:v", "1", cover)
    if clip.endswith("mp4"):
        more: list[str | Path] = ["-i", cover, "-map", "0", "-map", "1", "-disposition:v:1", "attached_pic"]
    else:
        more = [
            "-attach",
            cover,
            "-metadata:s:t",
            "mimetype=image/png",
            "-metadata:s:t",
            "filename=cover.png",
            "-map",
            "0",
        ]
    ffmpeg("-i", first, *more, "-c", "copy", tmp_path / clip)
    made = film_of(probe(tmp_path / clip), tmp_path / film)
    covers = [s for s in streams(made) if s["disposition"]["attached_pic"]]
    assert len(covers) == 1
    ffmpeg("-i", made, "-map", f"0:{covers[0]['index']}", "-c", "copy", "-f", "image2", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == cover.read_bytes()
    assert len(frame_times(made)) == 50


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mov"])
def test_metadata_of_phones_is_kept(film: str, tmp_path: Path) -> None:
    wanted = {"com.apple.quicktime.make": "Pear", "com.apple.quicktime.location.ISO6709": "+1+2/", "title": "T"}
    tags = [option for key, value in wanted.items() for option in ("-metadata", f"{key}={value}")]
    clip = probe(source(tmp_path / "clip.mov", ("aac",), "-movflags", "use_metadata_tags", *tags, seconds=1))
    found = ffprobe(film_of(clip, tmp_path / film), "-show_format")["format"]["tags"]
    assert {key: found.get(key) for key in wanted} == wanted


@needs_ffprobe
def test_fonts_are_kept_in_matroska_with_a_notice_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"not really a font")
    attach = ("-attach", str(tmp_path / "font.ttf"), "-metadata:s:t", "mimetype=application/x-truetype-font")
    clip = probe(source(tmp_path / "clip.mkv", ("aac",), *attach))
    made = film_of(clip, tmp_path / "film.mkv")
    assert [s["tags"]["filename"] for s in streams(made) if s["codec_type"] == "attachment"] == ["font.ttf"]
    assert len(check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)).left_out) == 1


@needs_ffprobe
def test_range_has_its_chapters_and_subtitles(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "texts.srt").write_text(SRT)
    first = source(tmp_path / "first.mkv", seconds=4)
    ffmpeg(
        *("-i", first, "-i", tmp_path / "texts.srt", "-i", tmp_path / "notes.txt"),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", tmp_path / "clip.mkv"),
    )
    clip = probe(tmp_path / "clip.mkv")
    part = range(30, 75)  # about 1.2 s to 3 s: Matroska delayed the clip by its sound's priming
    start, end = float(clip.seconds(30)), float(clip.seconds(75))
    made = film_of(clip, tmp_path / "part.mkv", part)
    chapters = ffprobe(made, "-show_chapters")["chapters"]
    found = [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in chapters]
    assert [name for *_, name in found] == ["Two", "Three"]
    wanted = [0, 2.5 - start, 2.5 - start, end - start]
    assert [time for one in found for time in one[:2]] == pytest.approx(wanted, abs=0.001)
    texts = ffprobe(made, "-select_streams", "s", "-show_entries", "packet=pts_time,duration_time")["packets"]
    shown = [(float(p["pts_time"]), float(p["duration_time"])) for p in texts]
    assert np.allclose(shown, [(0, 1.5 - start), (2 - start, end - 2)], atol=0.0011)


class Counted:
    """A source that counts the packets read from it."""

    def __init__(self, container: Any) -> None:
        self.container, self.given = container, 0

    def demux(self, *wanted: Any) -> Iterator[Any]:
        for packet in self.container.demux(*wanted):
            self.given += bool(packet.size)
            yield packet


class Output:
    """An output that counts packets instead of writing them."""

    def __init__(self, container: Any) -> None:
        self.container, self.muxed = container, 0

    def add_stream_from_template(self, *given: Any, **more: Any) -> Any:
        return self.container.add_stream_from_template(*given, **more)

    def mux(self, _: Any) -> None:
        self.muxed += 1


def test_at_most_one_packet_waits_in_memory() -> None:
    path = real("chaplin_bw.mp4")
    with open_file(path) as container, av.open(io.BytesIO(), "w", format="mp4") as film:
        counted, output = Counted(container), Output(film)
        clip, mp4 = probe(path), CONTAINERS[".mp4"]
        sound = SortedTracks(list(container.streams.audio), [], [])
        tracks = Tracks(counted, sound, output, mp4, Timeline(clip, None), {})
        for second in range(9):
            tracks.write(Fraction(second))
            assert counted.given - output.muxed == 1
            assert output.muxed == pytest.approx(second * 44100 / 1152, abs=3)
        tracks.write(None)
        assert output.muxed == counted.given == 369
