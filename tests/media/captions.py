"""Closed captions put into an H.264 stream by hand (ATSC A/53 part 4), and read back with ffmpeg."""

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import av

from tests.media.sources import write


def caption(number: int) -> bytes:
    """The cc_data of a frame: one CEA-608 pair in field 1."""
    return bytes([0xFC, 0x80 | ord("A") + number % 26, 0x80 | ord("a") + number % 26])


def captioned(path: Path, count: int = 12, start: int = 0) -> Path:
    """A clip whose frames, from number ``start``, each have their own captions."""
    raw = write(path.with_suffix(".h264"), count, options={"bf": "0"})
    with av.open(str(raw)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        packets = (packet for packet in source.demux(source.streams.video[0]) if packet.size)
        for number, packet in enumerate(packets):
            content = bytes(packet)
            picture = next(m.start() for m in re.finditer(b"\0\0\1", content) if content[m.end()] & 31 in (1, 5))
            message = b"\xb5\0\x31GA94\x03\x41\xff" + caption(number) + b"\xff"
            unit = b"\0\0\1\x06\x04" + bytes([len(message)]) + message + b"\x80"
            made = av.Packet(content[:picture] + (unit if number >= start else b"") + content[picture:])
            made.pts = made.dts = number
            made.duration, made.time_base, made.is_keyframe, made.stream = (
                1,
                Fraction(1, 25),
                packet.is_keyframe,
                stream,
            )
            output.mux(made)
    raw.unlink()
    return path


def captions_of(path: Path) -> int:
    """How many frames have captions, as ffprobe reads them."""
    entries = ["-show_entries", "frame=pts:frame_side_data=side_data_type", "-of", "compact"]
    made = subprocess.run(["ffprobe", "-v", "error", *entries, str(path)], capture_output=True, text=True, check=True)
    return made.stdout.count("A53 Part 4 Closed Captions") or made.stdout.count("ATSC A53")


def texts_of(path: Path) -> list[bytes]:
    """The cc_data of all frames in presentation order."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    kind = av.sidedata.sidedata.Type.A53_CC
    return [b"".join(bytes(entry) for entry in frame.side_data if entry.type == kind) for frame in frames]
