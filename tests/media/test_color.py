from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.oracle import needs_ffprobe, planes
from videostyle.frames import Color
from videostyle.media.color import from_whole_range, in_colors_of
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import encode_film
from videostyle.settings import FilmSettings

SIZE = 64
MATRICES = {"601": 6, "709": 1, "2020": 9}
FFV1 = FilmSettings(codec="ffv1")


def codes(depth: int, full: bool, colors: bool = True) -> list[NDArray[np.uint16]]:
    """Luma from black at the left to white at the right, with soft colors inside the RGB gamut."""
    scale = 1 << (depth - 8)
    black, white = (0, 256 * scale - 1) if full else (16 * scale, 235 * scale)
    y, x = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 9)
    luma = np.clip(black + (white - black) * x, black, white)
    soft = 30 * scale * np.sin(np.pi * np.clip(x, 0, 1)) ** 2 * colors
    chroma = [128 * scale + soft * np.cos(5 * y + turn) for turn in (0, 2)]
    return [np.rint(plane).astype(np.uint16) for plane in (luma, *chroma)]


def write(path: Path, pixels: str, tags: tuple[int, int], given: list[NDArray[np.uint16]]) -> Path:
    """One lossless frame with given code values."""
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("ffv1", rate=25)
        stream.width = stream.height = SIZE
        stream.pix_fmt = pixels
        stream.codec_context.color_range, stream.codec_context.colorspace = tags
        frame = av.VideoFrame(SIZE, SIZE, pixels)
        kind = "<u2" if pixels.endswith("le") else "u1"
        for plane, values in zip(frame.planes, given, strict=True):
            lines = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
            lines[:, : plane.width] = values[:: SIZE // plane.height, :: SIZE // plane.width]
            plane.update(lines.tobytes())
        frame.color_range, frame.colorspace = tags
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def copied(source: Path) -> Path:
    clip = probe(source)
    film = source.with_name("film.mkv")
    encode_film(clip, film, ((f.index, f.pixels) for f in decode(clip)), FFV1, (SIZE, SIZE))
    return film


@needs_ffprobe
@pytest.mark.parametrize("depth", [8, 10, 12])
@pytest.mark.parametrize("span", ["limited", "full"])
@pytest.mark.parametrize("matrix", list(MATRICES))
def test_code_values_survive_the_round_trip(matrix: str, span: str, depth: int, tmp_path: Path) -> None:
    pixels = "yuv444p" if depth == 8 else f"yuv444p{depth}le"
    tags = (2 if span == "full" else 1, MATRICES[matrix])
    given = codes(depth, span == "full")
    source = write(tmp_path / "clip.mkv", pixels, tags, given)
    frame = next(decode(probe(source)))
    top = np.iinfo(frame.pixels.dtype).max
    assert (frame.pixels[:, -1] == top).all(), "white is white"
    assert (frame.pixels[:, 0] == 0).all(), "black is black"
    film = copied(source)
    shown = min(depth, 10)
    back = planes(film, "yuv444p" if depth == 8 else "yuv444p10le").reshape(3, SIZE, SIZE)
    for plane, values in zip(back, given, strict=True):
        assert np.abs(plane - values / (1 << (depth - shown))).mean() < 1
    assert abs(int(back[0, 0, -1]) - int(given[0][0, -1]) / (1 << (depth - shown))) < 1, "white stays white"
    assert back[0, 0, 0] == given[0][0, 0] >> (depth - shown)


@needs_ffprobe
@pytest.mark.parametrize(("pixels", "depth"), [("gray", 8), ("gray10le", 10), ("gray12le", 12), ("gray16le", 16)])
@pytest.mark.parametrize("span", [1, 2])
def test_gray_is_read_in_its_tagged_range(pixels: str, depth: int, span: int, tmp_path: Path) -> None:
    luma = codes(depth, full=span == 2, colors=False)[0]
    source = write(tmp_path / "clip.mkv", pixels, (span, 1), [luma])
    frame = next(decode(probe(source)))
    top = np.iinfo(frame.pixels.dtype).max
    ramp = np.clip(np.arange(SIZE) / (SIZE - 9), 0, 1) * top
    assert np.abs(frame.pixels[0, :, 0] - ramp).max() <= top / 200
    assert set(frame.pixels[:, -1].ravel()) == {top}


@needs_ffprobe
def test_16_bit_white_is_white_in_the_film(tmp_path: Path) -> None:
    source = write(tmp_path / "clip.mkv", "yuv420p10le", (1, 1), codes(10, full=False))
    white = np.full((SIZE, SIZE, 3), 65535, np.uint16)
    for codec, name in (("ffv1", "film.mkv"), ("prores", "film.mov"), ("h265", "film.mp4")):
        encode_film(probe(source), tmp_path / name, [(0, white)], FilmSettings(codec=codec), (SIZE, SIZE))  # type: ignore[arg-type]
        pixels = "yuv422p10le" if codec == "prores" else "yuv420p10le"
        luma = planes(tmp_path / name, pixels)[0, : SIZE * SIZE]
        assert np.abs(luma - 940).max() <= 1


def test_the_table_for_encoding_maps_black_and_white() -> None:
    for full, white in ((False, 65283), (True, 65280)):
        table = from_whole_range(full)
        assert (table[0], table[-1], len(table)) == (0, white, 65536)


def pq(luminance: float) -> float:
    """SMPTE ST 2084: cd/m2 -> 0..1."""
    power = (luminance / 10000) ** (2610 / 16384)
    return float(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))


def test_an_artwork_keeps_its_colors_in_an_hdr_clip() -> None:
    art = np.array([[[255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 0, 0]]] * 4, np.uint8)
    shown = in_colors_of(Color(1, 9, 16, 9), art)[0] / 65535
    linear = 203 * ((128 / 255 + 0.055) / 1.055) ** 2.4
    np.testing.assert_allclose(shown[0], pq(203), atol=2e-3)
    np.testing.assert_allclose(shown[1], pq(linear), atol=2e-3)
    # BT.2087: linear red of BT.709 in BT.2020
    np.testing.assert_allclose(shown[2], [pq(203 * share) for share in (0.6274, 0.0691, 0.0164)], atol=2e-3)
    np.testing.assert_allclose(shown[3], 0, atol=2e-3)
    assert abs(in_colors_of(Color(1, 9, 18, 9), art)[0, 0] / 65535 - 0.75).max() < 2e-3, "HLG's reference white"


def test_an_artwork_keeps_its_colors_in_a_wide_gamut() -> None:
    art = np.array([[[255, 255, 255], [255, 0, 0]]] * 4, np.uint8)
    shown = in_colors_of(Color(1, 12, 13, 1), art)[0] / 65535
    np.testing.assert_allclose(shown, [[1, 1, 1], [0.9175, 0.2003, 0.1386]], atol=3e-3)  # sRGB red in Display P3


@pytest.mark.parametrize("color", [Color(), Color(1, 1, 1, 1), Color(2, 5, 6, 5), Color(1, 6, 6, 6)])
def test_ordinary_clips_leave_the_artwork_unchanged(color: Color) -> None:
    art = np.zeros((2, 2, 3), np.uint8)
    assert in_colors_of(color, art) is art
