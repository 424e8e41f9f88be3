"""The command lines that make a film or a picture again."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from videostyle.presets import Recipe, read_assignment
from videostyle.rendering.plan.plan import Artwork
from videostyle.rendering.request import Checked, Request


def command_of(checked: Checked, preset: str) -> tuple[str, ...]:
    """A command with absolute paths, one text for each argument; empty if an artwork is not a file.

    preset: that the settings start from.
    """
    request = checked.request
    if not all(artwork.path for artwork in checked.artworks):
        return ()
    if checked.alone:
        frame = checked.keep.frames[0] if checked.clip.num_frames > 1 else None
        words = still_command(request, frame, checked.artworks, preset, checked.output)
        return (*words, *(["--overwrite"] if request.overwrite else []))
    return ("videostyle", "run", os.path.abspath(request.clip), *_run_options(checked, preset))


def still_command(
    request: Request, frame: int | None, artworks: Sequence[Artwork], preset: str, output: Path
) -> tuple[str, ...]:
    """The ``videostyle still`` that paints a picture, or a frame of a clip, as one text for each argument."""
    words = ["videostyle", "still", os.path.abspath(request.clip), *([] if frame is None else ["--frame", str(frame)])]
    return (*words, *_track(request), *_look(artworks, preset, request.recipe), "-o", os.path.abspath(output))


def assignment(name: str, value: object) -> str:
    """``name=value``, as ``--set`` reads it."""
    plain = f"{name}={value}"
    same = isinstance(value, str) and read_assignment(plain) == (name, value)
    return plain if same else f"{name}={json.dumps(value)}"  # which TOML reads


def _look(artworks: Sequence[Artwork], preset: str, recipe: Recipe) -> Iterator[str]:
    for artwork in artworks:
        yield from ("--style", str(artwork.path or artwork.name))
    if preset:
        yield from ("--preset", preset)
    given = recipe.given
    for name in recipe.values:
        yield from ("--set", assignment(name, given.value(name)))


def _track(request: Request) -> Iterator[str]:
    if request.stream is not None:
        yield from ("--stream", str(request.stream))
    if request.rate is not None:
        yield from ("--fps", str(request.rate))


def _run_options(checked: Checked, preset: str) -> Iterator[str]:
    request = checked.request
    yield from _look(checked.artworks, preset, request.recipe)
    if request.film:
        yield from ("-o", os.path.abspath(checked.output))
    else:
        yield "--no-film"
    texts = {"--frames": request.frames, "--in": request.begin, "--out": request.end, "--handles": request.handles}
    texts |= {"--slots": request.slots, "--patch": request.patch and os.path.abspath(request.patch)}
    texts |= {"--job": request.job and os.path.abspath(request.job)}
    for flag, value in texts.items():
        if value:
            yield from (flag, str(value))
    yield from _track(request)
    switches = {"--keep-job": request.keep_job, "--overwrite": request.overwrite, "--strict": request.strict}
    yield from (flag for flag, on in switches.items() if on)
