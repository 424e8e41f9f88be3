"""Selections by frame numbers, times and timecodes, against frames counted by hand."""

import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from videostyle.errors import SettingsError
from videostyle.frames import Clip, FrameRange
from videostyle.selection import Selection, select, select_frame

NTSC = Fraction(30000, 1001)


def clip(num_frames: int = 10, rate: Fraction = Fraction(25), timecode: str = "", start: int = 0) -> Clip:
    """A clip with frames of equal length, one tick each."""
    return Clip(
        path=Path("clip.mp4"),
        stream=0,
        width=64,
        height=48,
        rate=rate,
        time_base=1 / rate,
        pts=tuple(range(start, start + num_frames)),
        durations=(1,) * num_frames,
        timecode=timecode,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", range(10)),
        ("2:5", [2, 3, 4]),
        ("2-5", [2, 3, 4, 5]),
        ("2:", range(2, 10)),
        (":5", range(5)),
        ("-5", range(6)),
        ("7", [7]),
        (":", range(10)),
        (" 2 : 5 ", [2, 3, 4]),
        ("9-", [9]),
        ("1-9x2", [1, 3, 5, 7, 9]),
        ("0:9x4", [0, 4, 8]),
        (":x3", [0, 3, 6, 9]),
        ("0:2,5,8-9", [0, 1, 5, 8, 9]),
        ("8-9, 0:2", [0, 1, 8, 9]),
        ("0:2,2:4", [0, 1, 2, 3]),
    ],
)
def test_frame_numbers(text: str, expected: "range | list[int]") -> None:
    assert list(select(clip(), text).frames) == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        "a:b",
        "5:2",
        "5:5",
        "3:11",
        "10",
        "-1:3:4",
        "1.5:3",
        "2--5",
        "12:14",
        ",",
        "1:3,",
        "0:9x0",
        "0:9x",
        "x2",
        "9" * 5000,
    ],
)
def test_invalid_frame_numbers(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--frames .*; use"):
        select(clip(), text)


@pytest.mark.parametrize("text", ["0:5,4:8", "3,3", "0:9x2,4", "0:,9"])
def test_overlapping_ranges_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="overlap"):
        select(clip(), text)


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("0.08", "", range(2, 10)),
        ("", "0.12", range(3)),
        ("00:00:00.04", "0:00.2", range(1, 5)),
        ("0.041", "0.3", range(2, 8)),  # a frame that has already begun is excluded
        ("0.0803", "0.16", range(2, 4)),  # ... unless milliseconds cannot show the difference
        ("0", "0.4", range(10)),
        ("00:00:00:03", "00:00:00:07", range(3, 7)),
    ],
)
def test_times(begin: str, end: str, expected: range) -> None:
    for start in (0, 1000):  # times count from the first frame, whatever its pts
        assert list(select(clip(start=start), begin=begin, end=end).frames) == list(expected)


def test_times_of_frames_of_unequal_length() -> None:
    uneven = replace(clip(4), time_base=Fraction(1, 100), pts=(0, 10, 15, 60), durations=(10, 5, 45, 5))
    assert select(uneven, begin="0.1", end="0.5").frames == (1, 2)
    with pytest.raises(SettingsError, match="use seconds"):
        select(uneven, begin="00:00:00:01")


def test_timecodes_count_from_the_clips_own() -> None:
    slow = clip(100, timecode="01:00:00:00")
    assert select(slow, begin="01:00:00:10", end="01:00:01:00").frames == tuple(range(10, 25))
    dropping = clip(40, NTSC, "00:00:59;20")  # 00:01:00;00 and ;01 do not exist
    assert select(dropping, begin="00:01:00;02", end="00:01:00;04").frames == (10, 11)
    with pytest.raises(SettingsError, match=r"--in 00:00:00:00: the clip runs from 01:00:00:00 to 01:00:04:00"):
        select(slow, begin="00:00:00:00")
    with pytest.raises(SettingsError, match=r"between them"):
        select(dropping, begin="00:01:00:05")


