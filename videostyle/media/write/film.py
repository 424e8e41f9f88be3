"""Frames -> film: every frame at its source's time, and everything else of the clip copied."""

import dataclasses
import itertools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av

from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.files import check_folder, whole_or_nothing
from videostyle.media.read.probe import open_file
from videostyle.media.write.containers import (
    CENTISECOND,
    CONTAINERS,
    codec_name,
    codec_of,
    codec_that_takes,
    container_of,
    formats_of,
    holds_sound,
    keeps_alpha,
    missing_hardware,
    pixel_format,
    tick_of,
    trial,
)
from videostyle.media.write.folder import write_folder
from videostyle.media.write.notices import (
    FilmNotices,
    alpha_loss,
    hdr_losses,
    losses,
    picture_changes,
    sound_changes,
    time_changes,
    timecode_changes,
    words_changes,
    words_losses,
)
from videostyle.media.write.picture import FrameMaker, add_picture
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import Tracks, chapters_of, kept_tags, origin_of, sort_tracks
from videostyle.selection import Selection
from videostyle.settings import FilmSettings


def check_film(
    clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int], keep: Selection | None = None
) -> FilmNotices:
    """Find out before any work whether a film can be written, and what it will lack of the clip or hold otherwise.

    size: width and height, px. keep: as for ``encode_film``. Leaves no file behind. Raises MediaError where folder,
    container, codec, size or sound do not go together.
    """
    if settings.codec == "png":
        return _check_pngs(clip, path, Timeline(clip, keep), settings.sound)
    container, codec = container_of(path), codec_of(path, settings)
    if path.is_dir():
        raise MediaError(f"{path} is a folder; give a file such as {path.name or 'film'}/film.mp4 with -o")
    check_folder(path)
    tick_of(clip, container.format, path)
    timeline = Timeline(clip, keep)
    if missing := missing_hardware(codec):
        raise MediaError(
            f"--codec {codec.encoder}: no hardware or driver for it here ({missing}); use --codec {codec.hardware}"
        )

    def add(name: str, output: Any) -> None:
        other = dataclasses.replace(settings, codec=name, quality=-1)  # type: ignore[arg-type]
        add_picture(output, clip, path, other, size, timeline.num_frames)

    refused = trial(container, lambda output: add_picture(output, clip, path, settings, size, timeline.num_frames))
    if refused:
        what = f"{size[0]}x{size[1]} pictures of {clip.depth} bits"
        takes = f"it takes {formats_of(codec)}"
        other = codec_that_takes(container, add)
        advice = f"use --codec {other}" if other else "change the size"
        raise MediaError(f"{path}: {codec.encoder} refuses {what} ({refused}): {takes}; {advice}")
    with open_file(clip.path) as source:
        tracks = sort_tracks(source, clip, container, timeline, settings.sound)
        if settings.sound:
            _check_sound(source, path, tracks.copied)
        left = [*tracks.left_out, *losses(source, clip, path, container, timeline)]
        left += words_losses(tracks.converted, clip, timeline)
        left += hdr_losses(clip, keeps=codec.encoder == "libx265")
        if clip.alpha and not keeps_alpha(clip, codec, container):
            left.append(alpha_loss(clip, path, codec))
        changed = [*picture_changes(clip, pixel_format(clip, codec, container, size)), *timecode_changes(timeline)]
        changed += words_changes(tracks.converted)
        changed += sound_changes(tracks.copied, clip, container, timeline)
        changed += time_changes(tracks.copied, clip, container, timeline)
    return FilmNotices(tuple(left), tuple(changed))


def _check_pngs(clip: Clip, path: Path, timeline: Timeline, sound: bool) -> FilmNotices:
    if path.suffix.lower() in CONTAINERS:
        raise MediaError(f"{path}: --codec png makes a folder of pictures; give a folder such as -o {path.stem}")
    if path.exists() and not path.is_dir():
        raise MediaError(f"{path}: a file, and --codec png makes a folder of pictures; give another name with -o")
    check_folder(path)
    with open_file(clip.path) as source:
        left = sort_tracks(source, clip, None, timeline, sound).left_out
        hdr = hdr_losses(clip, keeps=False)
        return FilmNotices((*left, *losses(source, clip, path, None, timeline), *hdr))


