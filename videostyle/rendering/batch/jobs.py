"""Jobs of a batch: a TOML file, or a folder of clips, read and checked for everything that needs no clip.

    [defaults]              # for all jobs
    styles = ["art.jpg"]    # several are blended
    preset = "standard"
    fallback = "draft"      # what a clip is rendered with if there is no time for its preset
    output = "films/{clip}_{style}.mp4"
    style.weight = 200      # any setting, dotted or in a table

    [[job]]
    clips = ["a.mov", "shots/*.mp4"]
    frames = "0:100"

Paths are relative to the file. ``output`` may hold ``{clip}``, ``{style}``, ``{preset}`` and ``{folder}`` (the clip's);
a folder, ending in ``/``, gets the usual names. Every fault is found, and named with its line.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from videostyle.errors import MediaError, SettingsError
from videostyle.media.read.sequence import CLIPS
from videostyle.media.stills import read_picture
from videostyle.names import usable
from videostyle.presets import Recipe, flatten
from videostyle.rendering.batch.lines import lines_of
from videostyle.selection import check_ranges
from videostyle.settings import known_settings
from videostyle.words import counted

OWN = ("clips", "styles", "output", "preset", "fallback", "frames")
"""keys of a job that are not settings"""
PLACES = ("clip", "style", "preset", "folder")
"""names that an output may hold in braces"""
DEFAULTS = "defaults"
WRONG = "?"
"""stands for names that are no texts"""


@dataclass(frozen=True, slots=True)
class Job:
    """Clips that are rendered in the same way."""

    where: str
    """what messages about the whole job begin with, such as ``jobs.toml, line 12: ``"""
    base: Path
    """folder that clips are relative to"""
    clips: tuple[str, ...]
    """files, folders, patterns of pictures, or wildcards"""
    styles: tuple[Path, ...]
    output: str = ""
    recipe: Recipe = field(default_factory=Recipe)
    fallback: str = ""
    """preset for a clip that does not fit into the time left; empty: it is left for the next time"""
    frames: str = ""
    place: Path | None = None
    """folder that the output is relative to; None: ``base``"""
    faults: tuple[str, ...] = ()
    """what is wrong with it; what is wrong is left out, so that the rest can be checked"""


def fail(source: Path, faults: Sequence[str]) -> None:
    """Raise SettingsError, with a line for each fault, if there are any."""
    if faults:
        count = counted(len(faults), "fault")
        raise SettingsError(f"{source}: {count}, nothing was started" + "".join(f"\n  {fault}" for fault in faults))


def read_jobs(path: Path) -> tuple[Job, ...]:
    """The jobs of a TOML file, with their faults. Raises SettingsError if there is no job."""
    try:
        text = usable(path).read_text(encoding="utf-8")
        tables = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text in UTF-8"
        raise SettingsError(
            f"{path}: cannot be read ({reason}); name a folder of clips, or a TOML file with [[job]] tables"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML ({error}); see the batch section of README for an example") from None
    return _Reader(path, text).jobs(tables)


def folder_jobs(folder: Path, styles: Sequence[Path], recipe: Recipe, output: str, fallback: str) -> tuple[Job, ...]:
    """One job for every clip in a folder, with its faults. Raises SettingsError if there is no clip or no artwork."""
    try:
        names = sorted(entry.name for entry in usable(folder).iterdir())
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be read ({error.strerror}); name a folder of clips") from None
    clips = tuple(name for name in names if Path(name).suffix.lower() in CLIPS and not name.startswith("."))
    if not clips:
        kinds = ", ".join(sorted(CLIPS))
        raise SettingsError(f"{folder}: no clips in it ({kinds}); use 'run' for a folder of pictures")
    if not styles:
        raise SettingsError("no artwork given; name at least one with --style art.jpg")
    styles = tuple(style.absolute() for style in styles)
    job = Job("", folder.absolute(), clips, styles, output, recipe, fallback, place=Path.cwd())
    return (_without(job, list(_named_faults(job))),)


class _Reader:
    """Reads the tables of one file; keeps their faults."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, lines_of(text)
        self._found: list[tuple[int, str]] = []

    def jobs(self, tables: Mapping[str, object]) -> tuple[Job, ...]:
        """Raises SettingsError if there is no job."""
        defaults, given = tables.get(DEFAULTS, {}), tables.get("job", [])
        for name in set(tables) - {DEFAULTS, "job"}:
            line = self._lines.get(("", name)) or self._lines.get((name, ""), 1)
            close = difflib.get_close_matches(name, [DEFAULTS, "job"], n=1)
            hint = f"did you mean {close[0]}?" if close else "settings belong into [defaults] or a [[job]]"
            self._add(line, f"unknown {name!r}; {hint}")
        if not isinstance(defaults, dict):
            self._add(self._line("", DEFAULTS), "defaults: wanted a table, [defaults]")
            defaults = {}
        if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
            self._add(self._lines.get(("job", ""), 1), "no jobs; write one [[job]] table (two brackets) for each")
            given = []
        jobs = [self._job(f"job {number}", one, defaults) for number, one in enumerate(given)]
        fail(self._path, [] if jobs else [f"line {line}: {text}" for line, text in sorted(set(self._found))])
        for line, text in self._found:  # of the file itself
            jobs[0] = replace(jobs[0], faults=(*jobs[0].faults, f"line {line}: {text}"))
        return tuple(jobs)

    def _job(self, section: str, table: Mapping[str, object], defaults: Mapping[str, object]) -> Job:
        values: dict[str, object] = {}
        before = len(self._found)
        sections: dict[str, str] = {}
        for place, given in ((DEFAULTS, defaults), (section, table)):
            for name, value in flatten(given):
                values[name], sections[name] = value, place

        def line(name: str) -> int:
            return self._line(sections.get(name, section), name)

        def texts(name: str) -> tuple[str, ...]:
            value = values.pop(name, ())
            listed = [value] if isinstance(value, str) else value
            if isinstance(listed, list | tuple) and all(isinstance(one, str) and one for one in listed):
                return tuple(listed)
            self._add(line(name), f"{name} = {value!r}: wanted a text or a list of texts")
            return (WRONG,)

        def text(name: str) -> str:
            value = values.pop(name, "")
            if isinstance(value, str):
                return value
            self._add(line(name), f"{name} = {value!r}: wanted a text, in quotes")
            return ""

        base = self._path.absolute().parent
        clips = texts("clips")
        if not clips:
            self._add(line("clips"), 'no clips; write for example clips = ["a.mp4", "shots/*.mp4"]')
        styles = tuple(base / Path(style).expanduser() for style in texts("styles"))
        if not styles:
            self._add(line("styles"), 'no artwork; write for example styles = "art.jpg", here or in [defaults]')
        own = {name: text(name) for name in OWN[2:]}
        for name in [name for name in values if not self._is_setting(name, line(name), values[name])]:
            del values[name]
        if isinstance(weights := values.get("backbone.weights"), str) and weights:
            values["backbone.weights"] = str(base / Path(weights).expanduser())
        where = f"line {line('')}: "
        recipe = Recipe(own["preset"], values)
        job = Job(where, base, clips, styles, own["output"], recipe, own["fallback"], own["frames"])
        named = list(_named_faults(job))
        for name, fault in named:
            self._add(line(name), fault)
        found, self._found = self._found[before:], self._found[:before]
        return replace(_without(job, named), faults=tuple(f"line {line}: {text}" for line, text in found))

    def _is_setting(self, name: str, line: int, value: object) -> bool:
        """Whether a name and its value are right; else it is a fault."""
        close = difflib.get_close_matches(name, OWN, n=1) if name not in known_settings() else []
        if close:
            self._add(line, f"unknown {name!r}; did you mean {close[0]}?")
            return False
        try:
            Recipe.read(values={name: value})
        except SettingsError as error:
            self._add(line, str(error))
            return False
        return True

    def _line(self, section: str, name: str) -> int:
        """The line of a name, or else of the table that holds it."""
        while name:
            if line := self._lines.get((section, name)):
                return line
            name = name.rpartition(".")[0]
        return self._lines.get((section, ""), 1)

    def _add(self, line: int, text: str) -> None:
        self._found.append((line, text))


