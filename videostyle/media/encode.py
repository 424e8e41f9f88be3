"""Frames -> film: every frame at its source's time, and everything else of the clip copied."""

import dataclasses
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from PIL import Image

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.containers import (
    CENTISECOND,
    CONTAINERS,
    codec_name,
    codec_of,
    codec_that_takes,
    container_of,
    encoder_options,
    holds_sound,
    is_rgb,
    pixel_format,
    tick_of,
    trial,
)
from videostyle.media.decode import HD, SWS_ACCURATE, SWS_FULL_CHROMA, matrix_name
from videostyle.media.probe import open_file
from videostyle.media.stills import write_png
from videostyle.media.tracks import Tracks, chapters_of, copied, kept_tags, start_of
from videostyle.settings import FilmSettings

SWS_LANCZOS = 0x200
FRAME_DURATION = int(av.codec.context.Flags.frame_duration)
"""without it the last frame's length is lost"""
RGB, BT709, BT601 = 0, 1, 6
"""H.273 matrices"""


def check_film(clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int]) -> tuple[str, ...]:
    """Find out before any work whether a film can be written; returns notices of what will be left out of it.

    size: width and height, px. Leaves no file behind. Raises MediaError where folder, container, codec, size or sound
    do not go together.
    """
    if settings.codec == "png":
        if path.suffix.lower() in CONTAINERS:
            raise MediaError(
                f"{path}: film.codec = png makes a folder of pictures; give a folder such as -o {path.stem}"
            )
        if path.exists() and not path.is_dir():
            raise MediaError(
                f"{path}: a file, and film.codec = png makes a folder of pictures; give another name with -o"
            )
        _check_folder(path)
        sound = [track for track in clip.tracks if track.kind == "audio"]
        return tuple(f"audio track {track.index} ({track.codec}) is no part of a folder of pictures" for track in sound)
    container, codec = container_of(path), codec_of(path, settings)
    if path.is_dir():
        raise MediaError(f"{path} is a folder; give a file such as {path.name or 'film'}/film.mp4 with -o")
    _check_folder(path)
    tick_of(clip, container.format, path)

    def add(name: str, output: Any) -> None:
        other = dataclasses.replace(settings, codec=name, quality=-1)  # type: ignore[arg-type]
        _add_picture(output, clip, path, other, size, clip.num_frames)

    refused = trial(container, lambda output: _add_picture(output, clip, path, settings, size, clip.num_frames))
    if refused:
        what = f"{size[0]}x{size[1]} pictures of {clip.depth} bits"
        other = codec_that_takes(container, add)
        advice = f"use film.codec = {other}" if other else "change the size"
        raise MediaError(f"{path}: {codec.encoder} refuses {what} ({refused}); {advice}")
    with open_file(clip.path) as source:
        taken, left = copied(source, clip, container)
        lost = [s for s in source.streams.audio if s.index not in {stream.index for stream in taken}]
        if lost and container.audio:
            names = ", ".join(dict.fromkeys(map(codec_name, lost)))
            other = holds_sound(list(source.streams.audio))
            advice = f"use -o {path.stem}{other}" if other else "no other can; convert it first, to FLAC for example"
            raise MediaError(f"{path}: {path.suffix} cannot hold the clip's sound ({names}); {advice}")
    return tuple(left)


