"""Scene cuts of real clips (found by eye) and of synthetic ones."""

import itertools
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from videostyle.frames import Frame, FrameRange, Pixels
from videostyle.motion.scenes import find_scenes
from videostyle.settings import SceneSettings

VIDEOS = Path(__file__).parents[2] / "../shared/data/videos"
CUTS = {
    "bikes_cuts.mp4": [30, 76, 137, 187, 242],
    "bbb_480p_30s.mp4": [12, 285, 378, 553],  # a black leader
    "derived_cuts_av.mp4": [40, 73, 123, 150],
    "nasa_dark_multistream.mp4": [202],
    "derived_avsync.mp4": [],  # flashes
    "horse_running.mp4": [],
    "bmx_pan_240p.mp4": [],
    "bedroom_kids_jumping.mp4": [],
    "cockatoo_444_mp3.mp4": [],
    "pancake_opus.mkv": [],
}


def frames(pictures: list[Pixels], first: int = 0) -> Iterator[Frame]:
    for number, pixels in enumerate(pictures):
        yield Frame(first + number, Fraction(number, 25), pixels)


def find_cuts(pictures: Iterable[Frame], settings: SceneSettings) -> list[int]:
    """The cuts of a whole clip."""
    pictures = list(pictures)
    if not pictures:
        return []
    scenes = find_scenes(lambda _: pictures, FrameRange(0, len(pictures)), len(pictures), settings)
    return [scene.start for scene in scenes[1:]]


def shot(length: int, seed: int, light: float = 200) -> list[Pixels]:
    """A camera that pans back and forth over noise."""
    world = cv2.GaussianBlur(np.random.default_rng(seed).random((72, 160, 3)), (0, 0), 5)
    world = (world - world.min()) / (world.max() - world.min()) * light
    return [world[:, abs(step % 62 - 31) : abs(step % 62 - 31) + 128].astype(np.uint8) for step in range(length)]


def film(*lengths: int) -> list[Pixels]:
    return list(itertools.chain.from_iterable(shot(length, seed) for seed, length in enumerate(lengths)))


@pytest.mark.parametrize("name", CUTS)
def test_real_clips(name: str) -> None:
    if not (VIDEOS / name).exists():
        pytest.skip(f"the shared clip {name} is missing")
    pictures = list(small(VIDEOS / name))
    assert find_cuts(pictures, SceneSettings(detector="adaptive")) == CUTS[name]
    assert find_cuts(pictures, SceneSettings(detector="content")) == CUTS[name]


def small(path: Path) -> Iterator[Frame]:
    """Frames at 144 px on the short side."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        scale = 144 / min(stream.width, stream.height)
        width, height = (2 * round(side * scale / 2) for side in (stream.width, stream.height))
        for number, frame in enumerate(container.decode(stream)):
            pixels = frame.reformat(width, height, "rgb24", interpolation="FAST_BILINEAR").to_ndarray()
            yield Frame(number, Fraction(number, 25), pixels)


@pytest.mark.parametrize("detector", ["adaptive", "content"])
def test_synthetic_cuts(detector: str) -> None:
    settings = SceneSettings(detector=detector)  # type: ignore[arg-type]
    assert find_cuts(frames(film(20, 12, 30)), settings) == [20, 32]


@pytest.mark.parametrize("settings", [SceneSettings(), SceneSettings("content"), SceneSettings(min_frames=25)])
def test_a_range_has_the_same_scenes_as_the_whole_clip(
    settings: SceneSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scenes of many lengths: a cut that is dropped because its scene is short makes the next one count."""
    monkeypatch.setattr("videostyle.motion.scenes.BLOCK", 10)
    lengths = np.random.default_rng(0).integers(4, 35, 20)
    pictures = list(frames(film(*lengths)))
    count, lengths_read = len(pictures), list[int]()

    def read(block: FrameRange) -> list[Frame]:
        lengths_read.append(len(block))
        return pictures[block.start : block.stop]

    whole = find_scenes(read, FrameRange(0, count), count, settings)
    assert len(whole) > 5
    lengths_read.clear()
    for start in range(0, count - 5, 4):
        for stop in (start + 1, min(start + 40, count)):
            touched = [scene for scene in whole if scene.start < stop and start < scene.stop]
            assert find_scenes(read, FrameRange(start, stop), count, settings) == touched
    assert max(lengths_read) < count


