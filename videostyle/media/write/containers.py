"""What goes together: containers, codecs, pixel formats, and the tracks a container can hold."""

import io
import itertools
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.media.color import is_rgb
from videostyle.settings import FilmSettings


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file."""

    format: str
    """FFmpeg's name"""
    codecs: tuple[str, ...]
    """what it can hold, the usual one first"""
    audio: tuple[str, ...] = ("*",)
    """sound it can hold; ``*``: what FFmpeg does not refuse"""
    subtitles: tuple[str, ...] = ()
    """subtitles it can hold as they are"""
    words: str = ""
    """the kind of subtitles that other kinds of text become in it"""
    exact: bool = False
    """whether a track may begin before the film does and be cut to the sample (edit lists)"""
    covers: bool = False
    """whether it can hold a cover picture"""


CENTISECOND = Fraction(1, 100)
"""the only clock a GIF knows"""
TEXT_SUBTITLES = ("subrip", "ass", "ssa", "webvtt", "text")
"""kinds of text that Matroska holds"""
CONTAINERS = {
    ".mp4": Container(
        "mp4", ("h264", "h265", "av1", "vp9"), subtitles=("mov_text",), words="mov_text", exact=True, covers=True
    ),
    ".m4v": Container("mp4", ("h264", "h265"), subtitles=("mov_text",), words="mov_text", exact=True, covers=True),
    ".mov": Container("mov", ("h264", "h265", "prores"), subtitles=("mov_text",), words="mov_text", exact=True),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "av1", "vp9", "ffv1", "prores"),
        subtitles=(*TEXT_SUBTITLES, "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"),
        words="subrip",
        covers=True,
    ),
    ".webm": Container("webm", ("vp9", "av1"), subtitles=("webvtt",), words="webvtt"),
    # FFmpeg refuses nothing here, and what is not in this list comes out as a stream that nobody reads
    ".ts": Container(
        "mpegts", ("h264", "h265"), ("aac", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus"), ("dvb_subtitle",)
    ),
    ".avi": Container("avi", ("h264", "ffv1")),
    ".gif": Container("gif", ("gif",), audio=()),
}


LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""what so many channels usually are, for files (Matroska, AVI) that do not say it"""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder and how it is set."""

    encoder: str
    quality: int
    """its usual quality: visually lossless"""
    options: dict[str, str]
    """``{quality}`` stands for the quality"""
    chroma: tuple[str, ...]
    """subsamplings it takes, the usual one first"""
    even: bool = False
    """whether subsampled pictures must be even in size"""
    alpha: tuple[str, ...] = ()
    """subsamplings that it takes with transparency, the usual one first"""
    best: int = 63
    """largest number its quality may be"""
    hardware: str = ""
    """the codec that it encodes, where it is an encoder in hardware, which need not be there"""


NVENC = {"rc": "constqp", "qp": "{quality}", "preset": "p5"}
CODECS = {
    "h264": Codec("libx264", 16, {"crf": "{quality}", "preset": "medium"}, ("420", "422", "444"), even=True, best=51),
    "h265": Codec("libx265", 18, {"crf": "{quality}", "preset": "medium"}, ("420", "422", "444"), even=True, best=51),
    "av1": Codec("libsvtav1", 20, {"crf": "{quality}", "preset": "8"}, ("420",)),
    "vp9": Codec(
        "libvpx-vp9",
        20,
        {"crf": "{quality}", "b": "0", "cpu-used": "4", "row-mt": "1"},
        ("420", "422", "444"),
        alpha=("420",),
    ),
    "prores": Codec("prores_ks", 3, {"profile": "{quality}", "vendor": "apl0"}, ("422", "444"), alpha=("444",), best=5),
    "ffv1": Codec("ffv1", 3, {"level": "{quality}"}, ("420", "422", "444"), alpha=("420", "422", "444"), best=3),
    "h264_nvenc": Codec("h264_nvenc", 19, NVENC, ("420",), even=True, best=51, hardware="h264"),
    "hevc_nvenc": Codec("hevc_nvenc", 21, NVENC, ("420",), even=True, best=51, hardware="h265"),
    "av1_nvenc": Codec("av1_nvenc", 60, NVENC, ("420",), even=True, hardware="av1"),
    "gif": Codec("gif", 0, {}, ("444",)),
}


