import shutil
from pathlib import Path

import av
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film
from videostyle.frames import FrameRange
from videostyle.media.patch.seams import difference
from videostyle.media.read.probe import probe

pytestmark = needs_ffprobe
SPANS = (FrameRange(12, 24),)
X264 = "-c:v libx264 -g 12 -sc_threshold 0 -crf 16"


def test_a_film_is_no_different_from_itself(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *X264.split())
    assert difference(probe(full), SPANS, full) == ""


def test_other_frames_and_times_are_found(tmp_path: Path) -> None:
    full = probe(film(tmp_path / "a.mp4", *X264.split()))
    assert difference(full, SPANS, film(tmp_path / "b.mp4", *X264.split(), frames=49)) == "it has 49 frames and not 50"
    slow = film(tmp_path / "c.mp4", *X264.split(), frames=50, rate="26")
    assert difference(full, SPANS, slow) == "its frames have other times"


def test_another_packet_outside_the_spans_is_found(tmp_path: Path) -> None:
    full = probe(film(tmp_path / "a.mp4", *X264.split()))
    other = film(tmp_path / "b.mp4", *X264.replace("16", "18").split())
    assert difference(full, SPANS, other).startswith("packet 0 is another")
    assert difference(full, (FrameRange(0, 50),), other) == ""


@pytest.mark.parametrize("what", ["key frame", "headers"])
def test_a_decoder_that_stumbles_over_a_span_is_found(what: str, tmp_path: Path) -> None:
    """The packets outside are the same ones, but what they are decoded with is not."""
    full = probe(film(tmp_path / "a.mp4", *X264.split(), sound=False))
    new = shutil.copy(full.path, tmp_path / "b.mp4")
    if what == "headers":  # of the whole film
        text = new.read_bytes()
        place = text.index(b"avcC") + 4
        new.write_bytes(text[: place + 13] + bytes([text[place + 13] ^ 0x10]) + text[place + 14 :])
    else:  # the span's, without which the frame behind the span would be lost
        with av.open(str(full.path)) as source:
            data = [bytes(p) for p in source.demux(source.streams.video[0]) if p.size][23]
        text = new.read_bytes()
        place = text.index(data)
        new.write_bytes(text[:place] + b"\0" * len(data) + text[place + len(data) :])
    assert difference(full, SPANS, new)
