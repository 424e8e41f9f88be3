import re
import resource
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import frame_times, needs_ffprobe, planes, streams
from tests.media.write.films import smooth
from tests.media.write.test_tracks import sound
from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.create import create_clip

RATE = 48000


def tone(seconds: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    times = np.arange(round(seconds * RATE)) / RATE
    left, right = np.sin(2 * np.pi * 440 * times), np.sin(2 * np.pi * 660 * times)
    return np.rint(np.stack([left, right], 1) * 12000).astype(np.int16)


@needs_ffprobe
@pytest.mark.parametrize("size", [(96, 64), (97, 65), (1280, 720)])
def test_pictures_and_sound_come_back(size: tuple[int, int], tmp_path: Path) -> None:
    drawn = list(smooth(3, *size))
    create_clip(tmp_path / "clip.mp4", iter(drawn), 3, tone(1), RATE)
    picture, audio = streams(tmp_path / "clip.mp4")
    assert (picture["codec_name"], audio["codec_name"], audio["channels"]) == ("h264", "aac", 2)
    assert (picture["width"], picture["height"]) == size
    assert picture["r_frame_rate"] == "3/1"
    assert [float(time) for time in frame_times(tmp_path / "clip.mp4")] == pytest.approx([n / 3 for n in range(3)])
    off = planes(tmp_path / "clip.mp4", "rgb24") - np.stack([each.ravel() for each in drawn])
    assert np.abs(off).mean() < 3
    assert np.abs(off.reshape(-1, 3).mean(0)).max() < 0.7, "another matrix or range"
    heard = sound(tmp_path / "clip.mp4")
    assert abs(len(heard) - RATE) < 1100
    assert np.abs(heard[2048 : RATE - 2048] - tone(1)[2048 : RATE - 2048] / 32768).max() < 0.05
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


@needs_ffprobe
def test_sound_is_as_long_as_the_pictures_at_most(tmp_path: Path) -> None:
    create_clip(tmp_path / "long.mp4", smooth(12, 96, 64), 12, tone(3), RATE)
    assert float(streams(tmp_path / "long.mp4")[1]["duration"]) == pytest.approx(1, abs=0.03)
    create_clip(tmp_path / "short.mp4", smooth(12, 96, 64), 12, tone(0.5), RATE)
    assert float(streams(tmp_path / "short.mp4")[1]["duration"]) == pytest.approx(0.5, abs=0.03)
    create_clip(tmp_path / "mute.mp4", smooth(12, 96, 64), 12, tone(0), RATE)
    assert len(streams(tmp_path / "mute.mp4")) == 1


def test_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no pictures"):
        create_clip(tmp_path / "clip.mp4", [], 12, tone(1), RATE)
    with pytest.raises(ValueError, match=re.escape("(n, 2) int16")):
        create_clip(tmp_path / "clip.mp4", smooth(2, 96, 64), 12, tone(1)[:, 0], RATE)
    with pytest.raises(MediaError, match=r"cannot be written \(No such file or directory\)"):
        create_clip(tmp_path / "nowhere/clip.mp4", smooth(2, 96, 64), 12, tone(1), RATE)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    def pictures() -> Iterator[Pixels]:
        yield from smooth(3, 96, 64)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_clip(tmp_path / "clip.mp4", pictures(), 12, tone(1), RATE)
    assert not list(tmp_path.iterdir())
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))
    try:
        with pytest.raises(MediaError, match="choose another folder"):
            create_clip(tmp_path / "clip.mp4", smooth(12, 96, 64), 12, tone(1), RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert not list(tmp_path.iterdir())
