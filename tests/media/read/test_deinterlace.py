import subprocess
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.oracle import needs_ffprobe
from tests.media.sources import drifting, write
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.deinterlace import deinterlaced
from videostyle.media.read.probe import probe

FIELDS = {"flags": "+ilme+ildct", "crf": "10", "g": "12", "x264-params": "tff=1"}
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "mp4": ("libx264", FIELDS),
    "mkv": ("libx264", FIELDS),
    "ts": ("libx264", FIELDS),
    "mpg": ("mpeg2video", {"flags": "+ilme+ildct", "g": "12", "bf": "2"}),
    "mov": ("mpeg2video", {"flags": "+ilme+ildct", "g": "12", "bf": "2"}),
    "avi": ("mpeg4", {"flags": "+ilme+ildct", "g": "12"}),
}
COUNT = 90
"""frames; enough for ranges that are reached by seeking"""


def make(folder: Path, kind: str) -> Path:
    codec, options = KINDS[kind]
    return write(folder / f"clip.{kind}", COUNT, codec, options=options)


def pixels_of(clip: Clip, frames: FrameRange | None = None) -> dict[int, NDArray[Any]]:
    return {frame.index: frame.pixels for frame in decode(clip, frames)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_range_is_an_exact_slice_of_the_clip(kind: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, kind))
    assert clip.interlaced
    assert "the clip is interlaced and will be deinterlaced (bwdif)" in clip.notes
    whole = pixels_of(clip)
    assert list(whole) == list(range(COUNT))
    for start in (0, 1, 64, 65, 66, 71, 72, 73, COUNT - 3, COUNT - 1):
        frames = FrameRange(start, min(start + 3, COUNT))
        selected = pixels_of(clip, frames)
        assert list(selected) == list(frames.indices)
        assert all(np.array_equal(selected[index], whole[index]) for index in frames.indices), start


@needs_ffprobe
@pytest.mark.parametrize("kind", KINDS)
def test_frames_match_ffmpegs_filter(kind: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, kind))
    scale = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    command = ["ffmpeg", "-v", "error", "-i", str(clip.path), "-map", f"0:{clip.stream}", "-vf"]
    command += [f"bwdif=send_frame:auto:interlaced,{scale}", "-fps_mode", "passthrough"]
    made = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    expected = np.frombuffer(made.stdout, np.uint8).reshape(-1, 48, 80, 3) @ np.array([0.299, 0.587, 0.114])
    decoded = np.stack(list(pixels_of(clip).values())) @ np.array([0.299, 0.587, 0.114])
    assert decoded.shape == expected.shape
    assert np.abs(decoded - expected).mean() < 1.5
    assert np.abs(decoded[1:] - expected[:-1]).mean((1, 2)).min() > 3, "the frames are too similar to tell them apart"


def test_combing_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "clip.mkv"
    square = np.full((25, 48, 80, 3), 40, np.uint8)
    for index in range(25):
        for later in (0, 1):  # odd lines first, as this encoder stores them; moves 1 px per field
            left = 4 + 2 * index + later
            square[index, 9 - later : 40 : 2, left : left + 20] = 220
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25, options=FIELDS)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuv444p"
        for drawn in square:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")))
        output.mux(stream.encode(None))

    def combs(pictures: NDArray[Any]) -> float:
        tall = pictures.astype(int)[:, 10:38]
        return float(np.abs(tall[:, 1:-1] * 2 - tall[:, :-2] - tall[:, 2:]).mean())

    decoded = np.stack(list(pixels_of(probe(path)).values()))
    assert combs(decoded[1:-1]) < combs(square[1:-1]) / 3
    assert np.abs(decoded[:, 9:40:2].astype(int) - square[:, 9:40:2]).mean() < 3, "the first field is unchanged"


def test_a_lost_frame_does_not_change_ranges(tmp_path: Path) -> None:
    path = make(tmp_path, "mp4")
    path = write(path, COUNT, options=FIELDS | {"g": "1"})
    with av.open(str(path)) as container:
        packets = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for lost in (71, 72, 80):
        start, size = packets[lost]
        content[start + 4 : start + size] = bytes(size - 4)
    path.write_bytes(content)
    clip = probe(path)
    whole = pixels_of(clip)
    assert set(whole) == set(range(COUNT)) - {71, 72, 80}
    for start in range(68, 84):
        selected = pixels_of(clip, FrameRange(start, start + 1))
        assert list(selected) == [start] * (start in whole)
        assert all(np.array_equal(pixels, whole[start]) for pixels in selected.values()), start


def test_progressive_frames_are_unchanged() -> None:
    drawn = [av.VideoFrame.from_ndarray(picture, "gray") for picture in np.stack(drifting(5))[..., 0]]
    decoded = list(deinterlaced(iter(enumerate(drawn))))
    assert [index for index, _ in decoded] == list(range(5))
    assert all(np.array_equal(new.to_ndarray(), old.to_ndarray()) for (_, new), old in zip(decoded, drawn, strict=True))


def test_frames_may_change_size() -> None:
    drawn = [av.VideoFrame(64 if index < 3 else 80, 48, "yuv420p") for index in range(6)]
    decoded = list(deinterlaced(iter(enumerate(drawn, 10))))
    assert [(index, picture.width) for index, picture in decoded] == [(10 + n, 64 if n < 3 else 80) for n in range(6)]


def test_an_interlaced_clip_may_start_with_a_progressive_frame(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.ts", 1, "mpeg2video").read_bytes()
    fields = write(tmp_path / "fields.ts", 12, "mpeg2video", options=KINDS["mpg"][1]).read_bytes()
    (tmp_path / "both.ts").write_bytes(plain + fields)
    assert probe(tmp_path / "both.ts").interlaced
    assert not probe(tmp_path / "plain.ts").interlaced
