"""A film with spans of it encoded again: new packets there, all others copied."""

import heapq
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av import Packet, VideoFrame
from av.video.frame import PictureType
from av.video.stream import VideoStream

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.patch.packets import Packets, packets_of, picture_of
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.probe import open_file
from videostyle.media.write.containers import container_of
from videostyle.media.write.picture import FrameMaker, add_picture
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import Tracks, kept_tags, sort_tracks
from videostyle.settings import FilmSettings

Shown = TypeVar("Shown")
Pictures = Iterable[tuple[int, Pixels]]
"""(frame, upright pixels), ascending"""
Spans = tuple[FrameRange, ...]
STEP = Fraction(1, 25)
"""seconds between the packets of a span in its own file"""


class Unfit(Exception):
    """The new packets do not fit into the film after all."""


def replaced(frames: Iterable[tuple[int, Shown]], pictures: Pictures) -> Iterator[tuple[int, Shown | Pixels]]:
    """(number, frame) in ascending order, with pictures in place of the frames of the same numbers."""
    merged = heapq.merge(pictures, frames, key=itemgetter(0))
    return (next(same) for _, same in itertools.groupby(merged, key=itemgetter(0)))


def headers(stream: VideoStream) -> tuple[object, ...]:
    """What a decoder is set up from; packets of streams with equal headers can follow each other."""
    context = stream.codec_context
    shape = context.pix_fmt, context.width, context.height, stream.sample_aspect_ratio
    color = context.color_range, context.color_primaries, context.color_trc, context.colorspace
    return context.extradata, context.codec_tag, context.profile, *shape, *color


def origin_of(film: Clip, clip: Clip, settings: FilmSettings) -> Clip | None:
    """What a film was encoded from with these settings: its clip, or an earlier film; None: neither.

    Its headers must equal, byte for byte, those that the encoder writes now.
    """
    black = np.zeros((film.height, film.width, 3), np.uint8)
    with open_file(film.path) as container:
        wanted = headers(next(packets_of(picture_of(container, film))).stream)
    for origin in (clip, film):
        frames = ((index, black) for index in film.frames.indices[:3])
        trial = encode(film, origin, settings, frames, Path(tempfile.gettempdir()))
        if headers(next(trial)[1].stream) == wanted:
            return origin
    return None


def encode(
    film: Clip, origin: Clip, settings: FilmSettings, frames: Iterable[tuple[int, VideoFrame | Pixels]], folder: Path
) -> "Iterator[tuple[int, Packet[VideoStream]]]":
    """Encode frames of a film; gives (number, packet as the film's container holds it) in decoding order.

    origin: what the encoder is set up for; folder: takes a temporary file. The packets' timestamps mean nothing.
    """
    size, kind = (film.width, film.height), container_of(film.path).format
    numbers, stamps = list[int](), dict[int, int]()
    with tempfile.TemporaryFile(dir=folder) as file:
        with av.open(file, "w", format=kind) as output:
            stream = add_picture(output, origin, film.path, settings, size, film.num_frames)
            tick: Fraction = stream.codec_context.time_base
            to_frame = FrameMaker(origin, stream, size, Timeline(origin, None))
            for index, given in itertools.chain(frames, [(0, None)]):
                frame = to_frame(index, given)[0] if isinstance(given, np.ndarray) else given
                if frame is not None:
                    frame.pts = max(round(film.seconds(index) / tick), next(reversed(stamps), -1 << 62) + 1)
                    frame.duration = max(1, round(film.durations[index] * film.time_base / tick))
                    frame.time_base, frame.pict_type = tick, PictureType.NONE
                    stamps[frame.pts] = index
                for packet in stream.encode(frame):
                    numbers.append(stamps[packet.pts])
                    packet.pts = packet.dts = len(numbers)
                    packet.time_base, packet.duration = STEP, 1
                    output.mux(packet)
        file.seek(0)
        with av.open(file, format=kind) as encoded:
            yield from zip(numbers, packets_of(encoded.streams.video[0]), strict=True)


def splice(
    film: Clip, origin: Clip, settings: FilmSettings, packets: Packets, spans: Spans, pictures: Pictures, path: Path
) -> None:
    """Write a film with spans of it encoded again, pictures in place of frames there; raises Unfit where that fails."""
    kind, whole = container_of(film.path), Timeline(film, None)
    given = replaced(itertools.chain.from_iterable(stored_frames(film, span) for span in spans), pictures)
    with open_file(film.path) as source, open_file(film.path) as others, ExitStack() as stack:
        options = _muxer_options(film, origin, kind.format, source.metadata)
        output = av.open(
            path.absolute(), "w", kind.format, container_options=options, metadata_errors="surrogateescape"
        )
        stack.enter_context(output)
        original = picture_of(source, film)
        picture = output.add_stream_from_template(original, opaque=True)
        picture.disposition, context = original.disposition, picture.codec_context
        context.framerate, context.sample_aspect_ratio = origin.rate, film.sample_aspect
        context.codec_tag = original.codec_context.codec_tag
        picture.metadata.update(kept_tags(original.metadata))
        tracks = Tracks(others, sort_tracks(others, film, kind, whole), output, film, kind, whole)
        output.metadata.update(kept_tags(source.metadata))
        output.set_chapters(source.chapters())

        def spliced() -> "Iterator[tuple[int, Packet[VideoStream]]]":
            starts = {span.start: span for span in spans}
            for place, pair in enumerate(zip(packets.frames, packets_of(original), strict=True)):
                if span := starts.get(place):
                    yield from encode(film, origin, settings, itertools.islice(given, len(span)), path.parent)
                if not any(place in span for span in spans):
                    yield pair

        written = []
        for (frame, packet), dts in zip(spliced(), packets.dts, strict=False):
            if packet.stream is not original:
                packet.time_base, packet.duration = film.time_base, film.durations[frame]
            packet.pts, packet.dts = film.pts[frame], dts
            if headers(packet.stream) != headers(original) or packet.pts < dts:
                raise Unfit(f"the packet of frame {frame} does not fit")
            tracks.write(film.seconds(frame))
            packet.stream = picture
            output.mux(packet)
            written.append(frame)
        tracks.write(None)
    if sorted(written) != list(film.frames.indices):
        raise MediaError(f"{film.path}: not all of its frames can be decoded; patch an undamaged film")


def _muxer_options(film: Clip, origin: Clip, format: str, tags: dict[str, str]) -> dict[str, str]:
    if format not in ("mp4", "mov"):
        return {"mpegts_copyts": "1"} if format == "mpegts" else {}  # or all times move by 1.4 seconds
    return {
        "movflags": "+faststart" + "+use_metadata_tags" * any(key.startswith("com.") for key in tags),
        "movie_timescale": str(origin.time_base.denominator),  # as when the film was made
        "video_track_timescale": str(film.time_base.denominator),
    }
