import itertools
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.oracle import REAL, ffprobe, frame_times, needs_ffprobe, real, streams
from tests.media.sources import FASTSTART, drifting, remux, write
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe

FRAMES = {
    "bbb_480p_30s.mp4": 720,
    "bedroom_kids_jumping.mp4": 200,
    "bikes_cuts.mp4": 250,
    "bmx_pan_240p.mp4": 80,
    "carphone_face.mp4": 120,
    "chaplin_bw.mp4": 241,
    "cockatoo_444_mp3.mp4": 280,
    "derived_avsync.mp4": 150,
    "derived_cuts_av.mp4": 200,
    "derived_vfr_av.mp4": 151,
    "flower_timelapse.mp4": 150,
    "fox_indoor.mp4": 420,
    "horse_running.mp4": 91,
    "nasa_dark_multistream.mp4": 390,  # in its larger video stream; the smaller one has 325
    "pancake_opus.mkv": 310,
    "portrait_turn.mp4": 270,
    "rabbit_handheld.mp4": 234,
    "road_driving.mp4": 221,
    "rotated90.mov": 3,
    "seattle_pan_16s.avi": 496,
    "vtest_pedestrians_79s.avi": 795,
}
"""counted by decoding, as stated in the README of the clips"""


def test_odd_file_names_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write(tmp_path / "clip.mp4", 5).read_bytes()
    monkeypatch.chdir(tmp_path)
    Path("a:").mkdir()
    Path("take:").mkdir()
    for name in (
        "a:b.mp4",
        "a:/b.mp4",
        "take:/1.mp4",
        "-i.mp4",
        "frame %03d.mp4",
        "é 'x'\n.mp4",
        os.fsdecode(b"latin\xe9.mp4"),
    ):
        Path(name).write_bytes(whole)
        assert probe(Path(name)).num_frames == 5


@pytest.mark.parametrize("name", FRAMES)
def test_real_clips_have_the_documented_number_of_frames(name: str) -> None:
    clip = probe(real(name))
    assert clip.num_frames == FRAMES[name]
    assert clip.frames_missing == 0
    assert list(clip.pts) == sorted(set(clip.pts))
    assert all(length > 0 for length in clip.durations)


def test_every_real_clip_is_counted() -> None:
    if not REAL.exists():
        pytest.skip("the real clips are not available")
    assert {path.name for path in REAL.iterdir()} <= set(FRAMES)


@needs_ffprobe
@pytest.mark.parametrize("name", ["derived_vfr_av.mp4", "nasa_dark_multistream.mp4", "pancake_opus.mkv"])
def test_times_match_ffprobe(name: str) -> None:
    clip = probe(real(name))
    assert [clip.seconds(index) for index in range(clip.num_frames)] == frame_times(clip.path, clip.stream)


TIMES = {
    "23.976": ([1001 * n for n in range(12)], Fraction(1, 24000)),
    "29.97": ([3003 * n for n in range(12)], Fraction(1, 90000)),
    "vfr": ([0, 40, 90, 95, 300, 301, 350, 512, 600, 601], Fraction(1, 600)),
    "late": ([1000 + 512 * n for n in range(12)], Fraction(1, 12800)),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_match_those_written(name: str, tmp_path: Path) -> None:
    pts, base = TIMES[name]
    clip = probe(write(tmp_path / "clip.mp4", pts=pts, base=base, muxer={"movie_timescale": str(base.denominator)}))
    assert [clip.seconds(index) for index in range(clip.num_frames)] == [stamp * base for stamp in pts]
    steps = [(after - before) * base for before, after in itertools.pairwise(pts)]
    assert [length * clip.time_base for length in clip.durations[:-1]] == steps
    assert clip.stamped
    if name in ("23.976", "29.97"):
        assert clip.rate == {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001)}[name]


@pytest.mark.parametrize("frames_ahead", ["0", "3"])
def test_the_last_frame_keeps_its_duration(frames_ahead: str, tmp_path: Path) -> None:
    pts = [0, 40, 90, 95, 300, 301, 350, 512, 600]  # the last one gets 88 like the one before
    muxer = {"movie_timescale": "600"}
    clip = probe(write(tmp_path / "a.mp4", pts=pts, base=Fraction(1, 600), muxer=muxer, options={"bf": frames_ahead}))
    # with B-frames, packets of an mp4 do not have the durations of their frames; the usual one is assumed
    usual = Fraction(50 if frames_ahead == "3" else 88, 600)
    assert clip.durations[-1] * clip.time_base == usual
    assert clip.duration == 1 + usual
    even = probe(write(tmp_path / "even.mp4", options={"bf": frames_ahead}))
    assert set(even.durations) == {even.durations[0]}