@pytest.mark.parametrize(
    ("begin", "end", "message"),
    [
        ("0.2", "0.1", "later --out"),
        ("0.2", "0.2", "later --out"),
        ("5", "", "0.400 s long"),
        ("now", "", "not a time"),
        ("00:00:00:25", "", "frames go from 0 to 24"),
        ("00:00:00;05", "", "drop-frame"),
        ("-1", "", "not a time"),
    ],
)
def test_invalid_times(begin: str, end: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        select(clip(), begin=begin, end=end)


def test_times_and_numbers_exclude_each_other() -> None:
    with pytest.raises(SettingsError, match="not both"):
        select(clip(), "1:3", begin="0.1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:5,5:10", "0:10"),
        ("5-9,0-4", "0:10"),
        ("2,3,4:6,7", "2:6,7:8"),
        ("0:4x2,4:6", "0:4x2,4:6"),
        ("0:4,4:8x2", "0:4,4:8x2"),
        ("0:4x2,4:8x2", "0:4x2,4:8x2"),
    ],
)
def test_ranges_that_touch_are_joined_unless_they_have_a_step(text: str, expected: str) -> None:
    assert str(select(clip(), text)) == expected


def test_touching_ranges_of_all_frames_are_the_whole_clip() -> None:
    assert select(clip(), "0:5,5:10") == Selection.whole(clip())


@pytest.mark.parametrize(
    ("text", "handles", "expected"),
    [("4:6", 2, "2:8"), ("0:2,9", 3, "0:5,6:10"), ("1:3,6:8", 2, "0:10"), ("1:2,8:9", 1, "0:3,7:10")],
)
def test_handles(text: str, handles: int, expected: str) -> None:
    assert str(select(clip(), text, handles=handles)) == expected


def test_invalid_handles() -> None:
    with pytest.raises(SettingsError, match="step"):
        select(clip(), "0:9x2", handles=1)
    with pytest.raises(SettingsError, match="from 0"):
        select(clip(), "0:9", handles=-1)


def test_a_selection_survives_the_round_trip_through_text() -> None:
    made = select(clip(), "0:3,4:9x2")
    assert str(made) == "0:3,4:9x2"
    assert select(clip(), str(made)) == made
    assert made.within(FrameRange(2, 5)) == FrameRange(2, 5)
    assert made.within(FrameRange(5, 8)) == FrameRange(6, 7)
    assert made.within(FrameRange(9, 10)) is None
    with pytest.raises(ValueError, match="ascending"):
        Selection((range(3, 5), range(0, 2)))


def test_the_frames_within_a_scene_agree_with_counting() -> None:
    chosen = Selection((range(3, 20, 4), range(20, 21), range(30, 44, 3)))
    for start in range(50):
        for stop in range(start + 1, 51):
            inside = [frame for frame in chosen.frames if start <= frame < stop]
            expected = FrameRange(inside[0], inside[-1] + 1) if inside else None
            assert chosen.within(FrameRange(start, stop)) == expected


def test_many_scenes_of_a_long_clip_are_quick() -> None:
    chosen, began = Selection((range(200_000),)), time.process_time()
    for start in range(0, 200_000, 100):
        assert chosen.within(FrameRange(start, start + 100)) == FrameRange(start, start + 100)
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "frame"),
    [("7", 7), (" 0 ", 0), ("0.2", 5), ("0.08", 2), (".08", 2), ("00:00:00.3", 8), ("01:00:00:03", 3)],
)
def test_one_frame_by_number_time_or_timecode(text: str, frame: int) -> None:
    assert select_frame(clip(timecode="01:00:00:00"), text) == frame


@pytest.mark.parametrize("text", ["10", "0.4", "-1", "soon", "2:3", "01:00:00:10", ""])
def test_one_frame_that_the_clip_does_not_have(text: str) -> None:
    with pytest.raises(SettingsError, match="--frame"):
        select_frame(clip(timecode="01:00:00:00"), text)
