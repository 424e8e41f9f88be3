"""OpenEXR and patterns of numbered pictures as outputs; ffmpeg and Pillow read what was written."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.media.linear import ACESCG, attributes, glowing, make_exr, make_exrs, read_exr
from tests.media.oracle import needs_ffprobe, planes
from tests.media.sources import save, write
from tests.media.write.films import copy
from videostyle.errors import MediaError
from videostyle.media.light import CHROMATICITIES
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.settings import FilmSettings

SIZE = (48, 32)


def srgb(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@needs_ffprobe
def test_linear_light_stays_what_it_is(tmp_path: Path) -> None:
    light = glowing()
    make_exrs(tmp_path / "in", light, range(1001, 1004), primaries=ACESCG, owner="me")
    clip = probe(tmp_path / "in/p.####.exr")
    out = tmp_path / "out/paint.%06d.exr"
    check = check_film(clip, out, FilmSettings(), SIZE)
    assert (check.left_out, check.changed) == ((), ())
    copy(clip, out, FilmSettings())
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"paint.{number:06d}.exr" for number in range(1001, 1004)]
    for file in files:
        assert np.allclose(read_exr(file, SIZE), light, rtol=1.2e-3, atol=2e-6)
        written = attributes(file)
        assert np.allclose(struct.unpack("<8f", written["chromaticities"]), ACESCG)
        assert (written["owner"], struct.unpack("<iI", written["framesPerSecond"])) == (b"me", (24000, 1001))


@needs_ffprobe
def test_transparency_stays(tmp_path: Path) -> None:
    light = np.dstack([glowing() * 0.25, np.full((32, 48), 0.25, np.float32)])
    make_exrs(tmp_path / "in", light, range(2))
    clip = probe(tmp_path / "in")
    copy(clip, tmp_path / "out/p.#.exr", FilmSettings())
    assert np.allclose(read_exr(tmp_path / "out/p.0.exr", SIZE, 4), light, rtol=5e-3, atol=2e-6)


@needs_ffprobe
def test_other_outputs_show_srgb_and_say_so(tmp_path: Path) -> None:
    light = glowing()
    make_exrs(tmp_path / "in", light, range(3))
    clip = probe(tmp_path / "in")
    for name in ("film.mkv", "out/p_####.png"):
        changed = check_film(clip, tmp_path / name, FilmSettings(), SIZE).changed
        assert "light above white (1.0) is clipped" in changed[0], name
    copy(clip, tmp_path / "out/p_####.png", FilmSettings())
    with Image.open(tmp_path / "out/p_0002.png") as picture:
        assert np.abs(np.asarray(picture.convert("RGB")) - 255 * srgb(light)).max() <= 1
    copy(clip, tmp_path / "film.mkv", FilmSettings(codec="ffv1"))
    shown = planes(tmp_path / "film.mkv", "rgb24").reshape(3, 32, 48, 3)
    assert np.abs(shown[2] - 255 * srgb(light)).max() <= 2


@needs_ffprobe
@pytest.mark.parametrize(("primaries", "transfer", "white"), [(1, 1, 65535), (2, 2, 65535), (9, 16, 38057)])
def test_films_become_linear_light(primaries: int, transfer: int, white: int, tmp_path: Path) -> None:
    tags = {"color_primaries": primaries, "color_trc": transfer, "colorspace": 9 if primaries == 9 else 1}
    clip = probe(write(tmp_path / "a.mp4", 3, codec="libx265", pixels="yuv420p10le", **tags))
    out = tmp_path / "p.#####.exr"
    assert "the clip's white becomes 1.0" in check_film(clip, out, FilmSettings(), (80, 48)).changed[0]
    gray = np.full((48, 80, 3), white, np.uint16)
    encode_film(clip, out, [(2, gray)], FilmSettings(), (80, 48))
    assert np.allclose(read_exr(tmp_path / "p.00002.exr", (80, 48)), 1, atol=2e-3)
    named = struct.unpack("<8f", attributes(tmp_path / "p.00002.exr")["chromaticities"])
    assert np.allclose(named, CHROMATICITIES.get(primaries, CHROMATICITIES[1]))


def test_other_channels_are_left_out(tmp_path: Path) -> None:
    plane = np.zeros((32, 48), np.float16)
    make_exr(tmp_path / "in/a.1.exr", dict.fromkeys(["R", "G", "B", "Z"], plane))
    clip = probe(tmp_path / "in")
    for name in ("out/p.#.exr", "film.mp4"):
        assert any(
            "left out: channels Z of in" in text
            for text in check_film(clip, tmp_path / name, FilmSettings(), SIZE).left_out
        )


@pytest.mark.parametrize("pattern", ["f.%06d.png", "beauty_####.png"])
def test_names_of_pictures(pattern: str, tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "a.mp4", 5))
    copy(clip, tmp_path / "out" / pattern, FilmSettings())
    wanted = [("f.{:06d}.png" if "%" in pattern else "beauty_{:04d}.png").format(number) for number in range(5)]
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == wanted
    again = probe(tmp_path / "out" / pattern)
    for one, other in zip(decode(clip), decode(again), strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_pictures_keep_their_numbers(tmp_path: Path) -> None:
    save(tmp_path / "in", "f_{}.png", range(98, 102))
    copy(probe(tmp_path / "in"), tmp_path / "out/g.#.png", FilmSettings())
    assert {file.name for file in (tmp_path / "out").iterdir()} == {f"g.{number}.png" for number in range(98, 102)}


def test_patterns_that_cannot_be_written(tmp_path: Path) -> None:
    clip = probe(write(tmp_path / "a.mp4", 2))
    for name, message in {
        "f.%04d.jpg": "cannot write .jpg pictures; use .png or .exr",
        "a.mp4/f.%04d.png": "is a file, but pictures need a folder",
        "none/out/f.%04d.png": "no such folder",
    }.items():
        with pytest.raises(MediaError, match=message):
            check_film(clip, tmp_path / name, FilmSettings(), (80, 48))


def test_a_single_picture_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    for name in ("plate", "plate_0001", "v2.final"):
        (drawn,) = save(tmp_path / name, f"{name}.png", range(1))
        clip = probe(tmp_path / name)
        assert (clip.num_frames, clip.duration * clip.rate) == (1, 1)
        (frame,) = decode(clip)
        assert np.array_equal(frame.pixels, drawn)
        copy(clip, tmp_path / f"{name}.mp4", FilmSettings())
        assert probe(tmp_path / f"{name}.mp4").num_frames == 1
