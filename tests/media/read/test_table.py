import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import FrozenInstanceError
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from tests.media.sources import write
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.probe import probe
from videostyle.media.read.table import Table, _guessed, _without_strays, is_raw, read_table, to_the_end


def table_of(path: Path, rate: Fraction | None = None) -> Table:
    with av.open(str(path)) as container:
        return read_table(container, container.streams.video[0], rate)


@pytest.mark.parametrize("base", [Fraction(1, 600), Fraction(1, 90000)])
def test_frames_are_in_presentation_order(base: Fraction, tmp_path: Path) -> None:
    pts = [0, 40, 90, 95, 300, 301, 350, 512, 600]
    table = table_of(write(tmp_path / "clip.mp4", pts=pts, base=base, options={"bf": "3"}))
    assert [stamp * table.time_base for stamp, _ in table.frames] == [stamp * base for stamp in pts]
    assert (table.stamped, table.reordered, table.packets.count) == (True, True, 9)
    assert not table_of(write(tmp_path / "flat.mp4", pts=pts, base=base, options={"bf": "0"})).reordered


def test_a_raw_stream_gets_the_given_rate(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.h264", 12)
    with av.open(str(path)) as container:
        assert is_raw(container)
    table = table_of(path, Fraction(30000, 1001))
    assert table.frames == tuple((index, 1) for index in range(12))
    assert (table.time_base, table.rate) == (Fraction(1001, 30000), Fraction(30000, 1001))
    assert not table.stamped


@pytest.mark.parametrize("kind", ["mp4", "avi", "mkv", "ts", "y4m"])
def test_files_with_timestamps_are_not_raw_streams(kind: str, tmp_path: Path) -> None:
    codec = "wrapped_avframe" if kind == "y4m" else "mpeg4"
    path = write(tmp_path / f"clip.{kind}", 5, codec)
    with av.open(str(path)) as container:
        assert not is_raw(container)


def test_the_rate_in_a_raw_stream_is_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.h264", 12, base=Fraction(1, 30))
    assert table_of(path).rate == 30


@pytest.mark.parametrize("bframes", [0, 2])
def test_the_rate_matches_the_frames(bframes: int, tmp_path: Path) -> None:
    """FFmpeg reports 25 for MPEG-4 in a transport stream, and 50 for an AVI with a gap after every frame."""
    for rate in (Fraction(15), Fraction(50), Fraction(24000, 1001)):
        path = write(tmp_path / "clip.ts", 40, "mpeg4", base=1 / rate, options={"bf": str(bframes)})
        assert table_of(path).rate == rate
    path = write(tmp_path / "clip.avi", codec="mpeg4", pts=list(range(0, 80, 2)), base=Fraction(1, 50))
    table = table_of(path)
    assert (len(table.frames), table.rate, table.usual_step) == (40, 25, 2)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 80
    assert table.missing(80) == 0
    assert table.missing(100) == 10


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(25, 2), 60])
@pytest.mark.parametrize("kind", ["mp4", "mkv", "ts", "avi"])
def test_rates_are_exact(kind: str, rate: Fraction, tmp_path: Path) -> None:
    for options in ({}, {"flags": "+ilme+ildct", "x264-params": "tff=1"}):
        assert table_of(write(tmp_path / f"clip.{kind}", 40, base=Fraction(1, rate), options=options)).rate == rate


def test_frames_are_spaced_evenly_if_ffmpeg_guesses_times(tmp_path: Path) -> None:
    """Some frames of a program stream have no timestamps; FFmpeg guesses them, incorrectly for interlaced ones."""
    options = {"flags": "+ilme+ildct", "g": "9", "bf": "2", "threads": "1", "qmin": "8", "qmax": "8"}
    path = write(tmp_path / "clip.mpg", 90, "mpeg2video", options=options)
    with av.open(str(path)) as container:
        first = next(container.decode(video=0)).pts
    assert [stamp for stamp, _ in table_of(path).frames] == [first + 3600 * index for index in range(90)]


def test_equal_times_without_lost_frames_are_guesses() -> None:
    assert not _guessed([0, 2, 1, 3], 1)
    assert _guessed([0, 2, 1, 4, 4], 1), "one of them was 3"
    assert not _guessed([0, 2, 1, *range(3, 20), 22, 22], 1), "frames are lost, and another frame has a wrong time"
    assert _guessed([*range(20), *range(20)], 1), "two clips, one after the other"
    assert _guessed([*range(19), 18, 19, 19], 1), "the last ones lag"


