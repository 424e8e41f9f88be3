"""Files that are damaged, odd or not clips: a quick one-line message, and nothing left behind."""

import os
import random
import re
import subprocess
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.sources import drifting, write, write_sound
from videostyle.errors import MediaError
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe

QUICK = 5
"""seconds; some machines are slow"""


def refusal(path: Path) -> str:
    before = {entry.name for entry in Path.cwd().iterdir()}, len(list(Path("/proc/self/fd").iterdir()))
    began = time.monotonic()
    with pytest.raises(MediaError) as caught:
        probe(path)
    assert time.monotonic() - began < QUICK
    assert before == ({entry.name for entry in Path.cwd().iterdir()}, len(list(Path("/proc/self/fd").iterdir())))
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    assert re.search(r"; (use|download) ", message)
    return message


def ffmpeg(*options: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, options)], check=True)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@needs_ffprobe
@pytest.mark.parametrize("sound", [False, True])
def test_encrypted_clips_are_refused(sound: bool) -> None:
    key = ["-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb"]
    key += ["-encryption_kid", "a7e61c373e219033c21091fa607bf3b8"]
    tone = ["-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac"] if sound else []
    write(Path("clear.mp4"))
    ffmpeg("-i", "clear.mp4", *tone, "-c:v", "copy", *key, "locked.mp4")
    assert "the clip is encrypted; use one without copy protection" in refusal(Path("locked.mp4"))
    assert probe(Path("clear.mp4")).num_frames == 24


def test_playlists_and_addresses_are_refused() -> None:
    write(Path("a.ts"))
    Path("a.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\na.ts\n#EXT-X-ENDLIST\n")
    Path("a.ffconcat").write_text("ffconcat version 1.0\nfile a.ts\n")
    assert "a playlist" in refusal(Path("a.m3u8"))
    assert "a list of files" in refusal(Path("a.ffconcat"))
    for address in ("http://localhost/a.mp4", f"file:{Path('a.ts').absolute()}", "rtmp://localhost/a"):
        assert "only local files can be read" in refusal(Path(address))
    for address in ("file:a.ts", "concat:a.ts|a.ts", "subfile,,start,0,end,0,,:a.ts", "pipe:0"):
        assert "no such file" in refusal(Path(address))


def test_broken_links_are_reported() -> None:
    Path("a.mp4").symlink_to("b.mp4")
    Path("b.mp4").symlink_to("a.mp4")
    Path("c.mp4").symlink_to("gone.mp4")
    for name in ("a.mp4", "c.mp4"):
        assert "a broken link" in refusal(Path(name))
    assert "no such file" in refusal(Path("a.mp4/more.mp4"))
    write(Path("d.mp4"))
    Path("e.mp4").symlink_to("d.mp4")
    assert probe(Path("e.mp4")).num_frames == 24


def test_sound_with_a_cover_is_not_a_clip() -> None:
    write_sound(Path("sound.m4a"))
    with av.open("sound.m4a") as old, av.open("cover.m4a", "w", format="mp4") as new:
        track: Any = new.add_stream_from_template(old.streams.audio[0], opaque=True)
        cover: Any = new.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 80, 48, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        drawn: Any = av.VideoFrame.from_ndarray(drifting(1)[0], "rgb24")
        for packet in [*cover.encode(drawn), *cover.encode(None)]:
            new.mux(packet)
        for packet in old.demux():
            if packet.size:
                packet.stream = track
                new.mux(packet)
    assert "the file contains no video" in refusal(Path("cover.m4a"))


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (16000, 16), (16, 16000)])
def test_extreme_sizes(size: tuple[int, int]) -> None:
    clip = probe(write(Path("clip.mkv"), 3, "ffv1", "yuv444p", size=size))
    assert (clip.width, clip.height) == size
    assert [frame.pixels.shape for frame in decode(clip)] == [(size[1], size[0], 3)] * 3


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "avi", "mpg", "gif", "h264"])
def test_one_frame(kind: str) -> None:
    codec, pixels = {"mpg": ("mpeg2video", "yuv420p"), "gif": ("gif", "rgb8")}.get(kind, ("libx264", "yuv420p"))
    base = Fraction(1, 100) if kind == "gif" else Fraction(1, 25)
    clip = probe(write(Path(f"clip.{kind}"), 1, codec, pixels, base=base))
    assert clip.num_frames == 1
    assert clip.duration > 0
    assert [frame.index for frame in decode(clip)] == [0]


@pytest.mark.parametrize("kind", ["h264", "ts"])
def test_frames_that_change_size_are_noted(kind: str) -> None:
    pieces = [write(Path(f"{n}.{kind}"), 30, size=size) for n, size in enumerate([(80, 48), (128, 64), (80, 48)])]
    Path(f"clip.{kind}").write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    clip = probe(Path(f"clip.{kind}"))
    assert "frames change size to 128x64: all are scaled to the size of the first, 80x48" in clip.notes
    decoded = list(decode(clip))
    assert [frame.index for frame in decoded] == list(range(90))
    assert {frame.pixels.shape for frame in decoded} == {(48, 80, 3)}
    assert not probe(pieces[0]).notes or kind == "h264"