@pytest.mark.parametrize("share", [0.4, 0.7, 0.95])
@pytest.mark.parametrize("kind", ["mp4", "mov"])
def test_a_truncated_mp4_lacks_frames(kind: str, share: float, tmp_path: Path) -> None:
    whole = write(tmp_path / f"whole.{kind}", 60, muxer=FASTSTART, options={"g": "10"}).read_bytes()
    path = tmp_path / f"cut.{kind}"
    path.write_bytes(whole[: int(len(whole) * share)])
    clip = probe(path)
    assert 0 < clip.num_frames < 60
    assert clip.num_frames + clip.frames_missing == 60


def test_a_truncated_matroska_lacks_frames(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mkv", 200).read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(whole[: len(whole) // 2])
    clip = probe(path)
    assert 0 < clip.num_frames < 200
    assert abs(clip.num_frames + clip.frames_missing - 200) <= 2, "counted by the duration in the header"


def test_complete_files_lack_nothing(tmp_path: Path) -> None:
    for kind in ("mp4", "mkv", "mov", "avi", "ts"):
        clip = probe(write(tmp_path / f"clip.{kind}", 60, options={"bf": "0"}))
        assert (clip.num_frames, clip.frames_missing) == (60, 0), kind


def test_an_avi_that_repeats_frames_keeps_its_times(tmp_path: Path) -> None:
    times = [0, 1, 2, 5, 6, 7, 12, 13]  # the muxer fills the gaps with empty packets
    clip = probe(write(tmp_path / "clip.avi", codec="mpeg4", pts=times))
    assert [clip.seconds(index) for index in range(clip.num_frames)] == [Fraction(stamp, 25) for stamp in times]
    assert clip.duration == Fraction(14, 25)
    assert clip.frames_missing == 0
    assert [frame.index for frame in decode(clip)] == list(range(8))


@pytest.mark.parametrize("frames_ahead", ["0", "2"])
def test_an_avi_with_a_gap_after_every_frame(frames_ahead: str, tmp_path: Path) -> None:
    pts = list(range(0, 80, 2))
    path = write(tmp_path / "clip.avi", codec="mpeg4", pts=pts, base=Fraction(1, 50), options={"bf": frames_ahead})
    clip = probe(path)
    assert (clip.num_frames, clip.rate, clip.duration, clip.frames_missing) == (40, 25, Fraction(40, 25), 0)
    assert [clip.seconds(index) for index in range(40)] == [Fraction(index, 25) for index in range(40)]


def test_frames_with_the_same_time_count_once(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuvj420p"
        for stamp, drawn in zip((0, 1, 2, 2, 3), drifting(5), strict=True):
            for packet in stream.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")):
                packet.pts = packet.dts = stamp
                output.mux(packet)
    clip = probe(path)
    assert list(clip.pts) == [0, 40, 80, 120]
    assert all(length > 0 for length in clip.durations)
    assert [frame.index for frame in decode(clip)] == [0, 1, 2, 3]


def test_sound_that_is_longer_than_the_video_does_not_count_as_missing_frames(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        picture: Any = output.add_stream("libx264", rate=25)
        picture.width, picture.height, picture.pix_fmt = 80, 48, "yuv420p"
        sound: Any = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        for drawn in drifting(25):
            output.mux(picture.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")))
        output.mux(picture.encode(None))
        for second in range(4):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 8000, 8000 * second, Fraction(1, 8000)
            output.mux(sound.encode(frame))
        output.mux(sound.encode(None))
    clip = probe(path)
    assert (clip.num_frames, clip.frames_missing) == (25, 0)


def test_frames_hidden_by_an_edit_list_are_not_counted(tmp_path: Path) -> None:
    write(tmp_path / "whole.mp4", 30, options={"bf": "0"})
    path = remux(tmp_path / "whole.mp4", tmp_path / "clip.mp4", shift=-5 * 512)  # 1/12800
    with av.open(str(path)) as container:
        decoded = [frame.pts for frame in container.decode(video=0)]
    clip = probe(path)
    assert list(clip.pts) == decoded
    assert clip.num_frames == 25
    assert clip.frames_missing == 0


@pytest.mark.parametrize(("angle", "turned"), [(90, 90), (-90, 270), (180, 180), (0, 0)])
def test_rotated_clips_are_measured_upright(angle: int, turned: int, tmp_path: Path) -> None:
    write(tmp_path / "flat.mp4", 5, sample_aspect_ratio=Fraction(4, 3))
    path = remux(tmp_path / "flat.mp4", tmp_path / "clip.mp4", turn=lambda s: s.set_display_rotation(angle))
    clip = probe(path)
    assert clip.rotation == turned
    upright = turned in (0, 180)
    assert (clip.width, clip.height) == ((80, 48) if upright else (48, 80))
    assert clip.sample_aspect == (Fraction(4, 3) if upright else Fraction(3, 4))


def test_depth_pixel_format_codec_and_color_are_read(tmp_path: Path) -> None:
    tags = {"color_range": 1, "color_primaries": 9, "color_trc": 16, "colorspace": 9}
    clip = probe(write(tmp_path / "clip.mp4", 5, codec="libx265", pixels="yuv420p10le", options=X265, **tags))
    assert (clip.depth, clip.pixel_format, clip.codec) == (10, "yuv420p10le", "hevc")
    assert (clip.color.range, clip.color.primaries, clip.color.transfer, clip.color.matrix) == (1, 9, 16, 9)
    plain = probe(write(tmp_path / "plain.mp4", 5))
    assert (plain.depth, plain.pixel_format) == (8, "yuv420p")
    assert (plain.color.primaries, plain.color.transfer, plain.color.matrix) == (2, 2, 2)


X265 = {"x265-params": "log-level=none"}


def test_interlaced_clips_are_noted(tmp_path: Path) -> None:
    options = {"flags": "+ilme+ildct", "x264-params": "tff=1"}
    clip = probe(write(tmp_path / "clip.mp4", 5, options=options))
    assert clip.interlaced
    assert clip.notes == ("the clip is interlaced and will be deinterlaced (bwdif)",)
    assert not probe(write(tmp_path / "plain.mp4", 5)).notes


def test_transparency_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "clip.mov"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("prores_ks", rate=25, options={"profile": "4"})
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuva444p10le"
        output.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 80, 4), 128, np.uint8), "rgba")))
        output.mux(stream.encode(None))
    assert probe(path).alpha
    assert not probe(write(tmp_path / "clip.gif", 3, "gif", "rgb8", base=Fraction(1, 100))).alpha
    assert not probe(write(tmp_path / "clip.mp4", 3)).alpha


