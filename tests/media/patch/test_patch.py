"""Patched films, judged by ffmpeg and ffprobe."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import videostyle.media.patch.patch
from tests.media.oracle import frame_times, hashes, needs_ffprobe, planes
from tests.media.patch.patching import SETTINGS, film, judge, looks_like, painted, patched, pictures
from videostyle.errors import MediaError, SettingsError
from videostyle.frames import FrameRange, Pixels
from videostyle.media.patch.patch import Patch, patch_film, plan_patch
from videostyle.media.read.probe import probe
from videostyle.media.stills import write_png
from videostyle.selection import select
from videostyle.settings import FilmSettings

pytestmark = needs_ffprobe
HEVC = "-x265-params log-level=none:open-gop=0:keyint=12"
FILMS = {
    "h264 mp4": ("a.mp4", "25", "-c:v libx264 -g 12 -crf 16"),
    "h264 plain": ("a.mp4", "25", "-c:v libx264"),
    "h264 23.976": ("a.mp4", "24000/1001", "-c:v libx264 -g 12 -preset veryfast -crf 20"),
    "h264 mov abr": ("a.mov", "30", "-c:v libx264 -g 20 -b:v 400k -profile:v main -tune animation"),
    "h264 baseline": ("a.mp4", "25", "-c:v libx264 -g 10 -profile:v baseline -level 4.1 -color_range 2"),
    "h264 422 10": ("a.mkv", "25", "-c:v libx264 -g 12 -pix_fmt yuv422p10le -colorspace bt709"),
    "h264 intra": ("a.mov", "25", "-c:v libx264 -g 1"),
    "h264 ts": ("a.ts", "25", "-c:v libx264 -g 12"),
    "h264 avi": ("a.avi", "25", "-c:v libx264 -g 12 -bf 0 -c:a mp2"),
    "prores mov": ("a.mov", "25", "-vf setsar=4/3 -c:v prores_ks -c:a pcm_s16le -color_primaries bt709"),
    "prores 4444": ("a.mov", "25", "-c:v prores_ks -profile:v 4444 -pix_fmt yuv444p10le"),
    "prores mkv": ("a.mkv", "25", "-c:v prores_ks -profile:v lt"),
    "h265 mkv": ("a.mkv", "25", f"-c:v libx265 {HEVC}"),
    "h265 mp4": ("a.mp4", "25", f"-c:v libx265 {HEVC} -tag:v hvc1"),
    "h265 ts": ("a.ts", "25", f"-c:v libx265 {HEVC}"),
    "vp9 webm": ("a.webm", "25", "-c:v libvpx-vp9 -g 12 -b:v 0 -crf 20"),
    "av1 mp4": ("a.mp4", "25", "-c:v libsvtav1 -g 12 -preset 10"),
}
"""made by ffmpeg: file, frames a second, options"""


@pytest.mark.parametrize("frames", ["20:26", "0:3,30,45:48"])
@pytest.mark.parametrize("name", FILMS)
def test_just_these_frames_are_replaced(name: str, frames: str, tmp_path: Path) -> None:
    file, rate, options = FILMS[name]
    full = film(tmp_path / file, *options.split(), rate=rate)
    patch, new = patched(full, frames)
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=30)


@pytest.mark.parametrize("frames", ["0:1", "49", "3:5,14:16,40:50", "0:50", "24", "5:7,8,11:13"])
def test_any_frames_can_be_replaced(frames: str, tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12", "-crf", "16"])
    patch, new = patched(full, frames)
    judge(full, new, patch, psnr=34)


def test_what_is_copied_and_what_not_is_told(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12", "-bf", "0"])
    patch = plan(full, "14:16,30")
    assert patch.encoded == (FrameRange(14, 24), FrameRange(30, 36))
    assert patch.notices == ("frames 14:24,30:36 are encoded again, the other 34 are copied",)
    asked = plan(full, "14:16", FilmSettings(quality=20))
    assert asked.notices[1] == "--quality 20 is not heeded: a.mp4 tells its own"
    assert plan(full, "0:50").notices == ("frames 0:50 are encoded again, none is copied",)


def test_a_shape_of_pixels_that_is_lost_is_told(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mkv", *["-vf", "setsar=4/3", "-c:v", "prores_ks"])
    assert plan(full, "3:5").left_out == ("the shape of its pixels (4/3) is lost in .mkv with prores",)


def test_a_patch_that_fails_its_check_becomes_a_whole_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12"])
    clip, selection = probe(full), select(probe(full), "20:22")
    monkeypatch.setattr(videostyle.media.patch.patch, "difference", lambda *_: "packet 3 is another")
    new = tmp_path / "new.mp4"
    told = patch_film(plan_patch(full, clip, selection, SETTINGS), new, lambda: pictures(clip, selection))
    assert told == ("all 50 frames of a.mp4 are encoded again: when patched, packet 3 is another",)
    assert frame_times(full) == frame_times(new)
    assert hashes(full, "audio") == hashes(new, "audio")
    looks_like(new, [20, 21], 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "new.mp4"]


def plan(full: Path, frames: str, settings: FilmSettings = SETTINGS) -> Patch:
    return plan_patch(full, probe(full), select(probe(full), frames), settings)


def test_a_film_of_another_length_is_refused(tmp_path: Path) -> None:
    full, clip = film(tmp_path / "full.mp4", frames=24), film(tmp_path / "clip.mp4", frames=25)
    with pytest.raises(MediaError, match="has 24 frames, the clip has 25; patch the full film of this clip"):
        plan_patch(full, probe(clip), select(probe(clip), "3:5"), SETTINGS)


def test_a_step_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match="leave out the step"):
        plan_patch(full, probe(full), select(probe(full), "0:10x2"), SETTINGS)


def test_a_film_keeps_its_sound_or_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match="--no-sound: a patched film stays what it was"):
        plan_patch(full, probe(full), select(probe(full), "3:5"), FilmSettings(sound=False))


def test_a_codec_other_than_the_films_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match=r"--codec h265: a patched film stays what it was, h264; leave it out"):
        plan(full, "3:5", FilmSettings(codec="h265"))


def test_a_film_of_another_shape_is_refused(tmp_path: Path) -> None:
    full, clip = film(tmp_path / "full.mp4", frames=9), film(tmp_path / "clip.mp4", frames=9, size="64x96")
    with pytest.raises(MediaError, match="is 96x64, the clip 64x96, which is another shape; patch the full film"):
        plan_patch(full, probe(clip), select(probe(clip), "3:5"), SETTINGS)


@pytest.mark.parametrize("file", ["full.mp4", "full.mkv"])
def test_a_film_that_is_cut_off_is_refused(file: str, tmp_path: Path) -> None:
    full = film(tmp_path / file, *["-c:v", "libx264", "-g", "5", "-movflags", "+faststart"], frames=50)
    clip = probe(full)
    data = full.read_bytes()
    full.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(MediaError, match=r"cut off, \d+ of its frames are missing; give the whole film|has \d+ frames"):
        plan_patch(full, clip, select(clip, "3:5"), SETTINGS)


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", frames=9))
    text, none, empty = tmp_path / "text.mp4", tmp_path / "none.mp4", tmp_path / "folder"
    text.write_text("no film at all, but quite a lot of words")
    empty.mkdir()
    for full, wrong in (
        (text, "not a clip that can be read"),
        (none, "no such file"),
        (empty, "no folder of pictures"),
    ):
        with pytest.raises(MediaError, match=wrong):
            plan_patch(full, clip, select(clip, "3:5"), SETTINGS)
    misnamed = tmp_path / "film.mkv"
    misnamed.write_bytes(clip.path.read_bytes())
    with pytest.raises(MediaError, match="not what its name says but mov; give it the right extension"):
        plan(misnamed, "3:5")


def test_the_new_film_is_of_the_same_kind(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=9)
    with pytest.raises(MediaError, match=r"a patched film stays what it was; end the name in .mp4"):
        patch_film(plan(full, "3:5"), tmp_path / "new.mkv", lambda: [])


def test_frames_that_are_not_given_stay(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12", "-crf", "4"])
    patch = plan(full, "14:18")
    new = tmp_path / "new.mp4"
    patch_film(patch, new, lambda: [(15, painted(15, 96, 64))])
    looks_like(new, [15], 30)
    old, now = planes(full), planes(new)
    assert np.abs(old[14] - now[14]).mean() < 2 < np.abs(old[15] - now[15]).mean()


def test_an_error_leaves_the_old_film_as_it_was(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12"])
    before = full.read_bytes()

    def broken() -> Iterator[tuple[int, Pixels]]:
        yield 14, painted(14, 96, 64)
        raise KeyError("lost")

    with pytest.raises(KeyError):
        patch_film(plan(full, "14:18"), full, broken)
    assert full.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def folder(path: Path, count: int = 9) -> Path:
    path.mkdir()
    for index in range(count):
        write_png(path / f"frame_{index:06d}.png", painted(100 + index, 96, 64))
    (path / "notes.txt").write_text("mine")
    return path


@pytest.mark.parametrize("name", ["full", "new"])
def test_of_a_folder_just_the_pictures_asked_for_are_written(name: str, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", frames=9))
    full = folder(tmp_path / "full")
    before = {path.name: path.read_bytes() for path in full.iterdir()}
    patch = plan_patch(full, clip, select(clip, "2:4,7"), FilmSettings(codec="png"))
    assert patch.notices == ("pictures 2:4,7:8 are written anew, the other 6 stay",)
    assert not patch.whole
    new = tmp_path / name
    patch_film(patch, new, lambda: ((index, painted(index, 192, 128)) for index in (2, 3, 7)))
    after = {path.name: path.read_bytes() for path in new.iterdir()}
    assert sorted(before) == sorted(after)
    changed = sorted(path for path in after if after[path] != before[path])
    assert changed == ["frame_000002.png", "frame_000003.png", "frame_000007.png"]
    with Image.open(new / "frame_000003.png") as picture:
        small = np.asarray(picture).astype(float)
    wanted = painted(3, 192, 128).astype(float).reshape(64, 2, 96, 2, 3).mean((1, 3))
    assert np.abs(small - wanted).mean() < 1
    assert {path.name for path in tmp_path.iterdir()} == {"clip.mp4", "full", name}


def test_a_folder_of_another_number_of_pictures_is_refused(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", frames=9))
    full = folder(tmp_path / "full", 8)
    with pytest.raises(MediaError, match="has 8 pictures, the clip has 9 frames; patch the full film of this clip"):
        plan_patch(full, clip, select(clip, "2:4"), SETTINGS)
    with pytest.raises(SettingsError, match=r"--codec h264: .* is a folder of pictures; leave it out"):
        plan_patch(full, clip, select(clip, "2:4"), FilmSettings(codec="h264"))
