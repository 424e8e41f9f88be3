"""What a film leaves out of its clip or changes, as notices to the user."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Stream
from av.subtitles.stream import SubtitleStream

from videostyle.frames import Clip
from videostyle.media.color import is_rgb, subsampling
from videostyle.media.read.captions import keeps_captions
from videostyle.media.read.extras import CAPTIONS
from videostyle.media.read.hdr import read_hdr
from videostyle.media.read.probe import open_file
from videostyle.media.read.table import to_the_end
from videostyle.media.write.boxes import kept_boxes
from videostyle.media.write.containers import (
    CODECS,
    Codec,
    Container,
    codec_name,
    codec_of,
    container_of,
    keeps_alpha,
    pixel_format,
)
from videostyle.media.write.subtitles import Subtitles, read_subtitles
from videostyle.media.write.tags import film_tags, lost_tags
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import SortedTracks
from videostyle.media.write.trim import sample_bytes
from videostyle.media.write.usual import FLAVORS, usual_flavor
from videostyle.settings import FilmSettings

INTO_LIGHT = "OpenEXR holds linear light: the clip's white becomes 1.0, and its primaries are named in the files"


@dataclass(frozen=True, slots=True)
class FilmCheck:
    """What is known about a film before it is made; each notice is one line."""

    left_out: tuple[str, ...] = ()
    """what the film will lack"""
    changed: tuple[str, ...] = ()
    """what the film will store in another form"""
    subtitles: Subtitles = field(default_factory=dict, repr=False)
    """converted text tracks, for ``encode_film``"""

    @property
    def notices(self) -> tuple[str, ...]:
        return self.left_out + self.changed


def film_notices(
    source: InputContainer,
    clip: Clip,
    path: Path,
    settings: FilmSettings,
    size: tuple[int, int],
    tracks: SortedTracks,
    timeline: Timeline,
) -> FilmCheck:
    """Find what a film of a size (width, height) leaves out and changes."""
    container, codec = container_of(path), codec_of(path, settings, clip)
    losses = [*tracks.left_out, *_container_losses(source, clip, path.suffix, container.format, timeline)]
    if lost := lost_tags(film_tags(source.metadata, ""), container):
        losses.append(f"tags that {path.suffix} cannot hold are left out: {', '.join(lost)}")
    subtitles = read_subtitles(clip.path, tracks.converted)
    losses += (
        f"texts of subtitle track {index} that are damaged or not UTF-8 are left out ({track.lost} of them)"
        for (index, _), track in subtitles.items()
        if track.lost
    )
    losses += _hdr_losses(clip, keeps=codec.encoder == "libx265")
    captions = (CAPTIONS,) if keeps_captions(clip, codec.encoder) else ()
    if captions and timeline.skips:
        losses.append("captions of the frames that are skipped are left out, so texts may be incomplete")
    losses += _extra_losses(clip, captions + kept_boxes(clip, container.format, size).names)
    if clip.alpha and not keeps_alpha(clip, codec, container):
        losses.append(
            f"the transparency of {clip.path.name} is left out: {codec.encoder} in {path.suffix} cannot hold it; "
            "to keep it, use --codec prores in .mov, vp9 in .webm, ffv1 in .mkv, or png"
        )
    pixels = pixel_format(clip, codec, container, size)
    changes = [
        *_light_changes(clip),
        *_codec_changes(clip, settings, codec, container, pixels),
        *_picture_changes(clip, pixels),
    ]
    if timeline.timecode and len(timeline.parts) > 1:
        timecode = timeline.timecode
        changes.append(f"the timecode {timecode} is correct for the first range only; it keeps counting after that")
    changes += _subtitle_changes(tracks.converted)
    changes += _sound_changes(tracks.copied, clip, container, timeline)
    changes += _time_changes(tracks.copied, clip, container, timeline)
    return FilmCheck(tuple(losses), tuple(changes), subtitles)


def folder_notices(
    source: InputContainer, clip: Clip, suffix: str, tracks: SortedTracks, timeline: Timeline
) -> FilmCheck:
    """Find what a folder of pictures leaves out and changes. suffix: ``.png`` or ``.exr``."""
    place = "a folder of pictures"
    losses = [*_container_losses(source, clip, place, "", timeline), *_hdr_losses(clip, keeps=False)]
    losses += _extra_losses(clip)
    changes = _light_changes(clip) if suffix != ".exr" else () if clip.color.linear else (INTO_LIGHT,)
    return FilmCheck((*tracks.left_out, *losses), tuple(changes))


def _extra_losses(clip: Clip, kept: tuple[str, ...] = ()) -> Iterator[str]:
    """What the clip's pictures carry besides their colors, and the film does not. kept: starts of names."""
    for extra in clip.extras:
        if not extra.startswith(kept):
            advice = "; --codec h264 and h265 keep them" if extra == CAPTIONS else ""
            yield f"left out: {extra} of {clip.path.name}{advice}"


