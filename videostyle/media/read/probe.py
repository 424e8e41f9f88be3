"""File -> Clip, measured by demuxing and not believed from the header."""

import itertools
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from videostyle.errors import MediaError
from videostyle.frames import Clip, Color, Track
from videostyle.media.read.crop import crop_of
from videostyle.media.read.sequence import FORMAT, check, files_of, is_sequence, read
from videostyle.media.read.table import USUAL_RATE, Table, is_raw

NO_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
DEINTERLACED = "the clip is interlaced: deinterlaced (bwdif)"
LOOKED_AT = 16
"""packets decoded to know the clip's kind; the first one of an interlaced clip may be none"""
NO_CLIPS = {
    "concat": "a list of files",
    "hls": "a playlist",
    "dash": "a playlist",
    "sdp": "a network address",
    "tty": "text",
}
"""what FFmpeg would show as a film though no film is in the file, by its name of the format"""


def probe(path: Path, stream: int | None = None, rate: Fraction | None = None) -> Clip:
    """Measure a clip; raises MediaError, in one line, for anything that is no clip.

    path: a video file, or a sequence of pictures, see ``sequence``. stream: index of the picture track that is meant;
    None: the default or largest one. rate: frames per second of a source that has no times, such as a sequence or a raw
    H.264 stream.
    """
    if rate is not None and rate <= 0:
        raise MediaError(
            f"{path}: --fps {rate} is no rate; give frames per second such as --fps 25 or --fps 30000/1001"
        )
    if is_sequence(path):
        return _measure_sequence(path, stream, rate)
    _refuse(path)
    try:
        with open_file(path) as container:
            if container.format.name in NO_CLIPS:
                raise MediaError(f"{path}: {NO_CLIPS[container.format.name]}; give the video file itself")
            if container.format.name == FORMAT or container.format.name.endswith("_pipe"):
                raise MediaError(
                    f"{path}: a picture and no film; give a video file, or a folder or pattern of pictures"
                )
            if rate is not None and not is_raw(container):
                raise MediaError(f"{path}: the clip has times of its own; give it without --fps")
            picture = picture_stream(container, path, stream)
            index = picture.index
            table = Table(container, picture, rate)
        if table.encrypted:
            raise MediaError(f"{path}: the clip is encrypted; give one without copy protection")
        if not table.frames:
            raise MediaError(f"{path}: there are no frames in it; give another clip")
        with open_file(path) as container:
            return _measure(path, container, container.streams[index], table)
    except av.FFmpegError as error:
        raise MediaError(f"{path}: not a clip that can be read ({error.strerror}); give a video file") from None


def open_file(path: Path) -> Any:
    """A container for reading: the file, or a sequence's first picture, which has no tracks beside it either.

    The absolute path, because ``a:b.mp4`` would be read as protocol ``a``; no network.
    """
    file = files_of(path)[0] if is_sequence(path) else path
    return av.open(os.path.abspath(file), options={"protocol_whitelist": "file"}, metadata_errors="surrogateescape")


def picture_stream(container: Any, path: Path, index: int | None = None) -> Any:
    """The stream with the film: never a cover or a thumbnail; the default or the largest where none is named."""
    found = [s for s in container.streams.video if not s.disposition & NO_PICTURES and s.codec_context]
    if not found:
        raise MediaError(f"{path}: there is no video in it; give a clip with pictures")
    if index is not None:
        named = [stream for stream in found if stream.index == index]
        if not named:
            raise MediaError(f"{path}: stream {index} is no picture track; give --stream {_names(found, ' or ')}")
        return named[0]
    return max(found, key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width * stream.height))


def _refuse(path: Path) -> None:
    """What FFmpeg would open, and what is no local file."""
    # two letters at least: ``c:/`` is a drive
    if re.match("[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) and not path.exists():
        raise MediaError(f"{path}: local files only; download it first")
    if not path.exists():
        what = "a link that leads nowhere" if path.is_symlink() else "no such file"
        raise MediaError(f"{path}: {what}; give a video file")
    if not path.is_file():
        raise MediaError(f"{path}: a device or pipe, which cannot be read twice; give a video file")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); give a video file") from None
    if not head:
        raise MediaError(f"{path}: the file is empty; give a video file")
    if head.startswith(b"#EXTM3U"):
        raise MediaError(f"{path}: a playlist; give the video file itself")


