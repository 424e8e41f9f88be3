"""Clips whose container hides borders of the stored frames."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.sources import drifting, remux, write
from videostyle.frames import FrameRange
from videostyle.media.patch.patch import plan_patch
from videostyle.media.read.crop import without_bars
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import encode_film
from videostyle.selection import select
from videostyle.settings import FilmSettings

STORED, SEEN = (160, 96), (140, 80)
LEFT, TOP = 12, 5


def hide(path: Path) -> Path:
    """Add a clean aperture (ISO 14496-12, 12.1.4.2) to the sample entry of a QuickTime file."""
    content = path.read_bytes()
    numbers = (SEEN[0], 1, SEEN[1], 1, 2 * LEFT + SEEN[0] - STORED[0], 2, 2 * TOP + SEEN[1] - STORED[1], 2)
    aperture = struct.pack(">I4s4I2i2i", 40, b"clap", *numbers[:4], *numbers[4:])
    end, begins = len(content), [content.rindex(b"moov") - 4]
    for name in (b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1"):
        begins.append(content.index(name, begins[-1]) - 4)
    end = begins[-1] + struct.unpack_from(">I", content, begins[-1])[0]
    longer = bytearray(content)
    for begin in begins:  # the index follows the frames, which do not move
        struct.pack_into(">I", longer, begin, struct.unpack_from(">I", content, begin)[0] + len(aperture))
    path.write_bytes(longer[:end] + aperture + longer[end:])
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return hide(write(tmp_path / "clip.mov", 90, size=STORED, pixels="yuv444p", options={"crf": "4", "g": "12"}))


def seen(turn: int = 0) -> list[np.ndarray]:
    window = slice(TOP, TOP + SEEN[1]), slice(LEFT, LEFT + SEEN[0])
    return [np.rot90(picture[window], turn) for picture in drifting(90, *STORED)]


def test_hidden_borders_are_cut_off(source: Path) -> None:
    clip = probe(source)
    assert (clip.width, clip.height, clip.crop) == (*SEEN, (12, 8, 5, 11))
    assert clip.notes == ("the container crops its frames (by 12, 8, 5, 11 px): the film is cropped too",)
    whole = list(decode(clip))
    assert [frame.index for frame in whole] == list(range(90))
    for frame, drawn in zip(whole, seen(), strict=True):
        assert frame.pixels.shape == drawn.shape
        assert np.abs(frame.pixels.astype(int) - drawn).mean() < 1.5
    for frame in decode(clip, FrameRange(70, 73)):
        np.testing.assert_array_equal(frame.pixels, whole[frame.index].pixels)
    assert next(decode(clip, size=(70, 40))).pixels.shape == (40, 70, 3)
    assert probe(write(source.with_name("plain.mov"), 3)).crop == (0, 0, 0, 0)


def test_subsampled_chroma_stays_in_place(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mov", 12, size=STORED)
    whole = next(decode(probe(path))).pixels.astype(int)[TOP : TOP + SEEN[1], LEFT : LEFT + SEEN[0]]
    cropped = next(decode(probe(hide(path)))).pixels
    errors = np.abs(cropped - whole).mean((0, 1))
    assert errors.max() < 3
    shifted = np.abs(cropped[1:] - whole[:-1]).mean((0, 1))
    assert shifted.min() > 3 * errors.max()


def test_borders_are_cut_off_before_the_frame_is_rotated(source: Path) -> None:
    turned = source.with_name("turned.mov")
    with av.open(str(source)) as old, av.open(str(turned), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0], opaque=True)
        stream.set_display_rotation(90)
        for packet in old.demux(video=0):
            if packet.size:
                packet.stream = stream
                new.mux(packet)
    clip = probe(turned)
    assert (clip.width, clip.height) == SEEN[::-1]
    first = next(decode(clip)).pixels
    errors = [np.abs(first.astype(int) - seen(turn)[0]).mean() for turn in (1, 3)]
    assert min(errors) < 1.5
    assert max(errors) > 20


@pytest.mark.parametrize("angle", [0, 90, 180])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("kind", ["yuv420p", "yuv444p", "yuv444p10le"])
def test_bars_are_cut_off_the_upright_frame(angle: int, flip: bool, kind: str, tmp_path: Path) -> None:
    flat = write(tmp_path / "flat.mov", 2, size=STORED, pixels=kind, options={"crf": "4"})
    path = remux(flat, tmp_path / "clip.mov", turn=lambda stream: stream.set_display_rotation(angle, vflip=flip))
    clip = probe(path)
    cut = without_bars(clip, (6, 2, 10, 4))
    assert (cut.width, cut.height) == (clip.width - 8, clip.height - 14)
    top = np.iinfo(clip.dtype).max
    for whole, inner in zip(decode(clip), decode(cut), strict=True):
        window = whole.pixels[10 : clip.height - 4, 6 : clip.width - 2].astype(float)
        assert inner.pixels.dtype == clip.dtype
        assert np.abs(inner.pixels - window).mean() * 255 / top < (1.5 if kind == "yuv420p" else 0.5)
        assert np.abs(inner.pixels[1:] - window[:-1]).mean() * 255 / top > 3
    small = next(decode(cut, size=(40, 24)))
    assert small.pixels.shape == (24, 40, 3)
    assert small.pixels.mean() == pytest.approx(inner.pixels.mean(), rel=0.05)


@needs_ffprobe
def test_films_show_the_visible_area(source: Path, tmp_path: Path) -> None:
    clip = probe(source)
    painted = [(frame.index, frame.pixels) for frame in decode(clip)]
    encode_film(clip, tmp_path / "film.mov", iter(painted), FilmSettings(), SEEN)
    film = probe(tmp_path / "film.mov")
    assert (film.width, film.height, film.crop, film.num_frames) == (*SEEN, (0, 0, 0, 0), 90)
    patch = plan_patch(source, clip, select(clip, "3:5"), FilmSettings())
    assert patch.notices[0].endswith("its h264 packets cannot be replaced one by one")
