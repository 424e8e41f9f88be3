"""The command line that makes the film of a request again."""

import json
import os
from collections.abc import Iterator

from videostyle.rendering.request import Checked


def command_of(checked: Checked, preset: str) -> tuple[str, ...]:
    """A ``videostyle run`` with absolute paths, one text for each argument; empty if an artwork is not a file.

    preset: that the settings start from.
    """
    if not all(artwork.path for artwork in checked.artworks):
        return ()
    return ("videostyle", "run", os.path.abspath(checked.request.clip), *_options(checked, preset))


def _options(checked: Checked, preset: str) -> Iterator[str]:
    request = checked.request
    for artwork in checked.artworks:
        yield from ("--style", str(artwork.path))
    if request.film:
        yield from ("-o", os.path.abspath(checked.output))
    else:
        yield "--no-film"
    if preset:
        yield from ("--preset", preset)
    for name in request.recipe.values:  # as JSON writes them, which TOML reads
        yield from ("--set", f"{name}={json.dumps(request.recipe.given.value(name))}")
    texts = {"--frames": request.frames, "--in": request.begin, "--out": request.end, "--handles": request.handles}
    texts |= {"--fps": request.rate, "--slots": request.slots}
    texts |= {"--patch": request.patch and os.path.abspath(request.patch)}
    texts |= {"--job": request.job and os.path.abspath(request.job)}
    for flag, value in texts.items():
        if value:
            yield from (flag, str(value))
    if request.stream is not None:
        yield from ("--stream", str(request.stream))
    switches = {"--keep-job": request.keep_job, "--overwrite": request.overwrite, "--strict": request.strict}
    yield from (flag for flag, on in switches.items() if on)
