"""The packets of a film's picture: which of them hold what, and between which borders they can be exchanged."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange
from videostyle.media.patch.bitstream import FRESH, PARAMETER_SETS, kinds, length_size
from videostyle.media.read.decode import beginnings, from_beginning
from videostyle.media.read.probe import open_file
from videostyle.selection import Selection


@dataclass(frozen=True, slots=True)
class Packets:
    """The picture's packets of a film, in the order of decoding."""

    ranks: tuple[int, ...]
    """the number of the frame that is in each"""
    dts: tuple[int, ...]
    """time of decoding, ticks"""
    durations: tuple[int, ...]
    fresh: tuple[bool, ...]
    """whether nothing from before a packet is needed from it on, its headers included"""
    begins: bytes
    """the first packet"""

    @property
    def depth(self) -> int:
        """Frames by which one may come behind its place, as B-frames are decoded after those they lean on."""
        return max(place - rank for place, rank in enumerate(self.ranks))

    def spans(self, selection: Selection) -> tuple[FrameRange, ...]:
        """What must be encoded again to replace the frames of a selection: from one clean border to the next.

        A border is clean where the packets before it hold just the frames before it; behind a span there must be a
        key frame, too.
        """
        count = len(self.ranks)
        highest = [-1, *itertools.accumulate(self.ranks, max)]
        clean = [place for place in range(count + 1) if highest[place] == place - 1]
        ends = [place for place in clean if place == count or (self.fresh[place] and self.ranks[place] == place)]
        spans: list[FrameRange] = []
        for part in selection.parts:
            start = max(place for place in clean if place <= part.start)
            stop = min(place for place in ends if place >= part.stop)
            if spans and start <= spans[-1].stop:
                start, stop = spans[-1].start, max(stop, spans.pop().stop)
            spans.append(FrameRange(start, stop))
        return tuple(spans)


def read_packets(film: Clip) -> Packets | None:
    """Measure a film's packets; None where they are not one for every frame shown."""
    codec, places = film.codec, {pts: rank for rank, pts in enumerate(film.pts)}
    found: list[tuple[int, int | None, int, bool]] = []
    begins = b""
    with open_file(film.path) as source:
        stream = source.streams[film.stream]
        headers = bytes(stream.codec_context.extradata or b"")
        size = length_size(codec, headers)
        for packet in source.demux(stream):
            if not packet.size:
                continue
            stamp = packet.pts if film.stamped else packet.dts
            if packet.is_discard or stamp not in places:
                return None
            begins = begins or bytes(packet)
            fresh = packet.is_keyframe and (codec not in FRESH or _is_fresh(codec, bytes(packet), size))
            found.append((places[stamp], packet.dts, packet.duration or 0, fresh))
        if not film.stamped and stream.codec_context.has_b_frames:
            return None
    ranks, dts, durations, closed = zip(*found, strict=True)
    if sorted(ranks) != list(range(film.num_frames)):
        return None
    if None in dts or any(after <= before for before, after in itertools.pairwise(dts)):
        # such files hold no times of decoding, and an encoder may want more of a lead than the film's had
        late = max(film.pts[min(place + 2, len(ranks) - 1)] - film.pts[rank] for place, rank in enumerate(ranks))
        dts = tuple(pts - late for pts in film.pts)
    return Packets(ranks, dts, durations, closed, begins)


def _is_fresh(codec: str, data: bytes, size: int) -> bool:
    found = kinds(codec, data, size)
    # without lengths the parameter sets are in the packets, and those of a span would hold on behind it
    return bool(found & {*FRESH[codec]}) and (size > 0 or found >= {*PARAMETER_SETS[codec]})


def decoded(film: Clip, span: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, picture) of the frames of a span as they are; raises MediaError where one cannot be decoded."""
    for begin in beginnings(film, span.start):
        with open_file(film.path) as container:
            wanted = span.start
            for index, picture in from_beginning(container, film, begin, span):
                if index != wanted or (picture.is_corrupt and begin is not None):
                    break
                yield index, picture
                wanted += 1
            if wanted == span.stop:
                return
            if wanted > span.start or begin is None:
                raise MediaError(f"{film.path}: frame {wanted} cannot be decoded; patch a film that is whole")
