"""Everything beside the picture: sound, subtitles, covers, copied packet by packet."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.stream import Disposition

from videostyle.frames import Clip, FrameRange
from videostyle.media.containers import Container, can_hold

OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "creation_time"}
"""tags that belong to the file they were in, lower case"""


def copied(source: Any, clip: Clip, container: Container, output: Any) -> tuple[list[Any], list[str]]:
    """The streams of a source that an output takes beside the film, and a line for each one left out."""
    taken, left = [], []
    for stream in source.streams:
        if stream.index == clip.stream:
            continue
        cover = stream.type == "video" and stream.disposition & Disposition.attached_pic
        if (stream.type in ("audio", "subtitle") or cover) and can_hold(container, output, stream):
            taken.append(stream)
        else:
            codec = f" ({stream.codec_context.name})" if stream.codec_context else ""
            left.append(f"{stream.type or 'data'} track {stream.index}{codec} is left out of the film")
    return taken, left


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Metadata without what belongs to the old file; a QuickTime ``name`` is written as ``title``."""
    kept = {
        key: value
        for key, value in tags.items()
        if key.lower() not in OWN_TAGS and not key.startswith(("_STATISTICS", "BPS", "DURATION", "NUMBER_OF"))
    }
    if "name" in kept:
        kept.setdefault("title", kept.pop("name"))
    return kept


class Tracks:
    """Packets of the copied tracks, given out as the film goes on, so that none wait in memory."""

    def __init__(self, source: Any, streams: list[Any], output: Any, clip: Clip, frames: FrameRange) -> None:
        """Adds a stream to the output for each one copied."""
        self._output = output
        self._part = frames != clip.frames
        self._start = clip.seconds(frames.start) if self._part else Fraction(0)
        last = frames.stop - 1
        self._end = clip.seconds(last) + clip.durations[last] * clip.time_base
        self._targets = {}
        for stream in streams:
            target = output.add_stream_from_template(stream, opaque=True)
            target.metadata.update(kept_tags(stream.metadata))
            target.disposition = stream.disposition
            self._targets[stream.index] = target
        self._packets = self._all(source, streams)
        self._next: Any = next(self._packets, None)

    def write(self, until: Fraction | None) -> None:
        """Mux all packets that begin before a time of the film, seconds; None: all that are left."""
        while self._next is not None and (until is None or self._begins(self._next) - self._start <= until):
            packet = self._next
            self._next = next(self._packets, None)
            self._mux(packet)

    def _all(self, source: Any, streams: list[Any]) -> Iterator[Any]:
        if not streams:
            return
        packets = source.demux(*streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError:  # the file ends here
                return
            if packet is None:
                return
            if packet.size and self._wanted(packet):
                yield packet

    def _begins(self, packet: Any) -> Fraction:
        stamp = packet.pts if packet.pts is not None else packet.dts
        return stamp * packet.time_base if stamp is not None else self._start

    def _wanted(self, packet: Any) -> bool:
        """Whether a packet sounds within the range; decoders want one packet before, of which nothing is heard."""
        if not self._part or packet.pts is None:
            return True
        length = (packet.duration or 0) * packet.time_base
        before = length if packet.stream.type == "audio" else 0
        begins = self._begins(packet)
        return begins + length > self._start - before and begins < self._end

    def _mux(self, packet: Any) -> None:
        target = self._targets[packet.stream.index]
        shift = round(self._start / packet.time_base)
        if packet.pts is not None:
            packet.pts -= shift
        if packet.dts is not None:
            packet.dts -= shift
        packet.stream = target
        self._output.mux(packet)
