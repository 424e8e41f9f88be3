"""A film with spans of it encoded again: new packets inside the spans, copies of all others."""

import heapq
import itertools
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

import av
import numpy as np
from av import Packet, VideoFrame
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.video.frame import PictureType
from av.video.stream import VideoStream

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.read.decode import stored_frames
from videostyle.media.read.extras import side_data
from videostyle.media.read.probe import open_file, probe, video_stream
from videostyle.media.write.containers import container_of
from videostyle.media.write.film import muxer_options
from videostyle.media.write.picture import FrameMaker, add_picture
from videostyle.media.write.subtitles import Subtitles
from videostyle.media.write.tags import kept_tags
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import Tracks, describe, sort_tracks
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

Shown = TypeVar("Shown")
Pictures = Iterable[tuple[int, Pixels]]
"""(frame, upright pixels), ascending"""
Spans = tuple[FrameRange, ...]
Encoded = Iterator[tuple[int, "Packet[VideoStream]"]]
"""(frame, packet as stored in the film's container), in decoding order"""
AROUND = 8
"""frames compared after a span, where references into the span would show"""
STEP = Fraction(1, 25)
"""seconds between the packets of a span in its temporary file"""


@dataclass(frozen=True, slots=True)
class Packets:
    """The packets of a film's picture, in decoding order."""

    frames: tuple[int, ...]
    """frame number of each packet"""
    dts: tuple[int, ...]
    """decoding timestamps, ticks"""
    keys: tuple[bool, ...]
    """whether a packet is a keyframe; every keyframe is assumed to begin a closed GOP"""

    def spans(self, selection: Selection) -> Spans:
        """The ranges to encode again to replace the frames of a selection.

        The packets before either end of a span hold exactly the frames before that end; a keyframe follows the span.
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


@dataclass(frozen=True, slots=True)
class Patch:
    """What to write again of a film."""

    film: Clip
    size: tuple[int, int]
    """required width and height of replacement pictures, px"""
    settings: FilmSettings
    notices: tuple[str, ...]
    left_out: tuple[str, ...]
    """what the new film will lack, one line each"""
    spans: tuple[FrameRange, ...]
    """ranges to encode again; the packets of other frames are copied"""
    packets: Packets | None
    origin: Clip | None
    """what the film was encoded from; None if nothing can be copied"""
    subtitles: Subtitles
    """text tracks that are converted instead of copied"""


class Unfit(Exception):
    """The new packets do not fit into the film after all."""


def packets_of(container: InputContainer, stream: int) -> "Iterator[Packet[VideoStream]]":
    """The packets of a video stream in decoding order."""
    return (packet for packet in container.demux(video_stream(container, stream)) if packet.size)


def read_packets(film: Clip) -> Packets | None:
    """Read a film's packets; None unless each is one timestamped frame, stored just as it is shown."""
    numbers: dict[int | None, int] = {pts: frame for frame, pts in enumerate(film.pts)}
    with open_file(film.path) as container:
        demuxed = packets_of(container, film.stream)
        rows = [(numbers.get(packet.pts, -1), packet.dts, packet.is_keyframe) for packet in demuxed]
    frames, stamps, keys = zip(*rows, strict=True)
    first = next(stored_frames(film, FrameRange(0, 1)))[1]
    turned = film.interlaced or any(film.crop) or any(data.type == Type.DISPLAYMATRIX for data in side_data(first))
    hidden = film.alpha and film.codec == "vp9"  # muxers write its transparency for their own encoders only
    if turned or hidden or not film.stamped or sorted(frames) != list(film.frames.indices):
        return None
    early = film.pts[0] - stamps.count(None)  # the first packets of Matroska with B-frames have no dts
    dts = tuple(early + place if stamp is None else stamp for place, stamp in enumerate(stamps))
    return Packets(frames, dts, keys)


def replaced(frames: Iterable[tuple[int, Shown]], pictures: Pictures) -> Iterator[tuple[int, Shown | Pixels]]:
    """(number, frame) in ascending order, with pictures in place of the frames with the same numbers."""
    merged = heapq.merge(pictures, frames, key=itemgetter(0))
    return (next(same) for _, same in itertools.groupby(merged, key=itemgetter(0)))


def headers(stream: VideoStream) -> tuple[object, ...]:
    """What a decoder is configured from; packets of streams with equal headers can follow each other."""
    names = "extradata codec_tag profile pix_fmt width height color_range color_primaries color_trc colorspace"
    return stream.sample_aspect_ratio, *(getattr(stream.codec_context, name) for name in names.split())


