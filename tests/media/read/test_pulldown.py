from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.oracle import frame_times, needs_ffprobe
from tests.media.telecine import RATE, film, pattern, repeating, save, telecined, woven
from tests.media.write.films import copy
from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.read.pulldown import fields_shown, is_television
from videostyle.settings import FilmSettings

COUNT = 60
RESTORED = "the clip has 3:2 pulldown: its film frames are restored (fieldmatch) and shown as long as in the clip"
FLAGGED = "the clip has 3:2 pulldown: its film frames are painted, and shown for two or three fields as in the clip"
DEINTERLACED = "the clip is interlaced and will be deinterlaced (bwdif)"


def shown_by(clip: Clip, pictures: list[np.ndarray]) -> list[int]:
    """The film frame that each frame shows; fails for a frame that shows none well."""
    found = []
    for frame in decode(clip):
        errors = [np.abs(frame.pixels.astype(int) - picture).mean() for picture in pictures]
        found.append(int(np.argmin(errors)))
        assert min(errors) < 2.5, f"frame {frame.index} is a mixture"
    return found


@pytest.mark.parametrize("top", [True, False])
@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "libx264"), ("a.ts", "libx264"), ("a.mpg", "mpeg2video")])
def test_film_frames_are_restored(name: str, codec: str, flagged: bool, top: bool, tmp_path: Path) -> None:
    fields = telecined(tmp_path / name, COUNT, top, flagged=flagged, codec=codec)
    clip = probe(tmp_path / name)
    assert (clip.pulldown, clip.notes) == ("tff" if top else "bff", (RESTORED,))
    shown = shown_by(clip, film(fields[-1][1] + 1))
    assert shown == [first for first, _ in fields], "the film frame that the first field belongs to"
    pixels = [frame.pixels for frame in decode(clip)]
    same = [index for index in range(1, COUNT) if np.array_equal(pixels[index], pixels[index - 1])]
    assert same == [index for index in range(1, COUNT) if shown[index] == shown[index - 1]]
    assert len(same) == COUNT // 5


def test_a_range_is_an_exact_slice_of_the_clip(tmp_path: Path) -> None:
    telecined(tmp_path / "a.mkv", 90)
    clip = probe(tmp_path / "a.mkv")
    whole = [frame.pixels for frame in decode(clip)]
    for start in (0, 1, 2, 65, 66, 67, 68, 69, 70, 87):
        for frame in decode(clip, FrameRange(start, start + 3)):
            assert np.array_equal(frame.pixels, whole[frame.index]), (start, frame.index)


def test_a_pattern_that_breaks_at_a_cut(tmp_path: Path) -> None:
    one, two = film(60), film(60, seed=8)
    frames = woven(one, pattern(31)) + woven(two, pattern(32, phase=1)[1:])
    clip = probe(save(tmp_path / "a.mkv", frames))
    assert clip.pulldown == "tff"
    shown_by(clip, one + two)


def test_a_still_beginning(tmp_path: Path) -> None:
    pictures = film(60)
    frames = woven([pictures[0]] * 60, pattern(40)) + woven(pictures, pattern(50))
    assert probe(save(tmp_path / "a.mkv", frames)).pulldown == "tff"


def test_other_clips_do_not_have_it(tmp_path: Path) -> None:
    pictures = film(81)
    video = woven(pictures, [(2 * index, 2 * index + 1) for index in range(40)])
    clip = probe(save(tmp_path / "video.mkv", video))
    assert (clip.pulldown, clip.notes) == ("", (DEINTERLACED,))
    twice = [pictures[4 * (index // 5) + min(index % 5, 3)] for index in range(40)]  # every fifth frame repeated whole
    for name, frames in {"film": pictures[:40], "twice": twice, "still": [pictures[0]] * 40}.items():
        clip = probe(save(tmp_path / f"{name}.mkv", frames, flagged=False))
        assert (clip.pulldown, clip.notes) == ("", ()), name
    assert is_television(Fraction(30000, 1001))
    assert is_television(Fraction(30))
    assert not is_television(Fraction(25))


def test_formats_that_cannot_be_restored_are_told(tmp_path: Path) -> None:
    frames = woven(film(60), pattern(40))
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        stream = output.add_stream("ffv1", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv422p10le"
        for picture in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format="yuv422p10le")))
        output.mux(stream.encode(None))
    clip = probe(tmp_path / "a.mkv")
    assert clip.notes == ("the clip has 3:2 pulldown, but film frames cannot be restored in yuv422p10le",)
    assert len(list(decode(clip))) == 40


@needs_ffprobe
@pytest.mark.parametrize("kind", ["ts", "mkv", "mp4", "mpg", "vob", "m2v"])
def test_flags_keep_the_cadence(kind: str, tmp_path: Path) -> None:
    wanted = repeating(tmp_path / f"a.{kind}")
    clip = probe(tmp_path / f"a.{kind}")
    assert FLAGGED in clip.notes
    assert (clip.num_frames, clip.interlaced, clip.pulldown) == (48, False, "")
    made = frame_times(copy(clip, tmp_path / "film.mp4", FilmSettings()))
    if kind in ("mpg", "vob"):  # in which the last frame has no timestamp
        made, wanted = made[:-1], wanted[:-1]
    assert np.allclose([float(time - made[0]) for time in made], [float(time) for time in wanted], atol=6e-4)


def test_fields_of_raw_streams() -> None:
    assert fields_shown([0, 3, 5, 8], [60, 40, 60, 40]) == [3, 2, 3, 2]
    assert fields_shown([5, 0, 3], [40, 60, 40]) == [3, 2, 2], "in presentation order"
    assert fields_shown([0, 1, 2], [40, 40, 40]) == []
    assert fields_shown([None, 1], [60, 40]) == []
    assert fields_shown([], []) == []
