"""Films to patch, and checks of patched films with ffmpeg and ffprobe."""

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.media.oracle import ffprobe, hashes, planes, streams, video_index
from videostyle.frames import Clip, Pixels
from videostyle.media.patch.patch import patch_film, plan_patch
from videostyle.media.patch.splice import Patch
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import encode_film
from videostyle.selection import select
from videostyle.settings import FilmSettings

SETTINGS = FilmSettings()
SOUND = ["-f", "lavfi", "-i", "sine", "-map", "0:v", "-map", "1:a", "-t", "2"]
TWO_SCENES = ("-vf", "negate=enable='gte(n,30)'", "-c:v", "libx264", "-crf", "1")
"""ffmpeg's options for a clip with a cut at frame 30, where encoders put a keyframe"""


def film(
    path: Path, *options: str, frames: int = 50, rate: str = "25", size: str = "96x64", sound: bool = True
) -> Path:
    """A film made by ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}"]
    command += (SOUND if sound else []) + ["-frames:v", str(frames), *options, str(path)]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return path


def own(clip: Clip, path: Path, codec: str = "auto", quality: int = -1) -> Path:
    """A film made by this program."""
    settings = FilmSettings(codec=codec, quality=quality)  # type: ignore[arg-type]
    encode_film(
        clip, path, ((frame.index, frame.pixels) for frame in decode(clip)), settings, (clip.width, clip.height)
    )
    return path


def painted(index: int, width: int, height: int) -> Pixels:
    """A soft picture that appears in none of the films."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin((x + 3 * index) / 19 + c) * np.cos(y / 17 + 2 * c) for c in range(3)]
    return np.rint((np.stack(waves, -1) * 0.35 + 0.5) * 255).astype(np.uint8)


def plan(full: Path, frames: str, clip: Clip | None = None, settings: FilmSettings = SETTINGS) -> Patch:
    clip = clip or probe(full)
    return plan_patch(full, clip, select(clip, frames), settings)


def pictures(patch: Patch, frames: str) -> Callable[[], Iterable[tuple[int, Pixels]]]:
    return lambda: ((index, painted(index, *patch.size)) for index in select(patch.film, frames).frames)


def patched(full: Path, frames: str, new: Path | None = None, clip: Clip | None = None) -> tuple[Patch, Path]:
    patch = plan(full, frames, clip)
    new = new or full.with_name(f"new{full.suffix}")
    assert patch_film(patch, new, pictures(patch, frames)) == ()
    return patch, new


def shown(path: Path) -> list[str]:
    """A hash of every frame, by ffmpeg, which must report no error."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:{video_index(path)}", "-fps_mode", "passthrough"]
    made = subprocess.run([*command, "-f", "framemd5", "-"], capture_output=True, text=True)
    assert (made.returncode, made.stderr) == (0, "")
    return [line.rsplit(",", 1)[1] for line in made.stdout.splitlines() if not line.startswith("#")]


def picture_packets(path: Path) -> list[dict[str, Any]]:
    show = ("-show_packets", "-show_data_hash", "md5", "-show_entries", "packet=pts,dts,duration,data_hash")
    return list(ffprobe(path, "-select_streams", str(video_index(path)), *show)["packets"])


def described(path: Path) -> dict[str, str]:
    """Everything ffprobe says about a file except what must differ."""
    report = ffprobe(path, "-show_format", "-show_streams", "-show_chapters")
    report["format"].pop("nb_streams")
    # timecode and names of chapters have tracks of their own, which the muxer writes
    report["streams"] = [stream for stream in report["streams"] if stream["codec_type"] != "data"]
    different = {"filename", "size", "bit_rate", "probe_score", "encoder", "ENCODER"}
    different |= {"duration", "duration_ts", "DURATION"}  # estimates; the packets' own are compared elsewhere
    different |= {"field_order"}  # ProRes: progressive, where the old film said nothing
    different |= {"extradata_size"}  # the muxer adds to what subtitles of an MP4 have
    parts = ((key, key.rpartition(".")[2], value) for key, value in flat(report).items())
    return {key: value for key, part, value in parts if part not in different}


def flat(value: Any, name: str = "") -> dict[str, str]:
    if not isinstance(value, dict | list):
        return {name: str(value)}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {key: leaf for part, inner in items for key, leaf in flat(inner, f"{name}.{part}").items()}


def judge(full: Path, new: Path, patch: Patch, frames: str, psnr: float = 40) -> None:
    """Check that the selected frames are replaced, and that everything outside the spans is unchanged."""
    assert patch.spans, patch.notices
    wanted = select(patch.film, frames).frames
    again = {frame for span in patch.spans for frame in span.indices}
    assert {*wanted} <= again
    before, after = shown(full), shown(new)
    assert len(before) == len(after)
    assert [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if a != b and i not in again] == []
    assert all(before[i] != after[i] for i in wanted)
    old, now = picture_packets(full), picture_packets(new)
    assert [packet.get("dts") for packet in old] == [packet.get("dts") for packet in now]
    # MP4 stores how long a packet is decoded, others how long its frame is shown
    key = "dts" if full.suffix in (".mp4", ".mov") else "pts"
    lengths = [sorted((packet.get(key, 0), packet.get("duration", 0)) for packet in found) for found in (old, now)]
    rounding = 1 if full.suffix == ".mkv" else 0  # ms
    assert all(abs(a[1] - b[1]) <= rounding for a, b in zip(*lengths, strict=True)), lengths
    assert sorted(packet.get("pts", 0) for packet in old) == sorted(packet.get("pts", 0) for packet in now)
    copied = [place for place in range(len(old)) if place not in again]
    assert [old[place]["data_hash"] for place in copied] == [now[place]["data_hash"] for place in copied]
    assert hashes(full, "audio") == hashes(new, "audio")
    assert hashes(full, "subtitle") == hashes(new, "subtitle")
    other = set(described(full).items()) ^ set(described(new).items())
    assert not other, other
    looks_like(new, wanted, psnr)


def looks_like(new: Path, frames: Iterable[int], psnr: float) -> None:
    """Check that the frames match the painted ones in RGB."""
    shape = streams(new)[video_index(new)]
    found = planes(new, "rgb24")
    for index in frames:
        wanted = painted(index, shape["width"], shape["height"]).reshape(-1).astype(float)
        error = np.mean((found[index] - wanted) ** 2)
        assert 10 * np.log10(255**2 / error) > psnr, f"frame {index}"
