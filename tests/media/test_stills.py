import random
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.media.refusals import refusal_of
from tests.media.sources import noise
from videostyle.errors import MediaError
from videostyle.media.stills import read_picture, read_shown, resize, rgb_frame, write_png

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def refusal(path: Path) -> str:
    """The error message for a file that is not a picture."""
    return refusal_of(read_picture, path, "; ")


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "ppm", "tga"])
def test_pictures_are_read_exactly(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"art.{suffix}"
    Image.fromarray(noise()).save(path, lossless=True)
    assert np.array_equal(read_picture(path), noise())


def test_formats_are_recognized_by_content_not_by_name(tmp_path: Path) -> None:
    for name in ("art.jpg", "-art", "a:b.x", "é 'x'\n.gif"):
        Image.fromarray(noise()).save(tmp_path / name, "png")
        assert np.array_equal(read_picture(tmp_path / name), noise())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_rotated_by_their_orientation_tag(orientation: int, tmp_path: Path) -> None:
    upright = np.zeros((24, 40, 3), np.uint8)
    upright[:12, :20] = RED
    # how a camera in that position stores the picture: the inverse of what EXIF asks a viewer to do
    turns = {
        1: lambda p: p,
        2: np.fliplr,
        3: lambda p: np.rot90(p, 2),
        4: np.flipud,
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
        8: lambda p: np.rot90(p, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation](upright)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "art.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "art.png"), upright)


def test_transparent_pixels_are_told_apart(tmp_path: Path) -> None:
    rgba = np.full((4, 6, 4), 200, np.uint8)
    rgba[:, :2, 3], rgba[:, 2, 3] = 0, 100
    Image.fromarray(rgba).save(tmp_path / "art.png")
    shown = read_shown(tmp_path / "art.png")
    assert shown is not None
    assert np.array_equal(shown, rgba[..., 3] > 127)
    for name, alpha in (("opaque", 255), ("empty", 0)):  # a picture without any pixel has no colors to follow
        rgba[..., 3] = alpha
        Image.fromarray(rgba).save(tmp_path / f"{name}.png")
        assert read_shown(tmp_path / f"{name}.png") is None
    Image.fromarray(noise()).save(tmp_path / "plain.png")
    assert read_shown(tmp_path / "plain.png") is None


def test_transparent_areas_are_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[:2] = (*RED, 255)
    rgba[2:, :3] = (*RED, 128)
    Image.fromarray(rgba).save(tmp_path / "art.png")
    read = read_picture(tmp_path / "art.png")
    assert (read[:2] == RED).all()
    assert np.abs(read[2:, :3].astype(int) - (255, 127, 127)).max() <= 1
    assert (read[2:, 3:] == WHITE).all()


def test_palettes_and_gray_with_transparency(tmp_path: Path) -> None:
    colors = Image.fromarray(np.repeat(np.array([[RED, BLUE]], np.uint8), 3, axis=0)).quantize(2)
    colors.save(tmp_path / "plain.gif")
    assert (read_picture(tmp_path / "plain.gif") == np.array([RED, BLUE])).all()
    colors.save(tmp_path / "clear.png", transparency=int(colors.getpixel((1, 0))))  # type: ignore[arg-type]
    assert (read_picture(tmp_path / "clear.png") == np.array([RED, WHITE])).all()
    Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8), "LA").save(tmp_path / "gray.png")
    assert read_picture(tmp_path / "gray.png").tolist() == [[[100] * 3, [255] * 3]]
    Image.fromarray(np.array([[True, False]])).save(tmp_path / "bits.png")
    assert read_picture(tmp_path / "bits.png").tolist() == [[[255] * 3, [0] * 3]]


def test_cmyk_becomes_srgb(tmp_path: Path) -> None:
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "art.jpg", quality=95)
    assert np.abs(read_picture(tmp_path / "art.jpg").astype(int) - RED).max() <= 4


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (np.array([[0, 32768, 65535]], np.uint16), "art.png"),
        (np.array([[0, 32768, 65535]], np.uint16), "art.tif"),
        (np.array([[0, 0.5, 1]], np.float32), "art.tif"),
        (np.array([[0, 127.5, 255]], np.float32), "art.tif"),
        (np.array([[0, 32768, 65535]], np.int32), "art.tif"),
        (np.array([[0, 128, 255]], np.int32), "art.tif"),
    ],
)
def test_deep_gray_is_scaled_not_clipped(values: Any, name: str, tmp_path: Path) -> None:
    Image.fromarray(values).save(tmp_path / name)
    read = read_picture(tmp_path / name).astype(int)
    assert np.abs(read[0, :, 1] - (0, 128, 255)).max() <= 1


