"""What is painted: frames in usual light, and others in place of those that show nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_clip
from tests.rendering.jobs import settings
from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.motion.light import Light
from videostyle.rendering.plan.contents import contents
from videostyle.rendering.plan.plan import RenderPlan, make_plan
from videostyle.selection import Selection


@pytest.fixture
def clip(tmp_path: Path) -> Clip:
    return probe(write_clip(tmp_path / "clip.mkv", moving_scenes((8,)), codec="ffv1"))


def plan(clip: Clip, **values: object) -> RenderPlan:
    lights = {2: Light(0.0), 3: Light(0.5)}
    scanned = replace(known(8, lost=(5,)), lights=lights)
    return make_plan(clip, (), settings(**values), scanned, Selection.whole(clip))


def test_frames_are_even_and_black_ones_have_the_content_of_the_one_before(clip: Clip) -> None:
    made = plan(clip)
    frames = {frame.index: frame.pixels for frame in contents(made, made.chunks[0], [1, 2, 3, 6])}
    shown = {frame.index: frame.pixels for frame in decode(clip)}
    assert list(frames) == [1, 2, 3, 6]
    np.testing.assert_array_equal(frames[1], shown[1])
    np.testing.assert_array_equal(frames[2], shown[1])
    np.testing.assert_allclose(frames[3], np.minimum(2.0 * shown[3], 255), atol=1)
    np.testing.assert_array_equal(frames[6], shown[6])


def test_light_that_is_not_followed_stays(clip: Clip) -> None:
    made = plan(clip, light__follow=0)
    shown = {frame.index: frame.pixels for frame in decode(clip)}
    for frame in contents(made, made.chunks[0], [2, 3]):
        np.testing.assert_array_equal(frame.pixels, shown[frame.index])


def test_frames_of_another_size(clip: Clip) -> None:
    made = plan(clip)
    (frame,) = contents(made, made.chunks[0], [4], (40, 32))
    assert frame.pixels.shape == (32, 40, 3)


def test_a_frame_that_can_no_longer_be_read_is_an_error(clip: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*what: object) -> Iterator[Frame]:
        return (frame for frame in decode(*what) if frame.index != 6)  # type: ignore[arg-type]

    monkeypatch.setattr("videostyle.rendering.plan.contents.decode", failing)
    made = plan(clip)
    with pytest.raises(MediaError, match="frame 6 could be read before"):
        list(contents(made, made.chunks[0], [4, 6, 7]))
