"""File -> Clip, measured by demuxing and not believed from the header."""

import itertools
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from videostyle.errors import MediaError
from videostyle.frames import Clip, Color, Track

NO_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails


def probe(path: Path) -> Clip:
    """Measure a clip; raises MediaError, in one line, for anything that is no clip."""
    _refuse(path)
    try:
        with open_file(path) as container:
            stream = picture_stream(container, path)
            index = stream.index
            table, packets, stamped = _table(container, stream)
        if not table:
            raise MediaError(f"{path}: there are no frames in it; give another clip")
        with open_file(path) as container:
            return _measure(path, container, container.streams[index], table, packets, stamped)
    except av.FFmpegError as error:
        raise MediaError(f"{path}: not a clip that can be read ({error.strerror}); give a video file") from None


def open_file(path: Path) -> Any:
    """A container for reading. The absolute path, because ``a:b.mp4`` would be read as protocol ``a``."""
    return av.open(os.path.abspath(path), metadata_errors="surrogateescape")


def picture_stream(container: Any, path: Path) -> Any:
    """The stream with the film: never a cover or a thumbnail; the largest where there are several."""
    found = [s for s in container.streams.video if not s.disposition & NO_PICTURES and s.codec_context]
    if not found:
        raise MediaError(f"{path}: there is no video in it; give a clip with pictures")
    return max(found, key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width * stream.height))


def _refuse(path: Path) -> None:
    """What FFmpeg would open, and what is no local file."""
    if "://" in str(path) or ":/" in str(path)[:8]:
        raise MediaError(f"{path}: local files only; download it first")
    if path.is_dir():
        raise MediaError(f"{path} is a folder; give a video file")
    if not path.exists():
        raise MediaError(f"{path}: no such file; give a video file")
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise MediaError(f"{path}: cannot be read ({error.strerror}); give a video file") from None
    if not head:
        raise MediaError(f"{path}: the file is empty; give a video file")
    if head.startswith(b"#EXTM3U"):
        raise MediaError(f"{path}: a playlist; give the video file itself")


def _table(container: Any, stream: Any) -> tuple[list[tuple[int, int]], int, bool]:
    """(pts, duration) of every frame as shown, the number of packets, and whether the times are the file's own."""
    frames: list[tuple[int | None, int]] = []
    packets = 0
    step = round(1 / (Fraction(stream.average_rate or 25) * stream.time_base)) or 1
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            packets += 1
            if not packet.is_discard:  # hidden by an edit list
                frames.append((packet.pts, packet.duration or step))
    except av.FFmpegError:
        pass  # the file ends here; what came before is good
    # AVI has decoding times only
    if container.format.name == "avi" or any(pts is None for pts, _ in frames):
        return [(index * step, step) for index in range(len(frames))], packets, False
    return sorted((pts, duration) for pts, duration in frames if pts is not None), packets, True


def _measure(
    path: Path, container: Any, stream: Any, table: list[tuple[int, int]], packets: int, stamped: bool
) -> Clip:
    frame = _first_frame(container, stream, path)
    pts = [stamp for stamp, _ in table]
    durations = [after - stamp for stamp, after in itertools.pairwise(pts)] + [table[-1][1]]
    turned = frame.rotation % 360
    width, height = frame.width, frame.height
    aspect = Fraction(stream.codec_context.sample_aspect_ratio or 1) or Fraction(1)
    if turned in (90, 270):
        width, height, aspect = height, width, 1 / aspect
    missing = max(0, stream.frames - packets) if stream.frames else _missing_by_time(container, stream, pts, durations)
    notes = ("the clip is interlaced: its frames are painted as they are",) if frame.interlaced_frame else ()
    return Clip(
        path=path,
        stream=stream.index,
        width=width,
        height=height,
        rate=Fraction(stream.average_rate or 1 / (durations[0] * stream.time_base)),
        time_base=Fraction(stream.time_base),
        pts=tuple(pts),
        durations=tuple(durations),
        depth=max(component.bits for component in frame.format.components),
        color=Color(int(frame.color_range), int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)),
        rotation=turned,
        sample_aspect=aspect,
        interlaced=frame.interlaced_frame,
        frames_missing=missing,
        tracks=tuple(_track(other) for other in container.streams if other.index != stream.index),
        format=container.format.name,
        codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        stamped=stamped,
        notes=notes,
    )


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                return frame
        except av.FFmpegError:
            continue
    raise MediaError(f"{path}: none of its frames can be decoded; give another clip")


def _missing_by_time(container: Any, stream: Any, pts: list[int], durations: list[int]) -> int:
    """Frames that a container without a frame count (Matroska) lacks, by the duration that it promises."""
    if container.format.name.split(",")[0] != "matroska" or not container.duration:
        return 0
    promised = Fraction(container.duration, av.time_base)
    lacking = promised - (pts[-1] + durations[-1]) * stream.time_base
    # sound may outlast the picture a little
    return int(lacking * Fraction(stream.average_rate or 25)) if lacking > 1 else 0


def _track(stream: Any) -> Track:
    kind = stream.type or "data"
    codec = stream.codec_context.name if stream.codec_context else ""
    return Track(stream.index, kind, codec, stream.metadata.get("language", ""), stream.metadata.get("title", ""))
