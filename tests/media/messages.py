"""Messages put into an H.265 stream by hand (SEI, ITU-T H.265 annex D)."""

import re
from fractions import Fraction
from pathlib import Path

import av

from tests.media.sources import write

AMBIENT = 148, (314000).to_bytes(4, "big") + (15635).to_bytes(2, "big") + (16450).to_bytes(2, "big")
"""ambient viewing environment: illuminance, and chromaticity of the light"""


def hdr10_plus() -> tuple[int, bytes]:
    """SMPTE ST 2094-40 metadata of one window without a tone curve, as a message registered by ITU-T T.35."""
    fields = [(1, 2), (400, 27), (0, 1), *[(1000, 17)] * 3, (500, 17), (0, 4), (0, 10), (0, 1), (0, 1), (0, 1)]
    bits = "".join(f"{value:0{length}b}" for value, length in fields)
    bits += "0" * (-len(bits) % 8)
    return 4, b"\xb5\0\x3c\0\x01\x04\x01" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def with_message(path: Path, kind: int, payload: bytes, count: int = 5) -> Path:
    """A clip with the same message before every frame."""
    options = {"x265-params": "log-level=none:bframes=0"}
    raw = write(path.with_suffix(".hevc"), count, codec="libx265", pixels="yuv420p10le", options=options)
    escaped = re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", bytes([kind, len(payload)]) + payload)
    unit = b"\0\0\1\x4e\x01" + escaped + b"\x80"
    with av.open(str(raw)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        packets = (packet for packet in source.demux(source.streams.video[0]) if packet.size)
        for number, packet in enumerate(packets):
            content = bytes(packet)
            starts = re.finditer(b"\0\0\1", content)
            picture = next(match.start() for match in starts if content[match.end()] >> 1 & 63 < 32)
            made = av.Packet(content[:picture] + unit + content[picture:])
            made.pts = made.dts = number
            made.duration, made.time_base, made.stream = 1, Fraction(1, 25), stream
            made.is_keyframe = packet.is_keyframe
            output.mux(made)
    raw.unlink()
    return path
