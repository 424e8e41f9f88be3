"""Scores from files: the film of a whole clip, of a part, and what is refused."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest

from videostyle.errors import SettingsError
from videostyle.frames import Pixels
from videostyle.media.stills import write_png
from videostyle.render.scoring import score_files
from videostyle.settings import BackboneSettings

COMPACT = BackboneSettings(name="compact", device="cpu")


def texture(seed: int) -> Pixels:
    blocks = np.random.default_rng(seed).integers(20, 230, (6, 8, 3), np.uint8)
    return np.kron(blocks, np.ones((16, 16, 1), np.uint8))


def two_shots(length: int) -> list[Pixels]:
    return [texture(0)] * length + [texture(1)] * length


def write(path: Path, pictures: Sequence[Pixels]) -> Path:
    """A lossless film of 25 frames per second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", 25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for number, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="bgr0")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scoring")
    write(folder / "clip.mkv", two_shots(12))
    write_png(folder / "art.png", texture(2))
    return folder


def test_the_clip_as_its_own_film(folder: Path) -> None:
    scores = score_files(folder / "clip.mkv", folder / "clip.mkv", [folder / "art.png"], COMPACT)
    assert scores.frames == 24
    assert scores.flicker == scores.flicker_source == 0  # the cut in the middle is found and left out
    assert scores.content_distance == pytest.approx(0, abs=1e-6)
    assert min(scores.style_distance.values()) > 0


def test_a_film_like_the_artwork_is_nearer_to_it(folder: Path) -> None:
    clip = score_files(folder / "clip.mkv", folder / "clip.mkv", [folder / "art.png"], COMPACT)
    painted = write(folder / "painted.mkv", [texture(2)] * 24)
    scores = score_files(folder / "clip.mkv", painted, [folder / "art.png"], COMPACT)
    assert max(scores.style_distance.values()) < min(clip.style_distance.values())
    assert scores.content_distance > 0.1


def test_the_film_of_a_part_is_refused(folder: Path) -> None:
    part = write(folder / "part.mkv", two_shots(12)[:10])
    with pytest.raises(SettingsError, match="part.mkv has 10 frames and .*clip.mkv 24") as told:
        score_files(folder / "clip.mkv", part, [folder / "art.png"], COMPACT)
    assert "\n" not in str(told.value)


def test_no_artwork_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no artwork"):
        score_files(folder / "clip.mkv", folder / "clip.mkv", [], COMPACT)
