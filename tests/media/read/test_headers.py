from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.linear import ACESCG, glowing, make_dpx, make_exr, make_exrs
from tests.media.refusals import refusal_of
from tests.media.sources import drifting
from videostyle.frames import Color
from videostyle.media.light import CHROMATICITIES, light_of, to_values
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe


@pytest.mark.parametrize("given", ["", "p.####.exr", "p.%04d.exr", "p.*.exr"])
def test_linear_light_is_a_clip(given: str, tmp_path: Path) -> None:
    light = glowing()
    make_exrs(tmp_path / "in", light, range(1001, 1004), primaries=ACESCG)
    clip = probe(tmp_path / "in" / given)
    assert (clip.num_frames, clip.width, clip.height, clip.depth) == (3, 48, 32, 16)
    assert clip.rate == Fraction(24000, 1001)
    assert np.allclose(clip.color.chromaticities, ACESCG, atol=1e-5)
    assert any("linear light" in note for note in clip.notes)
    assert any("0.713, 0.293" in note for note in clip.notes)
    assert any("their headers say 24000/1001" in note for note in clip.notes)
    for frame in decode(clip):
        assert np.array_equal(frame.pixels, to_values(light))
    assert probe(tmp_path / "in", rate=Fraction(25)).rate == 25


def test_unnamed_primaries_are_told(tmp_path: Path) -> None:
    make_exrs(tmp_path / "in", glowing(), range(2))
    clip = probe(tmp_path / "in")
    assert clip.color.chromaticities == CHROMATICITIES[1]
    assert any("read as BT.709" in note for note in clip.notes)
    assert clip.extras == ()


def test_other_channels_are_told(tmp_path: Path) -> None:
    plane = np.zeros((32, 48), np.float16)
    make_exr(tmp_path / "in/a.1.exr", dict.fromkeys(["R", "G", "B", "Z", "N.X"], plane))
    assert probe(tmp_path / "in").extras == ("channels N.X, Z",)


def test_transparent_light_is_not_darkened(tmp_path: Path) -> None:
    alpha = np.where(np.arange(48) < 24, 0.5, 1.0).astype(np.float32)
    light = np.dstack([glowing() * alpha[:, None], np.tile(alpha, (32, 1))])
    make_exrs(tmp_path / "in", light, range(2))
    clip = probe(tmp_path / "in")
    assert clip.alpha
    frame = next(iter(decode(clip)))
    back = light_of(Color(chromaticities=CHROMATICITIES[1]), frame.pixels)
    assert np.allclose(back, glowing(), rtol=5e-3, atol=1e-5)


@pytest.mark.parametrize(("format", "levels"), [("gbrp10be", 1023), ("gbrp12le", 4095), ("rgb48be", 65535)])
def test_dpx_is_a_clip(format: str, levels: int, tmp_path: Path) -> None:
    drawn = drifting(3, deep=True)
    for number, pixels in enumerate(drawn):
        make_dpx(tmp_path / f"in/p.{number:07d}.dpx", pixels, format)
    clip = probe(tmp_path / "in/p.#######.dpx")
    assert (clip.num_frames, clip.width, clip.height, clip.rate, clip.codec) == (3, 80, 48, 24, "dpx")
    assert clip.notes == ("their headers say 24 frames per second; --fps sets another rate",)
    for frame in decode(clip):
        assert frame.pixels.dtype == np.uint16
        difference = np.abs(frame.pixels.astype(int) - drawn[frame.index])
        assert difference.max() <= 65535 / levels + 1


@pytest.mark.parametrize(("transfer", "told"), [(1, "printing density"), (3, "logarithmic"), (2, "linear"), (6, "")])
def test_the_tone_of_dpx_is_told(transfer: int, told: str, tmp_path: Path) -> None:
    make_dpx(tmp_path / "in/p_1.dpx", drifting(1, deep=True)[0], transfer=transfer)
    notes = [note for note in probe(tmp_path / "in").notes if "DPX" in note]
    assert [told in note for note in notes] == ([True] if told else [])


def test_pictures_that_cannot_be_painted(tmp_path: Path) -> None:
    plane = np.zeros((32, 48), np.float16)
    make_exr(tmp_path / "layers/a.1.exr", {f"beauty.{name}": plane for name in "RGB"})
    make_exr(tmp_path / "chroma/a.1.exr", dict.fromkeys(["Y", "RY", "BY"], plane))
    make_exr(tmp_path / "deep/a.1.exr", dict.fromkeys("RGB", plane), flags=0x800)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/a.1.exr").write_bytes(b"v/1\x01garbage")
    (tmp_path / "bad/a.2.dpx").write_bytes(b"SDPXgarbage")
    make_exrs(tmp_path / "mixed", glowing(), range(1))
    make_exrs(tmp_path / "mixed", glowing(), range(1, 2), primaries=ACESCG)
    for name, told in {
        "layers": "channels beauty.B, beauty.G, beauty.R; store the ones to paint as R, G and B",
        "chroma": "luminance and chroma",
        "deep": "deep samples; flatten it first",
        "bad/a.#.exr": "not a readable picture",
        "bad/a.#.dpx": "not a readable picture",
        "mixed": "of primaries 0.713",
    }.items():
        assert told in refusal_of(probe, tmp_path / name, "(use|store|flatten)"), name
