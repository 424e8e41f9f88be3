"""The packets of a film's picture: the frame in each, and the borders between which they can be replaced."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from av import Packet
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.stream import VideoStream

from videostyle.frames import Clip, FrameRange
from videostyle.media.read.decode import side_data, stored_frames
from videostyle.media.read.probe import open_file, video_stream
from videostyle.selection import Selection


@dataclass(frozen=True, slots=True)
class Packets:
    """The packets of a film's picture, in decoding order."""

    frames: tuple[int, ...]
    """number of the frame in each packet"""
    dts: tuple[int, ...]
    """decoding timestamps, ticks"""
    keys: tuple[bool, ...]
    """whether a packet is a keyframe; every keyframe is assumed to begin a closed GOP"""

    def spans(self, selection: Selection) -> tuple[FrameRange, ...]:
        """The ranges to encode again in order to replace the frames of a selection.

        Before either end of a span lie the packets of exactly the frames before it; a keyframe follows it.
        """
        count = len(self.frames)
        highest = [-1, *itertools.accumulate(self.frames, max)]
        clean = [place for place in range(count + 1) if highest[place] == place - 1]
        ends = [place for place in clean if place == count or (self.keys[place] and self.frames[place] == place)]
        spans = list[FrameRange]()
        for part in selection.parts:
            start = max(place for place in clean if place <= part.start)
            stop = min(place for place in ends if place >= part.stop)
            if spans and start <= spans[-1].stop:
                start, stop = spans[-1].start, max(stop, spans.pop().stop)
            spans.append(FrameRange(start, stop))
        return tuple(spans)


def packets_of(stream: VideoStream) -> "Iterator[Packet[VideoStream]]":
    """The packets of a stream in decoding order."""
    return (packet for packet in cast(InputContainer, stream.container).demux(stream) if packet.size)


def read_packets(film: Clip) -> Packets | None:
    """Read a film's packets; None unless each is a frame, with a time, just as it is shown."""
    numbers: dict[int | None, int] = {pts: frame for frame, pts in enumerate(film.pts)}
    with open_file(film.path) as container:
        demuxed = packets_of(video_stream(container, film.stream))
        rows = [(numbers.get(packet.pts, -1), packet.dts, packet.is_keyframe) for packet in demuxed]
    frames, stamps, keys = zip(*rows, strict=True)
    first = next(stored_frames(film, FrameRange(0, 1)))[1]
    turned = film.interlaced or any(film.crop) or any(data.type == Type.DISPLAYMATRIX for data in side_data(first))
    hidden = film.alpha and film.codec == "vp9"  # muxers write it for their own encoders only
    if turned or hidden or not film.stamped or sorted(frames) != list(film.frames.indices):
        return None
    early = film.pts[0] - stamps.count(None)  # the first packets of Matroska with B-frames have no dts
    dts = tuple(early + place if stamp is None else stamp for place, stamp in enumerate(stamps))
    return Packets(frames, dts, keys)
