"""File -> Clip, measured by demuxing instead of trusting the header."""

import itertools
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.stream import Disposition

from videostyle.errors import MediaError
from videostyle.frames import Clip, Color
from videostyle.media.files import explained
from videostyle.media.read.crop import Crop, crop_of
from videostyle.media.read.damage import is_cut
from videostyle.media.read.extras import TIMECODES, described, frame_extras, joined, stream_extras, unreadable_profile
from videostyle.media.read.headers import check
from videostyle.media.read.pulldown import field_notes, is_television, order_of
from videostyle.media.read.sequence import FORMAT, files_of, is_sequence, read
from videostyle.media.read.table import USUAL_RATE, Table, decoded, is_raw, read_table, to_the_end
from videostyle.names import usable

Times = tuple[Fraction, Fraction, tuple[int, ...], tuple[int, ...]]
"""a clip's frame rate, time base, and the pts and durations of its frames"""
NOT_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails
LOOKED_AT = 16
"""frames decoded to measure a clip; the first frame of an interlaced clip may be progressive"""
WINDOWS, WINDOW = 4, 26
"""places where a clip is searched for 3:2 pulldown, and frames decoded there"""
NOT_CLIPS = {"concat": "a list of files", "hls": "a playlist", "dash": "a playlist", "sdp": "an address", "tty": "text"}
"""FFmpeg's format name -> what the file is; FFmpeg would open it, although it contains no video"""


def probe(path: Path, stream: int | None = None, rate: Fraction | None = None) -> Clip:
    """Measure a clip; raises MediaError for anything that is not a readable clip.

    path: a video file or a sequence of pictures, see ``sequence``. stream: index of the video stream; None: the default
    or largest one. rate: frames per second of a source without timestamps, such as a sequence or a raw H.264 stream.
    """
    usable(path)
    if rate is not None and rate <= 0:
        raise MediaError(f"{path}: --fps {rate} is not a frame rate; use a positive number such as 25 or 30000/1001")
    if is_sequence(path):
        return replace(measure_sequence(path, stream, rate), given_rate=rate)
    _refuse(path)
    with explained(f"{path}: cannot be read as a clip", "use a video file"):
        with open_file(path) as container:
            if container.format.name in NOT_CLIPS:
                raise MediaError(f"{path}: {NOT_CLIPS[container.format.name]}; use the video file itself")
            if container.format.name == FORMAT or container.format.name.endswith("_pipe"):
                raise MediaError(
                    f"{path}: a single picture, which 'still' paints; use a video file, or a folder or pattern"
                )
            if rate is not None and not is_raw(container):
                raise MediaError(f"{path}: the clip has its own timestamps; omit --fps")
            video = _chosen(container, path, stream)
            table, index = read_table(container, video, rate), video.index  # streams do not outlive their container
        if table.packets.encrypted:
            raise MediaError(f"{path}: the clip is encrypted; use one without copy protection")
        if not table.frames:
            raise MediaError(f"{path}: the clip contains no frames; use another clip")
        with open_file(path) as container:
            return replace(_measure(path, container, video_stream(container, index), table), given_rate=rate)


def open_file(path: Path) -> InputContainer:
    """Open a file for reading, or the first picture of a sequence, which acts as a clip without other tracks.

    Uses the absolute path, because FFmpeg would read ``a:b.mp4`` as protocol ``a``, and no network protocols.
    """
    file = files_of(path)[0] if is_sequence(path) else path
    return av.open(os.path.abspath(file), options={"protocol_whitelist": "file"}, metadata_errors="surrogateescape")


def video_stream(container: InputContainer, index: int) -> av.VideoStream:
    """The stream with this index, which must be a video stream."""
    return cast(av.VideoStream, container.streams[index])


def stream_frames(container: InputContainer, index: int) -> Iterator[av.VideoFrame]:
    """The frames of a video stream that can be decoded, as stored in the file."""
    stream = video_stream(container, index)
    return (frame for _, frame in decoded(to_the_end(container.demux(stream)), stream.codec_context))


def _chosen(container: InputContainer, path: Path, index: int | None) -> av.VideoStream:
    """The stream to paint, never a cover or thumbnail: the one with this index, the default one, or the largest."""
    streams = _paintable(container)
    if not streams:
        raise MediaError(f"{path}: the file contains no video; use a video file")
    if index is not None:
        named = [stream for stream in streams if stream.index == index]
        if not named:
            raise MediaError(f"{path}: stream {index} cannot be painted; use --stream {_names(streams, ' or ')}")
        return named[0]
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))


def _paintable(container: InputContainer) -> list[av.VideoStream]:
    return [s for s in container.streams.video if not s.disposition & NOT_VIDEO and s.codec_context]


