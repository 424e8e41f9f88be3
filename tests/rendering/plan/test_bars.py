"""Bars are not painted, and are in the film as they are in the clip; what is inside is painted like a cropped clip."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import opened, rendered, settings
from videostyle.events import Event, Notice
from videostyle.frames import NO_BARS, Bars, Clip, FrameRange, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.rendering.finish.finish import ENLARGE, finished
from videostyle.rendering.plan.bars import BLEND, area, describe, search_bars, with_bars
from videostyle.rendering.plan.plan import RenderPlan, plan_frames
from videostyle.rendering.store.store import Store
from videostyle.selection import Selection

BARS = (0, 0, 9, 9)


def boxed(bars: Bars = BARS, color: int = 0) -> list[NDArray[np.uint8]]:
    left, right, top, bottom = bars
    return [np.pad(picture, ((top, bottom), (left, right), (0, 0)), constant_values=color) for picture in INSIDE]


INSIDE = moving_scenes((6,), width=96, height=64)


def plan(clip: Clip, events: list[Event] | None = None, **values: object) -> RenderPlan:
    keep = Selection.whole(clip)
    return plan_frames(clip, (), settings(**values), keep, on_event=(events if events is not None else []).append)


def film(made: RenderPlan, job: Path) -> list[Pixels]:
    """Every frame of the film, before it is encoded."""
    rendered(made, job, Blend())
    frames = with_bars(made.clip, made.bars, made.size, finished(made, Store(job), ENLARGE), made.clip.frames)
    return [pixels for _, pixels in frames]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, list[NDArray[np.uint8]]], Clip]:
    return lambda name, pictures: probe(write_clip(tmp_path / name, pictures, codec="ffv1"))


@pytest.mark.parametrize("bars", [BARS, (13, 14, 0, 0), (16, 16, 8, 8)])
@pytest.mark.parametrize("color", [0, 70])
def test_the_film_is_that_of_the_cropped_clip_inside_the_clips_bars(
    bars: Bars, color: int, write: Callable[[str, list[NDArray[np.uint8]]], Clip], tmp_path: Path
) -> None:
    clip = write("boxed.mkv", boxed(bars, color))
    cropped = write("cropped.mkv", INSIDE)
    events: list[Event] = []
    made = plan(clip, events, picture__work=48)
    assert (made.bars, made.work, made.size) == (bars, (72, 48), (clip.width, clip.height))
    assert [event for event in events if isinstance(event, Notice)] == [
        Notice(f"{clip.path}: bars of {describe(bars)} stay as they are; --set picture.bars=paint paints them")
    ]
    wanted = film(plan(cropped, picture__work=48), tmp_path / "cropped")
    for pixels, inside in zip(film(made, tmp_path / "job"), wanted, strict=True):
        left, right, top, bottom = bars
        border = ((top, bottom), (left, right), (0, 0))
        np.testing.assert_array_equal(pixels, np.pad(inside, border, constant_values=color))


def test_bars_that_are_to_be_painted_are(write: Callable[[str, list[NDArray[np.uint8]]], Clip], tmp_path: Path) -> None:
    made = plan(write("boxed.mkv", boxed()), picture__bars="paint")
    assert (made.bars, made.work) == (NO_BARS, (96, 82))
    assert film(made, tmp_path / "job")[0][0].any()


def test_frames_that_are_not_painted_stay_whole(write: Callable[[str, list[NDArray[np.uint8]]], Clip]) -> None:
    assert plan(write("boxed.mkv", boxed()), optimize__iterations=0).bars == NO_BARS


def test_every_process_finds_the_bars_that_the_job_folder_knows(
    write: Callable[[str, list[NDArray[np.uint8]]], Clip], tmp_path: Path
) -> None:
    made = plan(write("boxed.mkv", boxed()))
    store = opened(tmp_path / "job", made, Gray())
    store.save_scan("key", made.scan)
    assert store.scan("key").bars == BARS


def test_text_in_a_bar_stays_and_lines_mixed_with_the_picture_do_not(
    write: Callable[[str, list[NDArray[np.uint8]]], Clip],
) -> None:
    pictures = boxed()
    for picture in pictures[2:]:
        picture[-5:-3, 30:60:4] = 250
        picture[8] = 40
    clip = write("text.mkv", pictures)
    painted = np.full((64, 96, 3), 90, np.uint8)
    made = with_bars(clip, BARS, (96, 82), iter([(2, painted), (4, painted)]), FrameRange(2, 5))
    for _, pixels in made:
        assert (pixels[-5:-3, 30:60:4] == 250).all()
        assert not pixels[9 - BLEND : 9].any()
        assert (pixels[9:-9] == 90).all()


def test_in_a_smaller_film_no_line_is_left_between_picture_and_bars(
    write: Callable[[str, list[NDArray[np.uint8]]], Clip],
) -> None:
    """9 of 82 lines are 4.39 of 40: line 4 shows some of the picture, so it is painted."""
    clip = write("boxed.mkv", boxed())
    assert area(clip, BARS, (48, 40)) == (0, 0, 4, 4)
    painted = np.full((32, 48, 3), 90, np.uint8)
    ((_, pixels),) = with_bars(clip, BARS, (48, 40), iter([(0, painted)]), FrameRange(0, 1))
    assert not pixels[:4].any()
    assert not pixels[-4:].any()
    assert (pixels[4:-4] == 90).all()


def test_bars_end_between_chroma_samples(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "subsampled.mp4", boxed()))
    assert clip.pixel_format == "yuv420p"
    assert search_bars(clip) == ((0, 0, 8, 8), False), "a bar of 9 lines is not extended into the picture"
    assert area(clip, (0, 0, 8, 8), (48, 40)) == (0, 0, 2, 2)
    assert area(clip, (0, 0, 8, 8), (60, 52)) == (0, 0, 4, 4)
    upright = probe(write_clip(tmp_path / "pillars.mp4", boxed((13, 15, 0, 0))))
    assert search_bars(upright) == ((12, 14, 0, 0), False)


def test_the_samples_of_a_long_clip_are_few(
    write: Callable[[str, list[NDArray[np.uint8]]], Clip], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[FrameRange] = []

    def watched(clip: Clip, frames: FrameRange) -> object:
        asked.append(frames)
        return decode(clip, frames)

    clip = write("long.mkv", boxed() * 12)
    monkeypatch.setattr("videostyle.rendering.plan.bars.decode", watched)
    assert search_bars(clip) == (BARS, False)
    assert sum(map(len, asked)) <= 32
