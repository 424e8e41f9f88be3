"""Choosing the video stream to paint, and the frame rate of files without timestamps."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.oracle import real
from tests.media.sources import drifting, write
from videostyle.errors import MediaError
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe


def test_the_default_video_stream_of_a_real_clip_is_chosen() -> None:
    clip = probe(real("nasa_dark_multistream.mp4"))
    with av.open(str(clip.path)) as container:
        chosen = container.streams[clip.stream]
        assert chosen.disposition & av.stream.Disposition.default
        assert (clip.width, clip.height) == (chosen.width, chosen.height)


def write_two(path: Path, sizes: list[tuple[int, int]], cover: int | None = None, default: int | None = None) -> Path:
    """Two video streams, in this order."""
    with av.open(str(path), "w") as output:
        targets = []
        for place, size in enumerate(sizes):
            codec, pixels = ("mjpeg", "yuvj420p") if place == cover else ("libx264", "yuv420p")
            stream: Any = output.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = *size, pixels
            targets.append((stream, size))
        for place, (stream, _) in enumerate(targets):
            kind = av.stream.Disposition
            stream.disposition = kind.attached_pic if place == cover else kind.default if place == default else kind(0)
        for stream, size in targets:
            for drawn in drifting(1 if stream.disposition & av.stream.Disposition.attached_pic else 6, *size):
                output.mux(stream.encode(av.VideoFrame.from_ndarray(drawn, "rgb24")))
        for stream, _ in targets:
            output.mux(stream.encode(None))
    return path


def test_the_default_or_largest_video_stream_is_chosen(tmp_path: Path) -> None:
    small, large = (64, 48), (128, 96)
    clip = probe(write_two(tmp_path / "plain.mkv", [small, large]))
    assert (clip.width, clip.height) == large
    clip = probe(write_two(tmp_path / "named.mkv", [small, large], default=0))
    assert (clip.width, clip.height) == small
    assert clip.notes == ("painting video stream 0 (64x48), not 1 (128x96); --stream selects another",)


def test_another_video_stream_can_be_selected(tmp_path: Path) -> None:
    path = write_two(tmp_path / "named.mkv", [(64, 48), (128, 96)], default=0)
    clip = probe(path, stream=1)
    assert (clip.stream, clip.width, clip.height) == (1, 128, 96)
    assert [frame.pixels.shape for frame in decode(clip)] == [(96, 128, 3)] * 6
    covered = write_two(tmp_path / "covered.mp4", [(64, 48), (128, 96)], cover=0)
    with av.open(str(covered)) as container:
        cover = next(s.index for s in container.streams.video if s.disposition & av.stream.Disposition.attached_pic)
    with pytest.raises(MediaError, match=rf"stream {cover} cannot be painted; use --stream {1 - cover} \(128x96\)$"):
        probe(covered, stream=cover)
    with pytest.raises(MediaError, match=r"stream 7 cannot be painted; use --stream 0 \(64x48\) or 1 \(128x96\)$"):
        probe(path, stream=7)


RAW = {"h264": ("libx264", {"bf": "2"}), "hevc": ("libx265", {"x265-params": "log-level=none"})}


@pytest.mark.parametrize("kind", RAW)
def test_a_stream_without_timestamps_uses_the_given_rate(kind: str, tmp_path: Path) -> None:
    codec, options = RAW[kind]
    path = write(tmp_path / f"clip.{kind}", 30, codec, options=options)
    clip = probe(path)
    assert (clip.rate, clip.num_frames, clip.duration, clip.stamped) == (25, 30, Fraction(30, 25), False)
    assert clip.notes == ("the stream has no timestamps: read at 25 frames per second; --fps sets another rate",)
    film = Fraction(24000, 1001)
    named = probe(path, rate=film)
    assert named.rate == film
    assert [named.seconds(n) for n in range(30)] == [n / film for n in range(30)]
    assert named.duration == 30 / film
    assert [frame.index for frame in decode(named)] == list(range(30))


def test_a_rate_is_refused_for_clips_with_timestamps(tmp_path: Path) -> None:
    for kind in ("mp4", "avi", "mkv", "ts"):
        path = write(tmp_path / f"clip.{kind}", 3, options={"bf": "0"})
        with pytest.raises(MediaError, match="has its own timestamps; omit --fps"):
            probe(path, rate=Fraction(30))
    with pytest.raises(MediaError, match="--fps 0 is not a frame rate; use a positive number"):
        probe(path, rate=Fraction(0))
