"""What a film will lack of its clip, or hold in another way."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from videostyle.frames import Clip
from videostyle.media.color import is_rgb
from videostyle.media.read.hdr import read_hdr
from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end
from videostyle.media.write.containers import Codec, Container, codec_name
from videostyle.media.write.subtitles import read_words
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.trim import sample_bytes

CHROMA = {"444": 4, "422": 2, "420": 1}
"""samples of colour for every four of brightness and line"""


@dataclass(frozen=True, slots=True)
class FilmNotices:
    """What the user should know before a film is made, a line each."""

    left_out: tuple[str, ...] = ()
    """things of the clip that the film will not have"""
    changed: tuple[str, ...] = ()
    """things that it will have in another way"""


def losses(source: Any, clip: Clip, path: Path, container: Container | None, timeline: Timeline) -> Iterator[str]:
    """What a container (None: a folder of pictures) cannot hold beside tracks."""
    place = path.suffix if container else "a folder of pictures"
    format = container.format if container else ""
    if source.chapters() and format not in ("mp4", "mov", "matroska", "webm"):
        yield f"the chapters of {clip.path.name} are left out: {place} cannot hold them"
    if clip.timecode and format not in ("mp4", "mov", "matroska", "webm"):
        yield f"the timecode {clip.timecode} is left out: {place} cannot hold it"
    elif clip.timecode and not timeline.timecode:
        yield f"the timecode {clip.timecode} is left out: the range's first frame cannot be counted from it"


def alpha_loss(clip: Clip, path: Path, codec: Codec) -> str:
    return (
        f"the transparency of {clip.path.name} is left out: {codec.encoder} in {path.suffix} cannot hold it; "
        "--codec prores in .mov, vp9 in .webm, ffv1 in .mkv and png can"
    )


def hdr_losses(clip: Clip, keeps: bool) -> Iterator[str]:
    """keeps: whether the film's codec takes what HDR10 says of the display."""
    hdr = read_hdr(clip)
    if not keeps and (hdr.display or hdr.light):
        yield f"what HDR10 says of {clip.path.name}'s display is left out; --codec h265 keeps it"
    for name in hdr.dynamic:
        yield f"the {name} metadata of {clip.path.name} is left out: it fits the clip's own pictures only"


def picture_changes(clip: Clip, pixels: str) -> Iterator[str]:
    """How a film in FFmpeg's pixel format will show less than the clip."""
    if pixels == "pal8":
        yield "the film has 256 colors, and its times are rounded to 10 ms"
        return
    depth = 10 if pixels.endswith("10le") else 8
    if clip.depth > depth:
        yield f"the picture's {clip.depth} bits become {depth}"
    if is_rgb(clip):
        yield f"the picture's RGB becomes {_chroma(pixels)} YUV"
    elif (now := CHROMA[_digits(pixels)]) < CHROMA.get(_digits(clip.pixel_format), now):
        yield f"the picture's {_chroma(clip.pixel_format)} color becomes {_chroma(pixels)}"


def _digits(pixels: str) -> str:
    return next((digits for digits in CHROMA if digits in pixels), "420")


def _chroma(pixels: str) -> str:
    return ":".join(_digits(pixels))


def timecode_changes(timeline: Timeline) -> Iterator[str]:
    if timeline.timecode and len(timeline.parts) > 1:
        yield f"the timecode {timeline.timecode} is right for the first range only, from which it counts on"


def time_changes(streams: list[Any], clip: Clip, container: Container, timeline: Timeline) -> Iterator[str]:
    """Matroska has no times below 0, but for Opus; in an MP4 sound begins there, with what nobody hears."""
    indices = [stream.index for stream in streams if stream.type == "audio" and codec_name(stream) != "opus"]
    if not indices or not timeline.whole or container.format not in ("matroska", "webm"):
        return
    begins: dict[int, Fraction] = {}
    with open_file(clip.path) as source:
        for packet in to_the_end(source.demux(*(source.streams[index] for index in indices))):
            if packet.pts is not None:
                begins.setdefault(packet.stream.index, packet.pts * packet.time_base)
            if len(begins) == len(indices):
                break
    earliest = min(begins.values(), default=Fraction(0))
    if earliest < 0:
        yield (
            f"the sound begins at {float(1000 * earliest):.0f} ms, and Matroska has no times below 0: "
            "sound and picture are later by that, together"
        )


def sound_changes(streams: list[Any], clip: Clip, container: Container, timeline: Timeline) -> Iterator[str]:
    """How the sound of a range is cut, for the tracks that are copied."""
    for stream in streams:
        if timeline.whole or stream.type != "audio" or sample_bytes(codec_name(stream)):
            continue
        length = float(1000 * _packet(clip, stream))
        if container.exact:
            how = ["an edit list makes it begin in its place"]
        elif container.format == "avi":
            how = [f"it is off by up to {length / 2:.1f} ms"]
        else:
            how = [f"up to {length:.1f} ms at the beginning are silent"]
        if len(timeline.parts) > 1 and container.format != "avi":
            how.append(f"it is off by up to {length / 2:.1f} ms after a join")
        yield f"audio track {stream.index} ({codec_name(stream)}) is cut at its packets: {', '.join(how)}"


def words_losses(converted: list[tuple[Any, str]], clip: Clip, timeline: Timeline) -> Iterator[str]:
    """Texts that cannot be converted."""
    for stream, kind in converted:
        _, lost = read_words(clip.path, stream.index, av.CodecContext.create(kind, "w"), timeline)
        if lost:
            yield f"texts of subtitle track {stream.index} that are left out, damaged or not in UTF-8: {lost}"


def words_changes(converted: list[tuple[Any, str]]) -> Iterator[str]:
    """What text subtitles become."""
    for stream, kind in converted:
        if (name := codec_name(stream)) != kind:
            styles = ", without its styles" if name in ("ass", "ssa") else ""
            yield f"subtitle track {stream.index} ({name}) becomes {kind}{styles}"


def _packet(clip: Clip, stream: Any) -> Fraction:
    """Seconds that the longest of a track's first packets lasts."""
    context = stream.codec_context
    if (context.frame_size or 0) > 1:
        return Fraction(context.frame_size, context.sample_rate)
    with open_file(clip.path) as source:
        packets = (packet for packet in source.demux(source.streams[stream.index]) if packet.size and packet.duration)
        return max((Fraction(p.duration * p.time_base) for p in itertools.islice(packets, 10)), default=Fraction(0))
