import shutil
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film
from videostyle.frames import FrameRange
from videostyle.media.patch.splice import difference
from videostyle.media.read.probe import probe

pytestmark = needs_ffprobe
SPANS = (FrameRange(12, 24),)
X264 = "-c:v libx264 -g 12 -sc_threshold 0 -crf 16"


def test_a_film_does_not_differ_from_itself(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *X264.split())
    assert difference(probe(full), SPANS, full) == ""


@pytest.mark.parametrize("options", [{"frames": 49}, {"frames": 50, "rate": "26"}])
def test_changed_times_are_a_difference(options: dict[str, Any], tmp_path: Path) -> None:
    full = probe(film(tmp_path / "a.mp4", *X264.split()))
    assert (
        difference(full, SPANS, film(tmp_path / "b.mp4", *X264.split(), **options))
        == "its frames have different timestamps"
    )


def test_a_changed_frame_next_to_a_span_is_a_difference(tmp_path: Path) -> None:
    full = probe(film(tmp_path / "a.mp4", *X264.split()))
    other = film(tmp_path / "b.mp4", *X264.replace("16", "18").split())
    assert difference(full, SPANS, other) == "frame 11 differs"
    assert difference(full, (FrameRange(12, 50),), other) == "frame 11 differs"
    assert difference(full, (FrameRange(0, 50),), other) == ""


@pytest.mark.parametrize("what", ["packet", "headers"])
def test_a_span_that_breaks_the_frames_around_it_is_a_difference(what: str, tmp_path: Path) -> None:
    """The packets outside are unchanged, but they decode differently."""
    full = probe(film(tmp_path / "a.mp4", *X264.split(), sound=False))
    new = shutil.copy(full.path, tmp_path / "b.mp4")
    if what == "headers":
        text = new.read_bytes()
        place = text.index(b"avcC") + 4
        new.write_bytes(text[: place + 13] + bytes([text[place + 13] ^ 0x10]) + text[place + 14 :])
    else:  # a packet of the span, without which the decoder loses its place
        with av.open(str(full.path)) as source:
            data = [bytes(p) for p in source.demux(source.streams.video[0]) if p.size][23]
        text = new.read_bytes()
        place = text.index(data)
        new.write_bytes(text[:place] + b"\0" * len(data) + text[place + len(data) :])
    assert difference(full, SPANS, new)
