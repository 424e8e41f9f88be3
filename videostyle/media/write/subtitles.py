"""Text subtitles: read in one pass, converted to another codec, trimmed to the parts of a film."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end
from videostyle.media.write.timeline import MILLISECOND, Timeline
from videostyle.media.write.trim import Packet, time_of


@dataclass(slots=True)
class ConvertedTrack:
    """One track of text, converted for a film."""

    packets: list[Packet] = field(default_factory=list)
    """with film times, ascending"""
    lost: int = 0
    """texts that are damaged or not in UTF-8"""


def convert_subtitles(
    path: Path, encoders: Mapping[int, SubtitleCodecContext], timeline: Timeline
) -> dict[int, ConvertedTrack]:
    """Convert text tracks of a file to other codecs, all in one pass; results by stream index.

    A text that lies in several parts of the film appears in each of them.
    encoders: by stream index; none of them open yet.
    """
    if not encoders:
        return {}
    converted = {index: ConvertedTrack() for index in encoders}
    texts: dict[int, list[tuple[Fraction, Fraction, bytes]]] = {index: [] for index in encoders}
    with open_file(path) as source:
        streams = [cast(SubtitleStream, source.streams[index]) for index in encoders]
        for stream in streams:
            stream.codec_context.open(strict=False)  # an unopened decoder has no header
            encoders[stream.index].subtitle_header = stream.codec_context.subtitle_header
        for packet in to_the_end(source.demux(streams)):
            if packet.pts is None or not packet.duration:
                continue
            stream, begins = cast(SubtitleStream, packet.stream), time_of(packet)
            ends = begins + packet.duration * packet.time_base
            try:
                subtitle = stream.codec_context.decode2(packet)
                text = bytes(encoders[stream.index].encode_subtitle(subtitle)) if subtitle else None
            except av.FFmpegError:
                converted[stream.index].lost += 1
                continue
            for part in timeline.touched(begins, ends):
                place, length = part.overlap(begins, ends)
                if text is not None and length > 0:  # an mp4 ends each text with a packet without one
                    texts[stream.index].append((place, length, text))
    for index, track in converted.items():
        ordered = sorted(texts[index], key=lambda text: text[0])
        track.packets = [_packet(number, *text, encoders[index].name) for number, text in enumerate(ordered)]
    return converted


def _packet(number: int, begins: Fraction, length: Fraction, text: bytes, codec: str) -> Packet:
    if codec == "ass":  # players show only one text per number
        text = b"%d,%s" % (number, text.partition(b",")[2])
    packet = av.Packet(text)
    packet.time_base = MILLISECOND
    packet.pts = packet.dts = round(begins / MILLISECOND)
    packet.duration = max(1, round(length / MILLISECOND))
    return packet
