"""Stored frames -> film."""

import itertools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from videostyle import __version__
from videostyle.errors import IncompleteError, JobError, MediaError, SettingsError
from videostyle.frames import Clip, Pixels
from videostyle.media.patch.patch import Patch, patch_film
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import files_of, identity, is_sequence
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.folder import picture_name
from videostyle.media.write.picture import VideoReformatter, resized  # type: ignore[attr-defined]
from videostyle.rendering.ahead import Ahead
from videostyle.rendering.plan import RenderPlan, film_size, make_plan, scan_key
from videostyle.rendering.store import Store
from videostyle.selection import Selection, select
from videostyle.settings import RenderSettings, change, restore

SHOWN = 10
"""missing ranges that an error names"""


@dataclass(frozen=True, slots=True)
class FrameWritten:
    """A stored frame is on its way into the film."""

    frame: int
    total: int
    """frames that the film will have"""


@dataclass(frozen=True, slots=True)
class FilmDone:
    """The film is written."""

    path: Path
    """where; the job folder where no film was wanted"""
    frames: int
    frames_lost: int
    """frames asked for that the clip promised and that could not be decoded"""
    seconds: float
    """wall time of rendering and encoding"""


def make_film(
    plan: RenderPlan,
    store: Store,
    output: Path,
    maker: str,
    report: Callable[[FrameWritten], object] = lambda _: None,
) -> None:
    """Encode the stored frames as a film, with everything else that the clip holds.

    maker: what made the frames, for the film's comment: the backbone's name and the preset's.
    """
    settings = plan.settings
    styles = " + ".join(path.name for path in plan.artworks)
    comment = f"videostyle {__version__}, {maker}, style {styles}, seed {settings.seed}"
    ahead = Ahead(_stored(plan, store, report), depth=4)
    try:
        encode_film(plan.clip, output, ahead, settings.film, plan.size, plan.keep, comment)
    finally:
        ahead.close()


def make_patched(
    plan: RenderPlan,
    store: Store,
    patch: Patch,
    output: Path,
    report: Callable[[FrameWritten], object] = lambda _: None,
) -> tuple[str, ...]:
    """Write a full film again with the stored frames in it; returns notices of what did not go as planned."""
    scale = VideoReformatter()
    return patch_film(
        patch, output, lambda: ((i, resized(pixels, patch.size, scale)) for i, pixels in _stored(plan, store, report))
    )


def _stored(plan: RenderPlan, store: Store, report: Callable[[FrameWritten], object]) -> Iterator[tuple[int, Pixels]]:
    kept = plan.to_keep
    for frame in kept:
        yield frame, store.load(frame, plan.work)
        report(FrameWritten(frame, len(kept)))


def notes(plan: RenderPlan, store: Store, maker: str, rate: Fraction | None) -> dict[str, object]:
    """What ``plan.json`` says beside the fingerprint: all that ``stored_film`` needs, and what people want to know.

    store: may hold what another process found in other parts of the clip. maker: as for ``make_film``. rate: frames a
    second that were given for a sequence of pictures.
    """
    clip = plan.clip
    key = scan_key(clip, plan.settings.scene)
    found = store.scan(key) | plan.scan
    return {
        "clip": str(clip.path.absolute()),
        "stream": clip.stream,
        "rate": rate and str(rate),
        "identity": identity(clip),
        "styles": [str(path.absolute()) for path in plan.artworks],
        "maker": maker,
        "version": __version__,
        "settings": asdict(plan.settings),
        "scan": {
            "key": key,
            "scenes": [(scene.start, scene.stop) for scene in found.scenes],
            "lost": found.lost,
        },
    }


def check_place(
    clip: Clip,
    keep: Selection,
    output: Path,
    settings: RenderSettings,
    sources: Sequence[Path],
    overwrite: bool,
    strict: bool,
) -> tuple[str, ...]:
    """Find out before any work whether a film can be written; returns notices of what it will lack or hold otherwise.

    sources: files that must not be overwritten. strict: leaving anything out is an error. Raises SettingsError where
    the film would take the place of something else, MediaError where container, codec, size and sound do not go
    together.
    """
    film = settings.film
    check_free(output, sources, overwrite or film.codec == "png")
    if film.codec == "png":
        there = [path for frame in keep.frames if (path := output / picture_name(frame)).exists()]
        for path, source in itertools.product(there, sources):
            if source.is_file() and os.path.samefile(path, source):
                raise SettingsError(f"{path} is an input of this render; give another folder with -o")
        if there and not overwrite:
            raise SettingsError(f"{there[0]} exists; give another folder with -o, or --overwrite to replace such files")
    found = check_film(clip, output, film, film_size(clip, settings), keep)
    return unless_strict(found.left_out, strict) + found.changed


