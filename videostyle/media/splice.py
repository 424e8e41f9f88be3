"""A film with some of its frames encoded again: the packets between clean borders replaced, all others as they were."""

import io
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.bitstream import (
    FRESH,
    PARAMETER_SETS,
    kinds,
    length_size,
    level,
    parameter_sets,
    with_lengths,
    written_settings,
)
from videostyle.media.containers import container_of
from videostyle.media.decode import _beginnings, _from_beginning
from videostyle.media.picture import FrameMaker, add_picture
from videostyle.media.probe import open_file, probe
from videostyle.media.timeline import Timeline
from videostyle.media.tracks import Tracks, copied, kept_tags
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

SETTINGS = {"h264": "x264-params", "hevc": "x265-params"}
WRITERS: dict[str, Any] = {
    "h264": "h264",
    "hevc": "h265",
    "prores": "prores",
    "vp9": "vp9",
    "av1": "av1",
    "ffv1": "ffv1",
}
WRITERS["libdav1d"] = "av1"
"""FFmpeg's name of a decoder -> film.codec"""

PIXELS = {f"yuv{chroma}p12le": f"yuv{chroma}p10le" for chroma in (422, 444)} | {
    f"yuvj{chroma}p": f"yuv{chroma}p" for chroma in (420, 422, 444)
}
"""what a decoder calls a format -> the encoder's name of it"""

AROUND = 8
"""frames behind a span that are compared; they would show what a decoder carries over from it"""


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
    def reordered(self) -> bool:
        return any(rank != place for place, rank in enumerate(self.ranks))

    def spans(self, selection: Selection) -> tuple[FrameRange, ...]:
        """What must be encoded again to replace the frames of a selection: from one clean border to the next.

        A border is clean where the packets before it hold just the frames before it; behind a span there must be a
        key frame, too.
        """
        count = len(self.ranks)
        highest = [-1, *itertools.accumulate(self.ranks, max)]
        clean = [place for place in range(count + 1) if highest[place] == place - 1]
        ends = [place for place in clean if place == count or self.fresh[place]]
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
        late = max(film.pts[place] - film.pts[rank] for place, rank in enumerate(ranks))
        dts = tuple(pts - late for pts in film.pts)
    return Packets(ranks, dts, durations, closed, begins)


def _is_fresh(codec: str, data: bytes, size: int) -> bool:
    found = kinds(codec, data, size)
    # without lengths the parameter sets are in the packets, and those of a span would hold on behind it
    return bool(found & {*FRESH[codec]}) and (size > 0 or found >= {*PARAMETER_SETS[codec]})


class Replaced:
    """The pictures of frames that are replaced, taken one by one as frames come to be encoded."""

    def __init__(self, pictures: Iterable[tuple[int, Pixels]]) -> None:
        self._rest = iter(pictures)
        self._next = next(self._rest, None)

    def __call__(self, index: int) -> Pixels | None:
        """The picture of a frame, or None where it stays as it is; to be asked in ascending order."""
        while self._next is not None and self._next[0] < index:
            self._next = next(self._rest, None)
        return self._next[1] if self._next is not None and self._next[0] == index else None