def _check_sound(source: Any, path: Path, taken: list[Any]) -> None:
    """Raise MediaError where a container cannot hold the clip's sound."""
    lost = [s for s in source.streams.audio if s.index not in {stream.index for stream in taken}]
    if lost:
        names = ", ".join(dict.fromkeys(map(codec_name, lost)))
        other = holds_sound(list(source.streams.audio))
        advice = f"use -o {path.stem}{other}" if other else "no other can; convert it first, to FLAC for example"
        raise MediaError(f"{path}: {path.suffix} cannot hold the clip's sound ({names}); {advice}, or --no-sound")


def encode_film(
    clip: Clip,
    path: Path,
    pictures: Iterable[tuple[int, Pixels]],
    settings: FilmSettings,
    size: tuple[int, int],
    keep: Selection | None = None,
    comment: str = "",
) -> None:
    """Write a film of (source frame, upright pixels of any size) in order, and the clip's other tracks beside it.

    size: width and height of the film, px. keep: the parts of the clip it stands for, which follow each other from 0
    on without gaps; None: all of it. The file appears when it is whole. Raises MediaError where it cannot be written,
    or there are no pictures.
    """
    waiting = iter(pictures)
    first = next(waiting, None)
    if first is None:
        raise MediaError(f"{path}: there are no pictures to make a film of; give a range in which frames can be read")
    pictures = itertools.chain([first], waiting)
    if settings.codec == "png":
        write_folder(path, clip, pictures, size)
        return
    container = container_of(path)
    with _opened(clip) as source, whole_or_nothing(path) as temporary:
        timeline = Timeline(clip, keep, origin_of(source, clip, container))
        tags = kept_tags(source.metadata) | ({"comment": comment} if comment else {})
        tags.pop("timecode", None)  # it goes with the picture
        sorted_tracks = sort_tracks(source, clip, container, timeline, settings.sound)
        with av.open(
            os.path.abspath(temporary),  # ``a:b.mp4`` would be written with protocol ``a``
            "w",
            format=container.format,
            container_options=_muxer_options(clip, container.format, timeline, tags),
            metadata_errors="surrogateescape",
        ) as output:
            picture = add_picture(output, clip, path, settings, size, timeline.num_frames)
            _describe(picture, source.streams[clip.stream], timeline)
            tracks = Tracks(source, sorted_tracks, output, clip, container, timeline)
            output.metadata.update(tags)
            if container.format != "gif":
                output.set_chapters(chapters_of(source, timeline))
            to_frame = FrameMaker(clip, picture, size, timeline)
            for index, pixels in pictures:
                frame, begins = to_frame(index, pixels)
                tracks.write(begins)
                output.mux(picture.encode(frame))
            output.mux(picture.encode(None))
            tracks.write(None)


def _opened(clip: Clip) -> Any:
    try:
        return open_file(clip.path)
    except av.FFmpegError as error:
        raise MediaError(f"{clip.path}: cannot be read any more ({error.strerror}); give the clip again") from None


def _muxer_options(clip: Clip, format: str, timeline: Timeline, tags: dict[str, str]) -> dict[str, str]:
    if format in ("mp4", "mov"):
        # phones name place and camera by keys such as com.apple.quicktime.make, which are dropped otherwise
        named = "+use_metadata_tags" if any(key.startswith("com.") for key in tags) else ""
        # the clock of the whole film in the clip's ticks: lengths and edit lists are then exact
        return {"movflags": f"+faststart{named}", "movie_timescale": str(clip.time_base.denominator)}
    if format == "avi":  # sound that begins before 0 would push the pictures back by a frame or two
        return {"avoid_negative_ts": "disabled"}
    if format == "gif":
        return {"final_delay": str(max(1, round(timeline.place(timeline.last)[1] / CENTISECOND)))}
    return {}


def _describe(picture: Any, original: Any, timeline: Timeline) -> None:
    """Language, title, timecode and the like of the picture's stream."""
    tags = kept_tags(original.metadata)
    if not timeline.whole:  # its timecode names the first frame of the clip; Matroska writes it in capitals
        tags = {key: value for key, value in tags.items() if key.lower() != "timecode"}
    picture.metadata.update(tags)
    if timeline.timecode:
        picture.metadata["timecode"] = timeline.timecode
    picture.disposition = original.disposition
