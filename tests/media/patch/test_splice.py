from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film, painted
from videostyle.errors import MediaError
from videostyle.frames import FrameRange
from videostyle.media.patch.packets import read_packets
from videostyle.media.patch.splice import Replaced, SpanEncoder
from videostyle.media.read.probe import probe
from videostyle.settings import FilmSettings


def test_pictures_are_taken_as_their_frames_come() -> None:
    replaced = Replaced((index, painted(index, 4, 4)) for index in (3, 4, 9))
    found = [(index, replaced(index)) for index in (0, 3, 4, 5, 8, 9, 10)]
    assert [index for index, pixels in found if pixels is not None] == [3, 4, 9]
    assert np.array_equal(found[1][1], painted(3, 4, 4))  # type: ignore[arg-type]


def encoder(path: Path, *options: str, rate: str = "25") -> SpanEncoder:
    clip = probe(film(path, *options, rate=rate))
    packets = read_packets(clip)
    assert packets is not None
    return SpanEncoder(clip, packets, FilmSettings())


@needs_ffprobe
def test_a_span_begins_with_a_key_frame_and_has_all_its_frames(tmp_path: Path) -> None:
    found = list(encoder(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12"]).encode(FrameRange(8, 15), Replaced([])))
    assert sorted(index for index, _, _ in found) == list(range(8, 15))
    assert found[0][0] == 8
    assert [is_key for _, _, is_key in found] == [True] + [False] * 6
    assert int.from_bytes(found[0][1][:4], "big") < len(found[0][1])  # lengths and no start codes, as MP4 has it


@needs_ffprobe
@pytest.mark.parametrize("rate", ["25", "24000/1001", "60"])
def test_the_encoder_writes_the_films_headers(rate: str, tmp_path: Path) -> None:
    assert not encoder(tmp_path / "a.mp4", *["-c:v", "libx264", "-crf", "22"], rate=rate).notices


@needs_ffprobe
def test_headers_that_cannot_be_the_films_stand_beside_them(tmp_path: Path) -> None:
    found = encoder(tmp_path / "a.mp4", *["-c:v", "libx264", "-x264-params", "cqm=jvt"])
    assert found.notices == ("the frames encoded again have parameter sets of their own, beside the film's",)
    with pytest.raises(MediaError, match="the encoder's headers do not fit"):  # which x265 has no numbers for
        encoder(tmp_path / "b.mp4", *["-c:v", "libx265", "-x265-params", "log-level=none:scaling-list=default"])