def encode_film(
    clip: Clip,
    path: Path,
    pictures: Iterable[tuple[int, Pixels]],
    settings: FilmSettings,
    size: tuple[int, int],
    frames: FrameRange | None = None,
    comment: str = "",
) -> None:
    """Write a film of (source frame, upright pixels of any size) in order, and the clip's other tracks beside it.

    size: width and height of the film, px. frames: the part of the clip it stands for, which then begins at 0.
    The file appears when it is whole. Raises MediaError where it cannot be written.
    """
    frames = frames or clip.frames
    if settings.codec == "png":
        _write_pngs(path, pictures, size)
        return
    container = container_of(path)
    with whole_or_nothing(path) as temporary, open_file(clip.path) as source:
        start = start_of(source, clip, container, frames)
        last = frames.stop - 1
        end = None if frames == clip.frames else clip.seconds(last) + clip.durations[last] * clip.time_base
        tags = kept_tags(source.metadata) | ({"comment": comment} if comment else {})
        streams, _ = copied(source, clip, container)
        with av.open(
            os.path.abspath(temporary),  # ``a:b.mp4`` would be written with protocol ``a``
            "w",
            format=container.format,
            container_options=_muxer_options(clip, container.format, frames, tags),
            metadata_errors="surrogateescape",
        ) as output:
            picture = _add_picture(output, clip, path, settings, size, len(frames))
            _describe(picture, source.streams[clip.stream], whole=end is None)
            tracks = Tracks(source, streams, output, container, start, end)
            output.metadata.update(tags)
            if container.format != "gif":
                output.set_chapters(chapters_of(source, start, end))
            to_frame = _Converter(clip, picture, size, start)
            for index, pixels in pictures:
                frame, begins = to_frame(index, pixels)
                tracks.write(begins)
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
            tracks.write(None)


def _check_folder(path: Path) -> None:
    """Whether a file can be made beside a path."""
    folder = path.parent
    if not folder.exists():
        raise MediaError(f"{folder}: no such folder; make it first, or give another one with -o")
    if not folder.is_dir():
        raise MediaError(f"{folder} is a file; give a folder before the name with -o")
    temporary = _temporary(path)
    try:
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise MediaError(f"{folder}: cannot be written ({error.strerror}); give another folder with -o") from None


def _muxer_options(clip: Clip, format: str, frames: FrameRange, tags: dict[str, str]) -> dict[str, str]:
    if format in ("mp4", "mov"):
        # phones name place and camera by keys such as com.apple.quicktime.make, which are dropped otherwise
        named = "+use_metadata_tags" if any(key.startswith("com.") for key in tags) else ""
        # the clock of the whole film in the clip's ticks: lengths and edit lists are then exact
        return {"movflags": f"+faststart{named}", "movie_timescale": str(clip.time_base.denominator)}
    if format == "gif":
        return {"final_delay": str(max(1, round(clip.durations[frames.stop - 1] * clip.time_base / CENTISECOND)))}
    return {}


def _describe(picture: Any, original: Any, whole: bool) -> None:
    """Language, title, timecode and the like of the picture's stream."""
    picture.metadata.update(kept_tags(original.metadata))
    if not whole:
        picture.metadata.pop("timecode", None)  # it names the first frame of the whole clip
    picture.disposition = original.disposition


def _add_picture(
    output: Any, clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int], num_frames: int
) -> Any:
    """The stream of the film, set up as the clip's was."""
    container, codec = container_of(path), codec_of(path, settings)
    stream = output.add_stream(codec.encoder, rate=clip.rate)
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format(clip, codec, size)
    context = stream.codec_context
    context.options = encoder_options(codec, settings, container.format, num_frames, stream.pix_fmt)
    context.time_base = tick_of(clip, container.format, path)
    stream.time_base = context.time_base if container.format in ("avi", "gif") else clip.time_base
    context.flags |= FRAME_DURATION
    if codec.encoder == "libx265" and container.format in ("mp4", "mov"):
        context.codec_tag = "hvc1"  # QuickTime plays no other
    context.sample_aspect_ratio = clip.sample_aspect
    if codec.encoder != "gif":
        context.color_range = clip.color.range
        context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
        context.colorspace = _matrix(clip, size)
    return stream


def _matrix(clip: Clip, size: tuple[int, int]) -> int:
    """The H.273 matrix that the film is tagged with: the clip's, or a named one where the clip was RGB."""
    if clip.color.matrix != RGB and not is_rgb(clip):
        return clip.color.matrix
    return BT709 if min(size) >= HD else BT601