def unless_strict(left_out: tuple[str, ...], strict: bool) -> tuple[str, ...]:
    """Notices of what a film will lack; raises MediaError where nothing may be lacking."""
    if left_out and strict:
        lost = "; ".join(left_out)
        raise MediaError(f"--strict: {lost}; choose another container or codec, or leave out --strict")
    return left_out


def check_free(output: Path, sources: Sequence[Path], overwrite: bool) -> None:
    """Raise SettingsError where a film would take the place of a source, or unasked of anything else."""
    for source in sources:
        kept = files_of(source)[0].parent if is_sequence(source) else source  # no picture may come among a clip's
        if output.exists() and kept.exists() and os.path.samefile(output, kept):
            what = f"holds {source}, which is" if kept.is_dir() else "is"
            raise SettingsError(f"{output} {what} an input of this render; give another place with -o")
    if output.exists() and not overwrite:
        folder = " and is a folder" if output.is_dir() else ""
        raise SettingsError(f"{output} exists{folder}; give another name with -o, or --overwrite to replace it")


@dataclass(frozen=True, slots=True, eq=False)
class StoredFilm:
    """A film that is to be made of a job folder's frames."""

    plan: RenderPlan
    store: Store
    output: Path
    maker: str
    notices: tuple[str, ...]


def stored_film(
    folder: Path,
    output: Path,
    frames: str = "",
    film: Mapping[str, Any] | None = None,
    clip: Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
) -> StoredFilm:
    """Plan the film of a job folder from its ``plan.json`` alone: neither artwork nor network is needed.

    frames: as for ``select``; film: ``film.*`` settings that differ from the job's; clip: where it lies now, None:
    where it lay. Raises JobError where the folder holds no job or the clip is another, IncompleteError, naming the
    ranges, where frames are not stored yet, and what ``check_place`` raises.
    """
    store = Store(folder)
    known = store.notes()
    source = probe(clip or Path(known["clip"]), known["stream"], known["rate"] and Fraction(known["rate"]))
    if identity(source) != known["identity"]:
        raise JobError(f"{source.path} is not the clip that {folder} was rendered from; give that with --clip")
    settings = change(restore(known["settings"], f"{folder}/plan.json"), film or {}, "flag")
    found = store.scan(scan_key(source, settings.scene))
    styles = [Path(style) for style in known["styles"]]
    plan = make_plan(source, styles, settings, found, select(source, frames), known["fingerprint"])
    missing = ranges([frame for frame in plan.to_keep if not store.has(frame)])
    if missing:
        more = f" and {len(missing) - SHOWN} more ranges" if len(missing) > SHOWN else ""
        raise IncompleteError(
            f"{folder}: frames {','.join(missing[:SHOWN])}{more} are not rendered yet; "
            f"render them with run --frames and --job {folder}"
        )
    notices = check_place(source, plan.keep, output, settings, (source.path, *styles), overwrite, strict)
    return StoredFilm(plan, store, output, known["maker"], source.notes + notices)


def ranges(frames: Sequence[int]) -> list[str]:
    """Ascending frame numbers as ranges ``A:B``."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and runs[-1][1] == frame:
            runs[-1][1] += 1
        else:
            runs.append([frame, frame + 1])
    return [f"{start}:{stop}" for start, stop in runs]


def assemble(film: StoredFilm, report: Callable[[FrameWritten | FilmDone], object] = lambda _: None) -> FilmDone:
    """Make the film of a job folder. Raises MediaError where it cannot be written."""
    start = time.perf_counter()
    make_film(film.plan, film.store, film.output, film.maker, report)
    done = FilmDone(film.output, len(film.plan.to_keep), film.plan.frames_lost, time.perf_counter() - start)
    report(done)
    return done
