import subprocess
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.oracle import REAL, needs_ffprobe, real
from tests.media.sources import remux, write
from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe

NOISY = {"crf": "20", "g": "12", "preset": "veryfast"}


LONG = 160
"""frames; enough for ranges that are reached by seeking"""


UNEVEN = [n * 40 + (n * 7 % 23) for n in range(LONG)]


def hevc(**more: str) -> dict[str, str]:
    parameters = ":".join(f"{name}={value}" for name, value in ({"log-level": "none", "keyint": "12"} | more).items())
    return {"preset": "ultrafast", "x265-params": parameters}


def edited(folder: Path) -> Path:
    write(folder / "whole.mp4", LONG, options=NOISY)
    return remux(folder / "whole.mp4", folder / "clip.mp4", shift=-7 * 512 - 100)


CLIPS = {
    "h264": lambda folder: write(folder / "clip.mp4", LONG, options=NOISY),
    "h264 open": lambda folder: write(
        folder / "clip.mp4", LONG, options=NOISY | {"x264-params": "open-gop=1:bframes=3"}
    ),
    "h264 open mkv": lambda folder: write(
        folder / "clip.mkv", LONG, options=NOISY | {"x264-params": "open-gop=1:bframes=3"}
    ),
    "h264 one key": lambda folder: write(folder / "clip.mp4", LONG, options={"g": "1000", "preset": "veryfast"}),
    "h264 ts": lambda folder: write(folder / "clip.ts", LONG, options=NOISY),
    "h264 avi": lambda folder: write(folder / "clip.avi", LONG, options=NOISY | {"bf": "0"}),
    "h264 intra refresh": lambda folder: write(
        folder / "clip.mp4", LONG, options={"x264-params": "intra-refresh=1:keyint=15"}
    ),
    "hevc open": lambda folder: write(folder / "clip.mp4", LONG, "libx265", options=hevc(**{"open-gop": "1"})),
    "hevc open mkv": lambda folder: write(folder / "clip.mkv", LONG, "libx265", options=hevc(**{"open-gop": "1"})),
    "mpeg4 avi": lambda folder: write(folder / "clip.avi", LONG, "mpeg4", options={"g": "12"}),
    "mpeg2": lambda folder: write(folder / "clip.mpg", LONG, "mpeg2video", options={"g": "12", "bf": "2"}),
    "uneven": lambda folder: write(folder / "clip.mp4", pts=UNEVEN, base=Fraction(1, 1000), options=NOISY),
    "uneven mkv": lambda folder: write(folder / "clip.mkv", pts=UNEVEN, base=Fraction(1, 1000), options=NOISY),
    "edit list": edited,
    "vp9": lambda folder: write(
        folder / "clip.webm", LONG, "libvpx-vp9", options={"g": "12", "deadline": "realtime", "cpu-used": "8"}
    ),
    "ten bits": lambda folder: write(folder / "clip.mp4", LONG, pixels="yuv420p10le", options=NOISY),
}


def same(one: Frame, other: Frame) -> bool:
    return one.index == other.index and one.pts == other.pts and np.array_equal(one.pixels, other.pixels)


def assert_ranges_are_slices(clip: Clip, starts: list[int]) -> None:
    needed = FrameRange(0, min(max(starts) + 5, clip.num_frames))
    whole = list(decode(clip, needed))
    assert [frame.index for frame in whole] == list(needed.indices)
    for start in starts:
        selected = list(decode(clip, FrameRange(start, min(start + 5, clip.num_frames))))
        assert len(selected) == min(5, clip.num_frames - start)
        assert all(same(*pair) for pair in zip(selected, whole[start : start + 5], strict=True)), start


@pytest.mark.parametrize("name", CLIPS)
def test_a_range_is_an_exact_slice_of_the_clip(name: str, tmp_path: Path) -> None:
    clip = probe(CLIPS[name](tmp_path))
    last = clip.num_frames - 1
    assert last > 140
    assert_ranges_are_slices(clip, [0, 1, 64, *range(65, 92), 119, 120, 121, 131, last - 3, last])


@pytest.mark.parametrize("name", ["vtest_pedestrians_79s.avi", "derived_vfr_av.mp4", "pancake_opus.mkv"])
def test_ranges_of_real_clips_are_exact_slices(name: str) -> None:
    assert_ranges_are_slices(probe(real(name)), [66, 75, 110, 149])


@needs_ffprobe
@pytest.mark.parametrize("name", ["h264 open", "hevc open", "mpeg4 avi", "uneven", "edit list", "vp9"])
def test_frames_match_those_decoded_by_ffmpeg(name: str, tmp_path: Path) -> None:
    clip = probe(CLIPS[name](tmp_path))
    shown = ffmpeg_rgb(clip, "-vf", EXACT)
    decoded = np.stack([frame.pixels for frame in decode(clip)])
    assert decoded.shape == shown.shape
    # FFmpeg 5 and 8 upsample the chroma of such sharp colors differently; compare the brightness only
    assert np.abs(brightness(decoded) - brightness(shown)).mean() < 1.5
    others = np.abs(brightness(decoded)[1:] - brightness(shown)[:-1]).mean((1, 2))
    assert others.min() > 3, "the frames of this clip are too similar to tell them apart"


def brightness(pictures: Any) -> Any:
    return pictures @ np.array([0.299, 0.587, 0.114])


EXACT = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"


