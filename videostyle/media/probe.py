"""File -> Clip, measured by demuxing and not believed from the header."""

import itertools
import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from videostyle.errors import MediaError
from videostyle.frames import Clip, Color, Track

NO_PICTURES = Disposition.attached_pic | Disposition.timed_thumbnails
NO_CLIPS = {
    "concat": "a list of files",
    "hls": "a playlist",
    "dash": "a playlist",
    "sdp": "a network address",
    "tty": "text",
}
"""what FFmpeg would show as a film though no film is in the file, by its name of the format"""


def probe(path: Path) -> Clip:
    """Measure a clip; raises MediaError, in one line, for anything that is no clip."""
    _refuse(path)
    try:
        with open_file(path) as container:
            if container.format.name in NO_CLIPS:
                raise MediaError(f"{path}: {NO_CLIPS[container.format.name]}; give the video file itself")
            stream = picture_stream(container, path)
            index = stream.index
            table = _Table(container, stream)
        if not table.frames:
            raise MediaError(f"{path}: there are no frames in it; give another clip")
        with open_file(path) as container:
            return _measure(path, container, container.streams[index], table)
    except av.FFmpegError as error:
        raise MediaError(f"{path}: not a clip that can be read ({error.strerror}); give a video file") from None


def open_file(path: Path) -> Any:
    """A container for reading. The absolute path, because ``a:b.mp4`` would be read as protocol ``a``; no network."""
    return av.open(os.path.abspath(path), options={"protocol_whitelist": "file"}, metadata_errors="surrogateescape")


def picture_stream(container: Any, path: Path) -> Any:
    """The stream with the film: never a cover or a thumbnail; the largest where there are several."""
    found = [s for s in container.streams.video if not s.disposition & NO_PICTURES and s.codec_context]
    if not found:
        raise MediaError(f"{path}: there is no video in it; give a clip with pictures")
    return max(found, key=lambda stream: (bool(stream.disposition & Disposition.default), stream.width * stream.height))


def _refuse(path: Path) -> None:
    """What FFmpeg would open, and what is no local file."""
    # two letters at least: ``c:/`` is a drive
    if re.match("[A-Za-z][A-Za-z0-9+.-]+:/", str(path)) and not path.exists():
        raise MediaError(f"{path}: local files only; download it first")
    if path.is_dir():
        raise MediaError(f"{path} is a folder; give a video file")
    if not path.exists():
        raise MediaError(f"{path}: no such file; give a video file")
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


class _Table:
    """What the packets say."""

    frames: list[tuple[int, int]]
    """(pts, duration) of every frame as shown"""
    stamped: bool
    """whether the times are the file's own"""
    packets: int = 0
    """packets of the picture, also of hidden frames"""
    slots: int = 0
    """the same, and an AVI's empty packets, which repeat a frame"""
    reordered: bool = False
    """whether packets lie in another order than their frames are shown in"""
    reached: Fraction = Fraction(0)
    """seconds, where the last track ends"""

    def __init__(self, container: Any, stream: Any) -> None:
        found: list[tuple[int | None, int]] = []
        counts: list[int | None] = []
        avi = container.format.name == "avi"
        step = round(1 / (Fraction(stream.average_rate or 25) * stream.time_base)) or 1
        for packet in _to_the_end(container.demux()):
            if packet.pts is not None and packet.stream.type in ("video", "audio"):
                self.reached = max(self.reached, (packet.pts + (packet.duration or 0)) * packet.time_base)
            if packet.stream.index == stream.index:
                self.packets += 1
                self.slots = max(self.slots, self.packets, packet.dts + 1 if avi and packet.dts is not None else 0)
                if not packet.is_discard:  # hidden by an edit list
                    found.append((packet.pts, packet.duration or step))
                    counts.append(packet.dts)
        stamps = [pts for pts, _ in found if pts is not None]
        self.reordered = stamps != sorted(stamps)
        # AVI has decoding times only
        self.stamped = not avi and all(pts is not None for pts, _ in found)
        if self.stamped:
            # of two frames at one time, which Matroska's milliseconds can make, one is never seen
            self.frames = sorted({pts: duration for pts, duration in found if pts is not None}.items())
        else:
            self.frames = [(stamp, step) for stamp in _slots(counts, step)]


