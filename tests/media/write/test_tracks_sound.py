"""The sound of a film: copied, trimmed to a range, and in sync with the picture."""

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.media.oracle import ffprobe, frame_times, hashes, needs_ffprobe, packets, streams
from tests.media.write.tracks import RATE, film_of, sound, source
from videostyle.media.read.probe import probe


@needs_ffprobe
@pytest.mark.parametrize(
    ("clip", "codecs", "film"),
    [
        ("clip.mp4", ("aac", "libmp3lame", "ac3"), "film.mp4"),
        ("clip.mp4", ("aac", "libopus", "alac"), "film.mkv"),
        ("clip.mov", ("pcm_s16le", "pcm_s24le", "aac"), "film.mov"),
        ("clip.mov", ("pcm_s16le", "aac"), "film.mkv"),
        ("clip.mkv", ("aac", "libopus", "flac", "libmp3lame"), "film.mp4"),
        ("clip.mkv", ("pcm_s16le", "flac", "ac3", "libopus", "aac"), "film.mkv"),
        ("clip.mkv", ("libopus", "libopus"), "film.webm"),
        ("clip.avi", ("libmp3lame", "pcm_s16le"), "film.avi"),
        ("clip.avi", ("libmp3lame",), "film.mp4"),
        ("clip.ts", ("libmp3lame", "ac3"), "film.mp4"),
        ("clip.mp4", ("libmp3lame", "ac3"), "film.ts"),
    ],
)
def test_sound_is_copied_bit_for_bit(clip: str, codecs: tuple[str, ...], film: str, tmp_path: Path) -> None:
    origin = source(tmp_path / clip, codecs, seconds=1)
    made = film_of(probe(origin), tmp_path / film)
    assert len(hashes(made, "audio")) == len(codecs)
    assert hashes(made, "audio") == hashes(origin, "audio")
    start = frame_times(made)[0] - frame_times(origin)[0]
    for before, after in zip(packets(origin, "audio").values(), packets(made, "audio").values(), strict=True):
        late = [float(new - old - start) for (old, _), (new, _) in zip(before, after, strict=True)]
        assert max(map(abs, late)) < 0.0021, "sound and picture are out of sync"


@needs_ffprobe
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_pcm_sound_without_a_layout_gets_the_usual_one_in_mp4(channels: int, tmp_path: Path) -> None:
    origin = source(tmp_path / "clip.mkv", ("pcm_s16le",), "-ac", str(channels))
    made = film_of(probe(origin), tmp_path / "film.mp4")
    assert streams(made)[1]["channels"] == channels
    assert len(sound(made)) == 2 * RATE


@needs_ffprobe
def test_sound_with_times_in_milliseconds_gets_exact_times(tmp_path: Path) -> None:
    made = film_of(probe(source(tmp_path / "clip.mkv", ("aac",))), tmp_path / "film.mp4")
    times = [time for time, _ in packets(made, "audio")[1]]
    steps = {after - before for before, after in itertools.pairwise(times)}
    assert steps == {Fraction(1024, RATE)}


PARTS = [
    ("film.mp4", "aac", 0.002),
    ("film.mp4", "flac", 1e-4),
    ("film.mp4", "libmp3lame", 0.002),
    ("film.mp4", "ac3", 0.02),
    ("film.mp4", "libopus", 0.02),
    ("film.mov", "aac", 0.002),
    ("film.mov", "pcm_s16le", 0),
    ("film.mov", "pcm_s24be", 0),
    ("film.mov", "pcm_u8", 0),
]


@needs_ffprobe
@pytest.mark.parametrize(("film", "codec", "error"), PARTS)
def test_sound_of_a_range_matches_the_clip(film: str, codec: str, error: float, tmp_path: Path) -> None:
    origin = source(tmp_path / film.replace("film", "clip"), (codec,))
    clip = probe(origin)
    made = film_of(clip, tmp_path / film, range(12, 46))
    assert frame_times(made) == [Fraction(n, 25) for n in range(34)]
    first, length = round(float(clip.seconds(12)) * RATE), 34 * RATE // 25
    wanted, heard = sound(origin)[first : first + length], sound(made)
    # ffmpeg decodes the whole last packet; the track's duration, which players and editors use, is exact
    assert length - 1 <= len(heard) < length + (1 if codec.startswith("pcm") else 4700)
    track = streams(made)[1]
    assert int(track["duration_ts"]) * Fraction(track["time_base"]) == pytest.approx(34 / 25, abs=1e-4)
    common = min(len(heard), length)
    assert np.abs(heard[:common] - wanted[:common]).max() <= error


@needs_ffprobe
@pytest.mark.parametrize("codec", ["aac", "libopus", "flac", "libmp3lame", "ac3"])
def test_sound_of_a_range_is_in_sync_without_edit_lists(codec: str, tmp_path: Path) -> None:
    origin = source(tmp_path / "clip.mkv", (codec,))
    clip = probe(origin)
    made = film_of(clip, tmp_path / "film.mkv", range(12, 46))
    assert frame_times(made)[0] == 0
    places = {data: time - clip.seconds(12) for time, data in packets(origin, "audio")[1]}
    wanted = [(time, data) for data, time in places.items() if 0 <= time < Fraction(34, 25)]
    found = packets(made, "audio")[1]
    assert [data for _, data in found] == [data for _, data in wanted]
    assert all(abs(new - old) <= Fraction(1, 1000) for (new, _), (old, _) in zip(found, wanted, strict=True))


@needs_ffprobe
def test_pcm_sound_is_trimmed_to_the_sample_in_matroska(tmp_path: Path) -> None:
    origin = source(tmp_path / "clip.mkv", ("pcm_s16le",))
    made = film_of(probe(origin), tmp_path / "film.mkv", range(12, 46))
    heard, all_of_it = sound(made), sound(origin)
    assert len(heard) == pytest.approx(34 * RATE // 25, abs=48)
    begins = 12 * RATE // 25
    found = [late for late in range(-48, 49) if np.array_equal(all_of_it[begins + late :][:1000], heard[:1000])]
    assert len(found) == 1, "within Matroska's millisecond"
    assert np.array_equal(all_of_it[begins + found[0] :][: len(heard)], heard)


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mkv"])
def test_sound_is_interleaved_with_the_picture(film: str, tmp_path: Path) -> None:
    made = film_of(probe(source(tmp_path / "clip.mp4", ("aac", "aac"), seconds=12)), tmp_path / film)
    lying = ffprobe(made, "-show_entries", "packet=stream_index,pts_time,pos")["packets"]
    order = sorted((int(p["pos"]), int(p["stream_index"]), float(p["pts_time"])) for p in lying if "pos" in p)
    now: dict[int, float] = {}
    for _, index, time in order:
        now[index] = time
        assert len(now) < 3 or max(now.values()) - min(now.values()) < 1.1
