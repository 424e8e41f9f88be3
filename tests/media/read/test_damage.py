import subprocess
from pathlib import Path
from random import Random
from typing import Any

import av
import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_art, write_clip
from tests.media.oracle import needs_ffprobe, packet_times
from tests.media.sources import write
from videostyle.events import FilmDone, Notice
from videostyle.media.read.damage import is_cut
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe


def cut(source: Path, first: float, last: float) -> Path:
    """The file without the bytes between two shares of it."""
    content, path = source.read_bytes(), source.with_stem("cut")
    path.write_bytes(content[: int(len(content) * first)] + content[int(len(content) * last) :])
    return path


def spoiled(source: Path, chosen: tuple[int, ...], path: Path) -> Path:
    """The file with random bytes inside some of the picture's packets."""
    rng, content = Random(0), bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    for number in chosen:
        begin, size = places[number]
        for place in range(begin + size // 2, begin + size - size // 8):
            content[place] = rng.randrange(256)
    path.write_bytes(content)
    return path


@needs_ffprobe
@pytest.mark.parametrize("count", [25, 40, 150])
@pytest.mark.parametrize(("first", "last"), [(0.5, 1), (0.8, 1), (0.4, 0.6)])
@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_a_cut_matroska_says_how_many_frames_are_missing(
    count: int, first: float, last: float, suffix: str, tmp_path: Path
) -> None:
    codec = "libvpx" if suffix == ".webm" else "libx264"
    options = {"deadline": "realtime", "g": "10"} if suffix == ".webm" else {"g": "10", "bf": "0"}
    whole = write(tmp_path / f"whole{suffix}", count, codec, options=options)
    assert not is_cut(whole)
    assert probe(whole).frames_missing == 0
    path = cut(whole, first, last)
    assert is_cut(path)
    clip = probe(path)
    assert clip.frames_missing > 0
    assert clip.num_frames + clip.frames_missing == count == len(packet_times(whole, 0))


def test_a_live_matroska_promises_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "live.mkv", 20, muxer={"live": "1"})
    assert not is_cut(path)
    path.write_bytes(b"no EBML at all")
    assert not is_cut(path)


@needs_ffprobe
@pytest.mark.parametrize("suffix", [".mkv", ".ts"])
def test_frames_in_a_damaged_gap_are_counted(suffix: str, tmp_path: Path) -> None:
    whole = write(tmp_path / f"whole{suffix}", 100, options={"g": "10", "bf": "0"})
    content, path = bytearray(whole.read_bytes()), tmp_path / f"bad{suffix}"
    middle = range(len(content) * 45 // 100, len(content) * 54 // 100)
    content[middle.start : middle.stop] = b"\x55" * len(middle)
    path.write_bytes(content)
    clip = probe(path)
    assert 0 < clip.frames_missing < 20
    assert clip.num_frames + clip.frames_missing == len(packet_times(whole, 0))
    assert not any("jump" in note for note in clip.notes), "it is told as missing frames"


@needs_ffprobe
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.mp4", "mpeg4"), ("a.mov", "prores_ks")]
)
def test_damaged_frames_are_those_that_ffmpeg_reports(name: str, codec: str, tmp_path: Path) -> None:
    pixels = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
    whole = write(tmp_path / f"whole{Path(name).suffix}", 40, codec, pixels, options={"g": "10"}, size=(160, 96))
    assert not any(frame.damaged for frame in decode(probe(whole)))
    path = spoiled(whole, (13, 14, 27), tmp_path / name)
    command = ["ffmpeg", "-v", "repeat+warning", "-threads", "1", "-i", path, "-f", "null", "-"]
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True).stderr
    reported = said.count("corrupt decoded frame")
    assert 0 < reported <= 10
    assert sum(frame.damaged for frame in decode(probe(path))) == reported


def test_damage_is_told_before_and_after(tmp_path: Path) -> None:
    art = write_art(tmp_path / "art.png")
    path = spoiled(write_clip(tmp_path / "whole.mp4", moving_scenes((24,))), (9,), tmp_path / "clip.mp4")
    damaged = [frame.index for frame in decode(probe(path)) if frame.damaged]
    assert damaged
    events: list[Any] = []
    settings = {"optimize.iterations": 0}
    for _ in range(2):  # the second time from the job folder
        done = vs.stylize(
            path, art, tmp_path / "film.mp4", settings=settings, job=tmp_path / "job", overwrite=True,
            on_event=events.append,
        )  # fmt: skip
        assert isinstance(done, FilmDone)
        assert (done.frames_lost, done.frames_damaged) == (0, len(damaged))
        (notice,) = [event.text for event in events if isinstance(event, Notice) and "damaged" in event.text]
        assert notice.startswith(f"{len(damaged)} of these frames are damaged, the first is {damaged[0]}: ")
        events.clear()
    part = vs.stylize(path, art, tmp_path / "part.mp4", settings=settings, frames="0:5")
    assert part.frames_damaged == 0
