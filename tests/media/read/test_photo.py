"""Single pictures as clips of one frame."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.clips import moving_scenes, write_clip
from tests.media.profiles import WIDE
from videostyle.errors import MediaError
from videostyle.frames import Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.photo import is_photo, probe_photo
from videostyle.media.stills import write_png

NOISE: NDArray[np.uint8] = np.kron(
    np.random.default_rng(0).integers(0, 255, (4, 6, 3)), np.ones((16, 16, 1), int)
).astype(np.uint8)


def shown(path: Path) -> Pixels:
    (frame,) = decode(probe_photo(path, path.parent))
    return frame.pixels


@pytest.mark.parametrize("name", ["a photo [1].png", "100%d.tif", "b.bmp", "c.webp", "f_0007.png"])
def test_the_pixels_are_the_files(tmp_path: Path, name: str) -> None:
    Image.fromarray(NOISE).save(tmp_path / name, lossless=True)
    Image.fromarray(NOISE[::-1]).save(tmp_path / f"other{Path(name).suffix}")
    assert is_photo(tmp_path / name)
    np.testing.assert_array_equal(shown(tmp_path / name), NOISE)
    clip = probe_photo(tmp_path / name, tmp_path)
    assert (clip.num_frames, clip.depth, clip.notes, clip.color.profile) == (1, 8, (), b"")


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_orientation_is_applied(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[274] = 5
    Image.fromarray(NOISE).save(tmp_path / f"a.{suffix}", exif=exif, quality=98, subsampling=0)
    apart = shown(tmp_path / f"a.{suffix}").astype(int) - NOISE.swapaxes(0, 1)
    assert np.abs(apart).max() <= 12


def test_depth_transparency_and_profile_are_kept(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65535, (40, 60, 4), np.uint16)
    deep[..., 3] = 65535
    deep[:9, :, 3] = 700
    write_png(tmp_path / "deep.png", deep, profile=WIDE)
    clip = probe_photo(tmp_path / "deep.png", tmp_path)
    assert (clip.depth, clip.alpha, clip.color.profile) == (16, True, WIDE)
    np.testing.assert_array_equal(shown(tmp_path / "deep.png"), deep[..., :3])


def test_what_ffmpeg_reads_otherwise_becomes_srgb(tmp_path: Path) -> None:
    path, folder = tmp_path / "print.jpg", tmp_path / "copies"
    folder.mkdir()
    Image.new("CMYK", (40, 30), (0, 255, 255, 0)).save(path, quality=98)
    clip = probe_photo(path, folder)
    assert clip.path == folder / "print.png"
    (frame,) = decode(clip)
    assert frame.pixels[15, 20, 0] > 200
    assert frame.pixels[15, 20, 1:].max() < 60


def test_clips_and_other_files_are_no_photos(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("text")
    assert not is_photo(tmp_path / "text.jpg")
    assert not is_photo(tmp_path)
    assert not is_photo(tmp_path / "none.png")
    assert not is_photo(write_clip(tmp_path / "clip.mp4", moving_scenes((3,))))
    Image.fromarray(NOISE).save(tmp_path / "a.gif")
    assert not is_photo(tmp_path / "a.gif")
    (tmp_path / "cut.png").write_bytes(b"")
    with pytest.raises(MediaError, match="not a readable picture"):
        probe_photo(tmp_path / "cut.png", tmp_path)