def _slots(counts: list[int | None], step: int) -> list[int]:
    """Times of frames that have none: those of decoding, which tell where an AVI repeats a frame; or else counted."""
    told = [count for count in counts if count is not None]
    if len(told) == len(counts) and all(after > before for before, after in itertools.pairwise(told)):
        return told
    return [index * step for index in range(len(counts))]


def _to_the_end(packets: Iterator[Any]) -> Iterator[Any]:
    """Packets with something in them, as far as the file goes."""
    try:
        yield from (packet for packet in packets if packet.size)
    except av.FFmpegError:
        return


def _measure(path: Path, container: Any, stream: Any, table: _Table) -> Clip:
    frame = _first_frame(container, stream, path)
    pts = [stamp for stamp, _ in table.frames]
    durations = [after - stamp for stamp, after in itertools.pairwise(pts)]
    durations.append(_last_duration(table, durations))
    turned = frame.rotation % 360
    width, height = frame.width, frame.height
    aspect = Fraction(stream.codec_context.sample_aspect_ratio or 1) or Fraction(1)
    if turned in (90, 270):
        width, height, aspect = height, width, 1 / aspect
    missing = max(0, stream.frames - table.slots) if stream.frames else _missing_by_time(container, stream, table)
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
        stamped=table.stamped,
        timecode=_timecode(container, stream),
        notes=tuple(_notes(container, stream, frame)),
    )


def _first_frame(container: Any, stream: Any, path: Path) -> Any:
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                return frame
        except av.FFmpegError:
            continue
    raise MediaError(f"{path}: none of its frames can be decoded; give another clip")


def _last_duration(table: _Table, others: list[int]) -> int:
    """Ticks that the last frame stays: as its packet says, or as long as most do where packets do not say it.

    In an MP4 with B-frames they have distances in the order of decoding; the true length is out of FFmpeg's reach.
    """
    told = [duration for _, duration in table.frames]
    trusted = not others or not table.reordered or told[:-1] == others
    return told[-1] if trusted else sorted(others)[len(others) // 2]


def _missing_by_time(container: Any, stream: Any, table: _Table) -> int:
    """Frames that a container without a frame count (Matroska) lacks, by the duration that it promises."""
    if container.format.name.split(",")[0] != "matroska" or not container.duration:
        return 0
    promised = Fraction(container.duration, av.time_base)
    if promised - table.reached <= 1:
        return 0
    # by number and not by the time that is lacking: where the file ends, a frame may be there before its B-frames
    return max(0, int(promised * Fraction(stream.average_rate or 25)) - table.slots)


def _notes(container: Any, stream: Any, frame: Any) -> Iterator[str]:
    if frame.interlaced_frame:
        yield "the clip is interlaced: its frames are painted as they are"
    # a GIF could be transparent and rarely is
    if any(part.is_alpha for part in frame.format.components) and frame.to_ndarray(format="rgba")[..., 3].min() < 255:
        yield "the clip has transparency, which the film will not have"
    others = [s for s in container.streams.video if s.index != stream.index and not s.disposition & NO_PICTURES]
    if others:
        names = ", ".join(f"{other.index} ({other.width}x{other.height})" for other in others)
        yield f"of several picture tracks {stream.index} ({stream.width}x{stream.height}) is painted, not {names}"


def _timecode(container: Any, stream: Any) -> str:
    """The timecode of the first frame: a tag of the picture, of its own track, or of the file."""
    tags = [stream.metadata, *(other.metadata for other in container.streams if other.type == "data"), container.metadata]
    return next((found["timecode"] for found in tags if "timecode" in found), "")


def _track(stream: Any) -> Track:
    kind = stream.type or "data"
    codec = stream.codec_context.name if stream.codec_context else ""
    return Track(stream.index, kind, codec, stream.metadata.get("language", ""), stream.metadata.get("title", ""))
