import io
import itertools
import subprocess
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media.oracle import ffprobe, frame_times, hashes, needs_ffprobe, packets, real, streams
from videostyle.frames import Clip, Pixels
from videostyle.media.read.probe import open_file, probe
from videostyle.media.write.containers import CONTAINERS
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import SortedTracks, Tracks, kept_tags
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FILM = FilmSettings()
RATE = 48000
SRT = "1\n00:00:00,500 --> 00:00:01,500\nHello\n\n2\n00:00:02,000 --> 00:00:03,500\nWorld\n"
CHAPTERS = ";FFMETADATA1\ntitle=The title\nartist=Someone\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={name}\n"
    for start, end, name in [(0, 1000, "One"), (1000, 2500, "Two"), (2500, 4000, "Three")]
)


def ffmpeg(*arguments: str | Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, arguments)], check=True)


def source(path: Path, codecs: tuple[str, ...] = ("aac",), *more: str, seconds: int = 2) -> Path:
    """A clip by ffmpeg: 25 frames per second, and for each codec a track with its own sound."""
    command = ["-f", "lavfi", "-i", f"testsrc2=size=64x48:rate=25:duration={seconds}"]
    for place in range(len(codecs)):
        sweep = f"0.4*sin(2*PI*({200 + 170 * place}+90*t)*t)+0.1*sin(2*PI*37*t*t)"
        command += ["-f", "lavfi", "-i", f"aevalsrc={sweep}|{sweep}:s={RATE}:d={seconds}"]
    command += ["-map", "0:v"]
    for place, codec in enumerate(codecs):
        command += ["-map", f"{place + 1}:a", f"-c:a:{place}", codec]
    ffmpeg(*command, "-c:v", "libx264", "-preset", "ultrafast", "-strict", "-2", *more, path)
    return path


def blank(frames: Iterable[int]) -> Iterator[tuple[int, Pixels]]:
    for index in frames:
        yield index, np.full((48, 64, 3), index % 256, np.uint8)


def film_of(clip: Clip, path: Path, *parts: range, settings: FilmSettings | None = None) -> Path:
    keep = Selection(parts) if parts else Selection.whole(clip)
    check_film(clip, path, settings or FILM, (64, 48), keep)
    encode_film(clip, path, blank(keep.frames), settings or FILM, (64, 48), keep)
    return path


