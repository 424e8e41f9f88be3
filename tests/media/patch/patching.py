"""Films to patch, and a judge of patched ones: ffmpeg and ffprobe."""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from tests.media.oracle import ffprobe, hashes, planes, streams, video_index
from videostyle.frames import Clip, Pixels
from videostyle.media.patch.patch import Patch, patch_film, plan_patch
from videostyle.media.read.probe import probe
from videostyle.selection import Selection, select
from videostyle.settings import FilmSettings

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
    assert (made.returncode, made.stderr) == (0, "")
    return [line.rsplit(",", 1)[1] for line in made.stdout.splitlines() if not line.startswith("#")]


def picture_packets(path: Path) -> list[dict[str, Any]]:
    fields = "packet=pts,dts,duration,data_hash"
    show = ("-show_packets", "-show_data_hash", "md5", "-show_entries", fields)
    return list(ffprobe(path, "-select_streams", str(video_index(path)), *show)["packets"])


def described(path: Path) -> dict[str, str]:
    """All that ffprobe tells of a file, but what must differ."""
    told = ffprobe(path, "-show_format", "-show_streams", "-show_chapters")
    told["format"].pop("nb_streams")
    # timecode and names of chapters have tracks of their own, of which the muxer takes care
    told["streams"] = [stream for stream in told["streams"] if stream["codec_type"] != "data"]
    told = flat(told)
    other = (
        "index",
        "id",
        "filename",
        "size",
        "bit_rate",
        "probe_score",
        "extradata_size",
        "encoder",
        "ENCODER",
        "software",
    )
    # of ends that FFmpeg's versions round and guess otherwise; the packets' own are compared elsewhere
    other += ("duration", "duration_ts", "DURATION", "nb_frames")
    other += ("field_order",)  # ours says progressive where the old film said nothing
    other += ("display_aspect_ratio", "major_brand", "minor_version", "compatible_brands")
    square = ("sample_aspect_ratio", "1:1")  # which is what no shape of pixels means, too
    parts = ((key, key.rpartition(".")[2], value) for key, value in told.items())
    return {key: value for key, part, value in parts if part not in other and (part, value) != square}


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
    assert [packet.get("dts") for packet in old] == [packet.get("dts") for packet in now]
    # MP4 tells how long a packet is decoded, others how long its frame is shown
    key = "dts" if full.suffix in (".mp4", ".mov") else "pts"
    lengths = [sorted((packet.get(key, 0), packet.get("duration", 0)) for packet in found) for found in (old, now)]
    assert lengths[0] == lengths[1], lengths
    assert sorted(packet.get("pts", 0) for packet in old) == sorted(packet.get("pts", 0) for packet in now)
    copied = [place for place in range(len(old)) if place not in again]
    assert [old[place]["data_hash"] for place in copied] == [now[place]["data_hash"] for place in copied]
    assert hashes(full, "audio") == hashes(new, "audio")
    other = set(described(full).items()) ^ set(described(new).items())
    assert not other, other
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