def container_of(path: Path) -> Container:
    """The container that a file's extension means; raises MediaError listing those there are."""
    found = CONTAINERS.get(path.suffix.lower())
    if found is None:
        raise MediaError(
            f"{path}: {path.suffix or 'no extension'} is no container that can be written; "
            f"end the name in one of {', '.join(CONTAINERS)}"
        )
    return found


def codec_of(path: Path, settings: FilmSettings) -> Codec:
    """The codec for a file; raises MediaError listing what the container can hold."""
    container = container_of(path)
    name = container.codecs[0] if settings.codec == "auto" else settings.codec
    kind = CODECS[name].hardware or name
    if kind not in container.codecs:
        elsewhere = " or ".join(suffix for suffix, other in CONTAINERS.items() if kind in other.codecs)
        raise MediaError(
            f"{path}: {path.suffix} cannot hold {name}, only {', '.join(container.codecs)}; "
            f"give another --codec, or end the name in {elsewhere}"
        )
    codec = CODECS[name]
    if settings.quality > codec.best:
        raise MediaError(
            f"--quality {settings.quality}: {name} knows 0 to {codec.best}; give one of these, or -1 for the usual"
        )
    return codec


def keeps_alpha(clip: Clip, codec: Codec, container: Container) -> bool:
    """Whether a film will be as transparent as its clip is."""
    return clip.alpha and bool(codec.alpha) and container.format != "mp4"


def pixel_format(clip: Clip, codec: Codec, container: Container, size: tuple[int, int]) -> str:
    """The encoder's pixel format that keeps the clip's transparency, chroma and depth as far as it can at this size."""
    if codec.encoder == "gif":
        return "pal8"
    chroma = next((kind for kind in ("444", "422") if kind in clip.pixel_format), "420")
    if is_rgb(clip):  # few players show H.264 and H.265 in 4:4:4
        chroma = codec.chroma[0] if codec.even else "444"
    if keeps_alpha(clip, codec, container):
        chroma = chroma if chroma in codec.alpha else codec.alpha[0]
        deep = codec.encoder == "prores_ks" or (clip.depth > 8 and codec.encoder != "libvpx-vp9")
        return f"yuva{chroma}p10le" if deep else f"yuva{chroma}p"
    if chroma not in codec.chroma:
        chroma = codec.chroma[0]
    width, height = size
    if codec.even and ((chroma != "444" and width % 2) or (chroma == "420" and height % 2)):
        chroma = "444"  # the picture keeps its size; padding or cropping would be a surprise
    deep = clip.depth > 8 or codec.encoder == "prores_ks"
    if deep and codec.hardware and chroma == "420":
        return "p010le"
    return f"yuv{chroma}p10le" if deep else f"yuv{chroma}p"


def encoder_options(codec: Codec, settings: FilmSettings, format: str, num_frames: int, pixels: str) -> dict[str, str]:
    """What the encoder is told, for a film of so many frames in an FFmpeg container and pixel format."""
    quality = settings.quality if settings.quality >= 0 else codec.quality
    if codec.encoder == "prores_ks" and "444" in pixels and settings.quality < 0:
        quality = 4
    options = {name: value.format(quality=quality) for name, value in codec.options.items()}
    if (codec.encoder == "libx264" or codec.hardware == "h264") and format == "avi":
        options["bf"] = "0"  # AVI has decoding times only
    if codec.encoder == "libx265":
        # frames can be replaced later between closed groups only; of one or two frames with B-frames it gives times
        # from uninitialised memory (x265 issue 934)
        options["x265-params"] = "log-level=none:open-gop=0" + (":bframes=0" if num_frames <= 2 else "")
    if codec.encoder == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "0")  # it knows no other way to be silent
    return options


