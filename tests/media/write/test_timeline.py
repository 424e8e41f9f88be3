import dataclasses
from fractions import Fraction
from pathlib import Path

from videostyle.frames import Clip
from videostyle.media.write.timeline import Timeline
from videostyle.selection import Selection

CLIP = Clip(Path("clip.mp4"), 0, 64, 48, Fraction(10), Fraction(1, 10), tuple(range(5, 25)), (1,) * 19 + (3,))


def test_whole_clip_keeps_its_times() -> None:
    for keep in (None, Selection.whole(CLIP)):
        line = Timeline(CLIP, keep)
        assert (line.whole, line.first, line.last, line.num_frames) == (True, 0, 19, 20)
        assert line.place(0) == (Fraction(5, 10), Fraction(1, 10))
        assert line.place(19) == (Fraction(24, 10), Fraction(3, 10))
    assert Timeline(CLIP, None, Fraction(5, 10)).place(1)[0] == Fraction(1, 10)


def test_parts_follow_each_other_without_gaps() -> None:
    line = Timeline(CLIP, Selection((range(2, 4), range(10, 11), range(18, 20))))
    assert (line.whole, line.first, line.last, line.num_frames) == (False, 2, 19, 5)
    assert [line.place(frame)[0] * 10 for frame in (2, 3, 10, 18, 19)] == [0, 1, 2, 3, 4]
    assert line.place(19)[1] == Fraction(3, 10)
    assert [part.last for part in line.parts] == [False, False, True]
    assert line.parts[1].shift == Fraction(13, 10)
    assert line.parts[2].end == Fraction(27, 10)


def test_frames_of_a_range_with_a_step_stay_until_the_next_frame_or_the_end() -> None:
    line = Timeline(CLIP, Selection((range(0, 8, 3), range(9, 13, 2))))
    placed = [tuple(float(10 * time) for time in line.place(frame)) for frame in (0, 3, 6, 9, 11)]
    assert placed == [(0, 3), (3, 3), (6, 2), (8, 2), (10, 2)]


def test_parts_touched_by_a_stretch_of_time() -> None:
    line = Timeline(CLIP, Selection((range(2, 4), range(4, 6), range(10, 11))))

    def touched(begins: int, ends: int) -> list[int]:
        return [line.parts.index(part) for part in line.touched(Fraction(begins, 10), Fraction(ends, 10))]

    assert touched(0, 6) == []
    assert touched(0, 7) == [0], "sound that ends where a part starts may be moved into it"
    assert touched(8, 30) == [0, 1, 2]
    assert touched(11, 14) == []
    assert Timeline(CLIP, None).touched(Fraction(99), Fraction(99)) == list(Timeline(CLIP, None).parts)


def test_timecode_continues_the_clips() -> None:
    def timecode(text: str, frame: int, rate: Fraction, durations: tuple[int, ...] = (1,) * 20) -> str:
        clip = dataclasses.replace(CLIP, timecode=text, rate=rate, durations=durations)
        return Timeline(clip, Selection((range(frame, 20),))).timecode

    ntsc = Fraction(30000, 1001)
    assert timecode("01:02:03:04", 10, Fraction(25)) == "01:02:03:14"
    assert timecode("01:02:03:20", 10, Fraction(25)) == "01:02:04:05"
    assert timecode("00:00:59;28", 3, ntsc) == "00:01:00;03", "drop-frame timecode skips two numbers"
    assert timecode("00:09:59;28", 3, ntsc) == "00:10:00;01"
    assert timecode("00:00:59:28", 3, ntsc) == "00:01:00:01"
    assert timecode("23:59:59:24", 1, Fraction(25)) == "00:00:00:00"
    assert timecode("", 3, ntsc) == ""
    assert timecode("reel 3", 0, ntsc) == "reel 3", "a film of the whole clip keeps the tag unchanged"
    assert timecode("reel 3", 3, ntsc) == ""
    assert timecode("01:02:03:04", 3, ntsc, (1, 5) * 10) == "", "frames that differ in duration cannot be counted"
