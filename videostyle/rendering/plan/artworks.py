"""Artworks from files or arrays."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from videostyle.errors import SettingsError
from videostyle.frames import Clip, to_pixels
from videostyle.media.artworks import remarks
from videostyle.media.color import in_colors_of
from videostyle.media.stills import read_picture
from videostyle.pictures import as_picture
from videostyle.rendering.plan.plan import Artwork

AnyPath = str | os.PathLike[str]
StyleSource = AnyPath | NDArray[np.generic]
"""an artwork: a file, or a picture (H, W, 3) of uint8, uint16, or float in 0..1"""
Styles = StyleSource | Sequence[StyleSource]
"""an artwork, or several to blend"""


def paths_of(styles: Styles) -> tuple[Path, ...]:
    """The files among artworks."""
    return tuple(Path(style) for style in _listed(styles) if not isinstance(style, np.ndarray))


def read_artworks(styles: Styles, clip: Clip | None = None) -> tuple[Artwork, ...]:
    """Style pictures from files or arrays, in the clip's colors; in sRGB if there is no clip.

    Raises MediaError for a file that is not a picture, SettingsError for an array that is not one or for no styles.
    """
    listed = _listed(styles)
    if not listed:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    artworks = []
    for number, style in enumerate(listed, start=1):
        if isinstance(style, np.ndarray):
            deep = style.dtype != np.uint8
            pixels = to_pixels(as_picture(style), np.dtype(np.uint16) if deep else np.dtype(np.uint8))
            name, path = f"artwork{number}", None
        else:
            path = Path(style)
            name, pixels, path = path.name, read_picture(path), path.absolute()
        artworks.append(Artwork(name, in_colors_of(clip.color, pixels) if clip else pixels, path))
    return tuple(artworks)


def artworks_for(clip: Clip, styles: Styles) -> tuple[tuple[Artwork, ...], tuple[str, ...]]:
    """Artworks in the clip's colors, and what a user should know about them. Raises as ``read_artworks`` does."""
    pictures = read_artworks(styles)
    said = tuple(remark for art in pictures for remark in remarks(art.name, art.pixels))
    return tuple(replace(art, pixels=in_colors_of(clip.color, art.pixels)) for art in pictures), said


def _listed(styles: Styles) -> Sequence[StyleSource]:
    return [styles] if isinstance(styles, str | os.PathLike | np.ndarray) else styles
