import struct
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.linear import ACESCG, attributes, glowing, make_exr, read_exr
from tests.media.oracle import needs_ffprobe
from videostyle.errors import MediaError
from videostyle.media.exr import read_header, values_of, write_exr
from videostyle.media.light import to_values
from videostyle.media.stills import decode_picture


def test_a_header_is_read(tmp_path: Path) -> None:
    plane = np.zeros((5, 7), np.float16)
    path = make_exr(tmp_path / "a.exr", dict.fromkeys(["R", "G", "B", "Z", "N.X"], plane), ACESCG, owner="me")
    header = read_header(path)
    assert (header.size, header.rate) == ((7, 5), Fraction(24000, 1001))
    assert header.channels == dict.fromkeys(["B", "G", "N.X", "R", "Z"], 1)
    assert header.others == ("N.X", "Z")
    assert np.allclose(header.chromaticities, ACESCG, atol=1e-5)
    assert header.kept.keys() == {"owner", "framesPerSecond"}


def test_other_parts_are_named(tmp_path: Path) -> None:
    one = make_exr(tmp_path / "a.exr", dict.fromkeys("RGB", np.zeros((5, 7), np.float16)), name="beauty").read_bytes()
    two = make_exr(tmp_path / "b.exr", {"Z": np.zeros((5, 7), np.float16)}, name="depth").read_bytes()
    rest = {3: 5 * (8 + 8 + 42), 1: 5 * (8 + 8 + 14)}  # the places of five lines, and the lines
    first, second = one[8 : -rest[3]], two[8 : -rest[1]]
    (tmp_path / "c.exr").write_bytes(b"v/1\x01\x02\x10\0\0" + first + second + b"\0")
    header = read_header(tmp_path / "c.exr")
    assert (header.other_parts, list(header.channels)) == (("depth",), ["B", "G", "R"])


def test_damaged_headers(tmp_path: Path) -> None:
    whole = make_exr(tmp_path / "a.exr", dict.fromkeys("RGB", np.zeros((5, 7), np.float16))).read_bytes()
    between = whole.index(b"screenWindowWidth\0")  # the last attribute
    for content in (b"", b"v/1\x01", whole[:60], whole[:between], whole[:8] + b"x" * 400, whole[:8] + b"\0" * 9):
        (tmp_path / "bad.exr").write_bytes(content)
        with pytest.raises(ValueError, match=r"damaged|EXR"):
            read_header(tmp_path / "bad.exr")


def test_a_long_name_sets_its_flag(tmp_path: Path) -> None:
    for name, flag in (("n" * 31, 0), ("n" * 32, 0x400)):
        write_exr(tmp_path / "a.exr", glowing(), (), {name: ("string", b"x")})
        assert int.from_bytes((tmp_path / "a.exr").read_bytes()[4:8], "little") & 0x400 == flag
        assert read_header(tmp_path / "a.exr").kept[name] == ("string", b"x")


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_values_of_a_file_of_another_program(kind: type, tmp_path: Path) -> None:
    light = glowing()
    path = make_exr(tmp_path / "a.exr", {name: light[..., place].astype(kind) for place, name in enumerate("RGB")})
    frame, _ = decode_picture(path.read_bytes(), "exr")
    assert np.array_equal(values_of(frame), to_values(light))
    gray = make_exr(tmp_path / "y.exr", {"Y": light[..., 0].astype(kind)})
    frame, _ = decode_picture(gray.read_bytes(), "exr")
    assert np.array_equal(values_of(frame), to_values(light[..., [0, 0, 0]]))


@needs_ffprobe
@pytest.mark.parametrize("height", [1, 16, 33])
def test_ffmpeg_reads_what_was_written(height: int, tmp_path: Path) -> None:
    light = glowing()[np.arange(height) % 32]
    others = {"owner": ("string", b"me"), "timeCode": ("timecode", struct.pack("<2I", 0x01020304, 0))}
    write_exr(tmp_path / "a.exr", light, ACESCG, others)
    assert np.array_equal(read_exr(tmp_path / "a.exr", (48, height)), light)
    written = attributes(tmp_path / "a.exr")
    assert np.allclose(struct.unpack("<8f", written["chromaticities"]), ACESCG)
    assert (written["owner"], written["timeCode"]) == (b"me", others["timeCode"][1])
    assert b"R\0\1\0\0\0" in written["channels"], "half precision"


@needs_ffprobe
def test_colors_are_stored_multiplied_by_their_transparency(tmp_path: Path) -> None:
    alpha = np.tile(np.repeat([0.0, 0.25, 1.0], 16), (32, 1)).astype(np.float32)
    light = np.dstack([glowing(), alpha])
    write_exr(tmp_path / "a.exr", light, (), {})
    stored = read_exr(tmp_path / "a.exr", (48, 32), 4)
    assert np.allclose(stored[..., :3], light[..., :3] * alpha[..., None], rtol=1e-3, atol=1e-7)
    frame, _ = decode_picture((tmp_path / "a.exr").read_bytes(), "exr")
    values = values_of(frame)
    assert np.array_equal(values[..., 3], np.rint(alpha * 65535))
    assert np.abs(values[:, 16:, :3].astype(int) - to_values(light[:, 16:, :3])).max() <= 32
    assert (values[:, :16, :3] == 0).all()


def test_a_file_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="cannot be written"):
        write_exr(tmp_path / "none/a.exr", glowing(), (), {})
