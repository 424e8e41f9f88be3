import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.media.oracle import needs_ffprobe, streams
from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.film import check_film, encode_film
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

SIZE = WIDTH, HEIGHT = 96, 64
COUNT = 6


def pictures() -> list[NDArray[np.uint16]]:
    """RGBA: a soft disc moves over a transparent background, whose hidden color is bright green."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    made = []
    for frame in range(COUNT):
        alpha = np.clip((24 - np.hypot(x - 30 - 6 * frame, y - 32)) / 12, 0, 1)
        colors = np.stack([0.3 + 0.5 * x / WIDTH, 0.4 + 0 * x, 0.3 + 0.4 * y / HEIGHT], -1)
        colors[alpha == 0] = (0, 1, 0)
        made.append(np.rint(np.dstack([colors, alpha]) * 65535).astype(np.uint16))
    return made


def make(path: Path, codec: str, pixels: str, options: dict[str, str] | None = None) -> Path:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        deep = "10" in pixels
        for number, picture in enumerate(pictures()):
            rgba: Any = picture if deep else (picture >> 8).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(rgba, "rgba64le" if deep else "rgba")
            if pixels.startswith("yuva"):
                frame = frame.reformat(format=pixels, dst_colorspace=6, dst_color_range="MPEG")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


SOURCES = {
    "clip.mov": ("prores_ks", "yuva444p10le", {"profile": "4"}),
    "clip.mkv": ("ffv1", "yuva420p", {}),
    "deep.mkv": ("ffv1", "yuva444p10le", {}),
    "clip.webm": ("libvpx-vp9", "yuva420p", {"crf": "4", "b": "0"}),
    "png.mov": ("png", "rgba", {}),
    "clip.avi": ("png", "rgba", {}),
}


def clip_of(folder: Path, name: str) -> Clip:
    codec, pixels, options = SOURCES[name]
    return probe(make(folder / name, codec, pixels, options))


def transparency(path: Path) -> NDArray[np.float64]:
    """The alpha channel as ffmpeg decodes it, 0..1: (frames, H, W)."""
    decoder = ["-c:v", "libvpx-vp9"] if path.suffix == ".webm" else []
    command = ["ffmpeg", "-v", "error", *decoder, "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-vf", "format=rgba64le,alphaextract,format=gray16le", "-f", "rawvideo", "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(made.stdout, "<u2").reshape(-1, HEIGHT, WIDTH) / 65535


def truth() -> NDArray[np.float64]:
    return np.stack(pictures())[..., 3] / 65535


@pytest.mark.parametrize("name", list(SOURCES))
def test_the_transparency_of_every_frame_is_read(name: str, tmp_path: Path) -> None:
    clip = clip_of(tmp_path, name)
    assert clip.alpha
    alpha = Alpha(clip, SIZE)
    for index in (0, 1, 4):  # not every frame is asked for
        plane = alpha(index)
        assert plane.dtype == clip.dtype
        scaled = plane / np.iinfo(plane.dtype).max
        assert np.abs(scaled - truth()[index]).mean() < 0.006
        assert scaled.max() >= (0.98 if name == "clip.webm" else 1)
        assert scaled.min() == 0
    with pytest.raises(MediaError, match="transparency of frame 99 cannot be decoded"):
        alpha(99)


@needs_ffprobe
@pytest.mark.parametrize("name", ["clip.mov", "clip.mkv", "deep.mkv", "clip.webm", "png.mov"])
@pytest.mark.parametrize(
    ("film", "codec", "pixels"),
    [("film.mov", "prores", "yuva444p12le"), ("film.webm", "auto", "yuv420p"), ("film.mkv", "ffv1", "yuva4")],
)
def test_films_are_as_transparent_as_their_clips(name: str, film: str, codec: str, pixels: str, tmp_path: Path) -> None:
    clip = clip_of(tmp_path, name)
    settings = FilmSettings(codec=codec)  # type: ignore[arg-type]
    assert check_film(clip, tmp_path / film, settings, SIZE).left_out == ()
    painted = ((frame.index, frame.pixels) for frame in decode(clip))
    encode_film(clip, tmp_path / film, painted, settings, SIZE)
    stream = streams(tmp_path / film)[0]
    assert stream["pix_fmt"].startswith(pixels)
    if film == "film.webm":
        assert stream["tags"]["alpha_mode"] == "1"
    kept = transparency(tmp_path / film)
    assert np.abs(kept - truth()).mean() < 0.008
    assert kept.max() > 0.98


@needs_ffprobe
def test_a_range_has_its_own_transparency(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, "deep.mkv")
    keep = Selection((range(1, 3), range(4, 6)))
    painted = ((index, np.full((*SIZE[::-1], 3), 30000, np.uint16)) for index in keep.frames)
    encode_film(clip, tmp_path / "film.mkv", painted, FilmSettings(codec="ffv1"), SIZE, keep)
    assert np.abs(transparency(tmp_path / "film.mkv") - truth()[[1, 2, 4, 5]]).max() < 0.002


@pytest.mark.parametrize(("name", "depth"), [("png.mov", 255), ("deep.mkv", 65535)])
def test_folders_of_pictures_are_transparent(name: str, depth: int, tmp_path: Path) -> None:
    clip = clip_of(tmp_path, name)
    png = FilmSettings(codec="png")
    assert check_film(clip, tmp_path / "film", png, SIZE).left_out == ()
    encode_film(clip, tmp_path / "film", ((f.index, f.pixels) for f in decode(clip)), png, SIZE)
    with Image.open(tmp_path / "film" / "frame_000003.png") as picture:  # Pillow reads 8 of the 16 bits
        assert picture.mode == "RGBA"
        assert np.abs(np.asarray(picture)[..., 3] / 255 - truth()[3]).max() < 0.005
    assert (depth == 65535) == (b"\x10\x06" in (tmp_path / "film" / "frame_000003.png").read_bytes()[16:32])


def test_transparent_pixels_get_the_mean_color_of_the_rest(tmp_path: Path) -> None:
    for name in ("png.mov", "deep.mkv"):
        clip = clip_of(tmp_path, name)
        for size in (SIZE, (48, 32)):
            frame = next(decode(clip, size=size))
            top = int(np.iinfo(frame.pixels.dtype).max)
            assert frame.pixels[..., 1].max() < 0.5 * top, "no green, not even at the edges of a smaller frame"
        hidden = truth()[0] == 0
        pixels = next(decode(clip)).pixels
        assert np.ptp(pixels[hidden].astype(int), axis=0).max() <= top * 0.001
        assert np.abs(pixels[hidden][0] - pixels[~hidden].mean(0)).max() < 0.02 * top


def test_transparent_pixels_of_a_vp9_are_filled_too(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, "clip.webm")
    pixels, plane = next(decode(clip)).pixels.astype(int), Alpha(clip, SIZE)(0)
    assert np.ptp(pixels[plane == 0], axis=0).max() <= 1
    # its subsampled chroma mixes colors across the edge, where pixels are almost transparent
    assert pixels[plane > 25, 1].max() < 128


def test_lost_transparency_is_reported(tmp_path: Path) -> None:
    clip = clip_of(tmp_path, "png.mov")
    for film, codec in (("film.mp4", "auto"), ("film.mp4", "vp9"), ("film.mov", "h265"), ("film.gif", "auto")):
        left_out = check_film(clip, tmp_path / film, FilmSettings(codec=codec), SIZE).left_out  # type: ignore[arg-type]
        assert len(left_out) == 1
        assert left_out[0].startswith("the transparency of png.mov is left out: ")


def test_pixels_and_transparency_may_differ_in_depth() -> None:
    rgb: dict[Any, Any] = {kind: np.zeros((1, 1, 3), kind) for kind in (np.uint8, np.uint16)}
    plane: dict[Any, Pixels] = {np.uint8: np.full((1, 1), 255, np.uint8), np.uint16: np.full((1, 1), 65535, np.uint16)}
    for one, top in ((np.uint8, 255), (np.uint16, 65535)):
        for other in (np.uint8, np.uint16):
            assert with_alpha(rgb[one], plane[other]).tolist() == [[[0, 0, 0, top]]]


def test_the_transparency_of_a_sequence_is_kept(tmp_path: Path) -> None:
    (tmp_path / "shot").mkdir()
    for frame, picture in enumerate(pictures(), start=7):
        Image.fromarray((picture >> 8).astype(np.uint8)).save(tmp_path / "shot" / f"{frame:03d}.png")
    clip = probe(tmp_path / "shot")
    assert clip.alpha
    keep = Selection((range(2, 4),))
    painted = ((frame.index, frame.pixels) for frame in decode(clip) if frame.index in keep.frames)
    encode_film(clip, tmp_path / "out", painted, FilmSettings(codec="png"), SIZE, keep)
    for frame in keep.frames:
        with Image.open(tmp_path / "out" / f"frame_{frame:06d}.png") as made:
            np.testing.assert_array_equal(np.asarray(made)[..., 3], (pictures()[frame] >> 8)[..., 3])
