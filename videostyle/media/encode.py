"""Frames -> film: every frame at its source's time, and everything else of the clip copied."""

import itertools
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from videostyle.errors import MediaError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.containers import codec_of, container_of, pixel_format
from videostyle.media.decode import SWS_ACCURATE, SWS_FULL_CHROMA, matrix_name
from videostyle.media.probe import open_file
from videostyle.media.stills import write_png
from videostyle.media.tracks import Tracks, copied, kept_tags
from videostyle.settings import FilmSettings

SWS_LANCZOS = 0x200
FRAME_DURATION = int(av.codec.context.Flags.frame_duration)
"""without it the last frame's length is lost"""


def check_film(clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int]) -> tuple[str, ...]:
    """Find out before any work whether a film can be written; returns notices of what will be left out of it.

    size: width and height, px. Raises MediaError where folder, container, codec, size or sound do not go together.
    """
    folder = path.parent
    if not folder.is_dir():
        raise MediaError(f"{folder}: no such folder; make it first, or give another one with -o")
    if settings.codec == "png":
        return ()
    temporary = _temporary(path)
    try:
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise MediaError(f"{folder}: cannot be written ({error.strerror}); give another folder with -o") from None
    container = container_of(path)
    with open_file(clip.path) as source, av.open(str(temporary), "w", format=container.format) as output:
        # nothing is muxed, so that no file comes of this
        try:
            _add_picture(output, clip, path, settings, size).codec_context.open()
        except (av.FFmpegError, ValueError) as error:
            raise MediaError(
                f"{path}: the encoder refuses {size[0]}x{size[1]} ({error}); try another film.codec"
            ) from None
        _, left = copied(source, clip, container, output)
    lost = [line for line in left if line.startswith("audio")]
    if lost:
        raise MediaError(
            f"{path}: {path.suffix} cannot hold the sound ({clip.audio[0].codec}); end the name in .mkv, which can"
        )
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
    options = {}
    if container.format in ("mp4", "mov"):
        # the clock of the whole film in the clip's ticks: lengths and edit lists are then exact
        options = {"movflags": "+faststart", "movie_timescale": str(clip.time_base.denominator)}
    with (
        whole_or_nothing(path) as temporary,
        open_file(clip.path) as source,
        av.open(
            str(temporary), "w", format=container.format, container_options=options, metadata_errors="surrogateescape"
        ) as output,
    ):
        picture = _add_picture(output, clip, path, settings, size)
        picture.metadata.update(kept_tags(source.streams[clip.stream].metadata))
        with av.open(os.devnull, "w", format=container.format) as trial:
            streams, _ = copied(source, clip, container, trial)
        tracks = Tracks(source, streams, output, clip, frames)
        output.metadata.update(kept_tags(source.metadata))
        if comment:
            output.metadata["comment"] = comment
        if frames == clip.frames:
            output.set_chapters(source.chapters())
        to_frame = _Converter(clip, picture, size, frames)
        for index, pixels in pictures:
            frame, begins = to_frame(index, pixels)
            tracks.write(begins)
            output.mux(picture.encode(frame))
        output.mux(picture.encode(None))
        tracks.write(None)


def _add_picture(output: Any, clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int]) -> Any:
    """The stream of the film, set up as the clip's was."""
    codec = codec_of(path, settings)
    quality = str(settings.quality if settings.quality >= 0 else codec.quality)
    options = {name: value.format(quality=quality) for name, value in codec.options.items()}
    if path.suffix.lower() == ".avi" and codec.encoder == "libx264":
        options["bf"] = "0"  # AVI has decoding times only
    stream = output.add_stream(codec.encoder, rate=clip.rate, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format(clip, codec, size)
    context = stream.codec_context
    context.time_base = _tick(clip)
    stream.time_base = clip.time_base
    context.flags |= FRAME_DURATION
    context.color_range = clip.color.range
    context.color_primaries, context.color_trc = clip.color.primaries, clip.color.transfer
    context.colorspace = clip.color.matrix if clip.color.matrix else 2  # 0 is RGB, which this film no longer is
    context.sample_aspect_ratio = clip.sample_aspect
    return stream


def _tick(clip: Clip) -> Fraction:
    """Encoder ticks: a frame each where all last equally long (encoders write their rate from it), else the clip's."""
    steps = {after - before for before, after in itertools.pairwise(clip.pts)}
    if len(steps) == 1 and clip.pts[0] % (step := steps.pop()) == 0:
        return step * clip.time_base
    return clip.time_base


class _Converter:
    """Pixels -> frames for the encoder, with time and colour; one swscale context for all of them."""

    def __init__(self, clip: Clip, stream: Any, size: tuple[int, int], frames: FrameRange) -> None:
        self._clip, self._stream, self._size = clip, stream, size
        self._format = stream.pix_fmt
        self._tick = stream.codec_context.time_base
        self._start = clip.seconds(frames.start) if frames != clip.frames else Fraction(0)
        self._scale = VideoReformatter()

    def __call__(self, index: int, pixels: Pixels) -> tuple[Any, Fraction]:
        """A frame and the time at which it appears in the film, seconds."""
        clip = self._clip
        name = "rgb48le" if pixels.dtype == np.uint16 else "rgb24"
        frame = self._scale.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), name),
            self._size[0],
            self._size[1],
            self._format,
            dst_colorspace=matrix_name(clip),
            dst_color_range="JPEG" if clip.color.range == 2 else "MPEG",
            interpolation=SWS_LANCZOS | SWS_ACCURATE | SWS_FULL_CHROMA,
        )
        begins = clip.seconds(index) - self._start
        frame.pts, frame.time_base = round(begins / self._tick), self._tick
        frame.duration = max(1, round(clip.durations[index] * clip.time_base / self._tick))
        frame.colorspace = clip.color.matrix if clip.color.matrix else 2
        frame.color_range = clip.color.range
        frame.color_primaries, frame.color_trc = clip.color.primaries, clip.color.transfer
        frame.pict_type = 0
        return frame, begins


def _write_pngs(folder: Path, pictures: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> None:
    """One file a frame, named by its source number."""
    folder.mkdir(exist_ok=True)
    scale = VideoReformatter()
    for index, pixels in pictures:
        if pixels.shape[1::-1] != size:
            name = "rgb48le" if pixels.dtype == np.uint16 else "rgb24"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), name)
            pixels = scale.reformat(frame, *size, name, interpolation=SWS_LANCZOS | SWS_ACCURATE).to_ndarray()
        write_png(folder / f"frame_{index:06d}.png", pixels)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")


@contextmanager
def whole_or_nothing(path: Path) -> Iterator[Path]:
    """A temporary name beside a path, which takes its place when all went well and is gone when not."""
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path}: the film cannot be written ({reason}); the frames are kept, see --job") from None
    finally:
        temporary.unlink(missing_ok=True)
