"""Everything about a batch that can be wrong is found before its first frame."""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from videostyle.errors import MediaError, SettingsError
from videostyle.media.files import explained
from videostyle.media.names import SUFFIXES
from videostyle.media.write.containers import CONTAINERS
from videostyle.rendering.batch.clips import Wanted, likely_film, wanted
from videostyle.rendering.batch.crew import most_at_once
from videostyle.rendering.batch.films import Films
from videostyle.rendering.batch.jobs import Job, fail, in_file
from videostyle.rendering.plan.sizes import film_size, stored_bytes
from videostyle.rendering.request import Checked, Request, check

FILM_BYTES = 0.15
"""per px of a film of 8 bits; measured were 0.04 to 0.10, visually lossless"""


@dataclass(slots=True, eq=False)
class Task:
    """A film of a batch, and how far it is."""

    number: int
    """from 1, in the order of the file"""
    request: Request
    fallback: str
    where: str
    """what messages about its job begin with"""
    found: bool
    """whether a wildcard has found the clip"""
    output: Path
    artworks: tuple[str, ...] = ()
    key: str = ""
    """of what is asked for; empty: the clip cannot be read"""
    frames: int = 0
    size: tuple[int, int] = (0, 0)
    """width, height of the film, px"""
    seconds: float = 0.0
    """rough estimate"""
    status: str = "waiting"
    text: str = ""
    """why it failed"""
    kind: str = ""
    """of the error, if it failed before it was begun"""
    needs: dict[Path, float] = field(default_factory=dict)
    """folder -> bytes that the film takes there"""
    job: Path = Path()
    """its job folder"""
    job_bytes: float = 0.0
    """that it takes at most"""
    faults: list[str] = field(default_factory=list)
    """mistakes in its job"""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a batch is asked for."""

    every: tuple[Wanted, ...]
    faults: tuple[str, ...]
    """of its jobs, and names that mean no clip"""


def find_films(source: Path, jobs: Sequence[Job], films: Films) -> Found:
    """The films of all jobs, in order. Raises SettingsError if there are faults and no films that could be checked.

    source: what is named in messages.
    """
    every = [item for job in jobs for item in wanted(job)]
    faults = [fault for job in jobs for fault in job.faults]
    faults += [f"{item.job.where}{item.fault}" for item in every if item.fault]
    if not every:
        fail(source, _sorted(faults))
    # films of an earlier run that a wildcard finds are no clips
    return Found(tuple(item for item in every if not (item.found and films.knows(item.request.clip))), tuple(faults))


def check_films(source: Path, found: Found, films: Films, overwrite: bool) -> list[Task]:
    """Check all films. Raises SettingsError, which lists all faults.

    A clip that is there but cannot be painted as asked has ``failed``; it is no fault, because the others can be.
    """
    tasks = [_task(item, films, overwrite) for item in found.every]
    taken = {task.output for task in tasks if task.key}
    for task in (task for task in tasks if not task.key):  # logs and reports tell films apart by their names
        if task.output in taken and not task.request.output:
            task.output = task.output.with_name(f"{task.request.clip.name}_{task.output.name}")
        taken.add(task.output)
    faults = [*found.faults, *(fault for task in tasks for fault in task.faults)]
    made = {os.path.realpath(task.output) for task in tasks if task.key}
    tasks = [task for task in tasks if not (task.found and os.path.realpath(task.request.clip) in made)]
    for number, task in enumerate(tasks, start=1):
        task.number = number
    fail(source, _sorted([*faults, *_collisions(tasks), *_space(tasks)]))
    return tasks


def _sorted(faults: Iterable[str]) -> list[str]:
    """Each fault once, in the order of the file's lines."""

    def line(fault: str) -> int:
        match = re.match(r"line (\d+): ", fault)
        return int(match[1]) if match else 0

    return sorted(dict.fromkeys(faults), key=line)


def _task(item: Wanted, films: Films, overwrite: bool) -> Task:
    """Check one film; mistakes in its job are its faults."""
    names, where = tuple(style.name for style in item.job.styles), item.job.where
    task = Task(0, item.request, item.job.fallback, where, item.found, likely_film(item), names)
    try:
        _check_name(item.request)
        if not item.fault:
            _check(task, item, films, overwrite)
    except MediaError as error:
        task.status, task.kind = "failed", type(error).__name__
        task.text = in_file(str(error)) if where else str(error)
    except SettingsError as error:
        text = in_file(str(error)) if where else str(error)
        name = "" if item.request.clip.name in text else f"{item.request.clip}: "
        task.faults.append(f"{where}{name}{text}")
    return task


