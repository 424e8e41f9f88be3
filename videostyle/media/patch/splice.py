"""A film with some of its frames encoded again: the packets between clean borders replaced, all others as they were."""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.patch.bitstream import (
    FRESH,
    identifiers,
    joined,
    length_size,
    level,
    parameter_sets,
    profile,
    with_lengths,
    written_settings,
)
from videostyle.media.patch.packets import Packets, decoded
from videostyle.media.read.probe import open_file
from videostyle.media.write.containers import container_of
from videostyle.media.write.picture import FrameMaker, add_picture
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import Tracks, kept_tags, sort_tracks
from videostyle.settings import FilmSettings

SETTINGS = {"h264": "x264-params", "hevc": "x265-params"}
WRITERS: dict[str, Any] = {name: name for name in ("h264", "prores", "vp9", "av1", "ffv1")}
WRITERS |= {"hevc": "h265", "libdav1d": "av1"}
"""FFmpeg's name of a decoder -> film.codec"""
PIXELS = {f"yuvj{chroma}p": f"yuv{chroma}p" for chroma in (420, 422, 444)}
PIXELS |= {f"yuv{chroma}p12le": f"yuv{chroma}p10le" for chroma in (422, 444)}  # ProRes 4444
"""what a decoder calls a format -> the encoder's name of it"""


class Unfit(Exception):
    """A film cannot be patched packet by packet after all."""


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
        self._settings, self._asked = replace(settings, codec=WRITERS[film.codec]), settings.quality
        with open_file(film.path) as source:
            context = source.streams[film.stream].codec_context
            self.headers = self._headers = bytes(context.extradata or b"")
            """those of the new film, and of the old one"""
            self._rate: Fraction | None = context.framerate
            shape = source.streams[film.stream].sample_aspect_ratio
            hidden = container_of(film.path).format in ("matroska", "webm") and not context.sample_aspect_ratio
            self._shape = shape if hidden and shape not in (None, 0, 1) else None
            self._profile = context.profiles.index(context.profile) if film.codec == "prores" else 0
        self._length = length_size(film.codec, self._headers)
        self._told = next((told for told in self._ways() if self._fits(told)), None)
        if self._told is None:
            raise MediaError("the encoder's headers do not fit")

    @property
    def notices(self) -> tuple[str, ...]:
        """What is not heeded, or comes otherwise, a line each."""
        found = []
        film, told = self._film, written_settings(self._film.codec, self._packets.begins + self._headers)
        if self._asked >= 0 and (told or film.codec == "prores"):
            found.append(f"--quality {self._asked} is not heeded: {film.path.name} tells its own")
        if self.headers != self._headers:
            found.append("the frames encoded again have parameter sets of their own, beside the film's")
        return tuple(found)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What of the film is lost, a line each."""
        film = self._film
        # FFmpeg's Matroska writer asks for it where PyAV gives no access
        lost = f"the shape of its pixels ({self._shape}) is lost in {film.path.suffix} with {film.codec}"
        return (lost,) if self._shape else ()

    def encode(self, span: FrameRange, replaced: "Replaced") -> Iterator[tuple[int, bytes, bool]]:
        """(number of the frame, its packet, whether it is a key frame) of a span, in the order of decoding."""
        film = self._film
        output, stream = self._stream(self._told or {})
        tick = stream.codec_context.time_base
        to_frame = FrameMaker(film, stream, (film.width, film.height), Timeline(film, None))
        stamps: dict[int, int] = {}
        last = -1 << 62
        for index, shown in decoded(film, span):
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

    def _ways(self) -> Iterator[dict[str, str]]:
        """What an encoder may be told so that its headers fit the film's, the likeliest first."""
        codec, packets = self._film.codec, self._packets
        told: dict[str, str] = {}
        if codec in FRESH:
            told = written_settings(codec, packets.begins + self._headers) or {"b-pyramid": str(int(packets.depth > 1))}
            told |= {"open-gop": "0"} | ({} if packets.depth else {"bframes": "0"})
            told |= {"log-level": "none"} if codec == "hevc" else {}
        if codec == "h264" and self._length:
            told |= {"level": f"{float(level(self._headers)):.1f}"}
        yield told
        if codec in FRESH and self._length:
            yield from (told | {"chromaloc": place} for place in ("0", "1", "2"))
        if codec == "h264" and self._length:  # others do not let us choose
            taken = identifiers(parameter_sets(codec, self._headers))
            free = [number for number in range(1, 32) if number not in taken][:1]
            yield from (told | {"sps-id": str(number)} for number in (*sorted(taken - {0}), *free))

    def _fits(self, told: dict[str, str]) -> bool:
        """Whether the headers of an encoder, told this, are the film's, or can stand beside them."""
        codec = self._film.codec
        _, stream = self._stream(told)
        context = stream.codec_context
        if stream.pix_fmt != PIXELS.get(self._film.pixel_format, self._film.pixel_format):
            return False
        context.open()
        headers = bytes(context.extradata or b"")
        if codec in FRESH:
            known, sets = (parameter_sets(codec, found) for found in (self._headers, headers))
            if "sps-id" in told and not identifiers(known) & identifiers(sets):
                self.headers = joined(self._headers, sets)
            return not self._length or sets <= known or self.headers != self._headers
        if WRITERS[codec] == "av1":
            return self._headers[4:] == headers
        # without headers, as old FFV1 is, every key frame has them, and none may be unlike the first
        return codec != "ffv1" or self._headers == headers != b""

    def _stream(self, told: dict[str, str]) -> tuple[Any, Any]:
        """An encoder set as the film's was, and the output that keeps it."""
        film, codec = self._film, self._film.codec
        container = container_of(film.path)
        output = av.open(io.BytesIO(), "w", format=container.format)
        likewise = replace(film, rate=self._rate) if self._rate and codec == "hevc" else film
        stream = add_picture(output, likewise, film.path, self._settings, (film.width, film.height), film.num_frames)
        context = stream.codec_context
        options = dict(context.options)
        if codec in FRESH:
            options[SETTINGS[codec]] = ":".join(f"{key}={value}" for key, value in told.items())
        if codec == "h264" and self._length and "ref" not in told and profile(self._headers):
            options["profile"] = profile(self._headers)
        if self._rate and codec == "h264":
            context.time_base = 1 / self._rate
        if film.codec == "prores":
            options["profile"] = str(self._profile)
        if all(self._packets.fresh):
            context.gop_size = 1
        context.options = options
        return output, stream


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
        context = picture.codec_context
        if original.average_rate:
            context.framerate = original.average_rate
        if original.sample_aspect_ratio:
            context.sample_aspect_ratio = original.sample_aspect_ratio
        if container.format in ("mp4", "mov"):
            context.codec_tag = original.codec_context.codec_tag
        if encoder.headers:
            context.extradata = encoder.headers
        picture.metadata.update(_tags(original.metadata))
        whole = Timeline(film, None)
        tracks = Tracks(beside, sort_tracks(beside, film, container, whole), output, film, container, whole)
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
                if new.pts < new.dts:
                    raise Unfit(f"frame {index} comes too late for its time")
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
    clock = str(film.time_base.denominator)  # else a coarse one is made finer
    movie = str(_movie_clock(film.path))
    return {"movflags": f"+faststart{named}", "movie_timescale": movie, "video_track_timescale": clock}


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
