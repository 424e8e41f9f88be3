"""Light on its way from the scan to the film."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_clip
from tests.painters import Blend
from tests.rendering.jobs import frames_in, opened, rendered, settings
from videostyle.errors import MediaError
from videostyle.frames import Clip, Frame, Painted, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.motion.light import USUAL, Light
from videostyle.rendering.finish.finish import ENLARGE, finished
from videostyle.rendering.plan.plan import RenderPlan, make_plan
from videostyle.rendering.plan.scan import scan
from videostyle.selection import Selection
from videostyle.settings import SceneSettings

GAINS = [0, 0, 0.3, 0.6, 1, 1, 1, 1, 1, 1, 0.5, 0.5, 0, 0]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A scene that fades in, and out again."""
    pictures = [
        np.rint((60 + 0.7 * picture) * gain).astype(np.uint8)
        for picture, gain in zip(moving_scenes((14,)), GAINS, strict=True)
    ]
    return probe(write_clip(tmp_path_factory.mktemp("relight") / "clip.mp4", pictures))


def plan(clip: Clip, *parts: range, **values: object) -> RenderPlan:
    keep = Selection(parts) if parts else Selection.whole(clip)
    return make_plan(clip, (), settings(**values), scan(clip, SceneSettings(), keep), keep)


def test_a_range_has_the_light_of_the_whole(clip: Clip) -> None:
    whole = scan(clip, SceneSettings(), Selection.whole(clip))
    assert [whole.lights.get(frame, USUAL).gain for frame in range(14)] == pytest.approx(GAINS, abs=0.06)
    for part in (range(3), range(7, 9), range(10, 11)):
        assert scan(clip, SceneSettings(), Selection((part,))) == whole


def test_frames_that_show_nothing_are_painted_from_others(clip: Clip) -> None:
    lights = {frame: Light(0.0) for frame in (0, 1, 5, 8, 13)} | {6: Light(255.0), 7: Light(0.5)}
    scanned = replace(known(8, 6, lost=(4,)), lights=lights)
    made = make_plan(clip, (), settings(), scanned, Selection((range(7), range(8, 10))))
    assert made.sources_of(made.chunks[0]) == {0: 2, 1: 2, 2: 2, 3: 3, 5: 3, 6: 3}
    assert made.sources_of(made.chunks[1]) == {8: 9, 9: 9}
    for values in ({"light__follow": 0}, {"optimize__iterations": 0}):
        made = make_plan(clip, (), settings(**values), scanned, Selection((range(2),)))
        assert made.sources_of(made.chunks[0]) == {0: 0, 1: 1}


class Listening(Blend):
    """Keeps the contents it is told to paint; looks at no earlier frame, so it is told repeats too."""

    def __init__(self) -> None:
        super().__init__()
        self.reach = ()
        self.told: list[Pixels] = []

    def picture(self, task: object) -> Painted:
        self.told.append(np.rint(255 * task.content))  # type: ignore[attr-defined]
        return super().picture(task)  # type: ignore[arg-type]


def test_the_painter_sees_usual_light_and_the_film_has_the_clips(clip: Clip, tmp_path: Path) -> None:
    painter, made = Listening(), plan(clip)
    painted = rendered(made, tmp_path / "job", painter)
    levels = [content.mean() for content in painter.told]
    assert max(levels) - min(levels) < 12
    np.testing.assert_array_equal(painter.told[0], painter.told[2])
    np.testing.assert_array_equal(painter.told[13], painter.told[11])
    film = list(finished(made, opened(tmp_path / "job", made, painter), ENLARGE))
    assert [frame for frame, _ in film] == list(range(14))
    shares = [pixels.mean() / frame.pixels.mean() for (_, pixels), frame in zip(film, painted, strict=True)]
    assert shares == pytest.approx(GAINS, abs=0.06)


def film_of(made: RenderPlan, job: Path) -> dict[int, Pixels]:
    rendered(made, job, Blend(1, 2))
    return dict(finished(made, opened(job, made, Blend(1, 2)), ENLARGE))


@pytest.mark.parametrize("part", [range(2), range(1, 9, 3), range(5, 14), range(13, 14)], ids=str)
def test_a_range_of_the_film_is_the_wholes(part: range, clip: Clip, tmp_path: Path) -> None:
    whole, film = film_of(plan(clip), tmp_path / "whole"), film_of(plan(clip, part), tmp_path / "part")
    assert list(film) == list(part)
    for frame, pixels in film.items():
        np.testing.assert_array_equal(pixels, whole[frame])
    made = frames_in(tmp_path / "part")
    assert made.items() <= frames_in(tmp_path / "whole").items()


def test_an_interruption_changes_nothing(clip: Clip, tmp_path: Path) -> None:
    film_of(plan(clip), tmp_path / "whole")
    for stop in (1, 3, 12, 14):  # at black frames and after them
        rendered(plan(clip, range(stop)), tmp_path / "job", Blend(1, 2))
    assert frames_in(tmp_path / "job") == frames_in(tmp_path / "whole")


def test_without_following_nothing_changes(clip: Clip, tmp_path: Path) -> None:
    made = plan(clip, light__follow=0)
    painter = Listening()
    painted = rendered(made, tmp_path / "job", painter)
    for content, frame in zip(painter.told, decode(clip), strict=True):
        np.testing.assert_array_equal(content, frame.pixels)
    for (_, pixels), frame in zip(
        finished(made, opened(tmp_path / "job", made, painter), ENLARGE), painted, strict=True
    ):
        np.testing.assert_array_equal(pixels, frame.pixels)


def test_a_frame_that_can_no_longer_be_read_is_an_error(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(clip)
    rendered(made, tmp_path / "job", Blend())

    def failing(*what: object) -> Iterator[Frame]:
        return (frame for frame in decode(*what) if frame.index != 6)  # type: ignore[arg-type]

    monkeypatch.setattr("videostyle.rendering.plan.contents.decode", failing)
    with pytest.raises(MediaError, match="frame 6 can no longer be read"):
        list(finished(made, opened(tmp_path / "job", made, Blend()), ENLARGE))
