"""Films of every awkward kind, patched."""

import subprocess
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.oracle import frame_times, hashes, needs_ffprobe
from tests.media.patch.patching import film, judge, looks_like, patched, shown
from tests.media.sources import write
from videostyle.frames import Clip
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import encode_film
from videostyle.settings import FilmSettings

pytestmark = needs_ffprobe


def own(clip: Clip, path: Path, codec: str) -> Path:
    """A film of ours."""
    size = (clip.width, clip.height)
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    encode_film(clip, path, ((frame.index, frame.pixels) for frame in decode(clip)), settings, size, comment="painted")
    return path


OWN = ["mp4 h264", "mov h265", "mov prores", "mkv ffv1", "mkv h265", "webm vp9", "ts h264", "avi h264", "mp4 av1"]


@pytest.mark.parametrize("kind", OWN)
def test_films_of_ours_are_patched(kind: str, tmp_path: Path) -> None:
    suffix, codec = kind.split()
    clip = probe(film(tmp_path / "clip.mp4", *["-c:v", "libx264", "-crf", "1", "-c:a", "libopus"], frames=30))
    full = own(clip, tmp_path / f"full.{suffix}", codec)
    patch, new = patched(full, "11:14", clip=clip)
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=34)


VFR = [0, 40, 90, 95, 300, 301, 350, 512, 600, 601, 640, 700, 777, 800, 840, 900, 950, 1000, 1024, 1030]


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("frames", ["4:6", "17:20", "0"])
def test_frames_of_unequal_length_keep_their_times(suffix: str, frames: str, tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "clip.mp4", pts=VFR, base=Fraction(1, 600), options={"crf": "2", "g": "8"}))
    full = own(clip, tmp_path / f"full.{suffix}", "h264")
    patch, new = patched(full, frames, clip=clip)
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=30)
    assert frame_times(full) == frame_times(new)


def test_everything_else_of_an_mp4_stays(tmp_path: Path) -> None:
    (tmp_path / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=The Film\ncomment=ours\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=800\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=800\nEND=2000\ntitle=Two\n"
    )
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nHello\n")
    film(tmp_path / "cover.png", "-update", "1", frames=1, sound=False)
    full = tmp_path / "full.mp4"
    command = "ffmpeg -v error -f lavfi -i testsrc2=s=96x64:r=25:d=2 -f lavfi -i sine=d=2 -f lavfi -i sine=f=880:d=2"
    command += (
        f" -i {tmp_path}/chapters.txt -i {tmp_path}/text.srt -i {tmp_path}/cover.png -map 0 -map 1 -map 2 -map 4 -map 5"
    )
    command += " -map_metadata 3 -map_chapters 3 -c:v:0 libx264 -g 12 -c:a:0 aac -c:a:1 ac3 -c:s mov_text -c:v:1 copy"
    command += " -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra -disposition:a:1 0 -timecode 10:00:00:00"
    command += (
        " -disposition:v:1 attached_pic -metadata:s:v:0 language=ita -metadata creation_time=2020-01-01T00:00:00Z"
    )
    subprocess.run([*command.split(), str(full)], check=True)
    patch, new = patched(full, "20:24")
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=34)
    assert hashes(full, "subtitle") == hashes(new, "subtitle")


def test_everything_else_of_a_matroska_stays(tmp_path: Path) -> None:
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:01,000\nHello\n")
    (tmp_path / "font.ttf").write_bytes(b"no real font")
    full = tmp_path / "full.mkv"
    command = "ffmpeg -v error -f lavfi -i testsrc2=s=96x64:r=25:d=2 -f lavfi -i sine=d=2"
    command += f" -i {tmp_path}/text.srt -map 0 -map 1 -map 2 -c:v libx264 -g 12 -c:a flac -c:s srt"
    command += f" -attach {tmp_path}/font.ttf -metadata:s:t mimetype=font/ttf -metadata title=Film -color_trc bt709"
    command += " -metadata:s:a language=deu -metadata:s:a title=Ton -disposition:s forced -colorspace bt709"
    subprocess.run([*command.split(), str(full)], check=True)
    patch, new = patched(full, "20:24")
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=34)
    assert hashes(full, "subtitle") == hashes(new, "subtitle")


OPEN = {
    "x264": "-c:v libx264 -g 12 -x264-params open-gop=1",
    "x265": "-c:v libx265 -x265-params log-level=none:keyint=12:min-keyint=12",
}


