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
    video_index,
)
from tests.media.write.films import FAST, blank, copy, make
from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings


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
    encode_film(clip, made, blank(clip), FAST, (64, 48), made="a test")
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
