import dataclasses
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import (
    ffprobe,
    frame_times,
    hashes,
    needs_ffprobe,
    packet_times,
    packets,
    planes,
    real,
    streams,
    video_index,
)
from tests.media.write.films import FAST, blank, copy, make
from videostyle.errors import MediaError
from videostyle.frames import Pixels
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
def test_quality_changes_the_file_size(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    fine = copy(clip, tmp_path / "fine.mp4", FilmSettings(quality=4)).stat().st_size
    usual = copy(clip, tmp_path / "usual.mp4").stat().st_size
    coarse = copy(clip, tmp_path / "coarse.mp4", FilmSettings(quality=45)).stat().st_size
    assert fine > usual > coarse


@needs_ffprobe
def test_mp4_begins_with_its_index(tmp_path: Path) -> None:
    film = copy(probe(make(tmp_path / "clip.mp4")), tmp_path / "film.mp4").read_bytes()
    assert 0 < film.index(b"moov") < film.index(b"mdat")


@needs_ffprobe
def test_gif_keeps_times_and_colors(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", [0, 4, 12, 15, 30], Fraction(1, 100)))
    assert check_film(clip, tmp_path / "film.gif", FAST, (96, 64)).left_out == ()
    film = copy(clip, tmp_path / "film.gif")
    assert frame_times(film) == [Fraction(n, 100) for n in (0, 4, 12, 15, 30)]
    assert np.abs(planes(film, "rgb24") - planes(tmp_path / "clip.mp4", "rgb24")).mean() < 6


@needs_ffprobe
def test_avi_of_frames_that_differ_in_duration_is_refused(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", *TIMES["29.97 in 1/90000"]))
    film = copy(clip, tmp_path / "film.avi")
    assert streams(film)[0]["r_frame_rate"] == "30000/1001"
    assert len(frame_times(film)) == 12
    uneven = probe(make(tmp_path / "uneven.mp4", *TIMES["vfr"]))
    with pytest.raises(MediaError, match=r"differ in duration; use -o film2\.mkv"):
        check_film(uneven, tmp_path / "film2.avi", FAST, (96, 64))


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "film.avi", "film.ts", "film.gif"])
def test_every_container_holds_every_frame(name: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    film = copy(clip, tmp_path / name)
    assert len(frame_times(film)) == 12
    assert probe(film).num_frames == 12


def test_file_names_that_look_like_urls_or_patterns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3))))
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.mp4", "-film %03d.mp4", "é" * 100 + ".mkv"):
        copy(clip, Path(name))
        assert (tmp_path / name).stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 4


def test_full_disk_is_a_one_line_error_and_leaves_nothing(tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4")
    clip = probe(source)
    noise = ((n, np.random.default_rng(n).integers(0, 256, (64, 96, 3), np.uint8)) for n in range(12))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("film.mp4", "film.mkv"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (16384, old[1]))  # writing more fails like a full disk
        try:
            with pytest.raises(MediaError, match=rf"{name}: the film cannot be written") as caught:
                encode_film(clip, tmp_path / name, list(noise), FilmSettings(quality=1), (96, 64))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert "\n" not in str(caught.value)
        assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]
        noise = ((n, np.random.default_rng(n).integers(0, 256, (64, 96, 3), np.uint8)) for n in range(12))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, RuntimeError("a bug"), MediaError("frame 3 is lost; render it again")]
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.gif", "frames"])
def test_error_while_encoding_leaves_the_old_film_and_nothing_else(
    error: type[BaseException] | BaseException, name: str, tmp_path: Path
) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    settings = FilmSettings(codec="png") if name == "frames" else FAST
    if name != "frames":
        (tmp_path / name).write_bytes(b"the old film")

    def frames() -> Iterator[tuple[int, Pixels]]:
        yield 0, np.zeros((64, 96, 3), np.uint8)
        yield 1, np.zeros((64, 96, 3), np.uint8)
        raise error

    with pytest.raises(type(error) if isinstance(error, BaseException) else error):
        encode_film(clip, tmp_path / name, frames(), settings, (96, 64))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"clip.mp4", name} - {"frames"})
    if name != "frames":
        assert (tmp_path / name).read_bytes() == b"the old film"


