"""The demo's clip and artwork as drawn by the script, compared with the committed files."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from demo_art import make_art
from demo_clip import make_clip, make_sound
from demo_encode import create_clip
from make_demo import ART_SIDE, HEIGHT, RATE, SECONDS, WIDTH

from tests.media.oracle import frame_times, needs_ffprobe, planes, streams
from tests.media.write.films import smooth
from tests.media.write.tracks import sound
from videostyle.demo import ART, CLIP
from videostyle.frames import FrameRange, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture

SOUND_RATE = 48000


def draw(seed: int = 0) -> list[Pixels]:
    return list(make_clip(96, 54, 8, 1.5, seed))


def tone(seconds: float) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    times = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    left, right = np.sin(2 * np.pi * 440 * times), np.sin(2 * np.pi * 660 * times)
    return np.rint(np.stack([left, right], 1) * 12000).astype(np.int16)


def test_the_committed_files_show_what_the_script_draws() -> None:
    drawn = make_art(ART_SIDE).astype(float)
    assert np.abs(read_picture(ART) - drawn).mean() < 4
    clip = probe(CLIP)
    assert (clip.width, clip.height, clip.rate, clip.num_frames) == (WIDTH, HEIGHT, RATE, RATE * SECONDS)
    pictures = itertools.islice(make_clip(WIDTH, HEIGHT, RATE, SECONDS), 3)
    for frame, picture in zip(decode(clip, FrameRange(0, 3)), pictures, strict=True):
        assert np.abs(frame.pixels - picture.astype(float)).mean() < 4


def test_a_seed_always_draws_the_same_pictures() -> None:
    np.testing.assert_array_equal(make_art(96), make_art(96))
    assert (make_art(96) != make_art(96, seed=1)).any()
    first, again, other = np.stack(draw()), np.stack(draw()), np.stack(draw(1))
    assert (first.shape, first.dtype) == ((12, 54, 96, 3), np.uint8)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_the_artwork_has_strokes_of_several_sizes_and_a_rich_palette() -> None:
    art = make_art(192).astype(int)
    for step in (1, 4, 16):  # px
        gray = art.mean(-1)
        assert np.abs(gray[:, step:] - gray[:, :-step]).mean() > 4
    blue, yellow = art[..., 2] - art[..., 0] > 40, art[..., 0] - art[..., 2] > 40
    assert blue.mean() > 0.2
    assert yellow.mean() > 0.03


def test_the_clip_moves_everywhere_and_has_one_hard_cut() -> None:
    pictures = [picture.astype(int) for picture in draw()]
    changes = [np.abs(b - a).mean() for a, b in itertools.pairwise(pictures)]
    assert min(changes) > 0.5
    assert int(np.argmax(changes)) == 5
    assert changes[5] > 3 * sorted(changes)[-2]
    for picture in pictures:
        assert picture.std() > 30
        assert np.ptp(picture.mean((0, 1))) > 10


def test_the_sound_never_pauses_and_never_clips() -> None:
    samples = make_sound(2.0, 8000)
    assert (samples.shape, samples.dtype) == ((16000, 2), np.int16)
    for stretch in np.split(samples[:15000].astype(float), 5):
        assert stretch.std() > 200
    assert np.abs(samples.astype(int)).max() < 32767


@needs_ffprobe
def test_encoded_pictures_and_sound_can_be_decoded(tmp_path: Path) -> None:
    drawn = list(smooth(3, 96, 64))
    create_clip(tmp_path / "clip.mp4", iter(drawn), 3, tone(1), SOUND_RATE)
    picture, audio = streams(tmp_path / "clip.mp4")
    assert (picture["codec_name"], audio["codec_name"], audio["channels"]) == ("h264", "aac", 2)
    assert (picture["width"], picture["height"], picture["r_frame_rate"]) == (96, 64, "3/1")
    assert [float(time) for time in frame_times(tmp_path / "clip.mp4")] == pytest.approx([n / 3 for n in range(3)])
    off = planes(tmp_path / "clip.mp4", "rgb24") - np.stack([each.ravel() for each in drawn])
    assert np.abs(off).mean() < 3
    assert np.abs(off.reshape(-1, 3).mean(0)).max() < 0.7, "another matrix or range"
    heard = sound(tmp_path / "clip.mp4")
    assert abs(len(heard) - SOUND_RATE) < 1100
    inner = slice(2048, SOUND_RATE - 2048)
    assert np.abs(heard[inner] - tone(1)[inner] / 32768).max() < 0.05


@needs_ffprobe
@pytest.mark.parametrize(("seconds", "expected"), [(3, 1), (0.5, 0.5)])
def test_sound_is_at_most_as_long_as_the_pictures(seconds: float, expected: float, tmp_path: Path) -> None:
    create_clip(tmp_path / "clip.mp4", smooth(12, 96, 64), 12, tone(seconds), SOUND_RATE)
    assert float(streams(tmp_path / "clip.mp4")[1]["duration"]) == pytest.approx(expected, abs=0.03)


def test_the_same_pictures_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        create_clip(tmp_path / name, smooth(24, 320, 180), 12, tone(2), SOUND_RATE)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