def _light_changes(clip: Clip) -> Iterator[str]:
    """How linear light changes in films and PNG files."""
    if clip.color.linear:
        yield (
            "linear light is converted to sRGB, and light above white (1.0) is clipped; "
            "to keep both, write OpenEXR with videostyle frames -o DIR/f.%06d.exr"
        )


def _container_losses(source: InputContainer, clip: Clip, place: str, format: str, timeline: Timeline) -> Iterator[str]:
    """What a film's container or folder cannot hold, apart from tracks. format: FFmpeg's name for the container."""
    capable = format in ("mp4", "mov", "matroska", "webm")
    if source.chapters() and not capable:
        yield f"the chapters of {clip.path.name} are left out: {place} cannot hold them"
    if clip.timecode and not capable:
        yield f"the timecode {clip.timecode} is left out: {place} cannot hold it"
    elif clip.timecode and not timeline.timecode:
        yield f"the timecode {clip.timecode} is left out: that of the range's first frame cannot be computed"


def _hdr_losses(clip: Clip, keeps: bool) -> Iterator[str]:
    """HDR metadata that is left out. keeps: whether the film's codec stores HDR10 display metadata."""
    hdr = read_hdr(clip)
    if not keeps and (hdr.display or hdr.light):
        yield f"the HDR10 display metadata of {clip.path.name} is left out; --codec h265 keeps it"


def _codec_changes(
    clip: Clip, settings: FilmSettings, codec: Codec, container: Container, pixels: str
) -> Iterator[str]:
    """Which codec the clip has brought about, if films in this container usually have another."""
    usual = container.codecs[0]
    if settings.codec != "auto" or codec is CODECS[usual]:
        return
    if codec.encoder == "prores_ks":
        flavor = settings.quality if settings.quality >= 0 else usual_flavor(clip, pixels, codec.quality)
        yield f"the film is ProRes {FLAVORS[flavor]} because the clip is ProRes; --codec {usual} makes a smaller film"
    else:
        name = next(name for name, known in CODECS.items() if known is codec)
        yield f"the film is {name} because few players show {clip.depth} bits in {usual}; --codec selects another codec"


def _picture_changes(clip: Clip, pixels: str) -> Iterator[str]:
    """How the picture changes in a film with one of FFmpeg's pixel formats."""
    if pixels == "pal8":
        yield "each frame is reduced to 256 colors, and frame times are rounded to 10 ms"
        return
    depth = 10 if pixels.endswith("10le") else 8
    if clip.depth > depth:
        yield f"the bit depth is reduced from {clip.depth} to {depth}"
    before, after = subsampling(clip.pixel_format), subsampling(pixels)
    if is_rgb(clip):
        yield f"RGB is converted to {':'.join(after)} YUV"
    elif after < before:  # as digits: 420, 422, 444
        yield f"the chroma subsampling changes from {':'.join(before)} to {':'.join(after)}"


def _time_changes(streams: list[Stream], clip: Clip, container: Container, timeline: Timeline) -> Iterator[str]:
    """The notice about sound that begins before time 0, where an MP4 stores the decoder's priming samples.

    Matroska has no negative timestamps, except for Opus.
    """
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
            f"the sound begins at {float(1000 * earliest):.0f} ms, and Matroska cannot store negative timestamps: "
            "sound and picture are both delayed by that much"
        )


def _sound_changes(streams: list[Stream], clip: Clip, container: Container, timeline: Timeline) -> Iterator[str]:
    """How precisely the copied sound of a range is trimmed."""
    for stream in streams:
        if timeline.whole or not isinstance(stream, av.AudioStream) or sample_bytes(codec_name(stream)):
            continue
        length = float(1000 * _packet(clip, stream))
        if container.edit_lists:
            how = ["an edit list makes it start on time"]
        elif container.format == "avi":
            how = [f"it is off by up to {length / 2:.1f} ms"]
        else:
            how = [f"up to {length:.1f} ms at the start are silent"]
        if len(timeline.parts) > 1 and container.format != "avi":
            how.append(f"it is off by up to {length / 2:.1f} ms after a join")
        yield f"audio track {stream.index} ({codec_name(stream)}) is trimmed at packet borders: {', '.join(how)}"


def _subtitle_changes(converted: list[tuple[SubtitleStream, str]]) -> Iterator[str]:
    """The codecs that text subtitles are converted to."""
    for stream, codec in converted:
        if (name := codec_name(stream)) != codec:
            styles = ", without its styles" if name in ("ass", "ssa") else ""
            yield f"subtitle track {stream.index} ({name}) is converted to {codec}{styles}"


def _packet(clip: Clip, stream: av.AudioStream) -> Fraction:
    """The longest duration of a track's first packets, seconds."""
    context = stream.codec_context
    if (context.frame_size or 0) > 1:
        return Fraction(context.frame_size, context.sample_rate)
    with open_file(clip.path) as source:
        packets = to_the_end(source.demux(source.streams[stream.index]))
        lengths = (packet.duration * packet.time_base for packet in packets if packet.duration)
        return max(itertools.islice(lengths, 10), default=Fraction(0))
