"""Every range starts with the frame asked for, compared with FFmpeg's hashes of a clip decoded from its start."""

import hashlib
import subprocess
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.sources import remux, write
from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.probe import probe

COUNT = 130
"""frames; ranges after the 64th are reached by seeking, others by decoding from the start"""
OPEN = {"preset": "veryfast", "x264-params": "open-gop=1:bframes=3:keyint=12"}
CLOSED = {"preset": "veryfast", "g": "24", "bf": "3"}
UNEVEN = [n * 40 + (n * 7 % 23) for n in range(COUNT)]
MPEG2 = {"g": "12", "bf": "2"}


def hevc(more: str) -> dict[str, str]:
    return {"preset": "ultrafast", "x265-params": f"log-level=none:{more}"}


def h264(kind: str, options: dict[str, str]) -> Callable[[Path], Path]:
    return lambda folder: write(folder / f"clip.{kind}", COUNT, options=options)


def h265(kind: str, more: str) -> Callable[[Path], Path]:
    return lambda folder: write(folder / f"clip.{kind}", COUNT, "libx265", options=hevc(more))


def mpeg2(kind: str, options: dict[str, str] = MPEG2) -> Callable[[Path], Path]:
    return lambda folder: write(folder / f"clip.{kind}", COUNT, "mpeg2video", options=options)


def uneven(kind: str) -> Callable[[Path], Path]:
    base = Fraction(1, 1000)
    return lambda folder: write(folder / f"clip.{kind}", pts=UNEVEN, base=base, options=CLOSED)


def moved(kind: str, shift: int) -> Callable[[Path], Path]:
    """Packets shifted by ticks: before 0 an edit list hides frames, after it the clip starts late."""
    return lambda folder: remux(
        write(folder / "whole.mp4", COUNT + 10, options=CLOSED), folder / f"clip.{kind}", shift=shift
    )


CLIPS: dict[str, Callable[[Path], Path]] = {
    "h264 long mp4": h264("mp4", {"preset": "veryfast", "g": "1000"}),
    "h264 long ts": h264("ts", {"preset": "veryfast", "g": "1000"}),
    "h264 open mp4": h264("mp4", OPEN),
    "h264 open mkv": h264("mkv", OPEN),
    "h264 open ts": h264("ts", OPEN),
    "h264 refresh ts": h264("ts", {"x264-params": "intra-refresh=1:keyint=15"}),
    "h264 avi": h264("avi", CLOSED),
    "h264 flv": h264("flv", CLOSED),
    "h264 raw": h264("h264", CLOSED),
    "hevc open mp4": h265("mp4", "open-gop=1:keyint=12"),
    "hevc open mkv": h265("mkv", "open-gop=1:keyint=12"),
    "hevc open ts": h265("ts", "open-gop=1:keyint=12"),
    "hevc long mp4": h265("mp4", "keyint=1000"),
    "hevc raw": h265("hevc", "keyint=12"),
    "mpeg2 ts": mpeg2("ts"),
    "mpeg2 ts open": mpeg2("ts", MPEG2 | {"flags": "-cgop", "sc_threshold": "1000000000"}),
    "mpeg2 mpg": mpeg2("mpg"),
    "mpeg4 avi": lambda folder: write(folder / "clip.avi", COUNT, "mpeg4", options=MPEG2),
    "uneven mp4": uneven("mp4"),
    "uneven mkv": uneven("mkv"),
    "edit list mp4": moved("mp4", -7 * 512),
    "edit list mov": moved("mov", -7 * 512 - 100),
    "late mp4": moved("mp4", 300 * 512),
    "late mkv": moved("mkv", 300 * 512),
    "late ts": moved("ts", 300 * 512),
}


def hashes_of(clip: Clip) -> list[str]:
    """MD5 of every frame as FFmpeg decodes it from the start, in order."""
    command = ["ffmpeg", "-v", "fatal", "-i", str(clip.path), "-map", f"0:{clip.stream}", "-fps_mode", "passthrough"]
    made = subprocess.run([*command, "-f", "framemd5", "-"], capture_output=True, text=True, check=True)
    return [line.split(",")[-1].strip() for line in made.stdout.splitlines() if not line.startswith("#")]


def assert_exact(clip: Clip, starts: Iterable[int]) -> None:
    wanted = hashes_of(clip)
    assert len(wanted) == clip.num_frames >= COUNT
    assert len(set(wanted)) == len(wanted), "identical frames would prove nothing"
    for start in starts:
        pictures = stored_frames(clip, FrameRange(start, min(start + 3, clip.num_frames)))
        decoded = [(index, hashlib.md5(picture.to_ndarray().tobytes()).hexdigest()) for index, picture in pictures]
        assert decoded == list(enumerate(wanted))[start : start + 3], f"from frame {start}"


@needs_ffprobe
@pytest.mark.parametrize("name", CLIPS)
def test_ranges_start_where_asked(name: str, tmp_path: Path) -> None:
    clip = probe(CLIPS[name](tmp_path))
    assert_exact(clip, [0, 1, 63, 65, 71, 72, 73, 83, 95, 96, 97, 121, clip.num_frames - 1])


@needs_ffprobe
@pytest.mark.slow
@pytest.mark.parametrize("name", CLIPS)
def test_every_range_starts_where_asked(name: str, tmp_path: Path) -> None:
    clip = probe(CLIPS[name](tmp_path))
    assert_exact(clip, clip.frames.indices)


def test_concealment_of_damage_does_not_depend_on_the_number_of_cpus(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", COUNT, size=(96, 40), options={"g": "25"})
    content = bytearray(path.read_bytes())
    differ = 0
    for place in range(len(content) * 3 // 10, len(content) * 9 // 10, len(content) // 20):
        damaged = content[:]
        damaged[place] ^= 69
        path.write_bytes(damaged)
        try:
            clip = probe(path)
        except MediaError:
            continue
        concealed = [digest(picture) for _, picture in stored_frames(clip, clip.frames)]
        alone, together = (by_ffmpeg(path, threads) for threads in (1, 2))
        assert concealed == alone
        differ += alone != together
    assert differ, "for none of these files does the thread count matter"


def by_ffmpeg(path: Path, threads: int) -> list[str]:
    """Hashes of the frames that FFmpeg decodes with a number of threads."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = threads
        return [digest(picture) for packet in container.demux(stream) for picture in packet.decode()]


def digest(picture: Any) -> str:
    return hashlib.md5(picture.to_ndarray().tobytes()).hexdigest()
