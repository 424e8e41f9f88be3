"""Sequences with damaged, missing or differing pictures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from PIL import Image

from tests.media.sources import drifting, save
from videostyle.errors import MediaError
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(MediaError) as caught:
        probe(path, **options)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    assert re.search(r"; (use|omit|keep|number|replace|restore) ", message)
    return message


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
    save(folder / "names", "f_{}.png", [0])
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


def test_added_pictures_are_reported(tmp_path: Path) -> None:
    save(tmp_path / "a")
    clip = probe(tmp_path / "a")
    save(tmp_path / "a", numbers=[5])
    with pytest.raises(MediaError, match="now 6 pictures instead of 5"):
        list(decode(clip))
