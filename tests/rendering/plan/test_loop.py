"""Films that are shown in a loop: the last frames are led into the first one."""

import random
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import known, write_clip
from tests.painters import Blend, Small, Stumbling
from tests.rendering.jobs import frames_in, rendered, settings
from videostyle.events import Event, Notice
from videostyle.frames import Clip, FrameInput, FrameRange, FrameTask
from videostyle.media.read.probe import probe
from videostyle.rendering.plan.loop import LED, MATCH, first_of, led, match
from videostyle.rendering.plan.plan import RenderPlan, make_plan, plan_frames
from videostyle.rendering.plan.scan import Scan
from videostyle.selection import Selection
from videostyle.settings import RenderSettings

STEP, WIDTH = 4, 80
SCENES = (3, 9, 4)
"""a ring, begun in its middle; another ring; the rest of the first one up to its middle"""
LOOP = settings(temporal__loop=True)


def ring(seed: int, places: range) -> list[NDArray[np.uint8]]:
    """A camera that turns around: after 30 frames it sees the same again."""
    blocks = np.random.default_rng(seed).integers(30, 226, (8, 30 * STEP // 8, 3), np.uint8)
    around = np.kron(blocks, np.ones((8, 8, 1), np.uint8))
    return [np.ascontiguousarray(np.roll(around, -STEP * place, 1)[:, :WIDTH]) for place in places]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    pictures = ring(0, range(3)) + ring(1, range(9)) + ring(0, range(26, 30))
    return probe(write_clip(tmp_path_factory.mktemp("loop") / "clip.mp4", pictures))


def plan_of(clip: Clip, *parts: range, scenes: tuple[int, ...] = SCENES, chosen: RenderSettings = LOOP) -> RenderPlan:
    keep = Selection(parts) if parts else Selection.whole(clip)
    return plan_frames(clip, (), chosen, keep, known=known(*scenes) | Scan((), (), bars=(0, 0, 0, 0)))


class Listening(Blend):
    """Keeps what it is told about frames."""

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[int, FrameInput] = {}

    def task(self, frame: FrameInput) -> FrameTask:
        self.told[frame.index] = frame
        return super().task(frame)


def test_the_last_frames_of_the_last_scene_are_led() -> None:
    assert led(FrameRange(0, 40), ()) == list(range(40 - LED, 40))
    assert led(FrameRange(20, 25), (23,)) == [21, 22, 24], "its first frame hangs on nothing"
    assert led(FrameRange(3, 4), ()) == []
    assert first_of(known(4, 5, lost=(0, 1))) == 2


def test_the_beginning_and_end_of_a_ring_match_and_those_of_two_shots_do_not(clip: Clip, tmp_path: Path) -> None:
    assert match(clip, known(*SCENES), LOOP) > 0.8
    apart = probe(write_clip(tmp_path / "apart.mp4", ring(0, range(8)) + ring(1, range(8))))
    assert match(apart, known(16), LOOP) < MATCH / 2


def test_light_that_has_changed_does_not_matter(tmp_path: Path) -> None:
    pictures = [np.rint((1 - 0.02 * place) * ring(0, range(1))[0]).astype(np.uint8) for place in range(20)]
    dusk = probe(write_clip(tmp_path / "dusk.mp4", pictures))
    plan = plan_frames(dusk, (), LOOP, Selection.whole(dusk))
    assert plan.head == 0
    assert match(dusk, plan.scan, LOOP) > MATCH > match(dusk, plan.scan, settings(light__follow=0.0))


def test_only_ranges_with_frames_that_are_led_need_the_first_frame(clip: Clip) -> None:
    assert plan_of(clip).head == 0
    assert plan_of(clip).to_render == tuple(range(16))
    assert plan_of(clip, chosen=settings()).head is None
    assert plan_of(clip, range(13)).head is None, "up to the first frame of the last scene"
    made = plan_of(clip, range(12, 14))
    assert (made.head, made.to_render, made.to_keep) == (0, (0, 12, 13), (12, 13))
    assert [made.led(chunk) for chunk in made.chunks] == [[], [13, 14, 15]]


def test_a_clip_that_does_not_end_where_it_begins_is_left_alone(clip: Clip) -> None:
    events = list[Event]()
    scan = known(3, 9) | Scan((), (), bars=(0, 0, 0, 0))
    short = probe(write_clip(clip.path.with_name("short.mp4"), ring(0, range(3)) + ring(1, range(9))))
    plan = plan_frames(short, (), LOOP, Selection.whole(short), known=scan, on_event=events.append)
    assert plan.head is None
    (notice,) = (event for event in events if isinstance(event, Notice))
    assert "does not end where it begins" in notice.text
    assert "--loop" in notice.text


@pytest.mark.parametrize(("stop", "says"), [(13, True), (16, False)])
def test_a_range_that_holds_no_led_frame_says_so(stop: int, says: bool, clip: Clip) -> None:
    events = list[Event]()
    scan = known(*SCENES) | Scan((), (), bars=(0, 0, 0, 0))
    plan_frames(clip, (), LOOP, Selection((range(stop),)), known=scan, on_event=events.append)
    assert any("these frames hold none" in event.text for event in events if isinstance(event, Notice)) == says


def test_frames_are_held_to_the_first_one_more_and_more(clip: Clip, tmp_path: Path) -> None:
    painter = Listening()
    rendered(plan_of(clip), tmp_path / "job", painter)
    ahead = [[distance for distance in painter.told[frame].earlier if distance < 0] for frame in range(16)]
    assert ahead == [*[[]] * 13, [-3], [-2], [-1]]
    for frame in (13, 14, 15):
        told, left = painter.told[frame], 16 - frame
        assert next(iter(told.earlier)) == -left, "it claims its share before others do"
        area = np.s_[8:-8, STEP * left + 8 : -8]
        assert np.median(told.earlier[-left].weight[area]) == pytest.approx(1 / left, abs=0.01)
        painted = 0.9 * told.content + 0.1  # as the painter paints a first frame
        assert np.abs(told.earlier[-left].picture - painted)[area].mean() < 0.03


def test_a_still_at_the_end_is_painted_unless_it_is_the_first_frame(tmp_path: Path) -> None:
    """It would stay as it was before; painted again, it fades into the first frame's paint."""
    turn = [*ring(0, range(20)), *ring(0, range(29, 30)) * 4]
    for name, pictures, painted in (("still", turn, 24), ("title", ring(0, range(1)) * 20, 1)):
        clip, painter = probe(write_clip(tmp_path / f"{name}.mp4", pictures)), Blend()
        rendered(plan_of(clip, scenes=(len(pictures),)), tmp_path / name, painter)
        assert sum(painter.batches) == painted


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    folder = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan_of(clip), folder, Blend())
    return frames_in(folder)


@pytest.mark.parametrize("part", [range(12, 16), range(14, 15), range(1, 14), range(4)])
def test_a_range_is_the_full_renders(part: range, clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    rendered(plan_of(clip, part), tmp_path / "job", Blend(), slots=2)
    made = frames_in(tmp_path / "job")
    assert set(part) <= set(made)
    assert made == {frame: whole[frame] for frame in made}


@pytest.mark.parametrize("seed", range(2))
def test_slots_and_interruptions_change_nothing(seed: int, clip: Clip, whole: dict[int, str], tmp_path: Path) -> None:
    chance, painter = random.Random(seed), Stumbling(seed)
    while True:
        try:
            rendered(plan_of(clip), tmp_path / "job", painter, slots=1 + 2 * seed)
            break
        except KeyboardInterrupt:
            for frame in (0, 14):
                if chance.random() < 0.2:
                    (tmp_path / f"job/frames/{frame:06d}.png").unlink(missing_ok=True)
    assert frames_in(tmp_path / "job") == whole


def test_the_first_frame_comes_back_before_frames_are_led_into_it(
    clip: Clip, whole: dict[int, str], tmp_path: Path
) -> None:
    painter = Small(1)
    rendered(plan_of(clip), tmp_path / "job", painter, slots=3)
    assert painter.batches[:3] == [1, 3, 1], "the first frame is painted alone, then three scenes are tried at once"
    for frame in (0, 14):
        (tmp_path / f"job/frames/{frame:06d}.png").unlink()
    rendered(plan_of(clip), tmp_path / "job", Blend(), slots=3)
    assert frames_in(tmp_path / "job") == whole


def test_the_plan_is_made_without_the_first_scene_if_nothing_is_led_into_it(clip: Clip) -> None:
    made = make_plan(clip, (), LOOP, Scan((FrameRange(12, 16),), ()), Selection((range(12, 16),)))
    assert (made.head, made.to_render) == (None, (12, 13, 14, 15))
