"""A full film in which some frames are replaced, and nothing else is touched that need not be."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from av.sidedata.sidedata import Type

from videostyle.errors import MediaError, SettingsError
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.files import whole_or_nothing
from videostyle.media.patch.packets import Packets, read_packets
from videostyle.media.patch.seams import difference
from videostyle.media.patch.splice import WRITERS, Replaced, SpanEncoder, Unfit, splice
from videostyle.media.read.decode import decode, side_data
from videostyle.media.read.probe import open_file, probe
from videostyle.media.stills import read_png, resize, write_png
from videostyle.media.write.containers import container_of
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.folder import picture_name
from videostyle.selection import Selection
from videostyle.settings import FilmSettings

FORMATS = {"mp4": "mov", "webm": "matroska"}
"""formats of which FFmpeg reads two as one"""
SHAPE = 0.03
"""fraction by which the shape of a film may differ from its clip's, as sizes are rounded to even numbers"""
Pictures = Callable[[], Iterable[tuple[int, Pixels]]]
"""gives (source frame, upright pixels) of the frames to be replaced, ascending; each call begins anew"""


@dataclass(frozen=True, slots=True)
class Patch:
    """What of a film will be written anew."""

    full: Path
    """the film, or a folder of pictures ``frame_000000.png``"""
    selection: Selection
    settings: FilmSettings
    encoded: tuple[FrameRange, ...]
    """frames that are encoded again; the packets of the others are copied"""
    why: str = ""
    """why everything is encoded again, though only a part was asked for"""
    notices: tuple[str, ...] = ()
    """lines for the user"""
    left_out: tuple[str, ...] = ()
    """what of the film the new one will lack, a line each"""
    film: Clip | None = None
    """the film as measured; None: a folder"""
    packets: Packets | None = None
    encoder: SpanEncoder | None = None

    @property
    def whole(self) -> bool:
        """Whether everything is encoded again."""
        return self.film is not None and self.encoder is None


def plan_patch(full: Path, clip: Clip, selection: Selection, settings: FilmSettings) -> Patch:
    """Look at the full film of a clip, and find what must be encoded again to replace the frames of a selection.

    The film stays what it is: codec and quality are its own as far as it tells them. Raises MediaError where it is no
    film of all the clip's frames, SettingsError where the selection has a step, or another codec or no sound is wanted.
    """
    if any(part.step > 1 for part in selection.parts):
        raise SettingsError(f"--frames {selection}: a patch replaces all frames of a range; leave out the step")
    if not settings.sound:
        raise SettingsError("--no-sound: a patched film stays what it was, with its sound; leave it out")
    if full.is_dir():
        return _plan_folder(full, clip, selection, settings)
    film = probe(full)
    container = container_of(full)
    if not {container.format, FORMATS.get(container.format)} & {*film.format.split(",")}:
        raise MediaError(f"{full}: not what its name says but {film.format.split(',')[0]}; give it the right extension")
    _check_same(film, clip)
    codec = _codec(film)
    if codec == "auto":
        codec = settings.codec
    elif settings.codec not in ("auto", codec):
        raise SettingsError(f"--codec {settings.codec}: a patched film stays what it was, {film.codec}; leave it out")
    settings = dataclasses.replace(settings, codec=codec)
    lost = check_film(film, full, settings, (film.width, film.height)).left_out
    packets, encoder, why = _writer(film, settings)
    if packets is None or encoder is None:
        notices = (f"all {film.num_frames} frames of {full.name} are encoded again: {why}",)
        return Patch(full, selection, settings, (film.frames,), why, notices, lost, film)
    spans = packets.spans(selection)
    told = (_told(spans, film.num_frames), *encoder.notices)
    return Patch(full, selection, settings, spans, "", told, lost + encoder.left_out, film, packets, encoder)


def _told(spans: tuple[FrameRange, ...], num_frames: int) -> str:
    again = sum(map(len, spans))
    others = f"the other {num_frames - again} are copied" if again < num_frames else "none is copied"
    return f"frames {','.join(map(str, spans))} are encoded again, {others}"


def _check_same(film: Clip, clip: Clip) -> None:
    """Raise MediaError where a film cannot be the full one of a clip."""
    path = film.path
    if film.frames_missing:
        raise MediaError(f"{path}: cut off, {film.frames_missing} of its frames are missing; give the whole film")
    if film.num_frames != clip.num_frames:
        raise MediaError(
            f"{path} has {film.num_frames} frames, the clip has {clip.num_frames}; patch the full film of this clip"
        )
    if abs(film.width * clip.height / (film.height * clip.width) - 1) > SHAPE:
        raise MediaError(
            f"{path} is {film.width}x{film.height}, the clip {clip.width}x{clip.height}, which is another shape; "
            "patch the full film of this clip"
        )


