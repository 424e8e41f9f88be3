"""The times of a film: of its frames, its timecode and its duration."""

import dataclasses
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import (
    ffprobe,
    frame_times,
    needs_ffprobe,
    packet_times,
    streams,
)
from tests.media.write.films import FAST, copy, make
from videostyle.errors import MediaError
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings

TIMES = {
    "25": (list(range(12)), Fraction(1, 25)),
    "23.976": ([1001 * n for n in range(12)], Fraction(1, 24000)),
    "29.97 in 1/90000": ([3003 * n for n in range(12)], Fraction(1, 90000)),
    "vfr": ([0, 40, 90, 95, 300, 301, 350, 512, 600, 601], Fraction(1, 600)),
    "late": ([1000 + 512 * n for n in range(12)], Fraction(1, 12800)),
    "late vfr": ([777, 800, 900, 1500, 1501, 2000], Fraction(1, 1000)),
    "one": ([0], Fraction(1, 25)),
}


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "film"),
    [(name, "film.mp4") for name in TIMES]
    + [(name, film) for name in ("23.976", "vfr", "late vfr") for film in ("film.mov", "film.mkv")],
)
def test_every_frame_keeps_its_time(name: str, film: str, tmp_path: Path) -> None:
    pts, base = TIMES[name]
    clip = probe(make(tmp_path / "clip.mp4", pts, base))
    made = copy(clip, tmp_path / film)
    wanted = [stamp * base for stamp in pts]
    assert packet_times(tmp_path / "clip.mp4", 0) == wanted, "the clip does not have the times this test needs"
    if film.endswith(".mkv"):  # Matroska stores milliseconds
        assert np.allclose(np.array(frame_times(made), float), np.array(wanted, float), atol=0.0005)
    else:
        assert frame_times(made) == wanted


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "av1"])
@pytest.mark.parametrize("name", ["vfr", "one"])
def test_times_are_exact_with_every_encoder(codec: str, name: str, tmp_path: Path) -> None:
    pts, base = TIMES[name]
    clip = probe(make(tmp_path / "clip.mp4", pts, base))
    made = copy(clip, tmp_path / "film.mp4", FilmSettings(codec=codec))  # type: ignore[arg-type]
    assert frame_times(made) == [stamp * base for stamp in pts]
    stream = streams(made)[0]
    assert stream["codec_name"] == {"h265": "hevc"}.get(codec, codec)
    if codec == "h265":
        assert stream["codec_tag_string"] == "hvc1"


