"""Scores from files: the film of a whole clip, of a part, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import write_clip
from videostyle.errors import SettingsError
from videostyle.media.stills import write_png
from videostyle.rendering.scoring import score

pytestmark = pytest.mark.usefixtures("few_patches")
COMPACT = {"backbone.name": "compact", "backbone.device": "cpu"}


def texture(seed: int) -> NDArray[np.uint8]:
    blocks = np.random.default_rng(seed).integers(20, 230, (6, 8, 3), np.uint8)
    return np.kron(blocks, np.ones((16, 16, 1), np.uint8))


def two_shots(length: int) -> list[NDArray[np.uint8]]:
    return [texture(0)] * length + [texture(1)] * length


def write(path: Path, pictures: list[NDArray[np.uint8]]) -> Path:
    return write_clip(path, pictures, rate=25, codec="ffv1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scoring")
    write(folder / "clip.mkv", two_shots(12))
    write_png(folder / "art.png", texture(2))
    return folder


def test_the_clip_as_its_own_film(folder: Path) -> None:
    scores = score(folder / "clip.mkv", folder / "clip.mkv", [folder / "art.png"], settings=COMPACT)
    assert scores.frames == 24
    assert scores.flicker == scores.flicker_source == 0  # the cut in the middle is found and left out
    assert scores.content_distance == pytest.approx(0, abs=1e-6)
    assert min(scores.style_distance.values()) > 0


def test_a_film_like_the_artwork_is_nearer_to_it(folder: Path) -> None:
    clip = score(folder / "clip.mkv", folder / "clip.mkv", [folder / "art.png"], settings=COMPACT)
    painted = write(folder / "painted.mkv", [texture(2)] * 24)
    scores = score(folder / "clip.mkv", painted, [folder / "art.png"], settings=COMPACT)
    assert max(scores.style_distance.values()) < min(clip.style_distance.values())
    assert scores.content_distance > 0.1


def test_the_film_of_a_part_is_measured_against_that_part(folder: Path) -> None:
    art = [folder / "art.png"]
    part = write(folder / "part.mkv", two_shots(12)[2:6] + two_shots(12)[18:24])
    with pytest.raises(
        SettingsError, match=r"part\.mkv has 10 frames but .*clip\.mkv has 24; name the frames it shows"
    ) as told:
        score(folder / "clip.mkv", part, art, settings=COMPACT)
    assert "\n" not in str(told.value)
    with pytest.raises(SettingsError, match=r"frames 2:6 of .* are 4"):
        score(folder / "clip.mkv", part, art, settings=COMPACT, frames="2:6")
    scores = score(folder / "clip.mkv", part, art, settings=COMPACT, frames="2:6,18:24")
    assert scores.frames == 10
    assert scores.flicker == scores.flicker_source == 0  # the join is no pair
    assert scores.content_distance == pytest.approx(0, abs=1e-6)


def test_no_artwork_is_refused(folder: Path) -> None:
    with pytest.raises(SettingsError, match="no artwork"):
        score(folder / "clip.mkv", folder / "clip.mkv", [], settings=COMPACT)


@pytest.mark.parametrize("name", ["style.layers", "film.quality", "seed"])
def test_settings_that_do_not_affect_scores_are_refused(name: str, folder: Path) -> None:
    given = COMPACT | {name: ["conv1_1"] if name == "style.layers" else 3}
    with pytest.raises(SettingsError, match=rf"^{name} does not affect scores; only backbone\.\* settings do$"):
        score(folder / "clip.mkv", folder / "clip.mkv", [folder / "art.png"], settings=given)