def tick_of(clip: Clip, format: str, path: Path) -> Fraction:
    """Encoder ticks: a frame each where all last equally long (encoders write their rate from it), else the clip's.

    Raises MediaError for an AVI, which knows equally long frames only, of others.
    """
    if format == "gif":
        return CENTISECOND
    steps = {after - before for before, after in itertools.pairwise(clip.pts)}
    if len(steps) == 1 and clip.pts[0] % (step := steps.pop()) == 0:
        return step * clip.time_base
    if format != "avi":
        return clip.time_base
    # a clip of one frame, or one whose times were rounded, such as Matroska's milliseconds
    if any(abs(clip.seconds(i) - clip.seconds(0) - i / clip.rate) > clip.time_base for i in range(clip.num_frames)):
        raise MediaError(f"{path}: .avi cannot hold frames of unequal length; use -o {path.stem}.mkv")
    return 1 / clip.rate


def trial(container: Container, build: Callable[[Any], object]) -> str:
    """Why FFmpeg refuses a file with the streams that ``build`` adds to an output, or nothing; it stays in memory."""
    output = av.open(io.BytesIO(), "w", format=container.format)
    try:
        build(output)
        output.start_encoding()
    except (av.FFmpegError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    finally:
        with suppress(av.FFmpegError, ValueError):  # some muxers do not like to end before they began
            output.close()
    return ""


def missing_hardware(codec: Codec) -> str:
    """Why an encoder in hardware cannot be used on this machine, or nothing: found by opening a small one."""

    def add(output: Any) -> None:
        stream = output.add_stream(codec.encoder, rate=25)
        stream.width = stream.height = 256
        stream.pix_fmt = "yuv420p"

    return trial(CONTAINERS[".mkv"], add) if codec.hardware else ""


def formats_of(codec: Codec) -> str:
    """The pixel formats that an encoder takes, in words."""
    found = av.Codec(codec.encoder, "w").video_formats or []
    names = [format.name for format in found if format.name.startswith("yuv") and not format.name.startswith("yuvj")]
    return ", ".join(names)


def codec_that_takes(container: Container, build: Callable[[str, Any], object]) -> str:
    """The first codec of a container with which FFmpeg does not refuse what ``build`` adds to an output, or nothing."""
    return next((name for name in container.codecs if not trial(container, partial(build, name))), "")


def codec_name(stream: Any) -> str:
    """FFmpeg's name of a stream's codec, where its context has the decoder's (``mp3`` for ``mp3float``)."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context else ""


def is_cover(stream: Any) -> bool:
    """Whether a stream is a picture that stands for the film and not a film."""
    return bool(stream.type == "video" and stream.disposition & Disposition.attached_pic)


def can_hold(container: Container, stream: Any) -> bool:
    """Whether a container takes a copy of a stream of another file."""
    if stream.type == "attachment":
        return container.format == "matroska"
    if stream.codec_context is None:
        return False
    name = codec_name(stream)
    if stream.type == "subtitle":
        return name in container.subtitles
    if stream.type == "audio":
        # the mp4 muxer fails at the end of plain sound whose channels have no names
        nameless = stream.layout.name.endswith(" channels") and stream.channels not in LAYOUTS
        known = "*" in container.audio or name in container.audio
        known = known and not (container.format == "mp4" and name.startswith("pcm_") and nameless)
        return known and not trial(container, lambda output: output.add_stream_from_template(stream, opaque=True))
    return is_cover(stream) and container.covers and name in ("mjpeg", "png")


def name_channels(target: Any, stream: Any) -> None:
    """Give the copy of a track of sound the usual names of its channels, where the source has none."""
    if stream.layout.name.endswith(" channels"):
        target.codec_context.layout = LAYOUTS.get(stream.channels, stream.layout.name)


def holds_sound(streams: list[Any]) -> str:
    """The extension of a container that can hold all these tracks, or nothing."""
    suffixes = (".mkv", ".mov", ".mp4", ".avi")
    return next((s for s in suffixes if all(can_hold(CONTAINERS[s], stream) for stream in streams)), "")
