from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.oracle import ffprobe, frame_times, needs_ffprobe, packets, streams
from tests.media.write.tracks import CHAPTERS, RATE, ffmpeg, film_of, sound, source
from videostyle.media.read.probe import probe
from videostyle.media.write.trim import sample_bytes

PARTS = (range(5, 12), range(20, 21), range(31, 44, 4))
"""ranges of a clip with 25 frames per second: 7, 1 and 13 frames long"""
LENGTH = 21
PACKET = {"aac": 1024, "libopus": 960, "flac": 4608, "libmp3lame": 1152, "ac3": 1536}
"""samples"""


def lateness(heard: NDArray[np.float32], wanted: NDArray[np.float32], reach: int) -> int:
    """Samples by which a piece of sound is late, by correlation."""
    middle = wanted[reach:-reach]
    scores = [float((heard[late : late + len(middle)] * middle).sum()) for late in range(2 * reach + 1)]
    return int(np.argmax(scores)) - reach


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv", "film.mov"])
def test_frames_of_several_ranges_follow_each_other(film: str, tmp_path: Path) -> None:
    made = film_of(probe(source(tmp_path / "clip.mp4")), tmp_path / film, *PARTS)
    wanted = [*range(7), 7, 8, 12, 16, 20]
    assert np.allclose([float(time) for time in frame_times(made)], np.array(wanted) / 25, atol=0.0006)
    if film != "film.mkv":
        assert float(ffprobe(made, "-show_format")["format"]["duration"]) == pytest.approx(LENGTH / 25, abs=1e-4)


@needs_ffprobe
@pytest.mark.parametrize("codec", list(PACKET))
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv"])
def test_sound_of_several_ranges_is_gapless_and_in_sync(film: str, codec: str, tmp_path: Path) -> None:
    origin = source(tmp_path / film.replace("film", "clip"), (codec,))
    clip = probe(origin)
    parts = (range(3, 15), range(20, 31), range(34, 46))
    made = film_of(clip, tmp_path / film, *parts)
    placed = [(float(time), data) for time, data in packets(made, "audio")[1]]
    step = PACKET[codec] / RATE
    gaps = np.diff([time for time, _ in placed])
    assert np.allclose(gaps, step, atol=0.0011), "no gap, no overlap"
    before = {data: time for time, data in packets(origin, "audio")[1]}
    begins = 0.0
    for part in parts:
        first, last = float(clip.seconds(part.start)), float(clip.seconds(part.stop))
        late = [
            (time - begins) - (float(before[data]) - first)
            for time, data in placed
            if first + step < float(before[data]) < last - step
        ]
        assert late
        assert max(map(abs, late)) <= step / 2 + 0.0011
        begins += last - first
    assert abs(placed[-1][0] + step - begins) <= 2 * step


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mov", "film.mkv", "film.avi"])
def test_pcm_sound_of_several_ranges_is_exact(film: str, tmp_path: Path) -> None:
    origin = source(tmp_path / film.replace("film", "clip"), ("pcm_s16le",))
    made = film_of(probe(origin), tmp_path / film, *PARTS)
    all_of_it, heard = sound(origin), sound(made)
    wanted = np.concatenate([all_of_it[part.start * RATE // 25 : part.stop * RATE // 25] for part in PARTS])
    slack = 0 if film != "film.mkv" else 96  # Matroska rounds to milliseconds
    assert abs(len(heard) - len(wanted)) <= slack
    if not slack:
        assert np.array_equal(heard, wanted)


@needs_ffprobe
@pytest.mark.parametrize(
    ("film", "codec"), [("film.avi", "libmp3lame"), ("film.avi", "ac3"), ("film.ts", "aac"), ("film.ts", "libmp3lame")]
)
@pytest.mark.parametrize("parts", [(range(12, 46),), (range(7, 20), range(28, 46))])
def test_sound_in_containers_with_coarse_times_is_off_by_at_most_a_packet(
    film: str, codec: str, parts: tuple[range, ...], tmp_path: Path
) -> None:
    origin = source(tmp_path / "clip.mkv", (codec,))
    clip = probe(origin)
    made = film_of(clip, tmp_path / film, *parts)
    all_of_it, heard = sound(origin), sound(made)
    begins = -frame_times(made)[0] if film == "film.ts" else Fraction(0)
    if begins:  # ffmpeg's time 0 is the earliest packet
        begins += min(packets(made, "audio")[1][0][0], -begins)
    place = round(-begins * RATE)
    for part in parts:
        first, last = (round(float(clip.seconds(border)) * RATE) for border in (part.start, part.stop))
        margin = 2 * PACKET[codec]
        wanted = all_of_it[first + margin : last - margin].mean(1)
        late = lateness(heard[place + margin : place + margin + len(wanted)].mean(1), wanted, PACKET[codec] + 50)
        assert abs(late) <= PACKET[codec] + 48
        place += last - first


@needs_ffprobe
def test_chapters_of_several_ranges(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    first = source(tmp_path / "first.mp4", seconds=4)
    ffmpeg("-i", first, "-i", tmp_path / "notes.txt", "-map_metadata", "1", "-c", "copy", tmp_path / "clip.mp4")
    clip = probe(tmp_path / "clip.mp4")
    made = film_of(clip, tmp_path / "film.mp4", range(0, 10), range(15, 30), range(40, 50), range(80, 90))
    chapters = ffprobe(made, "-show_chapters")["chapters"]
    times = [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in chapters]
    assert times == [(0, 0.8, "One"), (0.8, 1.4, "Two"), (1.4, 1.8, "Three")]


@needs_ffprobe
def test_range_without_sound_does_not_move_the_sound_of_the_next(tmp_path: Path) -> None:
    silent = tmp_path / "late.mp4"
    first = source(tmp_path / "first.mp4", seconds=2)
    ffmpeg("-i", first, "-itsoffset", "0.8", "-i", first, "-map", "0:v", "-map", "1:a", "-c", "copy", silent)
    clip = probe(silent)
    made = film_of(clip, tmp_path / "film.mkv", range(2, 12), range(15, 40))
    assert len(streams(made)) == 2
    begins = float(packets(made, "audio")[1][0][0])
    assert begins == pytest.approx(10 / 25 + 0.8 - 15 / 25, abs=0.023)


def test_only_pcm_sound_can_be_divided() -> None:
    sizes = {"pcm_s16le": 2, "pcm_s24be": 3, "pcm_u8": 1, "pcm_f64le": 8, "pcm_alaw": 1, "aac": 0, "pcm_bluray": 0}
    assert {name: sample_bytes(name) for name in sizes} == sizes
