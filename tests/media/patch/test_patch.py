"""Patched films, judged by ffmpeg and ffprobe."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import videostyle.media.patch.splice
from tests.media.oracle import frame_times, hashes, needs_ffprobe, planes
from tests.media.patch.patching import SETTINGS, TWO_SCENES, film, looks_like, own, painted, pictures, plan
from videostyle.errors import MediaError, SettingsError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.patch.patch import patch_film, plan_patch
from videostyle.media.read.probe import probe
from videostyle.media.write.containers import CODECS
from videostyle.selection import select
from videostyle.settings import FilmSettings

pytestmark = needs_ffprobe


def ours(folder: Path, quality: int = -1) -> tuple[Clip, Path]:
    """A clip of 50 frames with a cut at 30, and a film of it."""
    clip = probe(film(folder / "clip.mkv", *TWO_SCENES))
    return clip, own(clip, folder / "a.mp4", quality=quality)


def test_a_notice_says_what_is_encoded_again(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    patch = plan(full, "0:2,31", clip)
    assert patch.spans == (FrameRange(0, 30), FrameRange(31, 50))
    assert patch.notices == ("frames 0:30,31:50 are encoded again; the other 1 are copied",)
    assert plan(full, "0:50", clip).notices == ("frames 0:50 are encoded again; the other 0 are copied",)


def test_packets_are_copied_if_the_quality_matches(tmp_path: Path) -> None:
    clip, full = ours(tmp_path, quality=20)
    why = "its headers are not those that videostyle writes here for this clip; was it made with another --quality?"
    assert plan(full, "3:5", clip).notices == (f"all 50 frames of a.mp4 are encoded again: {why}",)
    assert plan(full, "3:5", clip, FilmSettings(quality=20)).spans == (FrameRange(1, 30),)


def test_a_lost_pixel_aspect_ratio_is_reported(tmp_path: Path) -> None:
    full = film(tmp_path / "a.mkv", *["-vf", "setsar=4/3", "-c:v", "prores_ks"])
    assert plan(full, "3:5").left_out == ("the pixel aspect ratio (4/3) is lost in .mkv with prores",)


def test_a_patch_that_fails_its_check_becomes_a_whole_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, full = ours(tmp_path)
    monkeypatch.setattr(videostyle.media.patch.splice, "difference", lambda *_: "frame 3 differs")
    new, patch = tmp_path / "new.mp4", plan(full, "20:22", clip)
    notices = patch_film(patch, new, pictures(patch, "20:22"))
    assert notices == ("all 50 frames of a.mp4 are encoded again: when patched, frame 3 differs",)
    assert frame_times(full) == frame_times(new)
    assert hashes(full, "audio") == hashes(new, "audio")
    looks_like(new, [20, 21], 30)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "clip.mkv", "new.mp4"]


def test_open_gops_are_detected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal headers do not rule them out, but the frames after a span differ."""
    with monkeypatch.context() as other:
        other.setitem(CODECS["h264"].options, "x264opts", "open-gop=1:keyint=12")
        clip, full = ours(tmp_path)
    new, patch = tmp_path / "new.mp4", plan(full, "20:22", clip)
    assert patch.spans
    (notice,) = patch_film(patch, new, pictures(patch, "20:22"))
    assert notice.startswith("all 50 frames of a.mp4 are encoded again: when patched, frame ")
    assert frame_times(full) == frame_times(new)
    looks_like(new, [20, 21], 30)


def test_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    patch, new = plan(full, "20:22", clip), tmp_path / "new.mp4"
    assert patch.size == (96, 64)
    with pytest.raises(ValueError, match=r"a frame of this film has shape \(64, 96, 3\), got \(32, 48, 3\)"):
        patch_film(patch, new, lambda: [(20, painted(20, 48, 32))])
    assert not new.exists()


def test_a_film_of_a_different_length_is_refused(tmp_path: Path) -> None:
    full, clip = film(tmp_path / "full.mp4", frames=24), film(tmp_path / "clip.mp4", frames=25)
    with pytest.raises(MediaError, match="has 24 frames, the clip has 25; patch the full film of this clip"):
        plan_patch(full, probe(clip), select(probe(clip), "3:5"), SETTINGS)


def test_a_step_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match="omit the step"):
        plan_patch(full, probe(full), select(probe(full), "0:10x2"), SETTINGS)


