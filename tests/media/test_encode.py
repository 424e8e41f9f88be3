import itertools
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
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
from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.decode import decode
from videostyle.media.encode import check_film, encode_film
from videostyle.media.probe import probe
from videostyle.settings import FilmSettings

FAST = FilmSettings()


def smooth(count: int, width: int, height: int, dtype: type = np.uint8) -> Iterator[Pixels]:
    """Drifting soft colours: chroma subsampling costs them nothing."""
    y, x = np.mgrid[0:height, 0:width]
    top = np.iinfo(dtype).max
    for frame in range(count):
        waves = [np.sin((x + 2 * frame) / 17 + c) * np.cos(y / 23 + 2 * c) for c in range(3)]
        yield np.rint((np.stack(waves, -1) * 0.4 + 0.5) * top).astype(dtype)


def make(
    path: Path,
    pts: list[int] | None = None,
    base: Fraction = Fraction(1, 25),
    size: tuple[int, int] = (96, 64),
    codec: str = "libx264",
    pixels: str = "yuv420p",
    color: tuple[int, int, int, int] = (0, 2, 2, 2),
    aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
) -> Path:
    """A clip whose frames have these times (ticks of ``base``), written with av and nothing of ours."""
    pts = list(range(12)) if pts is None else pts
    with av.open(str(path), "w", container_options={"movie_timescale": str(base.denominator)}) as output:
        stream: Any = output.add_stream(codec, rate=25, options=options or {"crf": "4"})
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        stream.codec_context.time_base = stream.time_base = base
        context = stream.codec_context
        context.color_range, context.color_primaries, context.color_trc, context.colorspace = color
        context.sample_aspect_ratio = aspect
        context.flags |= int(av.codec.context.Flags.frame_duration)
        steps = [after - before for before, after in itertools.pairwise(pts)] or [1]
        deep = "10" in pixels
        pictures = smooth(len(pts), *size, np.uint16 if deep else np.uint8)
        matrix = {1: "itu709", 2: "itu601", 5: "itu601", 6: "itu601", 9: "bt2020"}[color[3]]
        for place, picture in enumerate(pictures):
            rgb: Any = av.VideoFrame.from_ndarray(picture, "rgb48le" if deep else "rgb24")
            span = "JPEG" if color[0] == 2 else "MPEG"
            frame = rgb.reformat(format=pixels, dst_colorspace=matrix, dst_color_range=span)
            frame.color_range, frame.color_primaries, frame.color_trc, frame.colorspace = color
            frame.pts, frame.time_base = pts[place], base
            frame.duration = (steps + steps[-1:])[place]
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def copy(clip: Clip, path: Path, settings: FilmSettings = FAST, frames: FrameRange | None = None) -> Path:
    """The clip's own pictures as a film."""
    size = (clip.width, clip.height)
    check_film(clip, path, settings, size)
    pictures = ((frame.index, frame.pixels) for frame in decode(clip, frames))
    encode_film(clip, path, pictures, settings, size, frames)
    return path


def blank(
    clip: Clip, size: tuple[int, int] = (64, 48), frames: FrameRange | None = None
) -> Iterator[tuple[int, Pixels]]:
    """Small pictures for films of which only the times and the other tracks matter."""
    for index in (frames or clip.frames).indices:
        yield index, np.full((*size[::-1], 3), index % 256, np.uint8)


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
def test_every_frame_appears_at_its_sources_time(name: str, film: str, tmp_path: Path) -> None:
    pts, base = TIMES[name]
    clip = probe(make(tmp_path / "clip.mp4", pts, base))
    made = copy(clip, tmp_path / film)
    wanted = [stamp * base for stamp in pts]
    assert packet_times(tmp_path / "clip.mp4", 0) == wanted, "the clip itself is not what this test wants"
    if film.endswith(".mkv"):  # Matroska counts milliseconds
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
def test_rate_clock_and_length_are_the_clips(tmp_path: Path) -> None:
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
def test_a_part_begins_at_zero_and_keeps_its_distances(film: str, tmp_path: Path) -> None:
    pts, base = TIMES["late vfr"]
    clip = probe(make(tmp_path / "clip.mp4", pts, base))
    made = copy(clip, tmp_path / film, frames=FrameRange(2, 5))
    assert frame_times(made) == [0, Fraction(600, 1000), Fraction(601, 1000)]