def in_file(text: str) -> str:
    """A message about flags in terms of a file of jobs."""
    return re.sub(r"another \w+ with -o\b", "another output", re.sub(r"^--frames (.*?): ", r"frames = '\1': ", text))


def _without(job: Job, named: Sequence[tuple[str, str]]) -> Job:
    """The job without the presets, ranges, and output that are wrong."""
    wrong = {name for name, _ in named}
    recipe = replace(job.recipe, preset="") if "preset" in wrong else job.recipe
    fallback, frames, output = (
        "" if name in wrong else text
        for name, text in (("fallback", job.fallback), ("frames", job.frames), ("output", job.output))
    )
    clips = tuple(clip for clip in job.clips if clip != WRONG)
    faults = tuple(fault for _, fault in named)
    return replace(job, clips=clips, recipe=recipe, fallback=fallback, frames=frames, output=output, faults=faults)


def _named_faults(job: Job) -> Iterator[tuple[str, str]]:
    """What is wrong with a job: the key, and the fault."""
    for name, preset in (("preset", job.recipe.preset), ("fallback", job.fallback)):
        try:
            if preset:
                Recipe.read(preset)
        except SettingsError as error:
            yield name, str(error).removeprefix("--preset ")
    for style in job.styles:
        try:
            if style.name != WRONG:
                read_picture(style)
        except (MediaError, SettingsError) as error:
            yield "styles", str(error)
    try:
        if job.frames:
            check_ranges(job.frames)
    except SettingsError as error:
        yield "frames", in_file(str(error))
    for place in re.findall(r"\{([^{}]*)\}", job.output):
        if place not in PLACES:
            known = ", ".join(f"{{{name}}}" for name in PLACES)
            yield "output", f"output = {job.output!r}: unknown {{{place}}}; it may hold {known}"