class _Converter:
    """Pixels -> frames for the encoder, with time and colour; one swscale context for all of them."""

    def __init__(self, clip: Clip, stream: Any, size: tuple[int, int], start: Fraction) -> None:
        self._clip, self._size, self._start = clip, size, start
        self._format = stream.pix_fmt
        self._tick = stream.codec_context.time_base
        self._last = -1 << 62
        self._matrix = _matrix(clip, size)
        # an untagged film is read by its own size, which need not be the clip's
        self._matrix_name = matrix_name(dataclasses.replace(clip, width=size[0], height=size[1]))
        self._scale: Any = VideoReformatter()

    def __call__(self, index: int, pixels: Pixels) -> tuple[Any, Fraction]:
        """A frame and the time at which it appears in the film, seconds."""
        clip = self._clip
        frame = self._gif(pixels) if self._format == "pal8" else self._yuv(pixels)
        begins = clip.seconds(index) - self._start
        # two frames of a GIF that fall on one tick would be an error of the muxer
        self._last = frame.pts = max(round(begins / self._tick), self._last + 1)
        frame.time_base = self._tick
        frame.duration = max(1, round(clip.durations[index] * clip.time_base / self._tick))
        frame.pict_type = 0
        return frame, begins

    def _yuv(self, pixels: Pixels) -> Any:
        clip = self._clip
        frame = self._scale.reformat(
            _rgb(pixels),
            self._size[0],
            self._size[1],
            self._format,
            dst_colorspace=self._matrix_name,
            dst_color_range="JPEG" if clip.color.range == 2 else "MPEG",
            interpolation=SWS_LANCZOS | SWS_ACCURATE | SWS_FULL_CHROMA,
        )
        frame.colorspace, frame.color_range = self._matrix, clip.color.range
        frame.color_primaries, frame.color_trc = clip.color.primaries, clip.color.transfer
        return frame

    def _gif(self, pixels: Pixels) -> Any:
        """A picture in its own 256 colours."""
        rgb = self._scale.reformat(_rgb(pixels), *self._size, "rgb24", interpolation=SWS_LANCZOS | SWS_ACCURATE)
        picture = Image.fromarray(rgb.to_ndarray()).quantize(256)
        found = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
        palette = np.full((256, 4), 255, np.uint8)
        palette[: len(found), 1:] = found  # alpha, red, green, blue
        indexed: Any = (np.asarray(picture), palette)
        return av.VideoFrame.from_ndarray(indexed, "pal8")


def _rgb(pixels: Pixels) -> Any:
    whole: Any = np.ascontiguousarray(pixels)
    return av.VideoFrame.from_ndarray(whole, "rgb48le" if pixels.dtype == np.uint16 else "rgb24")


def picture_name(frame: int) -> str:
    """Name of a source frame's picture in a folder of pictures."""
    return f"frame_{frame:06d}.png"


def _write_pngs(folder: Path, pictures: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """One file a frame, named by its source number; the folder appears when it is whole."""
    scale: Any = VideoReformatter()
    temporary = _temporary(folder)
    try:
        temporary.mkdir()
        for index, pixels in pictures:
            if pixels.shape[1::-1] != size:
                frame = _rgb(pixels)
                scaled = scale.reformat(frame, *size, frame.format.name, interpolation=SWS_LANCZOS | SWS_ACCURATE)
                pixels = scaled.to_ndarray()
            write_png(temporary / picture_name(index), pixels)
        if folder.is_dir():  # an earlier film's; nothing else in there is touched
            for old in folder.glob("frame_*.png"):
                old.unlink()
            for new in temporary.iterdir():
                os.replace(new, folder / new.name)
        else:
            os.replace(temporary, folder)
    except OSError as error:
        raise MediaError(f"{folder}: the pictures cannot be written ({_reason(error)}); free some space") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _temporary(path: Path) -> Path:
    """A name beside a path, short enough for any file system, with the path's extension."""
    return path.with_name(f".{path.stem[:40]}.{os.getpid()}{path.suffix}")


def _reason(error: Exception) -> str:
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def whole_or_nothing(path: Path, advice: str = "the finished frames are kept, run it again") -> Iterator[Path]:
    """A temporary name beside a path, which takes its place when all went well and is gone when not.

    Raises MediaError, with advice what to do, for errors of the disk and of FFmpeg.
    """
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except (av.FFmpegError, OSError) as error:
        raise MediaError(f"{path}: the film cannot be written ({_reason(error)}); {advice}") from None
    finally:
        temporary.unlink(missing_ok=True)