def _measure(path: Path, container: Any, stream: Any, table: Table) -> Clip:
    first = list(_frames(container, stream, LOOKED_AT))
    if not first:
        raise MediaError(f"{path}: none of its frames can be decoded; give another clip")
    frame, interlaced = first[0], table.interlaced or any(frame.interlaced_frame for frame in first)
    if interlaced and stream.codec_context.name == "h264":
        # without times, only by decoding all of it fields are told from frames
        table.join_fields([frame.pts for frame in first] if table.stamped else _times(path, stream.index))
    pts = [stamp for stamp, _ in table.frames]
    durations = [after - stamp for stamp, after in itertools.pairwise(pts)]
    durations.append(_last_duration(table, durations))
    shown = set(pts)  # no second field of a frame is
    crop = crop_of(container, stream)
    width, height, aspect = _upright(frame, stream, crop)
    missing = table.lacks(stream.frames) if stream.frames else _missing_by_time(container, table)
    return Clip(
        path=path,
        stream=stream.index,
        width=width,
        height=height,
        rate=table.rate,
        time_base=table.time_base,
        pts=tuple(pts),
        durations=tuple(durations),
        depth=_depth(frame),
        alpha=_has_alpha(stream, frame),
        color=Color(int(frame.color_range), int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)),
        rotation=frame.rotation % 360,
        crop=crop,
        sample_aspect=aspect,
        interlaced=interlaced,
        frames_missing=missing,
        tracks=tuple(_track(other) for other in container.streams if other.index != stream.index),
        format=container.format.name,
        codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        stamped=table.stamped,
        keys=tuple(sorted(key for key in table.keys if key[0] in shown)) if table.stamped else (),
        timecode=_timecode(container, stream),
        notes=(*([DEINTERLACED] if interlaced else []), *_notes(container, stream, table, crop)),
    )


def _measure_sequence(path: Path, stream: int | None, rate: Fraction | None) -> Clip:
    if stream:
        raise MediaError(f"{path}: a sequence of pictures has no stream {stream}; give it without --stream")
    files = files_of(path)
    check(path, files)
    try:
        frame, decoder = read(files[0])
    except (OSError, av.FFmpegError):
        raise MediaError(f"{path}: {files[0].name} cannot be decoded; give another picture in its place") from None
    notes = []
    if rate is None:
        rate = Fraction(USUAL_RATE)
        notes.append(f"pictures have no times: taken for {rate} frames a second; --fps gives another rate")
    width, height, aspect = _upright(frame, decoder)
    return Clip(
        path=path,
        stream=0,
        width=width,
        height=height,
        rate=rate,
        time_base=1 / rate,
        pts=tuple(range(len(files))),
        durations=(1,) * len(files),
        depth=_depth(frame),
        alpha=any(part.is_alpha for part in frame.format.components),
        # without a range: the film gets the one that films have, not the pictures' own
        color=Color(0, int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)),
        rotation=frame.rotation % 360,
        sample_aspect=aspect,
        format=FORMAT,
        codec=decoder.name,
        pixel_format=frame.format.name,
        stamped=False,
        notes=tuple(notes),
    )


def _upright(frame: Any, shape: Any, crop: tuple[int, int, int, int] = (0, 0, 0, 0)) -> tuple[int, int, Fraction]:
    """Width, height and pixel shape of a frame as it is shown; shape: the stream or decoder that tells the latter."""
    aspect = Fraction(shape.sample_aspect_ratio or 1) or Fraction(1)
    left, right, top, bottom = crop
    width, height = frame.width - left - right, frame.height - top - bottom
    return (height, width, 1 / aspect) if frame.rotation % 180 else (width, height, aspect)


def _depth(frame: Any) -> int:
    return max(int(component.bits) for component in frame.format.components)