def test_short_scenes_are_not_cut() -> None:
    pictures = film(20, 5, 30)
    assert find_cuts(frames(pictures), SceneSettings()) == [20]
    assert find_cuts(frames(pictures), SceneSettings(min_frames=4)) == [20, 25]


def test_a_cut_soon_after_a_flash_is_found() -> None:
    pictures = film(20, 20)
    pictures[15] = np.full_like(pictures[15], 255)
    assert find_cuts(frames(pictures), SceneSettings()) == [20]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_flashes_are_not_scenes(length: int) -> None:
    pictures = shot(40, 0)
    for at in range(20, 20 + length):
        pictures[at] = np.full_like(pictures[at], 255)
    assert find_cuts(frames(pictures), SceneSettings(min_frames=1)) == []


def test_a_fade_from_black_is_not_a_cut() -> None:
    pictures = [(pixels * min(1, step / 24)).astype(np.uint8) for step, pixels in enumerate(shot(60, 0))]
    assert find_cuts(frames(pictures), SceneSettings()) == []


def dimmed(pictures: list[Pixels], gains: Iterable[float]) -> list[Pixels]:
    return [np.rint(pixels * gain).astype(np.uint8) for pixels, gain in zip(pictures, gains, strict=True)]


FADE = np.linspace(1, 0, 9)


@pytest.mark.parametrize("black", [0, 2, 10])
def test_a_fade_to_black_between_scenes_is_a_border_where_light_comes_back(black: int) -> None:
    gains = [*np.ones(12), *FADE, *np.zeros(black), *FADE[::-1], *np.ones(12)]
    pictures = dimmed(film(21 + black, 21), gains)
    (cut,) = find_cuts(frames(pictures), SceneSettings())
    lit = [place for place, pixels in enumerate(pictures) if pixels.max() > 12]
    assert cut == next(place for place in lit if place > 20)


def test_a_scene_that_comes_back_from_short_black_goes_on() -> None:
    blink, strobe = [*np.ones(12), 0, 0, 0, *np.ones(12)], [1, 0] * 15
    assert find_cuts(frames(dimmed(shot(27, 0), blink)), SceneSettings()) == []
    assert find_cuts(frames(dimmed(shot(30, 0), strobe)), SceneSettings()) == []


def test_black_belongs_to_the_scene_before_it() -> None:
    gains = [*np.ones(20), *np.zeros(4), *np.ones(16)]
    assert find_cuts(frames(dimmed(film(24, 16), gains)), SceneSettings()) == [24]
    assert find_cuts(frames(dimmed(film(12, 20), [*np.zeros(12), *np.ones(20)])), SceneSettings()) == [12]


def test_a_dissolve_is_not_a_cut() -> None:
    one, other = shot(60, 0), shot(60, 1)
    share = np.clip((np.arange(60) - 20) / 20, 0, 1)
    pictures = [(a * (1 - s) + b * s).astype(np.uint8) for a, b, s in zip(one, other, share, strict=True)]
    assert find_cuts(frames(pictures), SceneSettings()) == []


def test_16_bit_frames_have_the_same_cuts() -> None:
    pictures: list[Pixels] = [pixels.astype(np.uint16) * 257 for pixels in film(20, 12, 30)]
    assert find_cuts(frames(pictures), SceneSettings()) == [20, 32]


def test_without_a_detector_all_frames_are_read_and_are_one_scene() -> None:
    source = frames(film(20, 20))
    whole = [FrameRange(0, 40)]
    assert find_scenes(lambda _: source, whole[0], 40, SceneSettings(detector="none")) == whole
    assert next(source, None) is None


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_few_frames(length: int) -> None:
    assert find_cuts(frames(shot(length, 0)), SceneSettings()) == []
