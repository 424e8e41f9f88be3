import hashlib
from pathlib import Path

import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film, shown
from videostyle.errors import MediaError
from videostyle.frames import FrameRange
from videostyle.media.patch.packets import Packets, decoded, read_packets
from videostyle.media.read.probe import probe
from videostyle.selection import Selection


def packets(ranks: str, fresh: str) -> Packets:
    """Frames in the order of decoding, and a key (K) or not for each."""
    order = tuple(int(rank) for rank in ranks.split())
    return Packets(order, order, order, tuple(mark == "K" for mark in fresh), b"")


def spans(found: Packets, *parts: range) -> str:
    return ",".join(map(str, found.spans(Selection(parts))))


@pytest.mark.parametrize(
    ("ranks", "fresh", "part", "wanted"),
    [
        ("0 1 2 3 4 5 6 7", "K---K---", range(2, 3), "2:4"),  # what is before may stay, what is behind hangs on it
        ("0 1 2 3 4 5 6 7", "K---K---", range(0, 1), "0:4"),
        ("0 1 2 3 4 5 6 7", "K---K---", range(3, 5), "3:8"),
        ("0 1 2 3 4 5 6 7", "KKKKKKKK", range(3, 5), "3:5"),
        ("0 3 1 2 4 7 5 6", "K---K---", range(2, 3), "1:4"),  # frame 2 comes behind 3, which hangs on frame 0 alone
        ("0 3 1 2 6 4 5 7", "K---K---", range(1, 2), "1:8"),  # an open group: frames 4 and 5 are shown before the key
        ("0 1 2 3 4 5 6 7", "K-------", range(5, 6), "5:8"),
    ],
)
def test_a_span_goes_from_one_clean_border_to_the_next(ranks: str, fresh: str, part: range, wanted: str) -> None:
    assert spans(packets(ranks, fresh), part) == wanted


def test_spans_that_meet_are_one() -> None:
    found = packets("0 1 2 3 4 5 6 7", "K-K-K-K-")
    assert spans(found, range(0, 1), range(2, 3), range(7, 8)) == "0:4,7:8"
    assert spans(found, range(1, 2), range(4, 5)) == "1:2,4:6"
    assert spans(packets("0 1 2 3 4 5 6 7", "K-------"), range(1, 2), range(4, 5)) == "1:8"


@needs_ffprobe
def test_packets_are_measured(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12", "-bf", "0"], frames=30))
    found = read_packets(clip)
    assert found is not None
    assert found.ranks == tuple(range(30))
    assert [place for place, fresh in enumerate(found.fresh) if fresh] == [0, 12, 24]
    assert found.depth == 0
    options = "-c:v libx264 -g 12 -x264-params open-gop=1"
    opened = read_packets(probe(film(tmp_path / "b.mp4", *options.split())))
    assert opened is not None
    assert opened.depth == 2
    assert opened.fresh.count(True) == 1


@needs_ffprobe
@pytest.mark.parametrize("span", [FrameRange(0, 30), FrameRange(7, 9), FrameRange(29, 30)])
def test_frames_are_decoded_as_they_are(span: FrameRange, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12"], frames=30, size="64x64"))
    wanted = shown(clip.path)
    for index, picture in decoded(clip, span):
        data = hashlib.md5(picture.to_ndarray().tobytes()).hexdigest()
        assert data == wanted[index].strip()


@needs_ffprobe
def test_a_frame_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12"], frames=30))
    film(clip.path, *["-c:v", "libx264", "-g", "12"], frames=20)
    with pytest.raises(MediaError, match="frame 20 cannot be decoded; patch a film that is whole"):
        list(decoded(clip, FrameRange(15, 25)))