@pytest.mark.parametrize("name", OPEN)
def test_open_groups_of_pictures_are_no_borders(name: str, tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", *OPEN[name].split())
    patch, new = patched(full, "20:22")
    assert not patch.whole, patch.why
    judge(full, new, patch, psnr=30)


STRANGE = {
    "matrices": ("full.mp4", "-c:v libx264 -g 12 -x264-params cqm=jvt:aq-mode=3"),
    "video format": ("full.mov", "-c:v libx264 -g 12 -x264-params overscan=show:force-cfr=1"),
    "another encoder": (
        "full.mkv",
        "-c:v libx264 -g 12 -bsf:v filter_units=remove_types=6 -crf 30 -x264-params b-pyramid=0",
    ),
    "the same, baseline": ("full.mp4", "-c:v libx264 -g 12 -bsf:v filter_units=remove_types=6 -profile:v baseline"),
    "interval": ("full.mp4", "-c:v libx264 -g 12 -movflags +frag_keyframe+empty_moov -video_track_timescale 25"),
}
"""with headers that are not to be had again"""


@pytest.mark.parametrize("frames", ["20:22,33", "0:1"])
@pytest.mark.parametrize("name", STRANGE)
def test_strange_headers_are_kept_and_ours_added(name: str, frames: str, tmp_path: Path) -> None:
    file, options = STRANGE[name]
    full = film(tmp_path / file, *options.split())
    patch, new = patched(full, frames)
    assert not patch.whole, patch.why
    assert sum(map(len, patch.encoded)) < 50
    judge(full, new, patch, psnr=28)
    again, third = patched(new, "3:5", new=full.with_name(f"third{full.suffix}"))
    assert not again.whole, again.why
    judge(new, third, again, psnr=28)


WHOLE = {
    "mpeg4": ("full.mp4", "-c:v mpeg4 -q:v 2", "mpeg4 cannot be written"),
    "other headers": (
        "full.mp4",
        "-c:v libx265 -x265-params log-level=none:scaling-list=default",
        "the encoder's headers do not fit",
    ),
    "ffv1 without headers": ("full.mkv", "-c:v ffv1 -level 1", "the encoder's headers do not fit"),
    "b-frames in avi": ("full.avi", "-c:v libx264 -c:a mp2", "some of its packets are hidden"),
    "mpeg2 ts": ("full.ts", "-c:v mpeg2video -q:v 2", "mpeg2video cannot be written"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_cannot_be_spliced_is_encoded_whole_and_says_why(name: str, tmp_path: Path) -> None:
    file, options, why = WHOLE[name]
    full = film(tmp_path / file, *options.split())
    patch, new = patched(full, "20:24")
    assert patch.whole
    assert patch.why.startswith(why)
    assert patch.notices[0] == f"all 50 frames of {full.name} are encoded again: {patch.why}"
    if full.suffix != ".avi":  # where frames out of order have no times
        before, after = frame_times(full), frame_times(new)
        assert [time - before[0] for time in before] == [time - after[0] for time in after]
    assert len(shown(new)) == 50
    assert hashes(full, "audio") == hashes(new, "audio")
    looks_like(new, [20, 21, 22, 23], 30)


def test_pictures_that_are_stored_turned_are_encoded_whole(tmp_path: Path) -> None:
    film(tmp_path / "flat.mp4", "-c:v", "libx264", frames=25)
    full = tmp_path / "full.mp4"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "flat.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90"]
    subprocess.run([*command, str(full)], check=True)
    patch, new = patched(full, "10:12")
    assert patch.why == "its pictures are stored turned"
    looks_like(new, [10, 11], 30)


def test_hidden_frames_are_not_counted(tmp_path: Path) -> None:
    film(tmp_path / "long.mp4", *["-c:v", "libx264", "-g", "25"])
    full = tmp_path / "full.mp4"
    command = ["ffmpeg", "-v", "error", "-ss", "0.4", "-i", str(tmp_path / "long.mp4"), "-c", "copy", str(full)]
    subprocess.run(command, check=True)
    assert probe(full).num_frames == 40
    patch, new = patched(full, "10:12")
    assert patch.whole
    assert frame_times(full) == frame_times(new)
    looks_like(new, [10, 11], 30)


def test_the_film_itself_may_be_replaced(tmp_path: Path) -> None:
    full = film(tmp_path / "full.mp4", *["-c:v", "libx264", "-g", "12"])
    copy = full.with_name("copy.mp4")
    copy.write_bytes(full.read_bytes())
    patch, _ = patched(full, "20:24", new=full)
    judge(copy, full, patch, psnr=34)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.mp4", "full.mp4"]
