import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.media.oracle import frame_times, needs_ffprobe, planes
from tests.media.sources import drifting, save, write
from videostyle.frames import FrameRange
from videostyle.media.read import sequence
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import open_file, probe
from videostyle.media.read.sequence import default_name, has_file, identity
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings


@pytest.mark.parametrize("start", [0, 1, 99, 86400])
@pytest.mark.parametrize("given", ["", "*.png", "f_*", "f_%04d.png", "[ef]_*.png"])
def test_numbered_pictures_are_a_clip(given: str, start: int, tmp_path: Path) -> None:
    folder = tmp_path / "sh[o]ts %d ü"
    drawn = save(folder, numbers=range(start, start + 12))
    (folder / ".f_0000.png").write_text("left by another system")
    (folder / "notes.txt").write_text("take 3")
    clip = probe(folder / given)
    assert clip.path == folder / given
    assert (clip.num_frames, clip.width, clip.height, clip.rate, clip.depth) == (12, 80, 48, 25, 8)
    assert (clip.format, clip.codec, clip.timecode) == ("image2", "png", "")
    assert not has_file(clip)
    assert clip.notes == ("pictures have no timestamps: read at 25 frames per second; --fps sets another rate",)
    assert [clip.seconds(n) for n in range(12)] == [Fraction(n, 25) for n in range(12)]
    for index, frame in enumerate(decode(clip)):
        assert (frame.index, frame.pts) == (index, Fraction(index, 25))
        assert np.array_equal(frame.pixels, drawn[index])


def test_the_order_is_numeric_not_alphabetic(tmp_path: Path) -> None:
    drawn = save(tmp_path / "a", "take2 {}.png", range(7, 13))
    for given in ("", "take2 %d.png", "*.png"):
        decoded = [frame.pixels for frame in decode(probe(tmp_path / "a" / given))]
        assert all(np.array_equal(*pair) for pair in zip(decoded, drawn, strict=True))


def test_the_given_rate_is_used(tmp_path: Path) -> None:
    save(tmp_path / "a")
    film = Fraction(24000, 1001)
    clip = probe(tmp_path / "a", rate=film)
    assert (clip.rate, clip.notes, clip.duration) == (film, (), 5 / film)
    assert clip.seconds(3) == 3 / film


def test_a_range_opens_only_its_own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = save(tmp_path / "a", numbers=range(30))
    clip = probe(tmp_path / "a")
    opened: list[str] = []
    monkeypatch.setattr(sequence, "read", lambda file: (opened.append(file.name), read(file))[1])
    frames = list(decode(clip, FrameRange(17, 20)))
    assert [frame.index for frame in frames] == [17, 18, 19]
    assert all(np.array_equal(frame.pixels, drawn[frame.index]) for frame in frames)
    assert opened == ["f_0017.png", "f_0018.png", "f_0019.png"]


read = sequence.read


