"""A full film with some of its frames replaced; if possible, the packets of the others are copied."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

from videostyle.errors import MediaError, SettingsError
from videostyle.frames import Clip
from videostyle.media.files import Ready, whole_or_nothing
from videostyle.media.patch.splice import Patch, Pictures, Unfit, origin_of, read_packets, replaced, splice
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.write.boxes import add_boxes, kept_boxes
from videostyle.media.write.containers import codec_of, container_of
from videostyle.media.write.film import check_film, encode_film
from videostyle.names import usable
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

CODECS = {"hevc": "h265", "libdav1d": "av1"}
"""FFmpeg's name for a film's codec -> ours, if they differ"""
ADVICE = "patch the full film of this clip"
SHAPE = 0.03
"""fraction by which the aspect ratios of clip and film may differ, because sizes are rounded to even numbers"""


def plan_patch(
    full: Path, clip: Clip, selection: Selection, settings: FilmSettings, output: Path | None = None
) -> Patch:
    """Find which frames of a clip's full film to encode again in order to replace those of a selection.

    output: the new film; None: it replaces the old one. Raises MediaError if the old one is not a film of all the
    clip's frames or the new one cannot be written, SettingsError if the selection has a step or the settings ask for
    another codec or no sound.
    """
    if any(part.step > 1 for part in selection.parts):
        raise SettingsError(f"--frames {selection}: a patch replaces all frames of a range; omit the step")
    if not settings.sound:
        raise SettingsError("--no-sound: a patched film keeps its sound; omit it")
    if usable(full).is_dir():
        raise MediaError(f"{full}: a folder of pictures; replace some with 'videostyle frames --overwrite -o {full}'")
    film, container = probe(full), container_of(full)
    if container.format not in (formats := film.format.split(",")):
        raise MediaError(f"{full}: the file is {formats[0]}, not {full.suffix}; rename it with the right extension")
    if output and container_of(output) != container:
        raise MediaError(f"{output}: a patched film keeps its container; end the name in {full.suffix}")
    if film.frames_missing:
        raise MediaError(f"{full}: truncated, {film.frames_missing} of its frames are missing; use the complete film")
    if film.num_frames != clip.num_frames:
        raise MediaError(f"{full} has {film.num_frames} frames, the clip has {clip.num_frames}; {ADVICE}")
    if abs(film.width * clip.height / (film.height * clip.width) - 1) > SHAPE:
        sizes = f"{film.width}x{film.height} but the clip is {clip.width}x{clip.height}"
        raise MediaError(f"{full} is {sizes}, a different aspect ratio; {ADVICE}")
    if (codec := CODECS.get(film.codec, film.codec)) in container.codecs:
        if settings.codec not in ("auto", codec):
            raise SettingsError(f"--codec {settings.codec}: a patched film keeps its codec, {codec}; omit it")
        settings = dataclasses.replace(settings, codec=codec)  # type: ignore[arg-type]  # it is one of them
    size = (film.width, film.height)
    checked = check_film(film, output or full, settings, size)
    left_out = checked.left_out
    shaped = film.sample_aspect != 1 and codec_of(full, settings, film).encoder not in ("libx264", "libx265")
    if shaped and container.format in ("matroska", "webm"):  # FFmpeg takes it from a field that PyAV does not expose
        left_out += (f"the pixel aspect ratio ({film.sample_aspect}) is lost in {full.suffix} with {film.codec}",)
    packets = read_packets(film) if settings.codec == codec else None
    origin = origin_of(film, clip, settings) if packets else None
    spans = packets.spans(selection) if packets and origin else ()
    copied = film.num_frames - sum(map(len, spans))
    notice = f"frames {','.join(map(str, spans))} are encoded again; the other {copied} are copied"
    if not spans:
        why = "its headers are not those that videostyle writes here for this clip; was it made with another --quality?"
        if not packets:
            why = f"its {film.codec} packets cannot be replaced one by one"
        notice = f"all {copied} frames of {full.name} are encoded again: {why}"
    return Patch(film, size, settings, (notice,), left_out, spans, packets, origin, checked.subtitles)


def patch_film(
    patch: Patch, output: Path, pictures: Callable[[], Pictures], ready: Ready = lambda _: None
) -> tuple[str, ...]:
    """Write the new film; returns notices about what did not go as planned.

    output: with the extension of the old film; it may be the old film, which is replaced once the new one is checked.
    pictures: returns (frame, upright pixels) of the frames to replace, ascending; each call starts over. ready: called
    directly before the new film appears, with its temporary name and its name. Raises MediaError if the film cannot be
    written, ValueError if a picture does not have the patch's size.
    """
    film = patch.film
    notices = []
    if patch.packets and patch.origin:
        try:
            with whole_or_nothing(output) as temporary:
                splice(patch, pictures(), temporary)
                add_boxes(temporary, kept_boxes(film, container_of(output).format, patch.size))
                ready([(temporary, output)])
            return ()
        except Unfit as error:
            notices = [f"all {film.num_frames} frames of {film.path.name} are encoded again: when patched, {error}"]
    every = ((frame.index, frame.pixels) for frame in decode(film))
    frames = replaced(every, pictures())
    encode_film(film, output, frames, patch.settings, patch.size, subtitles=patch.subtitles, ready=ready)
    return tuple(notices)