def origin_of(film: Clip, clip: Clip, settings: FilmSettings) -> Clip | None:
    """What a film was encoded from with these settings: its clip or an earlier film; None if neither.

    The film's headers must be identical to those that the encoder writes now.
    """
    black = np.zeros((film.height, film.width, 3), np.uint8)
    with open_file(film.path) as container:
        wanted = headers(next(packets_of(container, film.stream)).stream)
    for origin in (clip, film):
        frames = [(index, black) for index in film.frames.indices[:3]]
        trial = encode(film, origin, settings, frames, Path(tempfile.gettempdir()))
        if headers(next(trial)[1].stream) == wanted:
            return origin
    return None


def encode(
    film: Clip, origin: Clip, settings: FilmSettings, frames: Iterable[tuple[int, VideoFrame | Pixels]], folder: Path
) -> Encoded:
    """Encode frames of a film.

    origin: what the encoder is configured for. folder: for a temporary file. The packets' timestamps are meaningless.
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
                    numbers.append(stamps[packet.pts])  # type: ignore[index]  # encoders stamp every packet
                    packet.pts = packet.dts = len(numbers)
                    packet.time_base, packet.duration = STEP, 1
                    output.mux(packet)
        file.seek(0)
        with av.open(file, "r", format=kind) as encoded:
            yield from zip(numbers, packets_of(encoded, 0), strict=True)


def splice(patch: Patch, pictures: Pictures, path: Path) -> None:
    """Write a film with spans of it encoded again and frames replaced there; raises Unfit if that fails."""
    film, spans, origin, packets = patch.film, patch.spans, patch.origin, patch.packets
    assert origin
    assert packets
    kind, whole = container_of(film.path), Timeline(film, None)
    timescale = {"video_track_timescale": str(film.time_base.denominator)}
    exact = {"mp4": timescale, "mov": timescale, "mpegts": {"mpegts_copyts": "1"}}  # else times move by up to 1.4 s
    given = replaced(itertools.chain.from_iterable(stored_frames(film, span) for span in spans), pictures)
    with (
        open_file(film.path) as source,
        open_file(film.path) as others,
        av.open(
            path.absolute(),
            "w",
            kind.format,
            container_options=muxer_options(origin, kind.format, whole, source.metadata) | exact.get(kind.format, {}),
            metadata_errors="surrogateescape",
        ) as output,
    ):
        original = video_stream(source, film.stream)
        picture = describe(output.add_stream_from_template(original, opaque=True), original)
        if made := next((value for key, value in original.metadata.items() if key.lower() == "encoder"), ""):
            picture.metadata["encoder"] = made
        context, tag = picture.codec_context, original.codec_context.codec_tag
        context.framerate, context.sample_aspect_ratio, context.codec_tag = origin.rate, film.sample_aspect, tag
        tracks = Tracks(others, sort_tracks(others, film, kind, whole), output, kind, whole, patch.subtitles)
        output.metadata.update(kept_tags(source.metadata))
        output.set_chapters(source.chapters())

        def spliced() -> Encoded:
            for place, pair in enumerate(zip(packets.frames, packets_of(source, film.stream), strict=True)):
                span = next((span for span in spans if place in span), None)
                if span is None:
                    yield pair
                elif place == span.start:
                    yield from encode(film, origin, patch.settings, itertools.islice(given, len(span)), path.parent)

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
    if wrong := difference(film, spans, path):
        raise Unfit(wrong)


def difference(film: Clip, spans: Spans, path: Path) -> str:
    """How a spliced film differs from the old one outside its spans; empty if it does not."""
    new = probe(path)
    times, wanted = ([*map(clip.seconds, clip.frames.indices), clip.duration] for clip in (new, film))
    if times != wanted:
        return "its frames have different timestamps"
    for span in spans:
        around = FrameRange(max(0, span.start - 1), min(film.num_frames, span.stop + AROUND))
        frames = stored_frames(new, around)
        for index, before in stored_frames(film, around):
            number, after = next(frames, (-1, before))
            if number != index:
                return f"frame {index} cannot be decoded"
            old, now = (frame.to_ndarray(format="rgb48le") for frame in (before, after))
            if not any(index in other for other in spans) and not np.array_equal(old, now):
                return f"frame {index} differs"
    return ""
