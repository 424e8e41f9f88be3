"""Frames -> film: frames at their source times, together with the clip's sound, subtitles and metadata."""

import dataclasses
import itertools
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from videostyle.errors import MediaError
from videostyle.frames import Clip, Pixels
from videostyle.media.files import Ready, check_folder, explained, whole_or_nothing
from videostyle.media.read.probe import open_file
from videostyle.media.write.boxes import add_boxes, kept_boxes
from videostyle.media.write.containers import CONTAINERS, codec_of, container_of, missing_hardware, refusal, tick_of
from videostyle.media.write.folder import Pictures, pictures_of, write_folder
from videostyle.media.write.notices import FilmCheck, film_notices, folder_notices
from videostyle.media.write.picture import FrameMaker, add_picture
from videostyle.media.write.readback import check_written
from videostyle.media.write.subtitles import Subtitles, read_subtitles
from videostyle.media.write.tags import any_key, film_tags
from videostyle.media.write.timeline import Timeline
from videostyle.media.write.tracks import Tracks, chapters_of, check_sound, describe, origin_of, sort_tracks
from videostyle.selection import Selection
from videostyle.settings import FilmSettings


def check_film(
    clip: Clip, path: Path, settings: FilmSettings, size: tuple[int, int], keep: Selection | None = None
) -> FilmCheck:
    """Check, before any work begins, whether a film can be written, and what it will leave out or change.

    size: width and height, px. keep: as in ``encode_film``. Leaves no file behind. Raises MediaError if the folder,
    container, codec, size and sound do not fit together.
    """
    if pictures := pictures_of(path, settings, clip):
        return _check_pictures(clip, path, pictures, Timeline(clip, keep), settings.sound)
    container, codec = container_of(path), codec_of(path, settings, clip)
    if path.is_dir():
        raise MediaError(f"{path} is a folder; use a file such as {path.name or 'film'}/film.mp4 with -o")
    check_folder(path)
    tick_of(clip, container.format, path)
    timeline = Timeline(clip, keep)
    if missing := missing_hardware(codec):
        raise MediaError(f"--codec {codec.encoder}: no hardware or driver ({missing}); use --codec {codec.hardware}")

    def refused(settings: FilmSettings) -> str:
        return refusal(container, lambda output: add_picture(output, clip, path, settings, size, timeline.num_frames))

    if reason := refused(settings):
        frames = f"{size[0]}x{size[1]} frames of {clip.depth} bits"
        others = (dataclasses.replace(settings, codec=name, quality=-1) for name in container.codecs)  # type: ignore[arg-type]
        accepted = next((other.codec for other in others if not refused(other)), "")
        advice = f"use --codec {accepted}" if accepted else "change the size"
        raise MediaError(
            f"{path}: {codec.encoder} cannot encode {frames} ({reason}): it takes {codec.pixel_formats}; {advice}"
        )
    with open_file(clip.path) as source:
        tracks = sort_tracks(source, clip, container, timeline, settings.sound)
        if settings.sound:
            check_sound(source, path, tracks.copied)
        return film_notices(source, clip, path, settings, size, tracks, timeline)


def _check_pictures(clip: Clip, path: Path, pictures: Pictures, timeline: Timeline, sound: bool) -> FilmCheck:
    if path.suffix.lower() in CONTAINERS:
        raise MediaError(f"{path}: --codec png writes a folder of pictures; use a folder such as -o {path.stem}")
    folder = pictures.folder
    if folder.exists() and not folder.is_dir():
        raise MediaError(f"{folder} is a file, but pictures need a folder; choose another name with -o")
    check_folder(folder.absolute())
    with open_file(clip.path) as source:
        return folder_notices(source, clip, pictures.suffix, sort_tracks(source, clip, None, timeline, sound), timeline)