class SpanEncoder:
    """Encodes spans of a film so that its headers fit them."""

    def __init__(self, film: Clip, packets: Packets, settings: FilmSettings) -> None:
        """Raises MediaError where FFmpeg refuses such pictures, or the headers do not fit."""
        self._film, self._packets = film, packets
        self._settings = replace(settings, codec=WRITERS[film.codec])
        with open_file(film.path) as source:
            context = source.streams[film.stream].codec_context
            self._headers = bytes(context.extradata or b"")
            self._rate: Fraction | None = context.framerate
            self._profile = context.profiles.index(context.profile) if film.codec == "prores" else 0
        self._length = length_size(film.codec, self._headers)
        self._chroma = next((place for place in ("", "0", "1", "2") if self._fits(place)), None)
        if self._chroma is None:
            raise MediaError("the encoder's headers do not fit")

    def encode(self, span: FrameRange, replaced: "Replaced") -> Iterator[tuple[int, bytes, bool]]:
        """(number of the frame, its packet, whether it is a key frame) of a span, in the order of decoding."""
        film = self._film
        output, stream = self._stream(self._chroma or "")
        tick = stream.codec_context.time_base
        to_frame = FrameMaker(film, stream, (film.width, film.height), Timeline(film, None))
        stamps: dict[int, int] = {}
        last = -1 << 62
        for index, shown in _decoded(film, span):
            pixels = replaced(index)
            frame = shown if pixels is None else to_frame(index, pixels)[0]
            last = frame.pts = max(round(film.seconds(index) / tick), last + 1)
            frame.time_base, frame.pict_type = tick, 0
            frame.duration = max(1, round(film.durations[index] * film.time_base / tick))
            stamps[last] = index
            yield from self._out(stream.encode(frame), stamps)
        yield from self._out(stream.encode(None), stamps)
        del output

    def _out(self, packets: list[Any], stamps: dict[int, int]) -> Iterator[tuple[int, bytes, bool]]:
        for packet in packets:
            yield stamps[packet.pts], with_lengths(bytes(packet), self._length), packet.is_keyframe

    def _fits(self, chroma: str) -> bool:
        """Whether an encoder, told this place of the chroma samples, writes the film's headers."""
        codec = self._film.codec
        _, stream = self._stream(chroma)
        context = stream.codec_context
        if stream.pix_fmt != PIXELS.get(self._film.pixel_format, self._film.pixel_format):
            return False
        context.open()
        headers = bytes(context.extradata or b"")
        if codec in FRESH:
            wanted = parameter_sets(codec, self._headers)
            return not self._length or parameter_sets(codec, headers) == wanted
        if WRITERS[codec] == "av1":
            return self._headers[4:] == headers
        # without headers, as old FFV1 is, every key frame has them, and none may be unlike the first
        return codec != "ffv1" or self._headers == headers != b""

    def _stream(self, chroma: str) -> tuple[Any, Any]:
        """An encoder set as the film's was, and the output that keeps it."""
        film, codec = self._film, self._film.codec
        container = container_of(film.path)
        output = av.open(io.BytesIO(), "w", format=container.format)
        likewise = replace(film, rate=self._rate) if self._rate and codec == "hevc" else film
        stream = add_picture(output, likewise, film.path, self._settings, (film.width, film.height), film.num_frames)
        context = stream.codec_context
        options = dict(context.options)
        if codec in FRESH:
            told = written_settings(codec, self._packets.begins + self._headers)
            told |= {"open-gop": "0"} | ({"chromaloc": chroma} if chroma else {})
            number = level(codec, self._headers) if self._length else None
            told |= {"level": f"{float(number):.1f}"} if number else {}
            told |= {} if self._packets.reordered else {"bframes": "0"}
            told |= {"log-level": "none"} if codec == "hevc" else {}
            options[SETTINGS[codec]] = ":".join(f"{key}={value}" for key, value in told.items())
        if self._rate and codec == "h264":
            context.time_base = 1 / self._rate
        if film.codec == "prores":
            options["profile"] = str(self._profile)
        if all(self._packets.fresh):
            context.gop_size = 1
        context.options = options
        return output, stream


def _decoded(film: Clip, span: FrameRange) -> Iterator[tuple[int, Any]]:
    """(number, picture) of the frames of a span as they are; raises MediaError where one cannot be decoded."""
    for begin in _beginnings(film, span.start):
        with open_file(film.path) as container:
            wanted = span.start
            for index, picture in _from_beginning(container, film, begin, span):
                if index != wanted or (picture.is_corrupt and begin is not None):
                    break
                yield index, picture
                wanted += 1
            if wanted == span.stop:
                return
            if wanted > span.start or begin is None:
                raise MediaError(f"{film.path}: frame {wanted} cannot be decoded; patch a film that is whole")


def splice(
    film: Clip, packets: Packets, spans: tuple[FrameRange, ...], encoder: SpanEncoder, path: Path, replaced: Replaced
) -> None:
    """Write the film to a path: new packets in the spans, the film's own packets and tracks otherwise."""
    container = container_of(film.path)
    with (
        open_file(film.path) as source,
        open_file(film.path) as beside,
        av.open(
            os.path.abspath(path),
            "w",
            format=container.format,
            container_options=_muxer_options(film, container.format, source.metadata),
            metadata_errors="surrogateescape",
        ) as output,
    ):
        original = source.streams[film.stream]
        picture = output.add_stream_from_template(original, opaque=True)
        picture.time_base, picture.disposition = original.time_base, original.disposition
        if container.format in ("mp4", "mov"):
            picture.codec_context.codec_tag = original.codec_context.codec_tag
        picture.metadata.update(_tags(original.metadata))
        whole = Timeline(film, None)
        tracks = Tracks(beside, copied(beside, film, container, whole)[0], output, container, whole)
        output.metadata.update(_tags(source.metadata))
        output.set_chapters(source.chapters())
        own = (packet for packet in source.demux(original) if packet.size)
        for place, packet in enumerate(_spliced(film, packets, spans, encoder, own, replaced)):
            tracks.write(film.seconds(packets.ranks[place]))
            packet.stream = picture
            output.mux(packet)
        tracks.write(None)


