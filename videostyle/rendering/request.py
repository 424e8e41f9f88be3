"""What a user asks for, and the checks of it before any work begins."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.frames import Clip, hash_of
from videostyle.media.patch.patch import plan_patch
from videostyle.media.patch.splice import Patch
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import default_name, has_file, identity
from videostyle.media.write.folder import pictures_of
from videostyle.media.write.subtitles import Subtitles
from videostyle.media.write.suffix import usual_suffix
from videostyle.names import shortened, usable
from videostyle.presets import Recipe
from videostyle.rendering.film.film import check_free, check_place, unless_strict
from videostyle.rendering.plan.artworks import Styles, artworks_for
from videostyle.rendering.plan.plan import Artwork
from videostyle.rendering.store.made import Made, find_made, has_made
from videostyle.rendering.workers.session import check_cluster
from videostyle.selection import Selection, select
from videostyle.settings import FilmSettings

LONGEST_NAME = 60
"""most characters of a film's default name that list its frames"""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What a user asks for."""

    clip: Path
    styles: Styles
    recipe: Recipe = field(default_factory=Recipe)
    frames: str = ""
    """source frames, as for ``selection.select``; empty: all"""
    begin: str = ""
    """time or timecode of the first frame, instead of ``frames``"""
    end: str = ""
    """time or timecode at which the film ends"""
    handles: int = 0
    """frames added before and after"""
    stream: int | None = None
    """index of the picture track; None: the clip's main one"""
    rate: Fraction | None = None
    """frames per second of a source without timestamps"""
    output: Path | None = None
    """None: ``CLIP_ART.EXT`` next to the clip"""
    folder: Path | None = None
    """folder of a film that ``output`` does not name; None: the clip's"""
    patch: Path | None = None
    """a finished film of the clip whose frames are replaced"""
    film: bool = True
    """whether to make a film, or only the job folder's frames"""
    job: Path | None = None
    """folder of the finished frames; None: next to the output, deleted once the film is done"""
    keep_job: bool = False
    overwrite: bool = False
    strict: bool = False
    """whether it is an error if the film lacks something that the clip has"""
    slots: int = 0
    """chunks painted as one batch; 0: as many as fit"""
    workers: int = 0
    """processes that paint at the same time; 0: as many as are worth it"""
    cluster: str = ""
    """Ray cluster that runs them, for ``session.check_cluster``; empty: they run on this machine, without Ray"""


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A request whose files have been checked; nothing has been written."""

    request: Request
    clip: Clip
    artworks: tuple[Artwork, ...]
    keep: Selection
    output: Path
    """the film, or the job folder if no film is wanted"""
    job: Path
    patch: Patch | None
    notices: tuple[str, ...]
    subtitles: Subtitles = field(default_factory=dict)
    """converted for the film"""
    made: Made = field(default_factory=Made)
    """what is there of the film, if an earlier run of the same request was stopped after it had made it"""
    alone: bool = False
    """whether the only frame is painted as if it were the first of its scene; see ``plan.alone``"""

    @property
    def made_of(self) -> str:
        """Hash of everything that the film is made of, as far as the user decides it."""
        request = self.request
        looks: list[object] = [identity(self.clip), [hash_of(artwork.pixels) for artwork in self.artworks]]
        looks += [request.recipe.preset, sorted(map(str, request.recipe.values.items())), request.frames]
        return hashlib.sha256(json.dumps(looks, default=str).encode()).hexdigest()

    @property
    def key(self) -> str:
        """Hash of everything that decides what the film is, and where."""
        request = self.request
        part = request.begin, request.end, request.handles, request.patch, self.output.absolute()
        return hashlib.sha256(json.dumps([self.made_of, *map(str, part)]).encode()).hexdigest()

    @property
    def sources(self) -> tuple[Path, ...]:
        """Files that must not be overwritten."""
        return (self.clip.path, *(artwork.path for artwork in self.artworks if artwork.path))


def check(request: Request) -> Checked:
    """Check a request's files before any work begins; needs neither torch nor a device.

    Raises SettingsError, MediaError, or DeviceError.
    """
    if request.cluster:
        check_cluster(request.cluster, request.recipe.given.backbone.device)
    clip = probe(request.clip, request.stream, request.rate)
    keep = select(clip, request.frames, request.begin, request.end, request.handles)
    artworks, said = artworks_for(clip, request.styles)
    given, overwrite, strict, notices = request.recipe.given, request.overwrite, request.strict, clip.notes + said
    if clip.frames_missing:
        notices += (f"{request.clip} is truncated or damaged: {clip.frames_missing} of its frames are missing",)
    if not request.film:
        if request.job is None or request.output or request.patch:
            raise SettingsError("--no-film leaves frames in a folder and no film; name it with --job and omit -o")
        return Checked(request, clip, artworks, keep, request.job, request.job, None, notices)
    output = usable(request.output or _default_output(clip, request, [artwork.name for artwork in artworks], keep))
    output = output if output.name else output.absolute()  # ``-o .``
    patch = plan_patch(request.patch, clip, keep, given.film, output) if request.patch else None
    job = request.job or _default_job(output, given.film, clip)
    if job.absolute() == output.absolute():
        raise SettingsError(f"--job {job}: the same name as the film; name another folder")
    checked = Checked(request, clip, artworks, keep, output, job, patch, notices)
    made = find_made(job, checked.key) if has_made(job) and not overwrite else Made()
    if made.whole:
        notices += (f"{output} is done; an earlier run of this command was stopped before it had cleaned up",)
    checked = replace(checked, made=made, notices=notices)
    if patch:
        check_free(output, checked.sources, overwrite or output.absolute() in made.files)
        return replace(checked, notices=notices + patch.notices + unless_strict(patch.left_out, strict))
    film = check_place(clip, keep, output, given, checked.sources, overwrite, strict, made.files)
    return replace(checked, notices=notices + film.notices, subtitles=film.subtitles)


def _default_job(output: Path, settings: FilmSettings, clip: Clip) -> Path:
    """Next to the output, or to its folder if that does not exist yet."""
    pictures = pictures_of(output, settings, clip)
    if pictures and pictures.folder != output and not pictures.folder.exists():
        return pictures.folder.with_name(f"{pictures.folder.name}.{output.name}.job")
    return output.with_name(shortened(output.name, ".job"))


def _default_output(clip: Clip, request: Request, artworks: Sequence[str], keep: Selection) -> Path:
    """Next to the clip; the name of a range's film includes the range, so that ranges do not overwrite each other."""
    if patch := request.patch:
        return patch.with_name(shortened(patch.stem, f"_patched{patch.suffix}"))
    source = default_name(clip)
    source = request.folder / source.name if request.folder else source
    name = f"{source.stem if has_file(clip) else source.name}_{'+'.join(Path(name).stem for name in artworks)}"
    if request.recipe.given.film.codec == "png":
        return source.with_name(shortened(name, ""))  # pictures are numbered, so ranges share one folder
    ending = ""
    if keep != Selection.whole(clip):
        text = "+".join(f"{p.start}-{p.stop - 1}" + (f"x{p.step}" if p.step > 1 else "") for p in keep.parts)
        ending = f"_{text if len(text) <= LONGEST_NAME else f'{keep.frames[0]}-{keep.frames[-1]}'}"
    return source.with_name(shortened(name, ending + usual_suffix(clip, request.recipe.given.film)))
