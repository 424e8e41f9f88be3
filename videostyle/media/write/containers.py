"""Which containers, codecs and pixel formats go together, and which tracks a container can hold."""

import io
import itertools
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream

from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.media.color import is_rgb, subsampling
from videostyle.media.write.usual import usual_codec, usual_flavor
from videostyle.media.write.x264 import repeatable
from videostyle.settings import FilmSettings


@dataclass(frozen=True, slots=True)
class Container:
    """A file format and what it can hold."""

    format: str
    """FFmpeg's name for the format"""
    codecs: tuple[str, ...]
    """video codecs, the default first"""
    audio: tuple[str, ...] = ("*",)
    """audio codecs; ``*``: every codec that FFmpeg accepts"""
    subtitles: tuple[str, ...] = ()
    """subtitle codecs that can be copied"""
    text: str = ""
    """subtitle codec that other text subtitles are converted to; empty if there is none"""
    edit_lists: bool = False
    """whether a track may begin before the film and be trimmed to the sample"""
    covers: bool = False
    """whether it can hold a cover picture"""


TEXT_SUBTITLES = ("subrip", "ass", "ssa", "webvtt", "text")
"""text subtitle codecs that Matroska holds"""
CONTAINERS = {
    ".mp4": Container(
        "mp4", ("h264", "h265", "av1", "vp9"), subtitles=("mov_text",), text="mov_text", edit_lists=True, covers=True
    ),
    ".m4v": Container("mp4", ("h264", "h265"), subtitles=("mov_text",), text="mov_text", edit_lists=True, covers=True),
    ".mov": Container("mov", ("h264", "h265", "prores"), subtitles=("mov_text",), text="mov_text", edit_lists=True),
    ".mkv": Container(
        "matroska",
        ("h264", "h265", "av1", "vp9", "ffv1", "prores"),
        subtitles=(*TEXT_SUBTITLES, "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"),
        text="subrip",
        covers=True,
    ),
    ".webm": Container("webm", ("vp9", "av1"), subtitles=("webvtt",), text="webvtt"),
    # FFmpeg accepts any codec here, but for codecs not in this list it writes streams that no player reads
    ".ts": Container(
        "mpegts", ("h264", "h265"), ("aac", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus"), ("dvb_subtitle",)
    ),
    ".avi": Container("avi", ("h264", "ffv1")),
    ".gif": Container("gif", ("gif",), audio=()),
}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
"""usual layout for a channel count, for formats (Matroska, AVI) that do not store it"""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder and its settings."""

    encoder: str
    """FFmpeg's name for the encoder"""
    quality: int
    """default quality: visually lossless"""
    options: dict[str, str]
    """encoder options; ``{quality}`` stands for the quality"""
    chroma: tuple[str, ...]
    """chroma subsamplings, the default first"""
    even: bool = False
    """whether width and height must be even in the subsampled directions"""
    alpha: tuple[str, ...] = ()
    """chroma subsamplings available with transparency, the default first"""
    max_quality: int = 63
    """largest allowed quality number"""
    hardware: str = ""
    """codec that a hardware encoder writes; empty for software encoders"""

    @property
    def pixel_formats(self) -> str:
        """The YUV pixel formats that the encoder accepts, separated by commas."""
        formats = av.Codec(self.encoder, "w").video_formats or []
        return ", ".join(format.name for format in formats if re.match("yuv(?!j)", format.name))


SUBSAMPLINGS = ("420", "422", "444")
CRF = {"crf": "{quality}", "preset": "medium"}
NVENC = {"rc": "constqp", "qp": "{quality}", "preset": "p5"}
CODECS = {
    "h264": Codec("libx264", 16, CRF, SUBSAMPLINGS, even=True, max_quality=51),
    "h265": Codec("libx265", 18, CRF, SUBSAMPLINGS, even=True, max_quality=51),
    "av1": Codec("libsvtav1", 20, {"crf": "{quality}", "preset": "8"}, ("420",)),
    "vp9": Codec(
        "libvpx-vp9", 20, {"crf": "{quality}", "b": "0", "cpu-used": "4", "row-mt": "1"}, SUBSAMPLINGS, alpha=("420",)
    ),
    "prores": Codec(
        "prores_ks", 3, {"profile": "{quality}", "vendor": "apl0"}, ("422", "444"), alpha=("444",), max_quality=5
    ),
    "ffv1": Codec("ffv1", 3, {"level": "{quality}"}, SUBSAMPLINGS, alpha=SUBSAMPLINGS, max_quality=3),
    "h264_nvenc": Codec("h264_nvenc", 19, NVENC, ("420",), even=True, max_quality=51, hardware="h264"),
    "hevc_nvenc": Codec("hevc_nvenc", 21, NVENC, ("420",), even=True, max_quality=51, hardware="h265"),
    "av1_nvenc": Codec("av1_nvenc", 60, NVENC, ("420",), even=True, hardware="av1"),
    "gif": Codec("gif", 0, {}, ("444",)),
}


def container_of(path: Path) -> Container:
    """The container for a file's extension; raises MediaError, listing the known extensions, if it is unknown."""
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        reason = f"cannot write {path.suffix} files" if path.suffix else "the name has no extension"
        raise MediaError(f"{path}: {reason}; use one of {', '.join(CONTAINERS)}")
    return container


def codec_of(path: Path, settings: FilmSettings, clip: Clip) -> Codec:
    """The codec for a clip's film; raises MediaError if the container cannot hold it or its quality is out of range."""
    container = container_of(path)
    name = usual_codec(clip, container.format, container.codecs) if settings.codec == "auto" else settings.codec
    kind = CODECS[name].hardware or name
    if kind not in container.codecs:
        elsewhere = " or ".join(suffix for suffix, other in CONTAINERS.items() if kind in other.codecs)
        raise MediaError(
            f"{path}: {path.suffix} cannot hold {name}, only {', '.join(container.codecs)}; "
            f"choose one of them with --codec, or use the extension {elsewhere}"
        )
    codec = CODECS[name]
    if settings.quality > codec.max_quality:
        raise MediaError(
            f"--quality {settings.quality}: {name} takes 0 to {codec.max_quality}; "
            "use a value in this range, or -1 for the default"
        )
    return codec


def keeps_alpha(clip: Clip, codec: Codec, container: Container) -> bool:
    """Whether a film keeps its clip's transparency."""
    return clip.alpha and bool(codec.alpha) and container.format != "mp4"


def pixel_format(clip: Clip, codec: Codec, container: Container, size: tuple[int, int]) -> str:
    """The encoder's pixel format that best keeps the clip's transparency, chroma subsampling and bit depth.

    size: width and height of the film, px.
    """
    if codec.encoder == "gif":
        return "pal8"
    chroma = subsampling(clip.pixel_format)
    if is_rgb(clip):  # few players support H.264 and H.265 in 4:4:4
        chroma = codec.chroma[0] if codec.even else "444"
    if keeps_alpha(clip, codec, container):
        chroma = chroma if chroma in codec.alpha else codec.alpha[0]
        deep = codec.encoder == "prores_ks" or (clip.depth > 8 and codec.encoder != "libvpx-vp9")
        return f"yuva{chroma}p10le" if deep else f"yuva{chroma}p"
    chroma = chroma if chroma in codec.chroma else codec.chroma[0]
    width, height = size
    if codec.even and ((chroma != "444" and width % 2) or (chroma == "420" and height % 2)):
        chroma = "444"  # keeps the size; padding or cropping would surprise
    deep = clip.depth > 8 or codec.encoder == "prores_ks"
    if deep and codec.hardware and chroma == "420":
        return "p010le"
    return f"yuv{chroma}p10le" if deep else f"yuv{chroma}p"


def encoder_options(
    clip: Clip, codec: Codec, settings: FilmSettings, format: str, num_frames: int, pixels: str
) -> dict[str, str]:
    """Options for the encoder of a clip's film.

    format: FFmpeg's name for the container. pixels: FFmpeg's name for the pixel format.
    """
    quality = settings.quality if settings.quality >= 0 else codec.quality
    if codec.encoder == "prores_ks" and settings.quality < 0:
        quality = usual_flavor(clip, pixels, quality)
    options = {name: value.format(quality=quality) for name, value in codec.options.items()}
    if (codec.encoder == "libx264" or codec.hardware == "h264") and format == "avi":
        options["bf"] = "0"  # AVI stores decoding timestamps only
    if codec.encoder == "libx264" and (sets := repeatable()):
        options["x264-params"] = sets
    if codec.encoder == "libx265":
        # frames can be replaced later only between closed GOPs. With B-frames, x265 takes the timestamps of a film of
        # one or two frames from uninitialized memory (x265 issue 934)
        options["x265-params"] = "log-level=none:open-gop=0" + (":bframes=0" if num_frames <= 2 else "")
    return options


def tick_of(clip: Clip, format: str, path: Path) -> Fraction:
    """The encoder's time base, seconds: one frame if all frames have equal durations, else the clip's time base.

    Encoders derive the frame rate that they write from it. Raises MediaError for an AVI whose frames differ in
    duration, which the format cannot store.
    """
    if format == "gif":
        return Fraction(1, 100)
    steps = {after - before for before, after in itertools.pairwise(clip.pts)}
    if len(steps) == 1 and clip.pts[0] % (step := steps.pop()) == 0:
        return step * clip.time_base
    if format != "avi":
        return clip.time_base
    # a clip of one frame, or one with rounded timestamps, such as Matroska's milliseconds
    if any(abs(clip.seconds(i) - clip.seconds(0) - i / clip.rate) > clip.time_base for i in range(clip.num_frames)):
        raise MediaError(f"{path}: .avi cannot hold frames that differ in duration; use -o {path.stem}.mkv")
    return 1 / clip.rate


def refusal(container: Container, build: Callable[[OutputContainer], object]) -> str:
    """Why FFmpeg refuses the streams that ``build`` adds to an output in memory; empty if it accepts them."""
    output = av.open(io.BytesIO(), "w", format=container.format)
    try:
        build(output)
        output.start_encoding()
    except (av.FFmpegError, ValueError) as error:
        return getattr(error, "strerror", None) or str(error)
    finally:
        with suppress(av.FFmpegError, ValueError):  # some muxers fail on closing before the header is written
            output.close()
    return ""


def missing_hardware(codec: Codec) -> str:
    """Why this machine cannot use a hardware encoder; empty if it can. Opens a small one to find out."""

    def add(output: OutputContainer) -> Stream:
        return output.add_stream(codec.encoder, rate=25, width=256, height=256, pix_fmt="yuv420p")

    return refusal(CONTAINERS[".mkv"], add) if codec.hardware else ""


def codec_name(stream: Stream) -> str:
    """FFmpeg's name for a stream's codec, not its decoder: ``mp3``, not ``mp3float``. Empty if unknown."""
    return str(stream.codec_context.codec.canonical_name) if stream.codec_context else ""


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a cover picture."""
    return bool(stream.type == "video" and stream.disposition & Disposition.attached_pic)


def can_hold(container: Container, stream: Stream) -> bool:
    """Whether a container can hold a copy of another file's stream."""
    if stream.type == "attachment":
        return container.format == "matroska"
    if stream.codec_context is None:
        return False
    name = codec_name(stream)
    if stream.type == "subtitle":
        return name in container.subtitles
    if isinstance(stream, av.AudioStream):
        # the mp4 muxer fails at the end of PCM sound without a channel layout
        nameless = stream.layout.name.endswith(" channels") and stream.channels not in LAYOUTS
        known = "*" in container.audio or name in container.audio
        known = known and not (container.format == "mp4" and name.startswith("pcm_") and nameless)
        return known and not refusal(container, lambda output: output.add_stream_from_template(stream, opaque=True))
    return is_cover(stream) and container.covers and name in ("mjpeg", "png")


def text_codec(stream: Stream, container: Container, fits: bool) -> str:
    """The codec for converting a text track; empty if there is none. fits: whether the container can hold a copy."""
    name = codec_name(stream)
    if name not in (*TEXT_SUBTITLES, "mov_text"):
        return ""
    return name if fits and name in ("ass", "webvtt", "mov_text") else container.text


def suffix_for(streams: Sequence[Stream]) -> str:
    """The extension of a container that can hold copies of all the streams; empty if there is none."""
    suffixes = (".mkv", ".mov", ".mp4", ".avi")
    return next((s for s in suffixes if all(can_hold(CONTAINERS[s], stream) for stream in streams)), "")
