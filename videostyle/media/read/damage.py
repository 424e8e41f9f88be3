"""Signs of damage in a file: what FFmpeg's demuxers complain about, and a length that the file does not have."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import av
import av.logging

from videostyle.media.ffmpeg import log_level

Packet: TypeAlias = "av.Packet[av.stream.Stream]"
"""a packet of any track"""

SEGMENT = 0x18538067
"""EBML ID of the element that holds everything but the header"""


def is_cut(path: Path) -> bool:
    """Whether a Matroska file is shorter than its segment says; False if the segment does not say, as in a live one.

    The layout is that of RFC 8794: an ID, a size, and the content; a first byte says how long ID and size are.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    place = 0
    while place < len(head):
        name, place = _number(head, place, keep_marker=True)
        size, content = _number(head, place)
        if name == SEGMENT:
            unknown = size == (1 << 7 * (content - place)) - 1
            return not unknown and path.stat().st_size < content + size
        place = content + size
    return False


def watched(packets: Iterator[Packet], source: str) -> Iterator[tuple[Packet, bool]]:
    """Packets, each with whether there is damage in it or right before it. source: FFmpeg's name for the format.

    FFmpeg reports it as a flag of the packet, or only in its log.
    """
    with log_level(av.logging.WARNING):
        while True:
            with av.logging.Capture() as lines:
                packet = next(packets, None)
            if packet is None:
                return
            yield packet, packet.is_corrupt or any(name == source for _, name, _ in lines)


def _number(head: bytes, place: int, keep_marker: bool = False) -> tuple[int, int]:
    """A number of variable length, and the place after it; its leading zero bits tell its length."""
    length = 9 - head[place].bit_length() if place < len(head) else 1
    value = int.from_bytes(head[place : place + length], "big")
    return value if keep_marker else value & ((1 << 7 * length) - 1), place + length