def test_deep_colors_lose_only_their_low_bits(tmp_path: Path) -> None:
    deep = noise(dtype=np.uint16)
    write_png(tmp_path / "art.png", deep)
    read = read_picture(tmp_path / "art.png")
    assert read.dtype == np.uint8
    assert np.abs(read.astype(float) - deep / 257).max() <= 1


def test_files_that_are_not_pictures_are_reported(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "art.png")
    assert "is a folder" in refusal(tmp_path)
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not a picture\n" * 50)
    (tmp_path / "art.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"></svg>')
    for name in ("empty.png", "text.png", "art.svg"):
        assert "not a readable picture" in refusal(tmp_path / name)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp", "bmp"])
def test_damaged_pictures_are_read_or_reported_but_never_crash(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"art.{suffix}"
    Image.fromarray(noise(40, 60)).save(path)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole[: rng.randrange(10, len(whole))] if rng.random() < 0.3 else whole)
        for _ in range(rng.randrange(1, 6)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with suppress(MediaError):
            assert read_picture(path).dtype == np.uint8
    path.write_bytes(whole[: len(whole) // 2])
    if suffix not in ("gif", "bmp"):
        refusal(path)


@pytest.mark.parametrize("size", [(20_000, 6_000), (15_000, 12_000)])
def test_giant_pictures_are_refused_in_one_line(size: tuple[int, int], tmp_path: Path) -> None:
    Image.new("1", size).save(tmp_path / "art.png")  # but a small file
    assert "too large" in refusal(tmp_path / "art.png")


def test_large_pictures_are_read_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", noise().size // 3 - 1)  # Pillow warns about more pixels than this
    Image.fromarray(noise()).save(tmp_path / "art.png")
    assert np.array_equal(read_picture(tmp_path / "art.png"), noise())


def test_color_profiles_are_applied(tmp_path: Path) -> None:
    usual = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    gamma = struct.pack(">i", round(2.4 * 65536))
    straight = usual.replace(gamma, struct.pack(">i", 65536))  # which makes its curve nearly a line
    assert straight != usual
    gray = Image.new("RGB", (4, 4), (128, 128, 128))
    for name, profile in {"usual": usual, "straight": straight, "damaged": b"not a profile"}.items():
        gray.save(tmp_path / f"{name}.png", icc_profile=profile)
    assert abs(read_picture(tmp_path / "usual.png").astype(int) - 128).max() <= 1
    linear = 0.9479 * 128 / 255 + 0.0521
    wanted = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)
    assert abs(read_picture(tmp_path / "straight.png") - wanted).max() < 2
    assert (read_picture(tmp_path / "damaged.png") == 128).all()


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_profiles_do_not_crash_in_any_mode(mode: str, tmp_path: Path) -> None:
    path = tmp_path / ("art.tif" if mode == "CMYK" else "art.png")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (4, 4), "white").convert(mode).save(path, icc_profile=profile)
    assert read_picture(path).shape == (4, 4, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_resized_pixels_keep_depth_and_channels(channels: int, dtype: type) -> None:
    top = np.iinfo(dtype).max
    ramp = np.linspace(0, top, 96).astype(dtype)
    pixels = np.ascontiguousarray(np.broadcast_to(ramp[None, :, None], (64, 96, channels)))
    assert resize(pixels, (96, 64)) is pixels
    half = resize(pixels, (48, 32))
    assert (half.shape, half.dtype) == ((32, 48, channels), dtype)
    wanted = (ramp[0::2].astype(float) + ramp[1::2]) / 2
    assert np.abs(half[16, 4:-4, 0] - wanted[4:-4]).max() < 0.01 * top


@pytest.mark.parametrize(
    ("channels", "dtype", "format"),
    [(3, np.uint8, "rgb24"), (4, np.uint8, "rgba"), (3, np.uint16, "rgb48le"), (4, np.uint16, "rgba64le")],
)
def test_pixels_become_frames_of_the_same_depth(channels: int, dtype: type, format: str) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (6, 9, channels)).astype(dtype)
    frame = rgb_frame(pixels)
    assert frame.format.name == format
    assert np.array_equal(frame.to_ndarray(), pixels)
