import itertools
from pathlib import Path

import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film
from videostyle.media.patch.splice import Packets, read_packets
from videostyle.media.read.probe import probe
from videostyle.selection import Selection


def packets(frames: str, keys: str) -> Packets:
    """Frames in decoding order, and whether each is a keyframe (K)."""
    order = tuple(map(int, frames.split()))
    return Packets(order, order, tuple(mark == "K" for mark in keys))


def spans(found: Packets, *parts: range) -> str:
    return ",".join(map(str, found.spans(Selection(parts))))


@pytest.mark.parametrize(
    ("frames", "keys", "part", "wanted"),
    [
        ("0 1 2 3 4 5 6 7", "K---K---", range(2, 3), "2:4"),  # frames before it stay, frames after it refer to it
        ("0 1 2 3 4 5 6 7", "K---K---", range(0, 1), "0:4"),
        ("0 1 2 3 4 5 6 7", "K---K---", range(3, 5), "3:8"),
        ("0 1 2 3 4 5 6 7", "KKKKKKKK", range(3, 5), "3:5"),
        ("0 3 1 2 4 7 5 6", "K---K---", range(2, 3), "1:4"),  # frame 3 is decoded before 2
        ("0 3 1 2 6 4 5 7", "K---K---", range(1, 2), "1:8"),  # open GOP: frames 4 and 5 are shown before the keyframe
        ("0 1 2 3 4 5 6 7", "K-------", range(5, 6), "5:8"),
    ],
)
def test_a_span_goes_from_one_clean_border_to_the_next(frames: str, keys: str, part: range, wanted: str) -> None:
    assert spans(packets(frames, keys), part) == wanted


def test_spans_that_meet_are_one() -> None:
    found = packets("0 1 2 3 4 5 6 7", "K-K-K-K-")
    assert spans(found, range(0, 1), range(2, 3), range(7, 8)) == "0:4,7:8"
    assert spans(found, range(1, 2), range(4, 5)) == "1:2,4:6"
    assert spans(packets("0 1 2 3 4 5 6 7", "K-------"), range(1, 2), range(4, 5)) == "1:8"


@needs_ffprobe
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_packets_are_read(suffix: str, tmp_path: Path) -> None:
    full = film(tmp_path / f"a.{suffix}", *["-c:v", "libx264", "-g", "12"], frames=30)
    found = read_packets(probe(full))
    assert found is not None
    assert sorted(found.frames) == list(range(30))
    assert found.frames != tuple(range(30))
    assert [frame for frame, key in zip(found.frames, found.keys, strict=True) if key] == [0, 12, 24]
    assert all(before < after for before, after in itertools.pairwise(found.dts))


@needs_ffprobe
def test_packets_without_times_are_not_read(tmp_path: Path) -> None:
    assert read_packets(probe(film(tmp_path / "a.avi", "-c:v", "libx264", "-c:a", "mp2"))) is None