def encode_film(
    clip: Clip,
    path: Path,
    frames: Iterable[tuple[int, Pixels]],
    settings: FilmSettings,
    size: tuple[int, int],
    keep: Selection | None = None,
    made: str = "",
    subtitles: Subtitles | None = None,
    ready: Ready = lambda _: None,
) -> None:
    """Write frames as a film, together with the clip's other tracks. The file appears once it is complete.

    frames: (number in the clip, upright pixels (H, W, 3) of the film's size), ascending. size: width and height, px.
    keep: frames of the clip that the film covers; its ranges follow each other from time 0 without gaps; None: the
    whole clip. made: what made the film, for its tags. subtitles: those of ``check_film``; None: they are read here.
    ready: called directly before the film appears, with the temporary name and the name of each of its files.
    Raises MediaError if the film cannot be written or there are no frames, ValueError if pixels have another size.
    """
    shown = list[int]()
    frames = _noted(_begun(frames, path), shown)
    if pictures := pictures_of(path, settings, clip):
        write_folder(pictures, clip, frames, size, ready)
        return
    container = container_of(path)
    with explained(f"{clip.path}: can no longer be read", "restore the file"):
        opened = open_file(clip.path)
    with opened as source, whole_or_nothing(path) as temporary:
        timeline = Timeline(clip, keep, origin_of(source, clip, container))
        tags = film_tags(source.metadata, made)
        sorted_tracks = sort_tracks(source, clip, container, timeline, settings.sound)
        subtitles = subtitles or read_subtitles(clip.path, sorted_tracks.converted)
        with av.open(
            os.path.abspath(temporary),  # FFmpeg would take ``a:b.mp4`` as a URL with protocol ``a``
            "w",
            format=container.format,
            container_options=muxer_options(clip, container.format, timeline, tags),
            metadata_errors="surrogateescape",
        ) as output:
            picture = add_picture(output, clip, path, settings, size, timeline.num_frames)
            describe(picture, source.streams[clip.stream])
            _tag(picture.metadata, timeline.timecode, made)
            tracks = Tracks(source, sorted_tracks, output, container, timeline, subtitles)
            output.metadata.update(tags)
            if container.format != "gif":
                output.set_chapters(chapters_of(source, timeline))
            to_frame = FrameMaker(clip, picture, size, timeline)
            for index, pixels in frames:
                frame, begins = to_frame(index, pixels)
                tracks.write(begins)
                output.mux(_delayed(picture.encode(frame), to_frame.late, clip.time_base))
            output.mux(_delayed(picture.encode(None), to_frame.late, clip.time_base))
            tracks.write(None)
        add_boxes(temporary, kept_boxes(clip, container.format, size))
        check_written(temporary, path, len(shown), timeline.place(shown[-1])[0] - timeline.place(shown[0])[0])
        ready([(temporary, path)])


def _tag(metadata: dict[str, str], timecode: str, made: str) -> None:
    """Set the tags of the film's pictures."""
    for key in [key for key in metadata if key.lower() == "timecode"]:  # Matroska writes it in capitals
        del metadata[key]  # belongs to the clip's first frame
    if timecode:
        metadata["timecode"] = timecode
    if made:  # QuickTime keeps the first 31 bytes
        metadata["encoder"] = made


def _begun(frames: Iterable[tuple[int, Pixels]], path: Path) -> Iterable[tuple[int, Pixels]]:
    """Frames, the first of which has been made. Raises MediaError if there are none."""
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise MediaError(f"{path}: there are no frames to make a film of; choose a range with readable frames")
    return itertools.chain([first], remaining)


def _noted(frames: Iterable[tuple[int, Pixels]], shown: list[int]) -> Iterator[tuple[int, Pixels]]:
    """Frames, whose numbers are added to ``shown``."""
    for index, pixels in frames:
        shown.append(index)
        yield index, pixels


def _delayed(packets: "list[av.Packet[av.VideoStream]]", late: Fraction, tick: Fraction) -> list[Any]:
    """An encoder's packets, later by some seconds, in ticks of the clip."""
    for packet in packets if late else ():
        assert packet.time_base
        times = packet.pts, packet.dts, packet.duration
        shown, read, lasts = (None if time is None else time * packet.time_base for time in times)
        packet.time_base = tick
        packet.pts = None if shown is None else round((shown + late) / tick)
        packet.dts = None if read is None else round((read + late) / tick)
        packet.duration = round((lasts or 0) / tick)
    return list(packets)


def muxer_options(clip: Clip, format: str, timeline: Timeline, tags: dict[str, str]) -> dict[str, str]:
    """The muxer's options for a film of a clip. format, tags: the film's."""
    if format in ("mp4", "mov"):
        # a film in the clip's ticks keeps durations and edit lists exact
        return {"movflags": f"+faststart{any_key(tags)}", "movie_timescale": str(clip.time_base.denominator)}
    if format == "avi":  # sound that begins before 0 would delay the picture by a frame or two
        return {"avoid_negative_ts": "disabled"}
    if format == "gif":  # hundredths of a second
        return {"final_delay": str(max(1, round(timeline.place(timeline.last)[1] * 100)))}
    if format in ("matroska", "webm"):  # its random numbers would make every film another file
        return {"fflags": "+bitexact"}
    return {}
