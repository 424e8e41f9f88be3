"""Text subtitles: read in one pass, converted to another codec, trimmed to the parts of a film."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import cast

import av
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end
from videostyle.media.write.timeline import MILLISECOND, Timeline
from videostyle.media.write.trim import Packet, time_of

Subtitles = Mapping[tuple[int, str], "ConvertedTrack"]
"""(stream index, subtitle codec) -> the clip's text track in that codec"""


@dataclass(frozen=True, slots=True)
class ConvertedTrack:
    """All the text of a track in another codec, for films of any selection of frames."""

    codec: str
    header: bytes
    """the track's styles in ASS format, for the encoder"""
    texts: tuple[tuple[Fraction, Fraction, bytes], ...]
    """(begin, end, encoded text); clip time, seconds"""
    lost: int
    """number of texts that are left out because they are damaged or not in UTF-8"""

    def packets(self, timeline: Timeline) -> Iterator[Packet]:
        """Packets with film times, ascending; a text that lies in several parts of the film appears in each."""
        pieces = [
            (*part.overlap(begins, ends), text)
            for begins, ends, text in self.texts
            for part in timeline.touched(begins, ends)
        ]
        shown = sorted((piece for piece in pieces if piece[1] > 0), key=itemgetter(0))
        for number, (begins, length, text) in enumerate(shown):
            # players show only one text per number of ASS
            packet = av.Packet(b"%d,%s" % (number, text.partition(b",")[2]) if self.codec == "ass" else text)
            packet.time_base = MILLISECOND
            packet.pts = packet.dts = round(begins / MILLISECOND)
            packet.duration = max(1, round(length / MILLISECOND))
            yield packet


def read_subtitles(path: Path, tracks: Sequence[tuple[SubtitleStream, str]]) -> Subtitles:
    """Read text tracks of a file in one pass and convert each to its codec. tracks: (stream, codec)."""
    if not tracks:
        return {}
    encoders = {
        stream.index: cast(SubtitleCodecContext, av.CodecContext.create(codec, "w")) for stream, codec in tracks
    }
    texts: dict[int, list[tuple[Fraction, Fraction, bytes]]] = {index: [] for index in encoders}
    lost = Counter[int]()
    with open_file(path) as source:
        streams = [cast(SubtitleStream, source.streams[index]) for index in encoders]
        for stream in streams:
            stream.codec_context.open(strict=False)  # an unopened decoder has no header
            encoders[stream.index].subtitle_header = stream.codec_context.subtitle_header
        for packet in to_the_end(source.demux(streams)):
            if packet.pts is None or not packet.duration:
                continue
            stream, begins = cast(SubtitleStream, packet.stream), time_of(packet)
            try:
                # an MP4 ends each text with an empty packet
                if subtitle := stream.codec_context.decode2(packet):
                    text = bytes(encoders[stream.index].encode_subtitle(subtitle))
                    texts[stream.index].append((begins, begins + packet.duration * packet.time_base, text))
            except av.FFmpegError:
                lost[stream.index] += 1
    return {
        (stream.index, codec): ConvertedTrack(
            codec, encoders[stream.index].subtitle_header or b"", tuple(texts[stream.index]), lost[stream.index]
        )
        for stream, codec in tracks
    }
