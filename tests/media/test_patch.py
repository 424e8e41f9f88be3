"""Patched films, judged by ffmpeg and ffprobe."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.media.oracle import ffprobe, hashes, needs_ffprobe, planes, streams, video_index
from videostyle.errors import MediaError, SettingsError
from videostyle.frames import Clip, Pixels
from videostyle.media.patch import Patch, patch_film, plan_patch
from videostyle.media.probe import probe
from videostyle.selection import Selection, select
from videostyle.settings import FilmSettings

pytestmark = needs_ffprobe
SETTINGS = FilmSettings()
SOUND = ["-f", "lavfi", "-i", "sine", "-map", "0:v", "-map", "1:a", "-t", "2"]


def film(
    path: Path, *options: str, frames: int = 50, rate: str = "25", size: str = "96x64", sound: bool = True
) -> Path:
    """A film that is none of ours."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}"]
    command += (SOUND if sound else []) + ["-frames:v", str(frames), *options, str(path)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return path


def painted(index: int, width: int, height: int) -> Pixels:
    """A soft picture that no film here holds."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin((x + 3 * index) / 19 + c) * np.cos(y / 17 + 2 * c) for c in range(3)]
    return np.rint((np.stack(waves, -1) * 0.35 + 0.5) * 255).astype(np.uint8)


def patched(full: Path, frames: str, new: Path | None = None, clip: Clip | None = None) -> tuple[Patch, Path]:
    clip = clip or probe(full)
    selection = select(clip, frames)
    patch = plan_patch(full, clip, selection, SETTINGS)
    new = new or full.with_name(f"new{full.suffix}")
    assert patch_film(patch, new, lambda: pictures(clip, selection)) == ()
    return patch, new


def pictures(clip: Clip, selection: Selection) -> Iterable[tuple[int, Pixels]]:
    return ((index, painted(index, clip.width, clip.height)) for index in selection.frames)


def shown(path: Path) -> list[str]:
    """A hash of every frame, by ffmpeg, which must have nothing to complain of."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:{video_index(path)}", "-fps_mode", "passthrough"]
    made = subprocess.run([*command, "-f", "framemd5", "-"], capture_output=True, text=True)
    assert made.returncode == 0
    assert not made.stderr, made.stderr
    return [line.rsplit(",", 1)[1] for line in made.stdout.splitlines() if not line.startswith("#")]


def picture_packets(path: Path) -> list[dict[str, Any]]:
    fields = "packet=pts,dts,duration,data_hash"
    show = ("-show_packets", "-show_data_hash", "md5", "-show_entries", fields)
    return list(ffprobe(path, "-select_streams", str(video_index(path)), *show)["packets"])


def described(path: Path) -> dict[str, str]:
    """All that ffprobe tells of a file, but what must differ."""
    told = flat(ffprobe(path, "-show_format", "-show_streams", "-show_chapters"))
    other = ("filename", "size", "bit_rate", "probe_score", "extradata_size", "encoder", "ENCODER", "software")
    # of ends that FFmpeg's versions round and guess otherwise; the packets' own are compared elsewhere
    other += ("duration", "duration_ts", "DURATION", "nb_frames")
    return {key: value for key, value in told.items() if key.rpartition(".")[2] not in other}


def flat(value: Any, name: str = "") -> dict[str, str]:
    if not isinstance(value, dict | list):
        return {name: str(value)}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {key: leaf for part, inner in items for key, leaf in flat(inner, f"{name}.{part}").items()}


def judge(full: Path, new: Path, patch: Patch, psnr: float = 40) -> None:
    """Everything that must be as it was is, and the frames asked for are the given ones."""
    wanted = set(patch.selection.frames)
    again = {frame for span in patch.encoded for frame in span.indices}
    assert wanted <= again
    before, after = shown(full), shown(new)
    assert len(before) == len(after)
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b and i not in again] == []
    assert all(before[i] != after[i] for i in wanted)
    old, now = picture_packets(full), picture_packets(new)
    times = [[packet.get(key) for packet in found] for found in (old, now) for key in ("dts", "duration")]
    assert times[:2] == times[2:]
    assert sorted(p["pts"] for p in old if "pts" in p) == sorted(p["pts"] for p in now if "pts" in p)
    copied = [place for place in range(len(old)) if place not in again]
    assert [old[place]["data_hash"] for place in copied] == [now[place]["data_hash"] for place in copied]
    assert hashes(full, "audio") == hashes(new, "audio")
    assert set(described(full).items()) ^ set(described(new).items()) == set()
    looks_like(new, sorted(wanted), psnr)


def looks_like(new: Path, frames: list[int], psnr: float) -> None:
    """The frames are the painted ones, as RGB."""
    shape = streams(new)[video_index(new)]
    size = shape["width"], shape["height"]
    found = planes(new, "rgb24")
    for index in frames:
        wanted = painted(index, *size).reshape(-1).astype(float)
        error = np.mean((found[index] - wanted) ** 2)
        assert 10 * np.log10(255**2 / error) > psnr, f"frame {index}"


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
    "prores mkv": ("a.mkv", "25", "-vf setsar=4/3 -c:v prores_ks -profile:v lt"),
    "h265 mkv": ("a.mkv", "25", f"-c:v libx265 {HEVC}"),
    "h265 mp4": ("a.mp4", "25", f"-c:v libx265 {HEVC} -tag:v hvc1"),
    "h265 ts": ("a.ts", "25", f"-c:v libx265 {HEVC}"),
    "vp9 webm": ("a.webm", "25", "-c:v libvpx-vp9 -g 12 -b:v 0 -crf 20"),
    "av1 mp4": ("a.mp4", "25", "-c:v libsvtav1 -g 12 -preset 10"),
}
"""made by ffmpeg: file, frames a second, options"""


@pytest.mark.parametrize("frames", ["20:26", "0:3,30,47:50"])
@pytest.mark.parametrize("name", FILMS)
def test_just_these_frames_are_replaced(name: str, frames: str, tmp_path: Path) -> None:
    file, rate, options = FILMS[name]
    full = film(tmp_path / file, *options.split(), rate=rate)
    patch, new = patched(full, frames)
    assert not patch.whole, patch.why
    assert sum(map(len, patch.encoded)) < 50
    judge(full, new, patch, psnr=30)


@pytest.mark.parametrize("frames", ["0:1", "49", "3:5,14:16,40:50", "0:50", "24", "5:7,8,11:13"])
def test_any_frames_can_be_replaced(frames: str, tmp_path: Path) -> None:
    full = film(tmp_path / "a.mp4", *["-c:v", "libx264", "-g", "12", "-crf", "16"])
    patch, new = patched(full, frames)
    judge(full, new, patch, psnr=34)


def test_a_film_of_another_length_is_refused(tmp_path: Path) -> None:
    full, clip = film(tmp_path / "full.mp4", frames=24), film(tmp_path / "clip.mp4", frames=25)
    with pytest.raises(MediaError, match="has 24 frames, the clip has 25; patch the full film of this clip"):
        plan_patch(full, probe(clip), select(probe(clip), "3:5"), SETTINGS)


def test_a_step_is_refused(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", frames=24)
    with pytest.raises(SettingsError, match="leave out the step"):
        plan_patch(full, probe(full), select(probe(full), "0:10x2"), SETTINGS)
