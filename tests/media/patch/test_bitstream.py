from pathlib import Path

import av
import pytest

from tests.media.oracle import needs_ffprobe
from tests.media.patch.patching import film
from videostyle.media.patch.bitstream import (
    kinds,
    length_size,
    level,
    parameter_sets,
    units,
    with_lengths,
    written_settings,
)

SEQUENCE, PICTURE, IDR = b"\x67\x64\x00\x1e\x01", b"\x68\xee\x02", b"\x65\x88\x03"


def headers_and_packet(path: Path) -> tuple[str, bytes, bytes]:
    with av.open(str(path)) as source:
        stream = source.streams.video[0]
        packet = next(packet for packet in source.demux(stream) if packet.size)
        return stream.codec_context.name, bytes(stream.codec_context.extradata or b""), bytes(packet)


def test_units_are_found_between_start_codes_and_by_their_lengths() -> None:
    coded = b"\0\0\0\1" + SEQUENCE + b"\0\0\1" + PICTURE + b"\0\0\0\1" + IDR
    assert units(coded, 0) == [SEQUENCE, PICTURE, IDR]
    assert with_lengths(coded, 4) == b"\0\0\0\5" + SEQUENCE + b"\0\0\0\3" + PICTURE + b"\0\0\0\3" + IDR
    assert units(with_lengths(coded, 2), 2) == [SEQUENCE, PICTURE, IDR]
    assert with_lengths(coded, 0) == coded
    assert kinds("h264", coded, 0) == {7, 8, 5}


@needs_ffprobe
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_headers_say_the_same_in_every_container(codec: str, tmp_path: Path) -> None:
    options = ["-c:v", codec, "-g", "12"] + (["-x265-params", "log-level=none"] if codec == "libx265" else [])
    found = {}
    for suffix in ("mp4", "mkv", "ts"):
        name, headers, packet = headers_and_packet(film(tmp_path / f"a.{suffix}", *options, frames=5, sound=False))
        size = length_size(name, headers)
        assert size == (0 if suffix == "ts" else 4)
        assert sum(map(len, units(packet, size))) + 4 * len(units(packet, size)) == pytest.approx(len(packet), abs=4)
        found[suffix] = parameter_sets(name, headers)
    assert found["mp4"] == found["mkv"] == found["ts"]
    assert len(found["mp4"]) == (2 if codec == "libx264" else 3)


@needs_ffprobe
def test_settings_of_the_encoder_are_read(tmp_path: Path) -> None:
    told = []
    for options in (["-crf", "21", "-bf", "2"], ["-b:v", "300k"], ["-qp", "30", "-level", "4.1"]):
        name, headers, packet = headers_and_packet(
            film(tmp_path / "a.mp4", "-c:v", "libx264", *options, frames=5, sound=False)
        )
        told.append(written_settings(name, packet))
    assert (told[0]["crf"], told[0]["bframes"], told[0]["ref"]) == ("21.0", "2", "3")
    assert (told[1]["bitrate"], told[2]["qp"]) == ("300", "30")
    assert "crf" not in told[1]
    assert level(headers) == pytest.approx(4.1)
    assert written_settings("prores", packet) == written_settings("h264", b"nothing") == {}
    _, headers, packet = headers_and_packet(
        film(tmp_path / "b.mp4", *["-c:v", "libx265", "-x265-params", "log-level=none:bframes=2:no-sao=1"], frames=5)
    )
    found = written_settings("hevc", packet + headers)
    assert (found["bframes"], found["no-sao"]) == ("2", "1")
