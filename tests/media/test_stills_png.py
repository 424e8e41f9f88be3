"""PNGs that videostyle writes: read back exactly, safe from damage and full disks, with a note inside."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.media.profiles import WIDE
from tests.media.sources import noise
from videostyle.errors import MediaError
from videostyle.media.stills import decode_picture, read_note, read_png, write_png

SIZES = [(48, 80), (1, 1), (7, 13), (33, 97)]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", SIZES)
def test_pixels_survive_the_round_trip(size: tuple[int, int], dtype: Any, tmp_path: Path) -> None:
    pixels = noise(*size, dtype)
    write_png(tmp_path / "a.png", pixels)
    read = read_png(tmp_path / "a.png")
    assert read.dtype == dtype
    assert np.array_equal(read, pixels)
    assert read.flags.c_contiguous
    assert read.flags.writeable
    assert os.listdir(tmp_path) == ["a.png"]


def test_pixels_may_have_any_memory_layout(tmp_path: Path) -> None:
    for pixels in (noise()[::-1, ::2], np.rot90(noise(dtype=np.uint16)), noise()[..., ::-1]):
        write_png(tmp_path / "a.png", pixels)
        assert np.array_equal(read_png(tmp_path / "a.png"), pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_opencv_reads_the_same_png(dtype: Any, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    write_png(tmp_path / "a.png", noise(dtype=dtype))
    read = cv2.imread(str(tmp_path / "a.png"), cv2.IMREAD_UNCHANGED)
    assert read.dtype == dtype
    assert np.array_equal(read[..., ::-1], noise(dtype=dtype))


def test_an_existing_png_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / f"{'n' * 240}.png"  # nearly as long as a name may be
    write_png(path, noise())
    write_png(path, noise(5, 5))
    assert read_png(path).shape == (5, 5, 3)


def test_damage_anywhere_in_a_png_is_detected(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    write_png(path, noise())
    whole = path.read_bytes()
    for place in range(0, len(whole), 5):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        with pytest.raises(MediaError) as caught:
            read_png(path)
        assert str(caught.value).startswith(str(path))
        assert "\n" not in str(caught.value)
    for length in range(0, len(whole), 101):
        path.write_bytes(whole[:length])
        with pytest.raises(MediaError):
            read_png(path)


def test_files_of_other_programs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        read_png(tmp_path / "none.png")
    Image.fromarray(noise()).convert("L").save(tmp_path / "gray.png")
    Image.fromarray(noise()).save(tmp_path / "art.jpg")
    (tmp_path / "text.png").write_text("not a picture")
    for name in ("gray.png", "art.jpg", "text.png"):
        with pytest.raises(MediaError, match="not a PNG written by videostyle"):
            read_png(tmp_path / name)


@pytest.mark.parametrize("at", ["write", "replace"])
def test_a_full_disk_is_reported_and_leaves_nothing_behind(
    at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(tmp_path / "a.png", noise())

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, {"write": "fsync", "replace": "replace"}[at], refuse)
    with pytest.raises(MediaError, match=r"cannot be written \(the disk is full\); free") as caught:
        write_png(tmp_path / "a.png", noise(5, 5))
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["a.png"]
    assert np.array_equal(read_png(tmp_path / "a.png"), noise()), "the old file is unchanged"


@pytest.mark.parametrize("note", ["", "{}", '{"losses": {"content": 1.5}}', "x" * 60_000])
def test_a_note_is_stored_with_the_pixels(note: str, tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", noise(), note)
    assert read_note(tmp_path / "a.png") == note
    assert np.array_equal(read_png(tmp_path / "a.png"), noise())
    with Image.open(tmp_path / "a.png") as opened:
        assert getattr(opened, "text", {}) == ({"videostyle": note} if note else {})


def test_files_without_a_note(tmp_path: Path) -> None:
    Image.fromarray(noise()).save(tmp_path / "art.png")
    assert read_note(tmp_path / "art.png") == ""
    (tmp_path / "empty.png").touch()
    assert read_note(tmp_path / "empty.png") == ""
    with pytest.raises(MediaError, match="No such file"):
        read_note(tmp_path / "none.png")


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_png(tmp_path / "a.png", noise())
    assert not os.listdir(tmp_path)


def test_folders_that_cannot_be_written_are_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "none" / "a.png", tmp_path / "file" / "a.png"):
        with pytest.raises(MediaError, match="cannot be written"):
            write_png(path, noise())


def test_a_profile_is_written_and_left_out_when_read(tmp_path: Path) -> None:
    """PyAV 18 frees the name of a PNG's profile twice, and Python crashes when it collects the frame."""
    pixels = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    write_png(tmp_path / "a.png", pixels, note="kept", profile=WIDE)
    with Image.open(tmp_path / "a.png") as opened:
        assert opened.info["icc_profile"] == WIDE
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), pixels)
    assert read_note(tmp_path / "a.png") == "kept"
    frame, _ = decode_picture((tmp_path / "a.png").read_bytes(), "png")
    assert not len(frame.side_data)