@needs_ffprobe
def test_frame_rate_time_base_and_duration_match_the_clip(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", *TIMES["23.976"]))
    stream = streams(copy(clip, tmp_path / "film.mp4"))[0]
    assert stream["r_frame_rate"] == stream["avg_frame_rate"] == "24000/1001"
    assert stream["time_base"] == "1/24000"
    assert stream["duration_ts"] == 12 * 1001
    vfr = probe(make(tmp_path / "vfr.mp4", *TIMES["vfr"]))
    wanted = sum(vfr.durations) * vfr.time_base
    last = ffprobe(copy(vfr, tmp_path / "vfr_film.mp4"), "-show_format")["format"]
    assert float(last["duration"]) == pytest.approx(float(wanted), abs=1e-5)


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv"])
def test_range_begins_at_zero_and_keeps_its_intervals(film: str, tmp_path: Path) -> None:
    pts, base = TIMES["late vfr"]
    clip = probe(make(tmp_path / "clip.mp4", pts, base))
    made = copy(clip, tmp_path / film, frames=range(2, 5))
    assert frame_times(made) == [0, Fraction(600, 1000), Fraction(601, 1000)]


@needs_ffprobe
def test_missing_frames_do_not_move_the_others(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    kept = [0, 1, 4, 5, 9, 11]
    frames = ((index, np.zeros((64, 96, 3), np.uint8)) for index in kept)
    encode_film(clip, tmp_path / "film.mp4", frames, FAST, (96, 64))
    assert frame_times(tmp_path / "film.mp4") == [Fraction(index, 25) for index in kept]


@needs_ffprobe
def test_start_time_of_a_transport_stream_is_dropped_elsewhere(tmp_path: Path) -> None:
    make(tmp_path / "clip.ts", [126000 + 3600 * n for n in range(12)], Fraction(1, 90000))
    clip = probe(tmp_path / "clip.ts")
    assert clip.pts[0] > 0
    assert frame_times(copy(clip, tmp_path / "film.mp4")) == [Fraction(n, 25) for n in range(12)]


@needs_ffprobe
def test_avi_of_frames_that_differ_in_duration_is_refused(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", *TIMES["29.97 in 1/90000"]))
    film = copy(clip, tmp_path / "film.avi")
    assert streams(film)[0]["r_frame_rate"] == "30000/1001"
    assert len(frame_times(film)) == 12
    uneven = probe(make(tmp_path / "uneven.mp4", *TIMES["vfr"]))
    with pytest.raises(MediaError, match=r"differ in duration; use -o film2\.mkv"):
        check_film(uneven, tmp_path / "film2.avi", FAST, (96, 64))


TIMECODE = {"25": ("01:02:03:04", "01:02:03:14"), "30000/1001": ("00:00:59;28", "00:01:00;10")}


@needs_ffprobe
@pytest.mark.parametrize("rate", list(TIMECODE))
@pytest.mark.parametrize("clip", ["clip.mov", "clip.mp4"])
@pytest.mark.parametrize("film", ["film.mov", "film.mp4", "film.mkv"])
def test_timecode_belongs_to_the_first_frame(clip: str, film: str, rate: str, tmp_path: Path) -> None:
    whole, part = TIMECODE[rate]
    picture = ("-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={rate}:duration=1", "-timecode", whole)
    subprocess.run(["ffmpeg", "-v", "error", *picture, "-c:v", "libx264", tmp_path / clip], check=True)
    source = probe(tmp_path / clip)
    for frames, wanted in ((None, whole), (range(10, 20), part)):
        made = streams(copy(source, tmp_path / film, frames=frames))
        timecodes = [{key.lower(): value for key, value in s.get("tags", {}).items()}.get("timecode") for s in made]
        assert timecodes == ([wanted] if film == "film.mkv" else [wanted, wanted]), (
            "the tag of the video stream, and a track"
        )


@needs_ffprobe
def test_timecode_that_cannot_be_computed_is_left_out(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", *TIMES["vfr"]))
    source = dataclasses.replace(clip, timecode="01:00:00:00")
    for stream in streams(copy(source, tmp_path / "film.mov", frames=range(3, 6))):
        assert "timecode" not in stream["tags"]


@needs_ffprobe
@pytest.mark.parametrize("late", ["-0.0053", "0.0117", "0.3"])
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv"])
def test_sound_of_a_transport_stream_stays_in_sync(name: str, late: str, tmp_path: Path) -> None:
    """Its picture and sound begin at different times, which are no multiples of a frame."""
    clip = tmp_path / "clip.ts"
    drawn = ["-f", "lavfi", "-i", "testsrc2=s=96x64:r=25:d=2", "-itsoffset", late, "-f", "lavfi", "-i", "sine=d=2"]
    coded = ["-map", "0", "-map", "1", "-c:v", "libx264", "-c:a", "mp2", "-muxdelay", "0"]
    subprocess.run(["ffmpeg", "-v", "error", *drawn, *coded, clip], check=True)
    film = copy(probe(clip), tmp_path / name)

    def offset(path: Path) -> Fraction:
        kinds = {stream["codec_type"]: stream["index"] for stream in streams(path)}
        return packet_times(path, kinds["audio"])[0] - packet_times(path, kinds["video"])[0]

    assert abs(offset(film) - offset(clip)) <= (Fraction(1, 1000) if name == "film.mkv" else Fraction(1, 90000))
    assert streams(film)[0]["r_frame_rate"] == "25/1"
