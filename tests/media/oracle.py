"""Independent readers to compare with: ffprobe and ffmpeg, if they are installed."""

import json
import shutil
import subprocess
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

needs_ffprobe = pytest.mark.skipif(
    not (shutil.which("ffprobe") and shutil.which("ffmpeg")),
    reason="ffprobe and ffmpeg are not installed; this test compares with them",
)
REAL = Path(__file__).parents[2] / "../shared/data/videos"


def real(name: str) -> Path:
    """A real clip; skips the test if the clips are not available."""
    if not (REAL / name).exists():
        pytest.skip(f"the real clip {name} is not available")
    return REAL / name


def ffprobe(path: Path, *options: str) -> Any:
    """What ffprobe prints, as JSON; the file must not cause any warning."""
    made = subprocess.run(
        ["ffprobe", "-v", "error", "-of", "json", *options, str(path)], capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def streams(path: Path) -> list[dict[str, Any]]:
    return _streams(path, path.stat().st_mtime_ns)


@cache
def _streams(path: Path, _: int) -> list[dict[str, Any]]:
    return list(ffprobe(path, "-show_streams")["streams"])


def video_index(path: Path) -> int:
    videos = [s for s in streams(path) if s["codec_type"] == "video" and not s["disposition"]["attached_pic"]]
    return int(videos[0]["index"])


def frame_times(path: Path, index: int | None = None) -> list[Fraction]:
    """Presentation times of the video frames, seconds, in order, by decoding."""
    index = video_index(path) if index is None else index
    base = Fraction(streams(path)[index]["time_base"])
    frames = ffprobe(path, "-select_streams", str(index), "-show_entries", "frame=best_effort_timestamp")["frames"]
    return [int(frame["best_effort_timestamp"]) * base for frame in frames]


def packets(path: Path, kind: str) -> dict[int, list[tuple[Fraction, str]]]:
    """(time in seconds, hash of the content) of all packets of the streams of a kind, by stream index."""
    bases = {
        stream["index"]: Fraction(stream["time_base"])
        for stream in streams(path)
        if stream["codec_type"] == kind and not stream["disposition"]["attached_pic"]
    }
    hashed: dict[int, list[tuple[Fraction, str]]] = {index: [] for index in bases}
    show = ("-show_packets", "-show_data_hash", "md5", "-show_entries", "packet=stream_index,pts,data_hash")
    for packet in ffprobe(path, "-select_streams", kind[0], *show)["packets"]:
        index = packet["stream_index"]
        if index in bases:
            hashed[index].append((int(packet["pts"]) * bases[index], packet["data_hash"]))
    return hashed


def packet_times(path: Path, index: int) -> list[Fraction]:
    """Presentation times of a stream's packets, seconds, in presentation order; nothing is decoded."""
    base = Fraction(streams(path)[index]["time_base"])
    packets = ffprobe(path, "-select_streams", str(index), "-show_entries", "packet=pts")["packets"]
    return sorted(int(packet["pts"]) * base for packet in packets)


def hashes(path: Path, kind: str) -> list[list[str]]:
    return [[content for _, content in track] for track in packets(path, kind).values()]


def planes(path: Path, pixel_format: str = "yuv420p") -> NDArray[np.int32]:
    """All frames as FFmpeg decodes them, upright; YUV is not converted: (frames, samples)."""
    shape = streams(path)[video_index(path)]
    command = ["ffmpeg", "-v", "error", "-i", str(path)]
    command += ["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format]
    command += ["-sws_flags", "bicubic+accurate_rnd+full_chroma_int+full_chroma_inp", "-"]
    made = subprocess.run(command, capture_output=True)
    assert made.returncode == 0, made.stderr
    kind = np.dtype("<u2") if pixel_format.endswith("le") else np.dtype("u1")
    samples = {"yuv420p": 1.5, "yuv422p": 2, "yuv444p": 3, "rgb24": 3}[pixel_format.removesuffix("10le")]
    return (
        np.frombuffer(made.stdout, kind).reshape(-1, int(shape["width"] * shape["height"] * samples)).astype(np.int32)
    )
