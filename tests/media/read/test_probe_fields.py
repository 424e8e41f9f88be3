"""Clips whose frames are stored as two fields, each in its own packet, as in television."""

import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import ffprobe, needs_ffprobe
from tests.media.read.fields import SIZE, pictures, stream
from videostyle.frames import FrameRange
from videostyle.media.read.decode import decode, stored_frames
from videostyle.media.read.probe import probe

COUNT = 90
"""frames; enough for ranges that are reached by seeking"""
PAIRED: dict[str, Callable[[int], bool]] = {
    "all": lambda _: True,
    "most": lambda index: index % 3 != 1,
    "few": lambda index: index % 10 == 3,
    "later ones": lambda index: index > 30,
}


def make(folder: Path, kind: str, paired: Callable[[int], bool]) -> Path:
    raw, path = folder / "clip.h264", folder / f"clip.{kind}"
    raw.write_bytes(stream(COUNT, paired))
    if kind != "h264":
        subprocess.run(["ffmpeg", "-v", "quiet", "-y", "-i", str(raw), "-c", "copy", str(path)], check=True)
    return path


@needs_ffprobe
@pytest.mark.parametrize("which", PAIRED)
@pytest.mark.parametrize("kind", ["ts", "mp4", "mkv", "h264"])
def test_two_fields_are_one_frame(kind: str, which: str, tmp_path: Path) -> None:
    path = make(tmp_path, kind, PAIRED[which])
    seen = ffprobe(path, "-count_frames", "-count_packets", "-show_entries", "stream=nb_read_frames,nb_read_packets")
    assert (int(seen["streams"][0]["nb_read_frames"]), int(seen["streams"][0]["nb_read_packets"]) > COUNT) == (90, True)
    clip = probe(path)
    assert (clip.num_frames, clip.frames_missing, clip.interlaced) == (COUNT, 0, True)
    tick = Fraction(1, 1000) if kind == "mkv" else 0
    assert all(abs(clip.seconds(n) - clip.seconds(0) - Fraction(n, 25)) <= tick for n in range(COUNT))
    assert abs(clip.duration - Fraction(COUNT, 25)) <= tick
    assert clip.rate == 25 or kind == "mkv", "in Matroska the header's rate counts, here FFmpeg's guess"
    assert "the clip is interlaced and will be deinterlaced (bwdif)" in clip.notes
    drawn = pictures(COUNT)
    for index, picture in stored_frames(clip, clip.frames):
        assert np.array_equal(picture.to_ndarray()[:SIZE], drawn[index])


@needs_ffprobe
def test_two_fields_are_one_frame_in_an_avi(tmp_path: Path) -> None:
    clip = probe(make(tmp_path, "avi", PAIRED["all"]))
    assert (clip.num_frames, clip.rate, clip.duration, clip.frames_missing) == (COUNT, 25, Fraction(COUNT, 25), 0)
    assert [frame.index for frame in decode(clip)] == list(range(COUNT))


@needs_ffprobe
@pytest.mark.parametrize("which", PAIRED)
@pytest.mark.parametrize("kind", ["ts", "mp4", "mkv", "h264"])
def test_ranges_of_fields_are_exact_slices(kind: str, which: str, tmp_path: Path) -> None:
    clip = probe(make(tmp_path, kind, PAIRED[which]))
    whole = [frame.pixels for frame in decode(clip)]
    assert len(whole) == COUNT
    for start in (0, 1, 64, 65, 66, 71, 80, COUNT - 1):
        selected = list(decode(clip, FrameRange(start, min(start + 2, COUNT))))
        assert [frame.index for frame in selected] == [start, start + 1][: COUNT - start]
        assert all(np.array_equal(frame.pixels, whole[frame.index]) for frame in selected)