def test_the_library_is_silent(tmp_path: Path) -> None:
    make(tmp_path / "clip.mp4", list(range(3)))
    code = (
        "import sys; from pathlib import Path; import tests.media.write.films as t\n"
        "from videostyle.media.read.probe import probe; from videostyle.settings import FilmSettings\n"
        "clip = probe(Path(sys.argv[1]) / 'clip.mp4')\n"
        "for codec in ('h264', 'h265', 'av1', 'vp9', 'ffv1'):\n"
        "    t.copy(clip, Path(sys.argv[1]) / f'{codec}.mkv', FilmSettings(codec=codec))\n"
    )
    root = Path(__file__).parents[2]
    made = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=root)
    assert made.returncode == 0, made.stderr
    assert made.stdout + made.stderr == ""


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "film", "tracks", "texts"),
    [
        ("derived_vfr_av.mp4", "film.mp4", 1, 0),
        ("bbb_480p_30s.mp4", "film.mp4", 1, 0),
        ("chaplin_bw.mp4", "film.mp4", 1, 0),
        ("nasa_dark_multistream.mp4", "film.mp4", 2, 2),
        ("pancake_opus.mkv", "film.mkv", 1, 0),
        ("pancake_opus.mkv", "film.mp4", 1, 0),
        ("chaplin_bw.mp4", "film.mkv", 1, 0),
    ],
)
def test_real_clips_keep_times_and_sound(name: str, film: str, tracks: int, texts: int, tmp_path: Path) -> None:
    source = real(name)
    clip = probe(source)
    notices = check_film(clip, tmp_path / film, FAST, (64, 48))
    assert len(notices.left_out) == ("nasa" in name)  # its other video stream
    made = tmp_path / film
    encode_film(clip, made, blank(clip), FAST, (64, 48), comment="a test")
    slack = shift = Fraction(0)
    wanted, times = packet_times(source, clip.stream), frame_times(made)
    assert len(times) == len(wanted) == clip.num_frames
    if name.endswith("mp4") and film.endswith("mkv"):
        # Matroska stores milliseconds and no negative times: the sound's priming samples delay everything
        slack, shift = Fraction(1, 1000), times[0]
        assert shift < Fraction(1, 30)
    assert max(abs(new - old - shift) for old, new in zip(wanted, times, strict=True)) <= slack
    assert hashes(made, "audio") == hashes(source, "audio")
    assert len(hashes(made, "audio")) == tracks
    assert len(hashes(made, "subtitle")) == texts
    for before, after in zip(packets(source, "audio").values(), packets(made, "audio").values(), strict=True):
        late = [float(new - old - shift) for (old, _), (new, _) in zip(before, after, strict=True)]
        assert max(map(abs, late)) < 0.0016, "the sound moved"
    tags = ffprobe(made, "-show_format")["format"]["tags"]
    assert {key.lower(): value for key, value in tags.items()}["comment"] == "a test"
    assert video_index(made) == 0


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


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.gif", "frames"])
def test_film_without_frames_is_refused_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3))))
    settings = FilmSettings(codec="png") if name == "frames" else FAST
    with pytest.raises(MediaError, match=rf"{name}: there are no frames to make a film of; choose"):
        encode_film(clip, tmp_path / name, iter(()), settings, (96, 64))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("name", ["film.mp4", "film.gif", "frames"])
def test_frames_of_another_size_are_a_bug_and_leave_nothing(name: str, dtype: type, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3))))
    settings = FilmSettings(codec="png") if name == "frames" else FAST
    for shape in ((32, 48, 3), (96, 64, 3), (64, 96, 4)):
        frames = [(0, np.zeros((64, 96, 3), dtype)), (1, np.zeros(shape, dtype))]
        with pytest.raises(ValueError, match=re.escape(f"has shape (64, 96, 3), got {shape}")):
            encode_film(clip, tmp_path / name, frames, settings, (96, 64))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]