def _frames(container: Any, stream: Any, packets: int | None = None) -> Iterator[Any]:
    """What can be decoded of the first so many packets, and at least one frame; None: of all."""
    some = False
    for count, packet in enumerate(container.demux(stream)):
        if packets is not None and count >= packets and some:
            break
        with suppress(av.FFmpegError):
            for frame in packet.decode():
                some = True
                yield frame
    with suppress(av.FFmpegError):
        yield from stream.codec_context.decode(None)


def _times(path: Path, index: int) -> list[int | None]:
    with open_file(path) as container:
        return [frame.pts for frame in _frames(container, container.streams[index])]


def _last_duration(table: Table, others: list[int]) -> int:
    """Ticks that the last frame stays: as its packet says, or as long as most do where packets do not say it.

    In an MP4 with B-frames they have distances in the order of decoding; the true length is out of FFmpeg's reach.
    """
    told = [duration for _, duration in table.frames]
    trusted = (table.stamped and not table.reordered) or told[:-1] == others
    return told[-1] if trusted else table.usual_step


def _missing_by_time(container: Any, table: Table) -> int:
    """Frames that a container without a frame count (Matroska) lacks, by the duration that it promises."""
    if container.format.name.split(",")[0] != "matroska" or not container.duration:
        return 0
    promised = Fraction(container.duration, av.time_base)
    if promised - table.reached <= 1:
        return 0
    # by number and not by the time that is lacking: where the file ends, a frame may be there before its B-frames
    return max(0, int(promised * table.rate) - table.packets)


def _notes(container: Any, stream: Any, table: Table, crop: tuple[int, int, int, int]) -> Iterator[str]:
    if any(crop):
        yield "the container hides borders of its pictures ({}, {}, {}, {} px): the film is without them".format(*crop)
    if table.gaps and container.format.name.startswith(("mpeg", "matroska")):  # others count their frames
        where = f"{len(table.gaps)} place" + "s" * (len(table.gaps) > 1)
        yield f"times jump in {where}, first after frame {table.gaps[0]}: frames seem to be lost there"
    if table.left_out:
        yield f"{table.left_out} of its frames have no time or a wrong one and are left out: the file seems damaged"
    if len(table.sizes) > 1:
        first, *later = (f"{width}x{height}" for width, height in table.sizes)
        yield f"pictures change their size on the way, to {', '.join(later)}: all are scaled to the first, {first}"
    others = [s for s in container.streams.video if s.index != stream.index and not s.disposition & NO_PICTURES]
    if others:
        yield f"of several picture tracks {_names([stream])} is painted, not {_names(others)}; --stream names another"
    if is_raw(container):
        yield f"the stream has no times: taken for {table.rate} frames a second; --fps gives another rate"
    elif not table.stamped and container.format.name != "avi":
        yield f"some of its frames have no times: all are counted, at {table.rate} frames a second"


def _names(streams: list[Any], between: str = ", ") -> str:
    return between.join(f"{stream.index} ({stream.width}x{stream.height})" for stream in streams)


def _has_alpha(stream: Any, frame: Any) -> bool:
    """Whether a clip has transparency; FFmpeg's own decoders of VP8 and VP9 do not show it."""
    if frame.format.name == "pal8" or stream.codec_context.name == "gif":  # could be transparent and rarely is
        return bool(frame.to_ndarray(format="rgba")[..., 3].min() < 255)
    return stream.metadata.get("alpha_mode") == "1" or any(part.is_alpha for part in frame.format.components)


def _timecode(container: Any, stream: Any) -> str:
    """The timecode of the first frame: a tag of the picture, of its own track, or of the file."""
    tags = [
        stream.metadata,
        *(other.metadata for other in container.streams if other.type == "data"),
        container.metadata,
    ]
    named = (value for found in tags for key, value in found.items() if key.lower() == "timecode")  # as Matroska does
    return next(named, "")


def _track(stream: Any) -> Track:
    kind = stream.type or "data"
    codec = stream.codec_context.name if stream.codec_context else ""
    return Track(stream.index, kind, codec, stream.metadata.get("language", ""), stream.metadata.get("title", ""))
