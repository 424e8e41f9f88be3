"""The clips that a job names, and the name of each clip's film."""

import glob
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.media.names import SUFFIXES
from videostyle.media.read.sequence import CLIPS, WILDCARDS, is_sequence, sequence_name
from videostyle.media.write.suffix import suitable
from videostyle.names import shortened, usable
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
    fault: str = ""
    """why there is no such clip"""


def wanted(job: Job) -> Iterator[Wanted]:
    """The films of a job, also for names that mean no clip."""
    for text in job.clips:
        path = job.base / Path(text).expanduser()
        try:
            named = usable(path).exists()
        except SettingsError as error:
            yield Wanted(_request(job, path, there=False), job, False, str(error))
            continue
        pictures = path.suffix.lower() in SUFFIXES and is_sequence(path)  # numbered, as in ``run``
        if named or pictures:
            yield Wanted(_request(job, path), job, found=False)
        elif not WILDCARDS.search(text):
            fault = f"{path}: no such file; name a clip, a folder of pictures, or use wildcards such as shots/*.mp4"
            yield Wanted(_request(job, path, there=False), job, False, fault)
        elif clips := list(_found(job.base, str(Path(text).expanduser()))):
            yield from (Wanted(_request(job, clip), job, found=True) for clip in clips)
        else:
            yield Wanted(_request(job, path, there=False), job, True, f"{path}: no clip has such a name")


def _found(base: Path, pattern: str) -> Iterator[Path]:
    """The clips that a pattern with wildcards finds, in order, and none of the program's own files."""
    kind = Path(pattern).suffix.lower()
    kinds = {kind} if kind and not WILDCARDS.search(kind) else CLIPS
    for name in sorted(glob.glob(pattern, root_dir=base, recursive=True)):
        path = base / name
        if path.suffix.lower() in kinds and path.is_file() and not any(map(OURS.fullmatch, Path(name).parts[:-1])):
            yield path


def _request(job: Job, clip: Path, there: bool = True) -> Request:
    request = Request(clip, job.styles, job.recipe, job.frames)
    name = clip.stem if not there or clip.is_file() else sequence_name(clip).name
    fields = {"clip": name, "style": "+".join(style.stem for style in job.styles)}
    fields |= {"preset": job.recipe.preset or "usual", "folder": str(clip.parent)}
    output = re.sub(r"\{(\w+)\}", lambda place: fields[place[1]], job.output)  # once: names may hold braces themselves
    if not output:
        return request
    path = (job.place or job.base) / Path(output).expanduser()
    if output.endswith("/") or os.path.isdir(path):  # also if the name is too long
        return Request(clip, job.styles, job.recipe, job.frames, folder=path)
    return Request(clip, job.styles, job.recipe, job.frames, output=path)


def likely_film(item: Wanted) -> Path:
    """The film of a clip that cannot be read, as far as its name can be told."""
    request, clip = item.request, item.request.clip
    if request.output:
        return request.output
    alone = bool(item.fault) or clip.is_file()
    source = clip if alone else sequence_name(clip)
    name = f"{source.stem if alone else source.name}_{'+'.join(style.stem for style in item.job.styles)}"
    codec = request.recipe.given.film.codec
    ending = "" if codec == "png" else suitable(clip.suffix.lower() if alone else "", codec)[0]
    return (request.folder or source.parent) / shortened(name, ending)
