import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import TWO_SCENES, film, own, painted
from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.patch.splice import Patch, encode, origin_of, read_packets, replaced, splice
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.probe import probe
from videostyle.settings import FilmSettings

H264 = FilmSettings(codec="h264")


def test_pictures_take_the_place_of_frames() -> None:
    picture = painted(3, 4, 4)
    pairs = list(replaced(((index, str(index)) for index in range(2, 6)), [(3, picture), (5, picture)]))
    assert [(index, isinstance(shown, str)) for index, shown in pairs] == [(2, True), (3, False), (4, True), (5, False)]
    assert np.array_equal(pairs[1][1], picture)  # type: ignore[arg-type]


def ours(folder: Path, quality: int = -1) -> tuple[Clip, Clip]:
    clip = probe(film(folder / "clip.mp4", *TWO_SCENES))
    return clip, probe(own(clip, folder / "full.mp4", "h264", quality))


@needs_ffprobe
def test_a_span_begins_with_a_keyframe_and_has_all_its_frames(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    made = encode(full, clip, H264, stored_frames(full, FrameRange(8, 15)), tmp_path)
    pairs = [(index, packet.is_keyframe) for index, packet in made]
    assert sorted(index for index, _ in pairs) == list(range(8, 15))
    assert pairs[0] == (8, True)
    assert not any(key for _, key in pairs[1:])


@needs_ffprobe
@pytest.mark.parametrize("codec", ["h264", "h265", "vp9", "av1"])
@pytest.mark.parametrize("count", [1, 2])
def test_a_span_may_be_short(codec: str, count: int, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mkv", *TWO_SCENES, sound=False))
    full = probe(own(clip, tmp_path / "full.mp4", codec))
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    made = encode(full, clip, settings, stored_frames(full, FrameRange(20, 20 + count)), tmp_path)
    assert [index for index, _ in made] == list(range(20, 20 + count))


@needs_ffprobe
def test_the_origin_of_a_film_is_known_by_its_headers(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    assert origin_of(full, clip, H264) is clip
    assert origin_of(full, dataclasses.replace(clip, time_base=clip.time_base / 7), H264) is full
    assert origin_of(full, clip, dataclasses.replace(H264, quality=20)) is None
    _, coarse = ours(tmp_path, quality=20)
    assert origin_of(coarse, clip, dataclasses.replace(H264, quality=20)) is clip


@needs_ffprobe
def test_a_damaged_film_is_refused(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    packets = read_packets(full)
    assert packets is not None
    data = full.path.read_bytes()
    place = data.index(b"mdat") + 4  # the first packet, without which the first scene cannot be decoded
    full.path.write_bytes(data[:place] + b"\0" * 4000 + data[place + 4000 :])
    patch = Patch(full, (96, 64), H264, (), (), (FrameRange(3, 30),), packets, clip, {})
    with pytest.raises(MediaError, match="not all of its frames can be decoded; patch an undamaged film"):
        splice(patch, [(3, painted(3, 96, 64))], tmp_path / "new.mp4")