def ffmpeg_rgb(clip: Clip, *options: str, pixels: str = "rgb24") -> Any:
    command = ["ffmpeg", "-v", "error", "-i", str(clip.path), "-map", f"0:{clip.stream}", *options]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixels, "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    kind = np.dtype("<u2") if "48" in pixels else np.dtype("u1")
    return np.frombuffer(made.stdout, kind).reshape(-1, clip.height, clip.width, 3).astype(int)


@needs_ffprobe
def test_short_real_clips_are_decoded_completely() -> None:
    if not REAL.exists():
        pytest.skip("the real clips are not available")
    for path in sorted(REAL.iterdir()):
        clip = probe(path)
        if clip.num_frames <= 151:
            frames = list(decode(clip, size=(64, 48)))
            assert [frame.index for frame in frames] == list(range(clip.num_frames)), path.name
            assert [frame.pts for frame in frames] == [clip.seconds(n) for n in range(clip.num_frames)]


@needs_ffprobe
@pytest.mark.parametrize("angle", [0, 90, -90, 180])
@pytest.mark.parametrize("flips", [(False, False), (True, False), (False, True)])
def test_frames_are_upright(angle: int, flips: tuple[bool, bool], tmp_path: Path) -> None:
    write(tmp_path / "flat.mp4", 3)
    path = remux(
        tmp_path / "flat.mp4",
        tmp_path / "clip.mp4",
        turn=lambda stream: stream.set_display_rotation(angle, hflip=flips[0], vflip=flips[1]),
    )
    clip = probe(path)
    decoded = np.stack([frame.pixels for frame in decode(clip)])
    assert np.abs(brightness(decoded) - brightness(ffmpeg_rgb(clip, "-vf", EXACT))).mean() < 1.5


@pytest.mark.parametrize("size", [(40, 24), (33, 19), (160, 96), (80, 48)])
def test_frames_are_scaled(size: tuple[int, int], tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", 3, options={"crf": "5"}))
    small, own = list(decode(clip, size=size)), list(decode(clip))
    for frame, full in zip(small, own, strict=True):
        assert frame.pixels.shape == (size[1], size[0], 3)
        assert frame.pixels.mean() == pytest.approx(full.pixels.mean(), abs=1.5)


def test_pixels_are_contiguous_writeable_copies(tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", 4, size=(70, 46)))
    frames = list(decode(clip))
    assert all(frame.pixels.flags.c_contiguous and frame.pixels.flags.writeable for frame in frames)
    frames[0].pixels[:] = 0
    assert frames[1].pixels.any()


def test_stopping_early_closes_the_file(tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", 30))
    taking = decode(clip)
    assert len(list(islice(taking, 3))) == 3
    taking.close()  # type: ignore[attr-defined]
    held = [Path(link).resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert clip.path not in held


def damage(path: Path, places: list[int], fill: int = 0) -> None:
    """Overwrite the middle of some packets, numbered in file order."""
    with av.open(str(path)) as container:
        packets = [(p.pos, p.size) for p in container.demux(video=0) if p.size]
    whole = bytearray(path.read_bytes())
    for place in places:
        start, size = packets[place]
        whole[start + 4 : start + size] = bytes([fill]) * (size - 4)
    path.write_bytes(whole)


@pytest.mark.parametrize("fill", [0, 255])
def test_a_damaged_packet_costs_only_its_own_frame(fill: int, tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", 60, options={"g": "1", "crf": "10"})
    whole = list(decode(probe(path)))
    damage(path, [20, 33], fill)
    clip = probe(path)
    decoded = list(decode(clip))
    assert clip.num_frames == 60
    good = [frame for frame in decoded if frame.index not in (20, 33)]
    assert len(good) == 58
    assert all(same(frame, whole[frame.index]) for frame in good), "the other frames keep their pixels and numbers"
    assert [frame.index for frame in decoded] == sorted({frame.index for frame in decoded})
    assert not {20, 33} & {frame.index for frame in decoded}, "damaged frames are left out"


def test_frames_of_damaged_avis_keep_their_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.avi", 40, "mjpeg", "yuvj420p")
    whole = list(decode(probe(path)))
    damage(path, [10], 0)
    decoded = {frame.index: frame for frame in decode(probe(path))}
    wrong = [n for n, frame in enumerate(whole) if n != 10 and not (n in decoded and same(decoded[n], frame))]
    assert wrong == []


def test_all_frames_of_a_truncated_clip_are_decoded(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.mp4", 60, muxer={"movflags": "+faststart"}, options={"g": "10"}).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) * 7 // 10])
    clip = probe(path)
    assert clip.num_frames - 1 <= len(list(decode(clip))) <= clip.num_frames


def test_frames_that_change_size_are_scaled_to_the_first(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuvj420p"
        for stamp, size in enumerate([(80, 48)] * 3 + [(120, 64)] * 3):
            encoder: Any = av.CodecContext.create("mjpeg", "w")
            encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = *size, "yuvj420p", Fraction(1, 25)
            drawn: Any = np.full((*size[::-1], 3), 40 * stamp, np.uint8)
            for packet in encoder.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")):
                packet.stream, packet.pts, packet.dts, packet.time_base = stream, stamp, stamp, Fraction(1, 25)
                output.mux(packet)
    clip = probe(path)
    assert (clip.width, clip.height) == (80, 48)
    decoded = list(decode(clip))
    assert [frame.pixels.shape for frame in decoded] == [(48, 80, 3)] * 6
    assert [round(frame.pixels.mean() / 40) for frame in decoded] == list(range(6))


def test_a_deleted_clip_is_reported_in_one_line(tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", 3))
    clip.path.unlink()
    with pytest.raises(MediaError, match="can no longer be read") as caught:
        next(decode(clip))
    assert "\n" not in str(caught.value)