def test_a_film_keeps_its_sound_or_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match="--no-sound: a patched film keeps its sound; omit it"):
        plan_patch(full, probe(full), select(probe(full), "3:5"), FilmSettings(sound=False))


def test_a_codec_other_than_the_films_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match=r"--codec h265: a patched film keeps its codec, h264; omit it"):
        plan(full, "3:5", settings=FilmSettings(codec="h265"))


def test_a_film_with_a_different_aspect_ratio_is_refused(tmp_path: Path) -> None:
    full, clip = film(tmp_path / "full.mp4", frames=9), film(tmp_path / "clip.mp4", frames=9, size="64x96")
    with pytest.raises(
        MediaError, match="is 96x64 but the clip is 64x96, a different aspect ratio; patch the full film"
    ):
        plan_patch(full, probe(clip), select(probe(clip), "3:5"), SETTINGS)


@pytest.mark.parametrize("file", ["full.mp4", "full.mkv"])
def test_a_truncated_film_is_refused(file: str, tmp_path: Path) -> None:
    full = film(tmp_path / file, *["-c:v", "libx264", "-g", "5", "-movflags", "+faststart"], frames=50)
    clip = probe(full)
    data = full.read_bytes()
    full.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(
        MediaError, match=r"truncated, \d+ of its frames are missing; use the complete film|has \d+ frames"
    ):
        plan_patch(full, clip, select(clip, "3:5"), SETTINGS)


def test_other_files_are_refused(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", frames=9))
    text, none, empty = tmp_path / "text.mp4", tmp_path / "none.mp4", tmp_path / "folder"
    text.write_text("not a film, only a line of text")
    empty.mkdir()
    for full, wrong in (
        (text, "cannot be read as a clip"),
        (none, "no such file"),
        (empty, "a folder of pictures; replace some with"),
    ):
        with pytest.raises(MediaError, match=wrong):
            plan_patch(full, clip, select(clip, "3:5"), SETTINGS)
    misnamed = tmp_path / "film.mkv"
    misnamed.write_bytes(clip.path.read_bytes())
    with pytest.raises(MediaError, match=r"the file is mov, not .mkv; rename it with the right extension"):
        plan(misnamed, "3:5")


def test_the_new_film_needs_the_same_extension(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=9)
    with pytest.raises(MediaError, match=r"a patched film keeps its container; end the name in .mp4"):
        plan_patch(full, probe(full), select(probe(full), "3:5"), SETTINGS, tmp_path / "new.mkv")


def test_only_the_folder_of_the_new_film_must_be_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed, touch = tmp_path / "closed", Path.touch
    closed.mkdir()
    full = film(closed / "full.mp4", frames=9)

    def refuse(path: Path, *arguments: Any) -> None:
        if path.parent == closed:
            raise PermissionError(13, "Permission denied", str(path))
        touch(path, *arguments)

    monkeypatch.setattr(Path, "touch", refuse)
    clip = probe(full)
    assert plan_patch(full, clip, select(clip, "3:5"), SETTINGS, tmp_path / "new.mp4").film == clip
    with pytest.raises(MediaError, match=r"closed: cannot be written \(Permission denied\); choose another folder"):
        plan_patch(full, clip, select(clip, "3:5"), SETTINGS)


def test_frames_that_are_not_replaced_stay(tmp_path: Path) -> None:
    clip, full = ours(tmp_path, quality=4)
    patch = plan(full, "14:18", clip, FilmSettings(quality=4))
    assert patch.spans
    new = tmp_path / "new.mp4"
    patch_film(patch, new, lambda: [(15, painted(15, 96, 64))])
    looks_like(new, [15], 30)
    old, now = planes(full), planes(new)
    assert np.abs(old[14] - now[14]).mean() < 2 < np.abs(old[15] - now[15]).mean()


def test_an_error_leaves_the_old_film_as_it_was(tmp_path: Path) -> None:
    clip, full = ours(tmp_path)
    before = full.read_bytes()

    def broken() -> Iterator[tuple[int, Pixels]]:
        yield 14, painted(14, 96, 64)
        raise KeyError("lost")

    with pytest.raises(KeyError):
        patch_film(plan(full, "14:18", clip), full, broken)
    assert full.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "clip.mkv"]


def test_a_folder_of_pictures_needs_no_patch(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", frames=9))
    with pytest.raises(MediaError, match=r"a folder of pictures; replace some with 'videostyle frames --overwrite -o"):
        plan_patch(tmp_path, clip, select(clip, "2:4"), SETTINGS)