def sound(path: Path, track: int = 0) -> NDArray[np.float32]:
    """Sound decoded by ffmpeg from the first frame on: (n, 2) at 48 kHz, silent before it begins."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", f"0:a:{track}", "-af", "aresample=async=1:first_pts=0"]
    command += ["-f", "f32le", "-ac", "2", "-ar", str(RATE), "-"]
    made = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(made.stdout, "<f4").reshape(-1, 2)


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


@needs_ffprobe
@pytest.mark.parametrize(
    ("clip", "film"), [("clip.mkv", "film.mkv"), ("clip.mp4", "film.mp4"), ("clip.mov", "film.mov")]
)
def test_language_title_and_disposition_of_tracks_are_kept(clip: str, film: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "texts.srt").write_text(SRT)
    first = source(tmp_path / "first.mkv", ("aac", "aac"), seconds=4)
    text = "srt" if clip.endswith("mkv") else "mov_text"
    ffmpeg(
        *("-i", first, "-i", tmp_path / "texts.srt", "-i", tmp_path / "notes.txt"),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", "-c:s", text),
        *("-metadata:s:v:0", "language=jpn", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu"),
        *("-metadata:s:a:1", "title=Kommentar", "-metadata:s:s:0", "language=fra"),
        *("-disposition:a:0", "default", "-disposition:a:1", "0", "-disposition:s:0", "forced"),
        tmp_path / clip,
    )
    origin = tmp_path / clip
    made = film_of(probe(origin), tmp_path / film)
    old, new = streams(origin), [s for s in streams(made) if s["codec_name"] != "bin_data"]
    assert len(new) == len([s for s in old if s["codec_name"] != "bin_data"]) == 4
    for before, after in zip(old, new, strict=False):
        assert after["codec_type"] == before["codec_type"]
        for tag in ("language", "title"):
            assert after.get("tags", {}).get(tag) == before.get("tags", {}).get(tag)
        assert after["disposition"] == before["disposition"]
    assert hashes(made, "subtitle") == hashes(origin, "subtitle")
    for path in (origin, made):
        chapters = ffprobe(path, "-show_chapters")["chapters"]
        assert [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in chapters] == [
            (0, 1, "One"),
            (1, 2.5, "Two"),
            (2.5, 4, "Three"),
        ]
        tags = {key.lower(): value for key, value in ffprobe(path, "-show_format")["format"]["tags"].items()}
        assert tags["title"] == "The title"
        assert tags["artist"] == "Someone"


@needs_ffprobe
@pytest.mark.parametrize(
    ("clip", "film"), [("clip.mp4", "film.mp4"), ("clip.mkv", "film.mkv"), ("clip.mp4", "film.mkv")]
)
def test_covers_are_kept(clip: str, film: str, tmp_path: Path) -> None:
    first = source(tmp_path / "first.mp4")
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "testsrc=size=32x32", "-frames:v", "1", cover)
    if clip.endswith("mp4"):
        more: list[str | Path] = ["-i", cover, "-map", "0", "-map", "1", "-disposition:v:1", "attached_pic"]
    else:
        more = [
            "-attach",
            cover,
            "-metadata:s:t",
            "mimetype=image/png",
            "-metadata:s:t",
            "filename=cover.png",
            "-map",
            "0",
        ]
    ffmpeg("-i", first, *more, "-c", "copy", tmp_path / clip)
    made = film_of(probe(tmp_path / clip), tmp_path / film)
    covers = [s for s in streams(made) if s["disposition"]["attached_pic"]]
    assert len(covers) == 1
    ffmpeg("-i", made, "-map", f"0:{covers[0]['index']}", "-c", "copy", "-f", "image2", tmp_path / "back.png")
    assert (tmp_path / "back.png").read_bytes() == cover.read_bytes()
    assert len(frame_times(made)) == 50


@needs_ffprobe
@pytest.mark.parametrize("film", ["film.mp4", "film.mov"])
def test_metadata_of_phones_is_kept(film: str, tmp_path: Path) -> None:
    wanted = {"com.apple.quicktime.make": "Pear", "com.apple.quicktime.location.ISO6709": "+1+2/", "title": "T"}
    tags = [option for key, value in wanted.items() for option in ("-metadata", f"{key}={value}")]
    clip = probe(source(tmp_path / "clip.mov", ("aac",), "-movflags", "use_metadata_tags", *tags, seconds=1))
    found = ffprobe(film_of(clip, tmp_path / film), "-show_format")["format"]["tags"]
    assert {key: found.get(key) for key in wanted} == wanted


@needs_ffprobe
def test_fonts_are_kept_in_matroska_with_a_notice_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"not really a font")
    attach = ("-attach", str(tmp_path / "font.ttf"), "-metadata:s:t", "mimetype=application/x-truetype-font")
    clip = probe(source(tmp_path / "clip.mkv", ("aac",), *attach))
    made = film_of(clip, tmp_path / "film.mkv")
    assert [s["tags"]["filename"] for s in streams(made) if s["codec_type"] == "attachment"] == ["font.ttf"]
    assert len(check_film(clip, tmp_path / "film.mp4", FILM, (64, 48)).left_out) == 1


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
def test_range_has_its_chapters_and_subtitles(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text(CHAPTERS)
    (tmp_path / "texts.srt").write_text(SRT)
    first = source(tmp_path / "first.mkv", seconds=4)
    ffmpeg(
        *("-i", first, "-i", tmp_path / "texts.srt", "-i", tmp_path / "notes.txt"),
        *("-map", "0", "-map", "1", "-map_metadata", "2", "-c", "copy", tmp_path / "clip.mkv"),
    )
    clip = probe(tmp_path / "clip.mkv")
    part = range(30, 75)  # about 1.2 s to 3 s: Matroska delayed the clip by its sound's priming
    start, end = float(clip.seconds(30)), float(clip.seconds(75))
    made = film_of(clip, tmp_path / "part.mkv", part)
    chapters = ffprobe(made, "-show_chapters")["chapters"]
    found = [(float(c["start_time"]), float(c["end_time"]), c["tags"]["title"]) for c in chapters]
    assert [name for *_, name in found] == ["Two", "Three"]
    wanted = [0, 2.5 - start, 2.5 - start, end - start]
    assert [time for one in found for time in one[:2]] == pytest.approx(wanted, abs=0.001)
    texts = ffprobe(made, "-select_streams", "s", "-show_entries", "packet=pts_time,duration_time")["packets"]
    shown = [(float(p["pts_time"]), float(p["duration_time"])) for p in texts]
    assert np.allclose(shown, [(0, 1.5 - start), (2 - start, end - 2)], atol=0.0011)


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


class Counted:
    """A source that counts the packets read from it."""

    def __init__(self, container: Any) -> None:
        self.container, self.given = container, 0

    def demux(self, *wanted: Any) -> Iterator[Any]:
        for packet in self.container.demux(*wanted):
            self.given += bool(packet.size)
            yield packet


class Output:
    """An output that counts packets instead of writing them."""

    def __init__(self, container: Any) -> None:
        self.container, self.muxed = container, 0

    def add_stream_from_template(self, *given: Any, **more: Any) -> Any:
        return self.container.add_stream_from_template(*given, **more)

    def mux(self, _: Any) -> None:
        self.muxed += 1


def test_at_most_one_packet_waits_in_memory() -> None:
    path = real("chaplin_bw.mp4")
    with open_file(path) as container, av.open(io.BytesIO(), "w", format="mp4") as film:
        counted, output = Counted(container), Output(film)
        clip, mp4 = probe(path), CONTAINERS[".mp4"]
        sound = SortedTracks(list(container.streams.audio), [], [])
        tracks = Tracks(counted, sound, output, mp4, Timeline(clip, None), {})
        for second in range(9):
            tracks.write(Fraction(second))
            assert counted.given - output.muxed == 1
            assert output.muxed == pytest.approx(second * 44100 / 1152, abs=3)
        tracks.write(None)
        assert output.muxed == counted.given == 369


def test_tags_that_describe_the_old_file_are_dropped() -> None:
    tags = {
        "major_brand": "isom",
        "ENCODER": "x",
        "BPS-eng": "1",
        "DURATION": "2",
        "title": "a",
        "name": "b",
        "date": "c",
    }
    assert kept_tags(tags) == {"title": "a", "date": "c"}
    assert kept_tags({"name": "b"}) == {"title": "b"}
