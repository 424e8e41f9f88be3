"""What goes together: containers, codecs, pixel formats, and the tracks a container can hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from videostyle.errors import MediaError
from videostyle.frames import Clip
from videostyle.settings import FilmSettings


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file."""

    format: str
    """FFmpeg's name"""
    codecs: tuple[str, ...]
    """what it can hold, the usual one first"""
    subtitles: tuple[str, ...] = ()
    """what it can hold; ``*``: anything"""


CONTAINERS = {
    ".mp4": Container("mp4", ("h264", "h265", "av1", "vp9"), ("mov_text",)),
    ".m4v": Container("mp4", ("h264", "h265"), ("mov_text",)),
    ".mov": Container("mov", ("h264", "h265", "prores"), ("mov_text",)),
    ".mkv": Container("matroska", ("h264", "h265", "av1", "vp9", "ffv1", "prores"), ("subrip", "ass", "webvtt")),
    ".webm": Container("webm", ("vp9", "av1"), ("webvtt",)),
    ".ts": Container("mpegts", ("h264", "h265")),
    ".avi": Container("avi", ("h264", "ffv1")),
}


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


CODECS = {
    "h264": Codec("libx264", 16, {"crf": "{quality}", "preset": "medium"}, ("420", "422", "444")),
    "h265": Codec(
        "libx265", 18, {"crf": "{quality}", "preset": "medium", "x265-params": "log-level=none"}, ("420", "422", "444")
    ),
    "av1": Codec("libsvtav1", 20, {"crf": "{quality}", "preset": "8"}, ("420",)),
    "vp9": Codec(
        "libvpx-vp9", 20, {"crf": "{quality}", "b": "0", "cpu-used": "4", "row-mt": "1"}, ("420", "422", "444")
    ),
    "prores": Codec("prores_ks", 3, {"profile": "{quality}", "vendor": "apl0"}, ("422",)),
    "ffv1": Codec("ffv1", 3, {"level": "{quality}"}, ("420", "422", "444")),
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
    if name not in container.codecs:
        raise MediaError(
            f"{path}: {path.suffix} cannot hold {name}; choose film.codec of {', '.join(container.codecs)}, "
            f"or end the name in {' or '.join(s for s, c in CONTAINERS.items() if name in c.codecs)}"
        )
    return CODECS[name]


def pixel_format(clip: Clip, codec: Codec, size: tuple[int, int]) -> str:
    """The encoder's pixel format that loses nothing of the clip's depth, and takes this size."""
    chroma = next((kind for kind in ("444", "422") if kind in clip.pixel_format), "420")
    if "gbr" in clip.pixel_format or "rgb" in clip.pixel_format:
        chroma = "444"
    if chroma not in codec.chroma:
        chroma = codec.chroma[0]
    width, height = size
    odd = (chroma in ("420", "422") and width % 2) or (chroma == "420" and height % 2)
    if odd:
        if "444" not in codec.chroma:
            raise MediaError(
                f"{codec.encoder} takes even sizes only, not {width}x{height}; choose another film.codec or --size"
            )
        chroma = "444"
    deep = clip.depth > 8 or codec.encoder == "prores_ks"
    return f"yuv{chroma}p10le" if deep else f"yuv{chroma}p"


def can_hold(container: Container, output: Any, stream: Any) -> bool:
    """Whether an open output takes a copy of a stream."""
    if stream.type == "subtitle":
        return stream.codec_context is not None and stream.codec_context.name in container.subtitles
    if stream.type not in ("audio", "video"):
        return False
    try:
        output.add_stream_from_template(stream, opaque=True)
    except ValueError:
        return False
    return True