KINDS: dict[str, dict[str, Any]] = {
    "png": {},
    "tif": {},
    "tiff": {"compression": "tiff_lzw"},
    "bmp": {},
    "tga": {},
    "webp": {"lossless": True},
    "jpg": {"quality": 95, "subsampling": 0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_pictures(kind: str, tmp_path: Path) -> None:
    save(tmp_path / "a", "{}." + kind.upper(), **KINDS[kind])
    for number, frame in enumerate(decode(probe(tmp_path / "a"))):
        with Image.open(tmp_path / "a" / f"{number}.{kind.upper()}") as opened:
            away = np.abs(frame.pixels.astype(int) - np.asarray(opened.convert("RGB")))
        assert away.max() <= (8 if kind == "jpg" else 0)
        assert away.mean() < 0.7


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA", "LA"])
def test_modes_of_pngs(mode: str, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number, drawn in enumerate(drifting(3)):
        picture = Image.fromarray(drawn).convert(mode)
        if "A" in mode:
            picture.putalpha(77)
        picture.save(tmp_path / "a" / f"{number}.png")
    clip = probe(tmp_path / "a")
    assert clip.alpha == ("A" in mode)
    for frame in decode(clip):
        with Image.open(tmp_path / "a" / f"{frame.index}.png") as opened:
            assert np.array_equal(frame.pixels, np.asarray(opened.convert("RGB")))


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("channels", [1, 3])
def test_16_bits_are_kept(kind: str, channels: int, tmp_path: Path) -> None:
    for number, drawn in enumerate(drifting(3, deep=True)):
        picture = np.ascontiguousarray(drawn[..., ::-1] if channels == 3 else drawn[..., 0])
        cv2.imwrite(str(tmp_path / f"{number}.{kind}"), picture)
    clip = probe(tmp_path)
    assert (clip.depth, clip.dtype) == (16, np.uint16)
    for frame in decode(clip):
        wanted: Any = cv2.imread(str(tmp_path / f"{frame.index}.{kind}"), cv2.IMREAD_UNCHANGED)
        wanted = wanted[..., ::-1] if channels == 3 else np.repeat(wanted[..., None], 3, 2)
        assert np.array_equal(frame.pixels, wanted)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
def test_pictures_are_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "jpg" else {"lossless": True} if kind == "webp" else {}
    save(tmp_path / "a", "{}." + kind, exif=exif, **options)
    clip = probe(tmp_path / "a")
    assert clip.rotation in (0, 180) if orientation < 5 else clip.rotation in (90, 270)
    for frame in decode(clip):
        with Image.open(tmp_path / "a" / f"{frame.index}.{kind}") as opened:
            wanted = np.asarray(ImageOps.exif_transpose(opened).convert("RGB"))
        assert frame.pixels.shape == wanted.shape == (clip.height, clip.width, 3)
        assert np.abs(frame.pixels.astype(int) - wanted).max() <= (8 if kind == "jpg" else 0)


def test_an_existing_file_is_not_mistaken_for_a_pattern(tmp_path: Path) -> None:
    for name in ("a%03d.mp4", "a[1].mp4", "a*.mp4"):
        clip = probe(write(tmp_path / "whole.mp4", 3).rename(tmp_path / name))
        assert has_file(clip)
        assert default_name(clip) == tmp_path / name


def test_the_film_is_named_after_the_sequence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "a")
    names = {"": "a", "f_%04d.png": "a/f", "f_*.png": "a/f", "*.png": "a", "[f]_0*": "a"}
    for given, wanted in names.items():
        assert default_name(probe(tmp_path / "a" / given)) == tmp_path / wanted
    monkeypatch.chdir(tmp_path / "a")
    for here in (".", "*.png"):
        assert default_name(probe(Path(here))) == tmp_path / "a"


def test_the_identity_of_a_sequence_depends_on_its_pictures(tmp_path: Path) -> None:
    save(tmp_path / "a", numbers=range(9))
    kept = identity(probe(tmp_path / "a"))
    assert identity(probe(tmp_path / "a/*.png")) == kept, "however the sequence is given"
    (tmp_path / "a").rename(tmp_path / "b")
    assert identity(probe(tmp_path / "b")) == kept, "wherever the folder is"
    assert identity(probe(tmp_path / "b", rate=Fraction(30))) != kept
    file = tmp_path / "b/f_0004.png"
    whole = file.read_bytes()
    with Image.open(file) as opened:
        pixels = np.array(opened)
    pixels[24, 40] ^= 1
    Image.fromarray(pixels).save(file)
    assert identity(probe(tmp_path / "b")) != kept
    file.write_bytes(whole)
    assert identity(probe(tmp_path / "b")) == kept


def test_identity_looks_between_black_borders(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    picture = np.zeros((360, 640, 3), np.uint8)
    known = []
    for value in (90, 91):
        picture[60:-60] = value
        Image.fromarray(picture).save(tmp_path / "a/f_0001.bmp")
        known.append(identity(probe(tmp_path / "a")))
    assert known[0] != known[1]


def test_the_identity_of_a_file_depends_on_its_content(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", 5)
    kept = identity(probe(path))
    assert identity(probe(path.rename(tmp_path / "b.mp4"))) == kept
    assert identity(probe(write(tmp_path / "c.mp4", 6))) != kept


def test_a_sequence_opens_as_a_file_without_tracks(tmp_path: Path) -> None:
    save(tmp_path / "a")
    for given in ("", "*.png", "f_%04d.png"):
        with open_file(tmp_path / "a" / given) as container:
            assert len(container.streams) == 1
            assert container.chapters() == []


@needs_ffprobe
@pytest.mark.parametrize("kind", ["png", "jpg"])
@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi"])
def test_films_of_pictures(suffix: str, kind: str, tmp_path: Path) -> None:
    drawn = save(tmp_path / "a", "{}." + kind, range(12))
    clip = probe(tmp_path / "a", rate=Fraction(24))
    film, settings = tmp_path / f"film.{suffix}", FilmSettings()
    assert check_film(clip, film, settings, (80, 48)).left_out == ()
    encode_film(clip, film, ((frame.index, frame.pixels) for frame in decode(clip)), settings, (80, 48))
    assert np.allclose([float(time) for time in frame_times(film)], np.arange(12) / 24, atol=5e-4)
    with av.open(str(film)) as container:
        assert container.streams.video[0].codec_context.color_range != 2, "a film has the usual limited range"
    decoded = planes(film, "rgb24").reshape(12, 48, 80, 3) - np.stack(drawn)
    assert np.abs(decoded.mean((1, 2))).max() < 3
    assert np.abs(decoded @ (0.299, 0.587, 0.114)).mean() < 6


@needs_ffprobe
def test_a_sequence_is_decoded_as_by_ffmpeg(tmp_path: Path) -> None:
    save(tmp_path / "a", "{:03d}.jpg", range(3, 9), quality=90)
    command = ["ffmpeg", "-v", "error", "-start_number", "3", "-i", str(tmp_path / "a/%03d.jpg"), "-f", "rawvideo"]
    scale = "scale=flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    made = subprocess.run([*command, "-vf", scale, "-pix_fmt", "rgb24", "-"], capture_output=True, check=True)
    shown = np.frombuffer(made.stdout, np.uint8).reshape(-1, 48, 80, 3).astype(int)
    decoded = np.stack([frame.pixels for frame in decode(probe(tmp_path / "a/%03d.jpg"))])
    assert np.abs(decoded.astype(int) - shown).mean() < 2