@needs_ffprobe
@pytest.mark.parametrize("kind", ["mkv", "ts", "mp4"])
def test_times_before_zero(kind: str) -> None:
    write(Path("whole.mp4"), 50)
    early = ["-avoid_negative_ts", "disabled", "-output_ts_offset", "-0.5"]
    ffmpeg("-i", "whole.mp4", "-c", "copy", *early, f"clip.{kind}")
    clip = probe(Path(f"clip.{kind}"))
    shown = list(decode(clip))
    assert [frame.index for frame in shown] == list(range(clip.num_frames))
    assert all(length > 0 for length in clip.durations)
    if kind == "mkv":  # it cannot store times before 0; those frames come before the others
        assert (clip.num_frames, clip.seconds(0)) == (50, Fraction(-1, 2))
        assert clip.seconds(13) == Fraction(2, 100)
    else:
        assert clip.num_frames == (37 if kind == "mp4" else 50), "an mp4 hides frames before 0"


def harm(path: Path, seed: int) -> Path:
    """A copy of the file with noise in three places, neither at its beginning nor at its end."""
    noise, content = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(3):
        place = noise.randrange(len(content) // 8, len(content) * 7 // 8)
        content[place : place + 700] = noise.randbytes(700)
    harmed = path.with_stem(f"harmed{seed}")
    harmed.write_bytes(content)
    return harmed


@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "mpg", "avi"])
def test_times_of_a_damaged_clip_are_right(kind: str) -> None:
    codec = "mpeg2video" if kind == "mpg" else "libx264"
    whole = probe(write(Path(f"clip.{kind}"), 100, codec, size=(320, 192), options={"g": "10", "bf": "2"}))
    times = {whole.seconds(index) for index in range(100)}
    for seed in range(5):
        clip = probe(harm(whole.path, seed))
        frames = list(decode(clip))
        assert 80 < len(frames) <= clip.num_frames <= 100
        assert {frame.pts for frame in frames} <= times
        assert clip.seconds(clip.num_frames - 1) == whole.seconds(99)
        lost = 100 - clip.num_frames
        noted = any("frames may be missing" in note or "no time" in note for note in clip.notes)
        assert clip.frames_missing == lost if kind == "avi" or clip.frames_missing else bool(lost) == noted


def test_frames_after_damage_in_an_avi_keep_their_times(tmp_path: Path) -> None:
    whole = probe(write(tmp_path / "whole.avi", 60, "mpeg4", options={"g": "1"}))
    with av.open(str(whole.path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    content = bytearray(whole.path.read_bytes())
    content[places[20] - 8 : places[23]] = b"\x55" * (places[23] - places[20] + 8)
    (tmp_path / "clip.avi").write_bytes(content)
    clip, pictures = probe(tmp_path / "clip.avi"), {frame.pts: frame.pixels for frame in decode(whole)}
    shown = list(decode(clip))
    lost = {whole.seconds(index) for index in range(60)} - {frame.pts for frame in shown}
    assert lost == {whole.seconds(index) for index in (20, 21, 22, 23)}
    assert clip.frames_missing == 4
    assert all(np.array_equal(frame.pixels, pictures[frame.pts]) for frame in shown)


def test_uneven_times_are_not_mistaken_for_losses() -> None:
    pts = [n + 3 * (n // 7) for n in range(60)]
    for kind in ("mkv", "ts"):
        assert probe(write(Path(f"clip.{kind}"), pts=pts)).notes == ()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def blank(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


HARMS: list[Callable[[Path], None]] = [cut, blank, Path.unlink]


@pytest.mark.parametrize("damage", HARMS)
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "avi", "h264"])
def test_a_clip_may_be_damaged_after_it_was_probed(kind: str, damage: Callable[[Path], None]) -> None:
    clip = probe(write(Path(f"clip.{kind}"), 100, size=(160, 96)))
    damage(clip.path)
    message, decoded = "restore the file", []
    try:
        decoded = list(decode(clip))
    except MediaError as error:
        message = str(error)
    assert len(decoded) < 100
    assert "restore the file" in message
    assert "\n" not in message
    assert decoded == [] or damage is not Path.unlink


def test_odd_names_and_read_only_files() -> None:
    whole = write(Path("clip.mp4"), 5).read_bytes()
    for name in ("-i.mp4", "--help", "ü 映画 'a' \"b\".mp4", " .mp4", "$(ls);.mp4", "a|b.mp4", "%d.mp4", "a\tb.mp4"):
        Path(name).write_bytes(whole)
        Path(name).chmod(0o444)
        clip = probe(Path(name))
        assert [frame.index for frame in decode(clip)] == list(range(5))
        assert os.stat(name).st_size == len(whole)


def test_devices_and_pipes_are_not_opened() -> None:
    os.mkfifo("pipe.mp4")
    for name in ("pipe.mp4", "/dev/zero", "/dev/stdin"):
        if not Path(name).is_file():
            assert "a device or pipe" in refusal(Path(name))


def test_noise_is_refused_quickly() -> None:
    noise = np.random.default_rng(0).integers(0, 256, 4_000_000, dtype=np.uint8).tobytes()
    for suffix in ("mp4", "ts", "mkv", "h264", "yuv", ""):
        Path(f"noise.{suffix}").write_bytes(noise)
        refusal(Path(f"noise.{suffix}"))
