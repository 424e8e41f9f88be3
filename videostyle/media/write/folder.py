"""Frames -> a folder of numbered pictures: PNG, or OpenEXR."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from videostyle.errors import MediaError
from videostyle.frames import Clip, Color, Pixels
from videostyle.media import exr
from videostyle.media.files import Ready, explained
from videostyle.media.light import CHROMATICITIES, Light, chromaticities_of, light_of, shown
from videostyle.media.names import SUFFIXES, Pattern, pattern_of
from videostyle.media.read.alpha import Alpha, with_alpha
from videostyle.media.read.sequence import files_of, first_number, has_file, read
from videostyle.media.stills import write_png
from videostyle.media.write.picture import check_shape
from videostyle.settings import FilmSettings

USUAL = Pattern("frame_", 6, ".png")
WRITTEN = (".png", ".exr")


@dataclass(frozen=True, slots=True)
class Pictures:
    """Where numbered pictures are written."""

    folder: Path
    pattern: Pattern = USUAL
    first: int = 0
    """number of the clip's first frame in the names"""

    @property
    def suffix(self) -> str:
        """The extension of the files: ``.png`` or ``.exr``."""
        return Path(self.pattern.after).suffix.lower() or self.pattern.after.lower()

    def path(self, frame: int) -> Path:
        """The file of a frame of the clip."""
        return self.folder / self.pattern.name(self.first + frame)


def pictures_of(path: Path, settings: FilmSettings, clip: Clip) -> Pictures | None:
    """Where an output's pictures go; None if it is a film.

    path: a folder if the codec is ``png``, or a pattern such as ``out/f.%06d.png`` or ``out/f_####.exr``, in which the
    pictures of a sequence keep their numbers. Raises MediaError for a pattern of pictures that cannot be written.
    """
    pattern = pattern_of(path.name)
    if pattern and not path.is_dir() and Path(path.name).suffix.lower() in SUFFIXES:
        pictures = Pictures(path.parent, pattern, 0 if has_file(clip) else first_number(clip.path))
        if pictures.suffix not in WRITTEN:
            raise MediaError(f"{path}: cannot write {path.suffix} pictures; use {' or '.join(WRITTEN)}")
        return pictures
    return Pictures(path) if settings.codec == "png" else None


def write_folder(
    pictures: Pictures,
    clip: Clip,
    frames: Iterable[tuple[int, Pixels]],
    size: tuple[int, int],
    ready: Ready = lambda _: None,
) -> None:
    """Write one file per frame, named by its number; no file appears until all are written.

    Files with the same name are replaced and all others stay, so several ranges may share a folder.
    frames: (number in the clip, upright pixels (H, W, 3)). size: width and height of the film, px. ready: called
    directly before the first file appears, with the temporary name and the name of each. Raises MediaError if the files
    cannot be written, ValueError if pixels have another size.
    """
    alpha = Alpha(clip, size) if clip.alpha else None
    folder = pictures.folder
    sources = [] if has_file(clip) else files_of(clip.path)
    with (
        explained(f"{folder}: the pictures cannot be written", "free some space"),
        tempfile.TemporaryDirectory(prefix=".", dir=folder.absolute().parent, ignore_cleanup_errors=True) as temporary,
    ):
        for index, pixels in frames:
            check_shape(pixels, size)
            path = Path(temporary, pictures.path(index).name)
            plane = alpha(index) if alpha else None
            if pictures.suffix == ".exr":
                light = light_of(clip.color, pixels)
                attributes: exr.Attributes = {}
                if clip.color.linear:
                    # noise of painting above white must not outshine the clip
                    light = np.minimum(light, max(1, _brightest(sources[index])))
                    attributes = exr.read_header(sources[index]).kept
                exr.write_exr(path, _with_plane(light, plane), chromaticities_of(clip.color), attributes)
                continue
            pixels = shown(clip.color, pixels)
            write_png(path, pixels if plane is None else with_alpha(pixels, plane), profile=clip.color.profile)
        files = [(Path(temporary, name), folder / name) for name in os.listdir(temporary)]
        ready(files)
        folder.mkdir(exist_ok=True)
        for written, path in files:
            os.replace(written, path)


def _brightest(path: Path) -> float:
    """The brightest light of an EXR file, as it is painted."""
    values = exr.values_of(read(path)[0])[..., :3]
    return float(light_of(Color(chromaticities=CHROMATICITIES[1]), values).max())


def _with_plane(light: Light, plane: Pixels | None) -> Light:
    """Linear light (H, W, 3) with transparency (H, W), if there is any: (H, W, 4)."""
    if plane is None:
        return light
    return cast(Light, np.dstack([light, plane.astype(np.float32) / np.float32(np.iinfo(plane.dtype).max)]))