def _spliced(
    film: Clip,
    packets: Packets,
    spans: tuple[FrameRange, ...],
    encoder: SpanEncoder,
    own: Iterator[Any],
    replaced: Replaced,
) -> Iterator[Any]:
    """All packets of the new film's picture, in the order of decoding."""
    by_place = "mp4" in film.format
    """MP4 knows how long a packet is decoded, others how long its frame is shown"""
    places = {rank: place for place, rank in enumerate(packets.ranks)}
    begun = {span.start: span for span in spans}
    for place, packet in enumerate(own):
        if place in begun:
            span = begun[place]
            for new_place, (index, data, is_key) in enumerate(encoder.encode(span, replaced), start=span.start):
                new = av.Packet(data)
                new.time_base, new.is_keyframe = film.time_base, is_key
                new.pts, new.dts = film.pts[index], packets.dts[new_place]
                new.duration = packets.durations[new_place if by_place else places[index]]
                yield new
        if not any(place in span for span in spans):
            packet.dts = packets.dts[place]
            yield packet


def _muxer_options(film: Clip, format: str, tags: dict[str, str]) -> dict[str, str]:
    if format == "mpegts":
        return {"mpegts_copyts": "1"}  # else all times are moved by 1.4 seconds
    if format not in ("mp4", "mov"):
        return {}
    named = "+use_metadata_tags" if any(key.startswith("com.") for key in tags) else ""
    return {"movflags": f"+faststart{named}", "movie_timescale": str(_movie_clock(film.path))}


def _movie_clock(path: Path) -> int:
    """Ticks a second in which an MP4 or MOV counts the lengths of its edits."""
    with path.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, header = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, header = int.from_bytes(file.read(8), "big"), 16
            if head[4:] == b"moov":
                inside = file.read(40)
                place = 28 if inside[8] else 20  # of version 1 the dates before it are longer
                return int.from_bytes(inside[place : place + 4], "big")
            if size < header:
                break
            file.seek(size - header, os.SEEK_CUR)
    raise MediaError(f"{path}: has no header of a film; give the full film of this clip")


def _tags(tags: dict[str, str]) -> dict[str, str]:
    return kept_tags(tags) | {key: value for key, value in tags.items() if key == "creation_time"}


def difference(film: Clip, spans: tuple[FrameRange, ...], path: Path) -> str:
    """In what a spliced film differs from the old one where it must not, or nothing."""
    new = probe(path)
    if new.num_frames != film.num_frames:
        return f"it has {new.num_frames} frames and not {film.num_frames}"
    times, wanted = ([clip.seconds(index) for index in clip.frames.indices] for clip in (new, film))
    if times != wanted or new.duration != film.duration:
        return "its frames have other times"
    with open_file(film.path) as old_file, open_file(path) as new_file:
        olds, news = (
            (packet for packet in file.demux(file.streams[clip.stream]) if packet.size)
            for file, clip in ((old_file, film), (new_file, new))
        )
        for place, (before, after) in enumerate(zip(olds, news, strict=True)):
            if not any(place in span for span in spans) and bytes(before) != bytes(after):
                return f"packet {place} is another"
    return next((wrong for span in spans if (wrong := _seam(film, new, spans, span))), "")


def _seam(film: Clip, new: Clip, spans: tuple[FrameRange, ...], span: FrameRange) -> str:
    """In what the frames around a span differ, decoded through the span, or nothing."""
    around = FrameRange(max(0, span.start - 1), min(film.num_frames, span.stop + AROUND))
    try:
        for (index, before), (_, after) in zip(_decoded(film, around), _decoded(new, around), strict=True):
            if not any(index in other for other in spans) and not _same(before, after):
                return f"frame {index} is another"
    except MediaError:
        return f"frames {around} cannot be decoded"
    return ""


def _same(one: Any, other: Any) -> bool:
    return all(_samples(a, one) == _samples(b, other) for a, b in zip(one.planes, other.planes, strict=True))


def _samples(plane: Any, frame: Any) -> bytes:
    """The bytes of a plane without what fills up its lines."""
    wide = plane.width * (2 if frame.format.components[0].bits > 8 else 1)
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, :wide].tobytes()
