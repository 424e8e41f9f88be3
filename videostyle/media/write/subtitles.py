"""Text subtitles: read all at once, cut to the parts of a film, written in another kind."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end
from videostyle.media.write.timeline import MILLISECOND, Timeline
from videostyle.media.write.trim import time_of


def read_words(path: Path, index: int, encoder: Any, timeline: Timeline) -> tuple[list[Any], int]:
    """Packets of a track of text for another encoder, with times of the film, in order; and the number of texts lost.

    A text that lies in several parts of the film is shown in each. Lost are those that are damaged, or not in UTF-8.
    encoder: a context that is not open yet.
    """
    pieces, lost = [], 0
    with open_file(path) as source:
        stream = source.streams[index]
        stream.codec_context.open(strict=False)  # only then does it know its header
        encoder.subtitle_header = stream.codec_context.subtitle_header
        for packet in [p for p in to_the_end(source.demux(stream)) if p.pts is not None and p.duration]:
            begins = time_of(packet)
            ends = begins + packet.duration * packet.time_base
            try:
                shown = stream.codec_context.decode2(packet)
                if shown is None or not len(shown.rects):  # the end of a text, in an mp4
                    continue
                data = bytes(encoder.encode_subtitle(shown))
            except av.FFmpegError:
                lost += 1
                continue
            for part in timeline.touched(begins, ends):
                place, length = part.overlap(begins, ends)
                if length > 0:
                    pieces.append((place, length, data))
    pieces.sort(key=lambda piece: piece[0])
    return [_packet(number, *piece, codec_name=encoder.name) for number, piece in enumerate(pieces)], lost


def _packet(number: int, begins: Fraction, length: Fraction, data: bytes, codec_name: str) -> Any:
    if codec_name == "ass":  # players show a text of the same number once
        data = b"%d,%s" % (number, data.partition(b",")[2])
    packet = av.Packet(data)
    packet.time_base = MILLISECOND
    packet.pts = packet.dts = round(begins / MILLISECOND)
    packet.duration = max(1, round(length / MILLISECOND))
    return packet