def test_tags_need_not_be_utf8(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w", metadata_errors="surrogateescape") as output:
        stream: Any = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuv420p"
        output.metadata["title"] = stream.metadata["title"] = os.fsdecode(b"caf\xe9")
        for drawn in drifting(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")))
        output.mux(stream.encode(None))
    assert b"caf\xe9" in path.read_bytes()
    assert probe(path).num_frames == 3


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    for kind in ("mp4", "mkv", "avi"):
        clip = probe(write(tmp_path / f"clip.{kind}", 1))
        assert clip.num_frames == 1
        assert clip.duration > 0


@needs_ffprobe
def test_size_rate_and_aspect_ratio_match_ffprobe() -> None:
    for name in ("carphone_face.mp4", "rabbit_handheld.mp4", "cockatoo_444_mp3.mp4", "seattle_pan_16s.avi"):
        clip = probe(real(name))
        stream = streams(clip.path)[clip.stream]
        assert (clip.width, clip.height) == (stream["width"], stream["height"])
        assert clip.rate == Fraction(stream["avg_frame_rate"])
        shape = stream.get("sample_aspect_ratio", "1:1").replace(":", "/")
        assert clip.sample_aspect == Fraction(shape)
        assert clip.pixel_format == stream["pix_fmt"]


@needs_ffprobe
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "mov"])
def test_keyframes_match_ffprobe(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"clip.{kind}", 60, options={"g": "9", "bf": "2", "x264-params": "open-gop=1"})
    packets = ffprobe(path, "-select_streams", "v", "-show_entries", "packet=pts,dts,flags")["packets"]
    assert probe(path).keys == tuple((int(p["pts"]), int(p.get("dts", p["pts"]))) for p in packets if "K" in p["flags"])