def _check(task: Task, item: Wanted, films: Films, overwrite: bool) -> None:
    """Look at a film's clip and output. Raises SettingsError for a mistake in its job, MediaError for a bad clip."""
    checked = check(replace(item.request, overwrite=True))
    if item.job.faults:
        return  # it may be meant to have another name
    task.output, task.job, task.key = checked.output, checked.job, checked.made_of
    task.frames, task.size = len(checked.keep.frames), film_size(checked.clip, item.request.recipe.given)
    there = checked.output.exists()
    if there and films.is_done(checked.output, task.key):
        task.status = "done"
    elif there and not (overwrite or films.may_replace(checked.output, task.key)):
        if films.knows(checked.output):  # one clip that was edited since must not stop the night
            changed = "its clip, its settings, or the film itself have changed since this batch made it"
            raise MediaError(f"{checked.output}: {changed}; delete it, or use --overwrite")
        raise SettingsError(f"{checked.output} exists; delete it, use another output, or --overwrite")
    # only what is there now may be replaced
    task.request = replace(item.request, output=checked.output, folder=None, overwrite=there)
    _measure(task, checked)


def _check_name(request: Request) -> None:
    """Raise SettingsError if an output has an extension that no film has: that is no fault of the clip."""
    output, pictures = request.output, request.recipe.given.film.codec == "png"
    if output and not pictures and output.suffix.lower() not in {*CONTAINERS, *SUFFIXES}:
        kinds = ", ".join(CONTAINERS)
        raise SettingsError(f"{output}: not the name of a film; end it in / if it is a folder, or in one of {kinds}")


def _measure(task: Task, checked: Checked) -> None:
    """The disk space that a film needs at most: painted frames of its size, and the film."""
    area = task.frames * task.size[0] * task.size[1] * checked.clip.dtype.itemsize
    task.job_bytes = task.frames * stored_bytes(task.size, checked.clip.dtype.itemsize)
    task.needs = {checked.output.absolute().parent: area * FILM_BYTES}


def _collisions(tasks: Sequence[Task]) -> Iterator[str]:
    """Films that would replace each other, or a source of the batch."""
    sources = dict[str, Path]()
    for task in tasks:
        styles = [style for style in task.request.styles if isinstance(style, Path)]  # type: ignore[union-attr]
        for path in (task.request.clip, *styles):
            sources[os.path.realpath(path)] = path
    films = defaultdict[str, list[Task]](list)
    for task in tasks:
        if task.request.output:  # else it is not known
            films[os.path.realpath(task.output)].append(task)
    for film, same in films.items():
        if len(same) > 1:
            clips = ", ".join(str(task.request.clip) for task in same)
            yield f"{same[1].where}{same[0].output} would be the film of {clips}; use {_telling(same)} in output"
        said = any(str(same[0].output) in fault for task in same for fault in task.faults)
        if film in sources and not said:
            yield f"{same[0].where}{same[0].output} is an input of this batch; use another output"


def _telling(same: Sequence[Task]) -> str:
    """The names in braces that tell films apart, as far as there are any."""
    looks: dict[str, set[object]] = {
        "{clip}": {task.request.clip.stem for task in same},
        "{style}": {task.artworks for task in same},
        "{preset}": {task.request.recipe.preset for task in same},
        "{folder}": {task.request.clip.parent for task in same},
    }
    return " or ".join(name for name, values in looks.items() if len(values) > 1) or "another name"


def _space(tasks: Sequence[Task]) -> Iterator[str]:
    """Disks that are too small for all films and the largest job folders that may be there at a time."""
    needed, jobs, named = defaultdict[int, float](float), defaultdict[int, list[float]](list), dict[int, Path]()
    for task in (task for task in tasks if task.status == "waiting"):
        for folder, size in task.needs.items():
            device = folder.stat().st_dev
            named.setdefault(device, folder)
            needed[device] += size
            jobs[device].append(task.job_bytes)
    for device, size in needed.items():
        free, most = shutil.disk_usage(named[device]).free, size + at_once(jobs[device])
        if most > free:
            mb = f"{free / 1e6:,.0f} MB free, but films and frames need about {most / 1e6:,.0f} MB"
            yield f"{named[device]}: {mb}; free some space, or use an output on another disk"


def at_once(sizes: Iterable[float]) -> float:
    """Bytes of the largest job folders that may be there at a time."""
    return sum(sorted(sizes)[-most_at_once() :])


@contextmanager
def folders_for(found: Found) -> Iterator[list[Path]]:
    """Create the folders of films; those that are listed and still empty at the end are deleted: clear the list to
    keep them. Raises MediaError.
    """
    made = list[Path]()
    outputs = (item.request.folder or (item.request.output and item.request.output.parent) for item in found.every)
    try:
        for path in dict.fromkeys(path.absolute() for path in outputs if path):
            with explained(f"{path}: cannot be created", "use another output"):
                for folder in [folder for folder in (path, *path.parents) if not folder.exists()][::-1]:
                    folder.mkdir()
                    made.append(folder)
        yield made
    finally:
        for folder in made[::-1]:
            with suppress(OSError):
                folder.rmdir()
