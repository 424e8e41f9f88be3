"""What a container says about its video besides the frames."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.oracle import needs_ffprobe
from videostyle.media.read.probe import probe

PATTERN = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x48:rate=25:duration=0.2"]


@needs_ffprobe
@pytest.mark.parametrize("suffix", ["mov", "mp4", "mkv"])
def test_timecodes_are_read_from_every_container_that_has_them(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip.{suffix}"
    subprocess.run([*PATTERN, "-timecode", "01:02:03:04", str(path)], check=True)
    assert probe(path).timecode == "01:02:03:04"


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mov", "prores_ks"), ("a.mkv", "prores_ks"), ("a.webm", "libvpx-vp9"), ("a.mp4", "libx264")]
)
def test_the_sample_aspect_ratio_is_read_wherever_it_is_stored(name: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / name
    subprocess.run([*PATTERN, "-vf", "setsar=4/3", "-c:v", codec, str(path)], check=True)
    assert abs(probe(path).sample_aspect - Fraction(4, 3)) < Fraction(
        1, 100
    )  # WebM stores it as a display size in whole px
