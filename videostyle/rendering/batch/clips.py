"""The clips that a job names, and the name of each clip's film."""

import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.media.names import SUFFIXES
from videostyle.media.read.sequence import CLIPS, WILDCARDS, is_sequence, sequence_name
from videostyle.names import usable
from videostyle.rendering.batch.jobs import Job
from videostyle.rendering.request import Request

OURS = re.compile(r".*\.(job|batch)")
"""folders of the program, in which wildcards find no clips"""


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A film that a batch shall make."""

    request: Request
    job: Job
    found: bool
    """whether the clip was found by a wildcard and not named"""


def wanted(job: Job) -> Iterator[Wanted | str]:
    """The films of a job; a text for each name that means no clip."""
    for text in job.clips:
        path = job.base / Path(text).expanduser()
        try:
            named = usable(path).exists()
        except SettingsError as error:
            yield str(error)
            continue
        pictures = path.suffix.lower() in SUFFIXES and is_sequence(path)  # numbered, as in ``run``
        if named or pictures:
            yield Wanted(_request(job, path), job, found=False)
        elif not WILDCARDS.search(text):
            yield f"{path}: no such file; name a clip, a folder of pictures, or use wildcards such as shots/*.mp4"
        elif clips := list(_found(job.base, str(Path(text).expanduser()))):
            yield from (Wanted(_request(job, clip), job, found=True) for clip in clips)
        else:
            yield f"{path}: no clip has such a name"


def _found(base: Path, pattern: str) -> Iterator[Path]:
    """The clips that a pattern with wildcards finds, in order, and none of the program's own files."""
    kind = Path(pattern).suffix.lower()
    kinds = {kind} if kind and not WILDCARDS.search(kind) else CLIPS
    for name in sorted(glob.glob(pattern, root_dir=base, recursive=True)):
        path = base / name
        if path.suffix.lower() in kinds and path.is_file() and not any(map(OURS.fullmatch, Path(name).parts[:-1])):
            yield path


def _request(job: Job, clip: Path) -> Request:
    request = Request(clip, job.styles, job.recipe, job.frames)
    name = clip.stem if clip.is_file() else sequence_name(clip).name
    fields = {"clip": name, "style": "+".join(style.stem for style in job.styles)}
    fields |= {"preset": job.recipe.preset or "usual", "folder": str(clip.parent)}
    output = re.sub(r"\{(\w+)\}", lambda place: fields[place[1]], job.output)  # once: names may hold braces themselves
    if not output:
        return request
    path = (job.place or job.base) / Path(output).expanduser()
    if output.endswith("/") or path.is_dir():
        return Request(clip, job.styles, job.recipe, job.frames, folder=path)
    return Request(clip, job.styles, job.recipe, job.frames, output=path)