@needs_ffprobe
def test_frames_that_are_missing_leave_the_others_in_their_places(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    kept = [0, 1, 4, 5, 9, 11]
    pictures = ((index, np.zeros((64, 96, 3), np.uint8)) for index in kept)
    encode_film(clip, tmp_path / "film.mp4", pictures, FAST, (96, 64))
    assert frame_times(tmp_path / "film.mp4") == [Fraction(index, 25) for index in kept]


@needs_ffprobe
def test_a_transport_streams_beginning_means_nothing_elsewhere(tmp_path: Path) -> None:
    make(tmp_path / "clip.ts", [126000 + 3600 * n for n in range(12)], Fraction(1, 90000))
    clip = probe(tmp_path / "clip.ts")
    assert clip.pts[0] > 0
    assert frame_times(copy(clip, tmp_path / "film.mp4")) == [Fraction(n, 25) for n in range(12)]


COLORS = {
    "untagged": (0, 2, 2, 2),
    "601 limited": (1, 6, 6, 6),
    "601 pal full": (2, 5, 6, 5),
    "709 limited": (1, 1, 1, 1),
    "709 full": (2, 1, 1, 1),
    "2020 limited": (1, 9, 14, 9),
}


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "pixels"),
    [(name, "yuv420p") for name in COLORS]
    + [
        ("709 limited", "yuv444p"),
        ("601 limited", "yuv422p"),
        ("709 full", "yuv420p10le"),
        ("2020 limited", "yuv420p10le"),
    ],
)
def test_colours_come_back_and_their_tags_too(name: str, pixels: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(4)), color=COLORS[name], pixels=pixels)
    film = copy(probe(source), tmp_path / "film.mp4")
    before, after = planes(source, pixels), planes(film, pixels)
    level = 4 if "10" in pixels else 1
    assert before.shape == after.shape
    assert np.abs(before - after).mean() < level
    assert abs((before - after).mean()) < 0.25 * level, "a shift of all colours"
    tags = ("pix_fmt", "color_range", "color_space", "color_transfer", "color_primaries")
    old, new = streams(source)[0], streams(film)[0]
    assert [new.get(tag) for tag in tags] == [old.get(tag) for tag in tags]


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h265", "vp9", "av1", "ffv1", "prores"])
def test_colours_come_back_with_every_encoder(codec: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(4)), color=COLORS["709 limited"])
    film = copy(probe(source), tmp_path / "film.mkv", FilmSettings(codec=codec))  # type: ignore[arg-type]
    assert np.abs(planes(source) - planes(film)).mean() < 1
    assert streams(film)[0]["color_space"] == "bt709"


@needs_ffprobe
def test_rgb_becomes_yuv_that_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "bgr0"
        for picture in smooth(3, 96, 64):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        output.mux(stream.encode(None))
    film = copy(probe(path), tmp_path / "film.mp4")
    assert streams(film)[0]["pix_fmt"] in ("yuv444p", "yuvj444p")
    assert streams(film)[0]["color_space"] == "smpte170m"
    assert np.abs(planes(film, "rgb24") - np.stack([p.ravel() for p in smooth(3, 96, 64)])).mean() < 1.5


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "ffv1", "prores", "av1"])
def test_odd_sizes_stay_as_they_are(codec: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3)), size=(97, 65), pixels="yuv444p"))
    film = copy(clip, tmp_path / "film.mkv", FilmSettings(codec=codec))  # type: ignore[arg-type]
    assert (streams(film)[0]["width"], streams(film)[0]["height"]) == (97, 65)
    assert len(frame_times(film)) == 3
    even = probe(make(tmp_path / "even.mp4", list(range(3))))
    check_film(even, tmp_path / "odd.mkv", FilmSettings(codec=codec), (71, 47))  # type: ignore[arg-type]
    encode_film(even, tmp_path / "odd.mkv", blank(even), FilmSettings(codec=codec), (71, 47))  # type: ignore[arg-type]
    assert (streams(tmp_path / "odd.mkv")[0]["width"], streams(tmp_path / "odd.mkv")[0]["height"]) == (71, 47)


