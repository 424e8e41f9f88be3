"""The clip's own colors in the film, for any range."""

from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Gray
from tests.rendering.jobs import opened, plan_of, rendered
from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.paint.colors import LUMA
from videostyle.rendering.finish.finish import ENLARGE, finished
from videostyle.rendering.finish.recolor import recolored

SCENES = (6, 5)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return probe(write_clip(tmp_path_factory.mktemp("recolor") / "clip.mp4", moving_scenes(SCENES), codec="ffv1"))


def film(
    clip: Clip, folder: Path, *parts: range, size: tuple[int, int] | None = None, share: float = 0.0
) -> dict[int, Pixels]:
    """Frames of a gray painter's film."""
    plan = plan_of(clip, SCENES, *parts, picture__work=32, colors__artwork=share)
    rendered(plan, folder, Gray())
    store = opened(folder, plan, Gray())
    frames = dict(finished(plan, store, ENLARGE, size))
    store.close()
    return frames


def chroma(pixels: Pixels) -> object:
    picture = to_picture(pixels)
    return picture - (picture @ LUMA)[..., None]


def test_a_gray_film_gets_the_colors_of_each_frame(clip: Clip, tmp_path: Path) -> None:
    made = film(clip, tmp_path / "job")
    frames = {frame.index: frame.pixels for frame in decode(clip, FrameRange(0, 11))}
    assert made.keys() == frames.keys()
    for index, pixels in made.items():
        hue, wanted = (np.ravel(chroma(p)) for p in (pixels, frames[index]))
        assert np.corrcoef(hue, wanted)[0, 1] > 0.9
        assert to_picture(pixels).mean() == pytest.approx(to_picture(frames[index]).mean(), abs=0.1)
    gray = film(clip, tmp_path / "job", share=1.0)
    assert all((pixels == gray[0]).all() for pixels in gray.values()), "the same job, in the artwork's colors"
    mixture = film(clip, tmp_path / "job", share=0.5)
    np.testing.assert_allclose(mixture[3], (made[3].astype(float) + gray[3]) / 2, atol=1)


def test_a_range_and_another_size_get_the_same_colors(clip: Clip, tmp_path: Path) -> None:
    whole = film(clip, tmp_path / "job")
    part = film(clip, tmp_path / "other", range(2, 9, 3))
    assert part.keys() == {2, 5, 8}
    assert all(np.array_equal(pixels, whole[index]) for index, pixels in part.items())
    assert film(clip, tmp_path / "job", size=(40, 32))[0].shape == (32, 40, 3)


def test_a_frame_that_cannot_be_read_any_more_is_an_error(clip: Clip) -> None:
    plan = plan_of(clip, SCENES, colors__artwork=0.0)
    gone = np.zeros((clip.height, clip.width, 3), np.uint8)
    with pytest.raises(MediaError, match="frame 11 can no longer be read"):
        list(recolored(plan, [(10, gone), (11, gone)], (clip.width, clip.height)))
