"""Films of every kind, patched."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.oracle import frame_times, hashes, needs_ffprobe
from tests.media.patch.patching import TWO_SCENES, film, judge, looks_like, own, patched, shown
from tests.media.sources import write
from videostyle.media.read.probe import probe

pytestmark = needs_ffprobe
OWN = {
    **dict.fromkeys(("mp4 h264", "mov h264", "mkv h264", "ts h264"), "11:30"),
    **dict.fromkeys(("mp4 h265", "mkv h265", "ts h265"), "9:30"),
    **dict.fromkeys(("mp4 av1", "webm av1", "mkv vp9", "webm vp9", "mp4 vp9"), "11:50"),
    **dict.fromkeys(("mov prores", "mkv prores"), "11:14"),
    "mkv ffv1": "11:24",
}
"""container and codec -> what is encoded again for frames 11 to 13"""


@pytest.mark.parametrize("kind", OWN)
def test_films_of_this_program_are_patched_by_packets(kind: str, tmp_path: Path) -> None:
    suffix, codec = kind.split()
    clip = probe(film(tmp_path / "clip.mp4", *TWO_SCENES, "-c:a", "libopus"))
    full = own(clip, tmp_path / f"full.{suffix}", codec)
    patch, new = patched(full, "11:14", clip=clip)
    judge(full, new, patch, "11:14", psnr=34)
    if codec != "h265":  # whose choice of B-frames may change with its build
        assert ",".join(map(str, patch.spans)) == OWN[kind]


@pytest.mark.parametrize("frames", ["0:1", "49", "3:5,14:16,40:50", "0:50", "24", "5:7,8,31:33"])
def test_any_frames_can_be_replaced(frames: str, tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", *TWO_SCENES))
    full = own(clip, tmp_path / "full.mp4")
    patch, new = patched(full, frames, clip=clip)
    judge(full, new, patch, frames, psnr=34)


@pytest.mark.parametrize("kind", ["mp4 av1", "mov prores", "mkv h265"])
def test_shape_of_pixels_and_depth_stay(kind: str, tmp_path: Path) -> None:
    suffix, codec = kind.split()
    clip = probe(film(tmp_path / "clip.mkv", *["-vf", "setsar=4/3", "-c:v", "ffv1", "-pix_fmt", "yuv422p10le"]))
    full = own(clip, tmp_path / f"full.{suffix}", codec)
    patch, new = patched(full, "20:24", clip=clip)
    judge(full, new, patch, "20:24", psnr=34)


VFR = [0, 40, 90, 95, 300, 301, 350, 512, 600, 601, 640, 700, 777, 800, 840, 900, 950, 1000, 1024, 1030]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("frames", ["4:6", "17:20", "0"])
def test_frames_of_unequal_length_keep_their_times(suffix: str, frames: str, tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", pts=VFR, base=Fraction(1, 600), options={"crf": "2", "g": "8"}))
    full = own(clip, tmp_path / f"full.{suffix}", "h264")
    patch, new = patched(full, frames, clip=clip)
    judge(full, new, patch, frames, psnr=30)
    assert frame_times(full) == frame_times(new)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv"])
def test_everything_else_of_a_film_stays(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=The Film\ncomment=ours\ncom.apple.quicktime.make=Maker\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=800\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=800\nEND=2000\ntitle=Two\n"
    )
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nHello\n")
    film(tmp_path / "cover.png", "-update", "1", frames=1, sound=False)
    inputs = ["chapters.txt", "text.srt", *([] if suffix == "mov" else ["cover.png"])]
    command = "ffmpeg -v error -f lavfi -i testsrc2=s=96x64:r=25:d=2 -f lavfi -i sine=d=2 -f lavfi -i sine=f=880:d=2"
    command += "".join(f" -i {tmp_path}/{name}" for name in inputs) + " -map 0 -map 1 -map 2 -map 4"
    command += " -map 5 -c:v:1 copy -disposition:v:1 attached_pic" if suffix != "mov" else ""
    command += " -map_metadata 3 -map_chapters 3 -c:v:0 libx264 -crf 1 -g 12 -c:a:0 aac -c:a:1 ac3 -c:s mov_text"
    command += " -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra -disposition:a:1 0 -timecode 10:00:00:00"
    command += " -metadata:s:v:0 language=ita -movflags use_metadata_tags"
    clip = tmp_path / "clip.mp4"
    subprocess.run([*command.split(), str(clip)], check=True)
    full = own(probe(clip), tmp_path / f"full.{suffix}", "h264")
    patch, new = patched(full, "20:24", clip=probe(clip))
    judge(full, new, patch, "20:24", psnr=34)


WHOLE = {
    "other quality": ("full.mp4", "-c:v libx264 -crf 20", "was it made with another --quality?"),
    "other settings": ("full.mkv", "-c:v libx264 -crf 16 -bf 0 -g 12", "was it made with another --quality?"),
    "x265": ("full.mp4", "-c:v libx265 -x265-params log-level=none", "was it made with another --quality?"),
    "ffv1 without headers": ("full.mkv", "-c:v ffv1 -level 1", "was it made with another --quality?"),
    "mpeg4": ("full.mp4", "-c:v mpeg4 -q:v 2", "its mpeg4 packets cannot be replaced one by one"),
    "mpeg2 ts": ("full.ts", "-c:v mpeg2video -q:v 2", "its mpeg2video packets cannot be replaced one by one"),
    "avi": ("full.avi", "-c:v libx264 -c:a mp2", "its h264 packets cannot be replaced one by one"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_other_films_are_encoded_whole_and_a_notice_says_why(name: str, tmp_path: Path) -> None:
    file, options, why = WHOLE[name]
    full = film(tmp_path / file, *options.split())
    patch, new = patched(full, "20:24")
    assert patch.notices[0].startswith(f"all 50 frames of {full.name} are encoded again: ")
    assert patch.notices[0].endswith(why)
    assert not patch.spans
    if full.suffix != ".avi":  # in which reordered frames have no timestamps
        before, after = frame_times(full), frame_times(new)
        assert [time - before[0] for time in before] == [time - after[0] for time in after]
    assert len(shown(new)) == 50
    assert hashes(full, "audio") == hashes(new, "audio")
    looks_like(new, range(20, 24), 30)


def test_a_film_that_was_encoded_whole_is_patched_by_packets_from_then_on(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mkv", *TWO_SCENES))
    full = film(tmp_path / "full.mp4", *TWO_SCENES)
    once, new = patched(full, "3:5", clip=clip)
    assert not once.spans
    twice, third = patched(new, "11:14", new=tmp_path / "third.mp4", clip=clip)
    judge(new, third, twice, "11:14", psnr=34)


@pytest.mark.parametrize("kind", ["mp4 h265", "mov prores", "webm vp9"])
def test_a_film_is_patched_again(kind: str, tmp_path: Path) -> None:
    suffix, codec = kind.split()
    clip = probe(film(tmp_path / "clip.mp4", *TWO_SCENES, "-c:a", "libopus"))
    _, new = patched(own(clip, tmp_path / f"full.{suffix}", codec), "11:14", clip=clip)
    again, third = patched(new, "35:37", new=tmp_path / f"third.{suffix}", clip=clip)
    judge(new, third, again, "35:37", psnr=34)


def test_films_of_rotated_frames_are_encoded_whole(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "flat.mp4", frames=25))
    own(clip, tmp_path / "own.mp4")
    full = tmp_path / "full.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "own.mp4"), "-c", "copy", "-metadata:s:v", "rotate=180"]
    subprocess.run([*command, str(full)], check=True)
    patch, new = patched(full, "10:12", clip=clip)
    assert patch.notices[0].endswith("its h264 packets cannot be replaced one by one")
    looks_like(new, [10, 11], 30)


def test_hidden_frames_are_not_counted(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4", *TWO_SCENES))
    full = tmp_path / "full.mp4"
    command = ["ffmpeg", "-v", "error", "-ss", "0.4", "-i", str(own(clip, tmp_path / "own.mp4")), "-c", "copy"]
    subprocess.run([*command, str(full)], check=True)
    assert probe(full).num_frames == 40
    patch, new = patched(full, "10:12")
    assert not patch.spans
    assert frame_times(full) == frame_times(new)
    looks_like(new, [10, 11], 30)


def test_the_film_itself_may_be_replaced(tmp_path: Path) -> None:
    clip = probe(film(tmp_path / "clip.mp4"))
    full = own(clip, tmp_path / "full.mp4")
    copy = full.with_name("copy.mp4")
    copy.write_bytes(full.read_bytes())
    patch, _ = patched(full, "20:24", new=full, clip=clip)
    judge(copy, full, patch, "20:24", psnr=34)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clip.mp4", "copy.mp4", "full.mp4"]
