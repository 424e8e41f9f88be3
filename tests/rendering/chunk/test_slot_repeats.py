"""Repeated frames are carried: equal, unpainted, and the same after any interruption and in any range."""

import random
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend
from tests.rendering.jobs import frames_in, plan_of, rendered
from videostyle.events import Event, FrameDone
from videostyle.frames import Clip
from videostyle.media.read.probe import probe
from videostyle.media.stills import write_png
from videostyle.rendering.store.store import Store

THREES, FADE, SCENES = 12, 14, (12, 17)
"""frames on threes; then a second scene: a still that slowly gets lighter, and three frames that move"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    threes = moving_scenes((4,))
    still, *rest = moving_scenes((1, 4))[1:]
    fade = [np.rint(0.8 * still + 0.4 * index).astype(np.uint8) for index in range(FADE)]
    pictures = [threes[index // 3] for index in range(THREES)] + fade + rest
    return probe(write_clip(tmp_path_factory.mktemp("repeats") / "clip.mp4", pictures))


@pytest.fixture(scope="module")
def job(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the full render in one go."""
    folder = tmp_path_factory.mktemp("whole") / "job"
    rendered(plan_of(clip, SCENES), folder, Blend())
    return folder


def test_repeats_have_the_pixels_and_losses_of_what_they_repeat_and_are_not_painted(clip: Clip, tmp_path: Path) -> None:
    events, painter = list[Event](), Blend()
    frames = {
        frame.index: frame for frame in rendered(plan_of(clip, SCENES), tmp_path / "job", painter, 1, events.append)
    }
    done = {event.frame: event for event in events if isinstance(event, FrameDone)}
    assert sorted(done) == sorted(frames) == list(clip.frames.indices)
    assert [done[frame].repeats for frame in range(THREES)] == [None, 0, 0, None, 3, 3, None, 6, 6, None, 9, 9]
    painted = [frame for frame, event in done.items() if event.repeats is None]
    assert sum(painter.batches) == len(painted)
    assert sorted(painted)[-3:] == [26, 27, 28], "what moves is painted"
    for index, event in done.items():
        if event.repeats is not None:
            np.testing.assert_array_equal(frames[index].pixels, frames[event.repeats].pixels)
            assert event.losses == frames[index].losses == frames[event.repeats].losses
            assert (event.iterations, event.retried) == (0, "")
    assert [frame for frame, event in sorted(done.items()) if event.last] == [11, 28]


def test_a_slow_fade_is_followed(job: Path) -> None:
    store, fade = Store(job), range(THREES, THREES + FADE)
    runs = {frame: store.first_of(frame) for frame in fade}
    assert 3 <= len(set(runs.values())) < FADE
    assert max(frame - first for frame, first in runs.items()) * 0.4 <= 1.5


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("slots", [1, 2])
def test_missing_frames_become_what_they_were(seed: int, slots: int, clip: Clip, job: Path, tmp_path: Path) -> None:
    """Frames deleted at random, as if several processes had been interrupted, in the middle of runs too."""
    chance = random.Random(seed)
    shutil.copytree(job, tmp_path / "job")
    share = chance.choice([0.1, 0.5, 0.9])
    gone = [frame for frame in clip.frames.indices if chance.random() < share]
    for frame in gone:
        (tmp_path / f"job/frames/{frame:06d}.png").unlink()
    rendered(plan_of(clip, SCENES), tmp_path / "job", Blend(), slots)
    assert frames_in(tmp_path / "job") == frames_in(job)


@pytest.mark.parametrize("stop", range(13, 28, 3))
def test_a_render_continues_in_the_middle_of_a_run(stop: int, clip: Clip, job: Path, tmp_path: Path) -> None:
    rendered(plan_of(clip, SCENES, range(stop)), tmp_path / "job", Blend())
    assert frames_in(tmp_path / "job") == {frame: name for frame, name in frames_in(job).items() if frame < stop}
    rendered(plan_of(clip, SCENES), tmp_path / "job", Blend())
    assert frames_in(tmp_path / "job") == frames_in(job)


def test_a_painter_that_looks_at_no_earlier_frame_paints_all(clip: Clip, tmp_path: Path) -> None:
    painter = Blend()
    painter.reach = ()
    rendered(plan_of(clip, SCENES), tmp_path / "job", painter)
    assert sum(painter.batches) == clip.num_frames


def test_frames_after_a_still_may_hang_on_any_part_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*what: object) -> None:
        time.sleep(0.05)
        write_png(*what)  # type: ignore[arg-type]

    monkeypatch.setattr("videostyle.rendering.store.store.write_png", slow)
    monkeypatch.setattr("videostyle.rendering.chunk.chain.MISSING", -1.0)
    monkeypatch.setattr("videostyle.rendering.chunk.chain.shows", lambda *_: True)
    still, *rest = moving_scenes((4,))
    clip = probe(write_clip(tmp_path / "still.mp4", [still] * 7 + rest))
    frames = rendered(plan_of(clip, (10,)), tmp_path / "job", Blend())
    assert [frame.index for frame in frames] == list(range(10))


def test_a_long_still_reports_progress(tmp_path: Path) -> None:
    (still,) = moving_scenes((1,))
    clip = probe(write_clip(tmp_path / "still.mp4", [still] * 80))
    events, painter = list[Event](), Blend()
    frames = rendered(plan_of(clip, (80,)), tmp_path / "job", painter, 4, events.append)
    assert painter.batches == [1]
    assert [frame.index for frame in frames] == list(range(80))
    assert [event.last for event in events if isinstance(event, FrameDone)] == [*[False] * 79, True]
