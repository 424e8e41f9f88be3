import re
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.media.oracle import frame_times, needs_ffprobe, planes
from tests.media.sources import drifting, write
from videostyle.errors import MediaError
from videostyle.frames import FrameRange
from videostyle.media.read import sequence
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import open_file, probe
from videostyle.media.read.sequence import default_name, has_file, identity
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings


def save(folder: Path, name: str = "f_{:04d}.png", numbers: Any = range(5), **options: Any) -> list[NDArray[Any]]:
    """Save numbered pictures; returns their pixels."""
    folder.mkdir(exist_ok=True)
    drawn = drifting(len(numbers))
    for number, picture in zip(numbers, drawn, strict=True):
        Image.fromarray(picture).save(folder / name.format(number), **options)
    return drawn


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(MediaError) as caught:
        probe(path, **options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert re.search(r"; (use|omit|keep|number|replace|restore) ", message)
    return message


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
    assert (clip.format, clip.codec, clip.tracks, clip.timecode) == ("image2", "png", (), "")
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


@pytest.mark.parametrize("kind", ["png", "jpg", "tif", "webp"])
@pytest.mark.parametrize("harm", ["cut", "gone", "changed"])
def test_damaged_pictures_are_left_out(kind: str, harm: str, tmp_path: Path) -> None:
    save(tmp_path / "a", "{}." + kind)
    clip = probe(tmp_path / "a")
    file = tmp_path / "a" / f"2.{kind}"
    whole = file.read_bytes()
    if harm == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif harm == "changed" and kind == "png":
        file.write_bytes(whole[: len(whole) // 2] + b"\0\1\2\3" + whole[len(whole) // 2 + 4 :])
    else:
        file.write_bytes(b"")
    assert [frame.index for frame in decode(clip)] == [0, 1, 3, 4]
    file.unlink()
    with pytest.raises(MediaError, match=f"2.{kind} is missing before 3.{kind}"):
        list(decode(clip))


def wrong(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Folder, pattern in it, and the message expected for them."""
    save(folder / "gap", numbers=[8, 9, 11, 12])
    yield "gap", "", "f_0010.png is missing before f_0011.png"
    yield "gap", "f_%04d.png", "f_0010.png is missing before f_0011.png"
    save(folder / "sizes", numbers=range(4))
    Image.new("RGB", (64, 48)).save(folder / "sizes/f_0002.png")
    Image.new("RGB", (65, 48)).save(folder / "sizes/f_0003.png")
    yield "sizes", "", "f_0002.png is 64x48, but f_0000.png is 80x48"
    save(folder / "kinds", numbers=range(3))
    (folder / "kinds/f_0001.png").unlink()
    save(folder / "kinds", "f_{:04d}.jpg", [1])
    yield "kinds", "", "f_0001.jpg is a JPEG, but f_0000.png is a PNG"
    yield "kinds", "*.png", "f_0001.png is missing before f_0002.png"
    save(folder / "depths")
    cv2.imwrite(str(folder / "depths/f_0003.png"), drifting(1, deep=True)[0])
    yield "depths", "", "f_0003.png is 16 bits deep, but f_0000.png is 8 bits deep"
    save(folder / "turns", "{}.jpg")
    exif = Image.Exif()
    exif[0x112] = 3
    save(folder / "turns", "{}.jpg", [5], exif=exif)
    yield "turns", "", "5.jpg is of orientation 3, but 0.jpg is of orientation 1"
    save(folder / "two", "a_{}.png", range(3))
    save(folder / "two", "b_{}.png", range(3))
    yield "two", "", "b_0.png is not named like a_0.png; use a pattern such as"
    save(folder / "twice", "{}.png", range(3))
    save(folder / "twice", "{:03d}.png", [1])
    yield "twice", "", "001.png and 1.png have the same number"
    save(folder / "names", "cover.png", [0])
    yield "names", "", "cover.png has no number"
    (folder / "none").mkdir()
    (folder / "none/a.txt").write_text("nothing")
    yield "none", "", "a folder without pictures"
    yield "gap", "f_%d.png", "no picture has such a name"
    yield "gap", "*.jpg", "no picture has such a name"
    yield "nowhere", "*.png", "cannot be read (No such file or directory)"
    save(folder / "text")
    (folder / "text/f_0003.png").write_text("not a picture")
    yield "text", "", "f_0003.png: not a readable picture"
    save(folder / "gifs", "{}.gif")
    yield "gifs", "", "a folder without pictures"
    save(folder / "called", "{}.gif")
    for file in sorted((folder / "called").iterdir()):
        file.rename(file.with_suffix(".png"))
    yield "called", "", "0.png is GIF; use PNG"


def test_bad_sequences_are_reported_in_one_line(tmp_path: Path) -> None:
    for name, given, message in wrong(tmp_path):
        assert message in refusal(tmp_path / name / given), name
    save(tmp_path / "good")
    assert "no stream 2; omit --stream" in refusal(tmp_path / "good", stream=2)
    assert probe(tmp_path / "good", stream=0).num_frames == 5


def test_a_damaged_first_picture_is_reported(tmp_path: Path) -> None:
    save(tmp_path / "a")
    file = tmp_path / "a/f_0000.png"
    file.write_bytes(file.read_bytes()[:200])
    assert "f_0000.png cannot be decoded" in refusal(tmp_path / "a")


def test_an_existing_file_is_not_mistaken_for_a_pattern(tmp_path: Path) -> None:
    for name in ("a%03d.mp4", "a[1].mp4", "a*.mp4"):
        clip = probe(write(tmp_path / "whole.mp4", 3).rename(tmp_path / name))
        assert has_file(clip)
        assert default_name(clip) == tmp_path / name


def test_added_pictures_are_reported(tmp_path: Path) -> None:
    save(tmp_path / "a")
    clip = probe(tmp_path / "a")
    save(tmp_path / "a", numbers=[5])
    with pytest.raises(MediaError, match="now 6 pictures instead of 5"):
        list(decode(clip))


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