@needs_ffprobe
def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", aspect=Fraction(16, 11)))
    for film in ("film.mp4", "film.mkv", "film.mov"):
        assert streams(copy(clip, tmp_path / film))[0]["sample_aspect_ratio"] == "16:11"


@needs_ffprobe
def test_rotated_clips_become_upright_films(tmp_path: Path) -> None:
    source = real("rotated90.mov")
    clip = probe(source)
    film = copy(clip, tmp_path / "film.mov")
    stream = streams(film)[0]
    assert (stream["width"], stream["height"]) == (clip.width, clip.height) == (320, 568)
    assert not [data for data in stream.get("side_data_list", []) if "rotation" in data]
    assert np.abs(planes(film, "rgb24") - planes(source, "rgb24")).mean() < 2  # ffmpeg turns the clip by itself


@needs_ffprobe
def test_quality_is_honoured(tmp_path: Path) -> None:
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
def test_a_gif_keeps_times_and_colours(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", [0, 4, 12, 15, 30], Fraction(1, 100)))
    assert check_film(clip, tmp_path / "film.gif", FAST, (96, 64)) == ()
    film = copy(clip, tmp_path / "film.gif")
    assert frame_times(film) == [Fraction(n, 100) for n in (0, 4, 12, 15, 30)]
    assert np.abs(planes(film, "rgb24") - planes(tmp_path / "clip.mp4", "rgb24")).mean() < 6


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    clip = probe(make(tmp_path / "clip.mp4"))
    png = FilmSettings(codec="png")
    folder = tmp_path / "frames"
    check_film(clip, folder, png, (48, 32))
    assert not folder.exists()
    encode_film(clip, folder, blank(clip, (96, 64), FrameRange(3, 6)), png, (48, 32), FrameRange(3, 6))
    assert sorted(p.name for p in folder.iterdir()) == [f"frame_{n:06d}.png" for n in (3, 4, 5)]
    with Image.open(folder / "frame_000004.png") as picture:
        assert picture.size == (48, 32)
        assert picture.getpixel((5, 5)) == (4, 4, 4)
    (folder / "notes.txt").write_text("mine")
    encode_film(clip, folder, blank(clip, (48, 32), FrameRange(0, 1)), png, (48, 32), FrameRange(0, 1))
    assert sorted(p.name for p in folder.iterdir()) == ["frame_000000.png", "notes.txt"]
    with pytest.raises(MediaError, match="folder such as -o film"):
        check_film(clip, tmp_path / "film.mp4", png, (48, 32))
    shutil.copy(tmp_path / "clip.mp4", tmp_path / "clip.m")
    with pytest.raises(MediaError, match=r"clip\.m: a file"):
        check_film(clip, tmp_path / "clip.m", png, (48, 32))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["clip.m", "clip.mp4", "frames"]


@needs_ffprobe
def test_an_avi_has_equal_frames_or_is_refused(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4", *TIMES["29.97 in 1/90000"]))
    film = copy(clip, tmp_path / "film.avi")
    assert streams(film)[0]["r_frame_rate"] == "30000/1001"
    assert len(frame_times(film)) == 12
    uneven = probe(make(tmp_path / "uneven.mp4", *TIMES["vfr"]))
    with pytest.raises(MediaError, match=r"unequal length; use -o film2.mkv"):
        check_film(uneven, tmp_path / "film2.avi", FAST, (96, 64))


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("film.xyz", FAST, r"\.xyz is no container.*\.mp4, .*\.gif"),
        ("film", FAST, r"no extension"),
        ("film.webm", FilmSettings(codec="h264"), r"cannot hold h264, only vp9, av1; .* \.mp4"),
        ("film.mp4", FilmSettings(codec="prores"), r"cannot hold prores.*\.mov or \.mkv"),
        ("film.mp4", FilmSettings(codec="ffv1"), r"cannot hold ffv1"),
        ("film.mov", FilmSettings(codec="vp9"), r"cannot hold vp9"),
        ("film.mp4", FilmSettings(quality=60), r"film.quality = 60: h264 knows 0 to 51"),
        ("nowhere/film.mp4", FAST, r"no such folder"),
        ("clip.mp4/film.mp4", FAST, r"is a file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(
    name: str, settings: FilmSettings, message: str, tmp_path: Path
) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=message) as caught:
        check_film(clip, tmp_path / name, settings, (96, 64))
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


def test_sizes_that_an_encoder_refuses_are_refused_before_any_work(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    with pytest.raises(MediaError, match=r"refuses 2x2 pictures of 8 bits .*; use film.codec = h264$"):
        check_film(clip, tmp_path / "film.mp4", FilmSettings(codec="av1"), (2, 2))
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(MediaError, match="is a folder"):
        check_film(clip, tmp_path / "folder.mp4", FAST, (96, 64))


def test_a_depth_that_an_encoder_refuses_is_told_with_a_codec_that_takes_it(tmp_path: Path) -> None:
    """The libvpx that PyAV brings along is built for 8 bits."""
    clip = probe(make(tmp_path / "clip.mp4", list(range(3)), pixels="yuv420p10le"))
    try:
        check_film(clip, tmp_path / "film.webm", FAST, (96, 64))
    except MediaError as error:
        told = str(error)
    else:
        pytest.skip("this libvpx takes 10 bits")
    assert re.search(r"libvpx-vp9 refuses 96x64 pictures of 10 bits .*; use film.codec = av1$", told)
    check_film(clip, tmp_path / "film.webm", FilmSettings(codec="av1"), (96, 64))


@needs_ffprobe
@pytest.mark.parametrize("transfer", [16, 18])
@pytest.mark.parametrize(
    ("name", "codec"),
    [("film.mp4", "h265"), ("film.mkv", "h265"), ("film.mov", "prores"), ("film.webm", "av1"), ("film.mkv", "ffv1")],
)
def test_high_dynamic_range_stays_what_it_is(transfer: int, name: str, codec: str, tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4", list(range(3)), pixels="yuv420p10le", color=(1, 9, transfer, 9))
    film = copy(probe(source), tmp_path / name, FilmSettings(codec=codec))  # type: ignore[arg-type]
    stream = streams(film)[0]
    tags = [stream[tag] for tag in ("color_range", "color_space", "color_transfer", "color_primaries")]
    assert tags == ["tv", "bt2020nc", {16: "smpte2084", 18: "arib-std-b67"}[transfer], "bt2020"]
    assert stream["pix_fmt"].endswith("10le")
    assert np.abs(planes(source, "yuv420p10le") - planes(film, "yuv420p10le")).mean() < 4, "a level of 8 bits"


@needs_ffprobe
def test_white_of_ten_bits_stays_white(tmp_path: Path) -> None:
    """Swscale's white is 65283 of 65535, in both directions."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p10le"
        stream.codec_context.color_range, stream.codec_context.colorspace = 1, 1
        for luma in (64, 502, 940):
            frame = av.VideoFrame(96, 64, "yuv420p10le")
            for plane, level in zip(frame.planes, (luma, 512, 512), strict=True):
                plane.update(np.full(plane.buffer_size // 2, level, "<u2").tobytes())
            frame.color_range = frame.colorspace = 1
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    film = copy(probe(path), tmp_path / "film.mkv", FilmSettings(codec="ffv1"))
    assert np.array_equal(planes(film, "yuv420p10le"), planes(path, "yuv420p10le"))


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    if os.access(folder, os.W_OK):  # root may write anywhere

        def refuse(path: Path, *_: object) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(MediaError, match=r"closed: cannot be written .Permission denied"):
        check_film(clip, folder / "film.mp4", FAST, (96, 64))
    folder.chmod(0o700)


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    for name in ("a.mp4", "a.mov", "a.mkv", "a.webm", "a.avi", "a.ts", "a.gif", "a.m4v", "a:b.mp4", "é %d.MP4"):
        assert check_film(clip, tmp_path / name, FAST, (96, 64)) == ()
    assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]


@needs_ffprobe
@pytest.mark.parametrize("name", ["film.mp4", "film.mov", "film.mkv", "film.webm", "film.avi", "film.ts", "film.gif"])
def test_every_container_holds_every_frame(name: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    film = copy(clip, tmp_path / name)
    assert len(frame_times(film)) == 12
    assert probe(film).num_frames == 12


def test_names_that_look_like_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = probe(make(tmp_path / "clip.mp4", list(range(3))))
    monkeypatch.chdir(tmp_path)
    for name in ("a:b.mp4", "-film %03d.mp4", "é" * 100 + ".mkv"):
        copy(clip, Path(name))
        assert (tmp_path / name).stat().st_size > 0
    assert len(list(tmp_path.iterdir())) == 4


def test_a_full_disk_is_told_in_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    source = make(tmp_path / "clip.mp4")
    clip = probe(source)
    noise = ((n, np.random.default_rng(n).integers(0, 256, (64, 96, 3), np.uint8)) for n in range(12))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name in ("film.mp4", "film.mkv"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (16384, old[1]))  # writing more fails as a full disk does
        try:
            with pytest.raises(MediaError, match=rf"{name}: the film cannot be written") as caught:
                encode_film(clip, tmp_path / name, list(noise), FilmSettings(quality=1), (96, 64))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, old)
        assert "\n" not in str(caught.value)
        assert [p.name for p in tmp_path.iterdir()] == ["clip.mp4"]
        noise = ((n, np.random.default_rng(n).integers(0, 256, (64, 96, 3), np.uint8)) for n in range(12))


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, RuntimeError("a bug"), MediaError("frame 3 is lost; look for it")]
)
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.gif", "frames"])
def test_errors_on_the_way_leave_the_old_film_and_nothing_else(
    error: type[BaseException] | BaseException, name: str, tmp_path: Path
) -> None:
    clip = probe(make(tmp_path / "clip.mp4"))
    settings = FilmSettings(codec="png") if name == "frames" else FAST
    if name != "frames":
        (tmp_path / name).write_bytes(b"the old film")

    def pictures() -> Iterator[tuple[int, Pixels]]:
        yield 0, np.zeros((64, 96, 3), np.uint8)
        yield 1, np.zeros((64, 96, 3), np.uint8)
        raise error

    with pytest.raises(type(error) if isinstance(error, BaseException) else error):
        encode_film(clip, tmp_path / name, pictures(), settings, (96, 64))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted({"clip.mp4", name} - {"frames"})
    if name != "frames":
        assert (tmp_path / name).read_bytes() == b"the old film"


def test_the_library_is_silent(tmp_path: Path) -> None:
    make(tmp_path / "clip.mp4", list(range(3)))
    code = (
        "import sys; from pathlib import Path; import tests.media.test_encode as t\n"
        "clip = t.probe(Path(sys.argv[1]) / 'clip.mp4')\n"
        "for codec in ('h264', 'h265', 'av1', 'vp9', 'ffv1'):\n"
        "    t.copy(clip, Path(sys.argv[1]) / f'{codec}.mkv', t.FilmSettings(codec=codec))\n"
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
    assert len(notices) == ("nasa" in name)  # its other picture
    made = tmp_path / film
    encode_film(clip, made, blank(clip), FAST, (64, 48), comment="a test")
    slack = shift = Fraction(0)
    wanted, times = packet_times(source, clip.stream), frame_times(made)
    assert len(times) == len(wanted) == clip.num_frames
    if name.endswith("mp4") and film.endswith("mkv"):
        # Matroska counts milliseconds, and cannot begin before 0: all move by the sound that only starts the decoder
        slack, shift = Fraction(1, 1000), times[0]
        assert shift < Fraction(1, 30)
    assert max(abs(new - old - shift) for old, new in zip(wanted, times, strict=True)) <= slack
    assert hashes(made, "audio") == hashes(source, "audio")
    assert len(hashes(made, "audio")) == tracks
    assert len(hashes(made, "subtitle")) == texts
    for before, after in zip(packets(source, "audio").values(), packets(made, "audio").values(), strict=True):
        late = [float(new - old - shift) for (old, _), (new, _) in zip(before, after, strict=True)]
        assert max(map(abs, late)) < 0.0016, "the sound is not where it was"
    tags = ffprobe(made, "-show_format")["format"]["tags"]
    assert {key.lower(): value for key, value in tags.items()}["comment"] == "a test"
    assert video_index(made) == 0