def test_gaps_are_detected(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.ts", pts=[n + (n > 20) + 2 * (n > 70) for n in range(90)])
    assert table_of(path).gaps == [20, 70]
    assert table_of(write(tmp_path / "even.ts", 90)).gaps == []


def table_of_times(folder: Path, times: list[int | None]) -> Table:
    """The table of a program stream whose packets have these times."""
    with av.open(str(write(folder / "clip.mpg", 3, "mpeg2video"))) as container:
        stream = container.streams.video[0]
        packets = [av.Packet(b"p") for _ in times]
        for packet, pts in zip(packets, times, strict=True):
            packet.stream, packet.time_base = stream, stream.time_base
            packet.pts = packet.dts = pts

        class Packets:
            format = container.format

            def demux(self) -> Any:
                return iter(packets)

        return read_table(Packets(), stream)


def test_a_few_frames_without_a_time_are_left_out(tmp_path: Path) -> None:
    table = table_of_times(tmp_path, [3600 * index if index != 30 else None for index in range(60)])
    assert (len(table.frames), table.stamped, table.untimed) == (59, True, 1)
    assert table.gaps == [29]


def test_a_long_clip_is_measured_quickly(tmp_path: Path) -> None:
    began = time.monotonic()
    table = table_of_times(tmp_path, [3600 * index for index in range(100_000) if index % 1000])
    assert (len(table.gaps), table.usual_step, table.rate) == (99, 3600, 25)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("kind", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize("seconds", [10, -2])
def test_a_wrong_time_costs_only_its_own_frame(kind: str, seconds: int, tmp_path: Path) -> None:
    source = write(tmp_path / f"clip.{kind}", 130, options={"g": "25", "bf": "2"})
    with av.open(source) as old, av.open(tmp_path / f"wrong.{kind}", "w") as new:
        stream = old.streams.video[0]
        target = new.add_stream_from_template(stream, opaque=True)
        for number, packet in enumerate(old.demux(stream)):
            if packet.size and packet.pts is not None:
                if number == 72 and packet.time_base:
                    packet.pts += round(seconds / packet.time_base)
                    packet.dts = packet.dts if seconds > 0 else None
                packet.stream = target
                with suppress(av.FFmpegError):
                    new.mux(packet)
    clip = probe(tmp_path / f"wrong.{kind}")
    shown_frames = [index for index, _ in stored_frames(clip, clip.frames)]
    assert len(shown_frames) >= 129
    assert shown_frames == list(range(clip.num_frames))


def test_uneven_times_and_restarts_are_not_mistaken_for_wrong_times() -> None:
    gaps = [0, 3, 1, 2, 400, 403, 401, 402, 90000, 90003, 90001, 90002]
    assert _without_strays([*gaps]) == gaps
    assert _without_strays([*range(100), *range(100)]) == [*range(100), *range(100)]
    assert _without_strays([*range(50), 9000, *range(51, 130)]) == [*range(50), None, *range(51, 130)]
    assert _without_strays([None, *range(49), 9000, *range(51, 130)]) == [None, *range(49), None, *range(51, 130)]


@pytest.mark.parametrize("stamped", [True, False])
def test_values_derived_before_fields_are_joined_do_not_linger(stamped: bool, tmp_path: Path) -> None:
    kind = "ts" if stamped else "avi"
    fields = table_of(write(tmp_path / f"clip.{kind}", 40, "mpeg4", base=Fraction(1, 50)))
    assert (fields.stamped, fields.rate, fields.gaps) == (stamped, 50, [])
    step, frames = fields.usual_step, fields.frames
    joined = fields.join_fields([pts for pts, _ in frames[:16:2]])
    assert (len(joined.frames), joined.usual_step, joined.rate, joined.gaps) == (20, 2 * step, 25, [])
    assert (fields.frames, fields.usual_step, fields.rate) == (frames, step, 50), "the first table is unchanged"
    with pytest.raises(FrozenInstanceError):
        fields.frames = ()  # type: ignore[misc]


@pytest.mark.parametrize("error", [av.InvalidDataError(1, "damaged"), IndexError("list index out of range")])
def test_packets_are_read_up_to_an_error_and_empty_ones_are_skipped(error: Exception) -> None:
    def packets() -> Iterator[Any]:
        yield from (av.Packet(b"one"), av.Packet(), av.Packet(b"two"))
        raise error

    assert [bytes(packet) for packet in to_the_end(packets())] == [b"one", b"two"]