def _codec(film: Clip) -> Any:
    """The setting film.codec for a film that is encoded again: its own where there is a writer for it."""
    own = WRITERS.get(film.codec, "auto")
    return own if own in container_of(film.path).codecs else "auto"


def _writer(film: Clip, settings: FilmSettings) -> tuple[Packets | None, SpanEncoder | None, str]:
    """The packets of a film and an encoder that fits them, or why there is none."""
    if _codec(film) == "auto":
        return None, None, f"{film.codec} cannot be written"
    if any(film.crop):
        return None, None, "its container hides borders of its pictures"
    if _turned(film):
        return None, None, "its pictures are stored turned"
    packets = read_packets(film)
    if packets is None:
        return None, None, "some of its packets are hidden or hold no frame of their own"
    try:
        return packets, SpanEncoder(film, packets, settings), ""
    except MediaError as error:
        return None, None, str(error)


def _turned(film: Clip) -> bool:
    with open_file(film.path) as source:
        frame = next(source.decode(source.streams[film.stream]))
        return any(data.type == Type.DISPLAYMATRIX for data in side_data(frame))


def patch_film(patch: Patch, output: Path, pictures: Pictures) -> tuple[str, ...]:
    """Write the new film; returns notices of what went otherwise than planned.

    output: with the extension of the old film; it may be the old film itself, which is replaced when the new one is
    whole and checked. Raises MediaError where it cannot be written.
    """
    film = patch.film
    if film is None:
        _patch_folder(patch, output, pictures())
        return ()
    if container_of(output) != container_of(film.path):
        raise MediaError(f"{output}: a patched film stays what it was; end the name in {film.path.suffix}")
    size = film.width, film.height
    notices: tuple[str, ...] = ()
    if patch.packets is not None and patch.encoder is not None:
        try:
            with whole_or_nothing(output) as temporary:
                splice(film, patch.packets, patch.encoded, patch.encoder, temporary, _resized(pictures(), size))
                if wrong := difference(film, patch.encoded, temporary):
                    raise Unfit(wrong)
            return ()
        except Unfit as error:
            notices = (f"all {film.num_frames} frames of {film.path.name} are encoded again: when patched, {error}",)
    encode_film(film, output, _all(film, _resized(pictures(), size)), patch.settings, size)
    return notices


def _resized(pictures: Iterable[tuple[int, Pixels]], size: tuple[int, int]) -> Replaced:
    return Replaced((index, resize(pixels, size)) for index, pixels in pictures)


def _all(film: Clip, replaced: Replaced) -> Iterator[tuple[int, Pixels]]:
    """Every picture of the new film."""
    for frame in decode(film):
        pixels = replaced(frame.index)
        yield frame.index, frame.pixels if pixels is None else pixels


def _plan_folder(full: Path, clip: Clip, selection: Selection, settings: FilmSettings) -> Patch:
    """As ``plan_patch``, for a folder of pictures."""
    if settings.codec not in ("auto", "png"):
        raise SettingsError(f"--codec {settings.codec}: {full} is a folder of pictures; leave it out")
    if not (full / picture_name(0)).exists():
        raise MediaError(f"{full}: no folder of pictures {picture_name(0)} and on; give the full film of this clip")
    missing = [index for index in clip.frames.indices if not (full / picture_name(index)).exists()]
    found = len(list(full.glob("frame_*.png")))
    if missing or found != clip.num_frames:
        raise MediaError(
            f"{full} has {found} pictures, the clip has {clip.num_frames} frames; patch the full film of this clip"
        )
    spans = tuple(FrameRange(part.start, part.stop) for part in selection.parts)
    told = f"pictures {selection} are written anew, the other {found - len(selection.frames)} stay"
    return Patch(full, selection, settings, spans, notices=(told,))


def _patch_folder(patch: Patch, output: Path, pictures: Iterable[tuple[int, Pixels]]) -> None:
    """Write the pictures that are replaced, all or none of them; a new folder also gets copies of the others."""
    same = output.exists() and output.samefile(patch.full)
    if output.exists() and not same:
        raise MediaError(f"{output}: exists; give another name with -o")
    height, width = read_png(patch.full / picture_name(0)).shape[:2]
    replaced = _resized(pictures, (width, height))
    with tempfile.TemporaryDirectory(prefix=".", dir=output.absolute().parent) as temporary:
        new = Path(temporary) / "new"
        if same:
            new.mkdir()
        else:
            shutil.copytree(patch.full, new)
        for index in patch.selection.frames:
            pixels = replaced(index)
            if pixels is not None:
                write_png(new / picture_name(index), pixels)
        for path in new.iterdir() if same else ():
            os.replace(path, output / path.name)
        if not same:
            os.replace(new, output)