def _refuse(path: Path) -> None:
    """Raise MediaError for paths that FFmpeg might open, although they are not readable local files."""
    # at least two letters: ``c:/`` is a drive
    if re.match("[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) and not path.exists():
        raise MediaError(f"{path}: only local files can be read; download it first")
    if not path.exists():
        fault = "a broken link" if path.is_symlink() else "no such file"
        raise MediaError(f"{path}: {fault}; use a video file")
    if not path.is_file():
        raise MediaError(f"{path}: a device or pipe, which cannot be read twice; use a video file")
    with explained(f"{path}: cannot be read", "use a video file"), path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise MediaError(f"{path}: the file is empty; use a video file")
    if head.startswith(b"#EXTM3U"):
        raise MediaError(f"{path}: a playlist; use the video file itself")


def _measure(path: Path, container: InputContainer, stream: av.VideoStream, table: Table) -> Clip:
    description = described(container, stream.index)
    if profile := unreadable_profile(description):
        raise MediaError(
            f"{path}: Dolby Vision profile {profile} without a standard base layer, whose colors cannot be read; "
            "export the clip as HDR10, HLG or SDR"
        )
    first = list(itertools.islice(stream_frames(container, stream.index), LOOKED_AT))
    if not first:
        raise MediaError(f"{path}: none of its frames can be decoded; use another clip")
    interlaced = table.packets.keyframes.interlaced or any(frame.interlaced_frame for frame in first)
    if interlaced and stream.codec_context.name == "h264":
        stamps = [frame.pts for frame in first]
        if not table.stamped:  # only decoding the whole file tells fields from frames
            with open_file(path) as again:
                stamps = [frame.pts for frame in stream_frames(again, stream.index)]
        table = table.join_fields(stamps)
    pts = [stamp for stamp, _ in table.frames]
    durations = [after - before for before, after in itertools.pairwise(pts)]
    durations.append(_last_duration(table, durations))
    presented = set(pts)  # without the second fields of frames
    keys = sorted(key for key in table.packets.keys if key[0] in presented)
    crop, aspect = crop_of(container, stream.index), stream.sample_aspect_ratio
    times = table.rate, table.time_base, tuple(pts), tuple(durations)
    pulldown = order_of(_windows(path, stream.index, table)) if is_television(table.rate) else ""
    measured = _clip(path, stream.index, times, first[0], aspect, crop)
    clip = replace(measured, interlaced=interlaced, pulldown=pulldown)
    timecode = _timecode(container, stream)
    extras = (*stream_extras(description), *frame_extras(first), *table.packets.keyframes.extras)
    return replace(
        clip,
        alpha=_has_alpha(stream, first[0]),
        frames_missing=table.missing(stream.frames) if stream.frames else _missing_by_time(path, container, table),
        format=container.format.name,
        codec=stream.codec_context.name,
        profile=stream.codec_context.profile or "",
        stamped=table.stamped,
        keys=tuple(keys) if table.stamped else (),
        timecode=timecode,
        extras=joined(extra for extra in extras if not (timecode and extra == TIMECODES)),
        notes=(*field_notes(clip), *_notes(container, stream, table, crop)),
    )


def _windows(path: Path, index: int, table: Table) -> Iterator[list[av.VideoFrame]]:
    """Successive frames from the beginning and three other places of a clip."""
    keys = sorted(table.packets.keys)
    for place in range(WINDOWS):
        with open_file(path) as container, suppress(av.FFmpegError):
            if place:
                container.seek(keys[place * len(keys) // WINDOWS][1], stream=video_stream(container, index))
            yield list(itertools.islice(stream_frames(container, index), WINDOW))
        if len(keys) < WINDOWS:
            return


def measure_sequence(path: Path, stream: int | None, rate: Fraction | None) -> Clip:
    """Measure a sequence of pictures, or a single picture; arguments and errors are those of ``probe``."""
    if stream:
        raise MediaError(f"{path}: a sequence of pictures has no stream {stream}; omit --stream")
    files = files_of(path)
    header = check(path, files)
    advice = "save the pictures with ZIP compression" if header.kind == "EXR" else "replace it with another picture"
    with explained(f"{path}: {files[0].name} cannot be decoded", advice):
        frame, decoder = read(files[0])
    notes = list(header.notes)
    if rate is None:
        rate = header.rate or Fraction(USUAL_RATE)
        why = "their headers say" if header.rate else "pictures have no timestamps: read at"
        notes.append(f"{why} {rate} frames per second; --fps sets another rate")
    times = rate, 1 / rate, tuple(range(len(files))), (1,) * len(files)
    clip = _clip(path, 0, times, frame, decoder.sample_aspect_ratio)
    color = replace(clip.color, range=0)  # the film gets the usual color range of films, not of pictures
    return replace(
        clip,
        alpha=any(channel.is_alpha for channel in frame.format.components),
        color=replace(color, chromaticities=header.primaries, transfer=2) if header.kind == "EXR" else color,
        format=FORMAT,
        codec=decoder.name,
        stamped=False,
        notes=tuple(notes),
        extras=header.extras,
    )


def _clip(
    path: Path, stream: int, times: Times, frame: av.VideoFrame, aspect: Fraction | None, crop: Crop = (0, 0, 0, 0)
) -> Clip:
    """A clip with its times and the properties of its first frame. aspect: of the stored pixels; None: square."""
    left, right, top, bottom = crop
    width, height, aspect = frame.width - left - right, frame.height - top - bottom, aspect or Fraction(1)
    if frame.rotation % 180:
        width, height, aspect = height, width, 1 / aspect
    return Clip(
        path,
        stream,
        width,
        height,
        *times,
        depth=max(component.bits for component in frame.format.components),
        color=Color(int(frame.color_range), int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)),
        rotation=frame.rotation % 360,
        crop=crop,
        sample_aspect=aspect,
        pixel_format=frame.format.name,
    )


def _last_duration(table: Table, others: list[int]) -> int:
    """Duration of the last frame, ticks: its packet's if the packets' durations are right, else the usual one.

    In an MP4 with B-frames they are distances in decoding order; FFmpeg does not expose the true duration.
    """
    durations = [duration for _, duration in table.frames]
    trusted = (table.stamped and not table.reordered) or durations[:-1] == others
    return durations[-1] if trusted else table.usual_step


def _missing_by_time(path: Path, container: InputContainer, table: Table) -> int:
    """Frames missing from a file without a frame count: by the duration in a Matroska's header, or in its gaps."""
    inside = table.in_gaps if table.packets.damaged else 0
    if container.format.name.split(",")[0] != "matroska" or not container.duration:
        return inside
    promised = Fraction(container.duration, av.time_base)
    if not is_cut(path) and promised - table.packets.end <= 1:
        return inside
    # by count, not by time: at the end of the file, a frame may precede the B-frames shown before it
    return max(0, int(promised * table.rate) - table.packets.count)


def _notes(container: InputContainer, stream: av.VideoStream, table: Table, crop: Crop) -> Iterator[str]:
    if any(crop):
        yield "the container crops its frames (by {}, {}, {}, {} px): the film is cropped too".format(*crop)
    if (
        table.gaps and not table.packets.damaged and container.format.name.startswith(("mpeg", "matroska"))
    ):  # others store a frame count
        where = f"{len(table.gaps)} place" + "s" * (len(table.gaps) > 1)
        yield f"timestamps jump in {where}, first after frame {table.gaps[0]}: frames may be missing there"
    if table.untimed:
        yield f"{table.untimed} frames have no timestamp or a wrong one and are left out: the file seems to be damaged"
    if len(table.packets.keyframes.sizes) > 1:
        first, *later = (f"{width}x{height}" for width, height in table.packets.keyframes.sizes)
        yield f"frames change size to {', '.join(later)}: all are scaled to the size of the first, {first}"
    others = [other for other in _paintable(container) if other.index != stream.index]
    if others:
        yield f"painting video stream {_names([stream])}, not {_names(others)}; --stream selects another"
    if is_raw(container):
        yield f"the stream has no timestamps: read at {table.rate} frames per second; --fps sets another rate"
    elif not table.stamped and container.format.name != "avi":
        yield f"some frames have no timestamps: all are spaced evenly, at {table.rate} frames per second"


def _names(streams: Iterable[av.VideoStream], between: str = ", ") -> str:
    return between.join(f"{stream.index} ({stream.width}x{stream.height})" for stream in streams)


def _has_alpha(stream: av.VideoStream, frame: av.VideoFrame) -> bool:
    """Whether a clip has transparency; FFmpeg's own decoders of VP8 and VP9 drop it."""
    if frame.format.name == "pal8" or stream.codec_context.name == "gif":  # could be transparent, but rarely is
        return bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)
    return stream.metadata.get("alpha_mode") == "1" or any(channel.is_alpha for channel in frame.format.components)


def _timecode(container: InputContainer, stream: av.VideoStream) -> str:
    """The first frame's timecode: a tag of the video stream, of a timecode track, or of the file."""
    data_tags = (other.metadata for other in container.streams if other.type == "data")
    places = (stream.metadata, *data_tags, container.metadata)
    # Matroska writes the key in capitals
    return next((value for tags in places for key, value in tags.items() if key.lower() == "timecode"), "")
