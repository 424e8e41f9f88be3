"""Stored frames -> film."""

import itertools
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from videostyle import __version__
from videostyle.errors import IncompleteError, JobError, MediaError, SettingsError
from videostyle.events import FilmDone, FrameWritten, Notice, OnEvent, ignore
from videostyle.frames import Clip, FrameRange, Pixels
from videostyle.media.patch.patch import patch_film
from videostyle.media.patch.splice import Patch
from videostyle.media.read.probe import probe
from videostyle.media.read.sequence import belongs, files_of, identity, is_sequence
from videostyle.media.write.film import check_film, encode_film
from videostyle.media.write.folder import USUAL, Pictures, pictures_of
from videostyle.media.write.notices import FilmCheck
from videostyle.media.write.subtitles import Subtitles
from videostyle.names import usable
from videostyle.paint.finish import Finish
from videostyle.presets import change
from videostyle.rendering.chunk.ahead import Ahead
from videostyle.rendering.finish.arrivals import Arrivals
from videostyle.rendering.finish.finish import ENLARGE, finish_for, finished, needed
from videostyle.rendering.plan.artworks import read_artworks
from videostyle.rendering.plan.bars import with_bars
from videostyle.rendering.plan.plan import Artwork, RenderPlan, fingerprint_of, plan_frames, scan_key
from videostyle.rendering.plan.sizes import film_size
from videostyle.rendering.store.made import note_made
from videostyle.rendering.store.record import JobRecord
from videostyle.rendering.store.store import Store
from videostyle.selection import Selection, select
from videostyle.settings import RenderSettings

SHOWN = 10
"""most missing ranges that an error lists"""


@dataclass(frozen=True, slots=True, eq=False)
class StoredFilm:
    """A film to be made from a job folder's frames."""

    plan: RenderPlan
    store: Store
    output: Path
    notices: tuple[str, ...] = ()
    subtitles: Subtitles | None = None
    """of the clip, if they were read before; None: read when the film is written"""
    finish: Finish = ENLARGE
    key: str = ""
    """of what was asked for, with which the film is noted in the job folder; empty: it is not"""

    def note(self, files: Sequence[tuple[Path, Path]]) -> None:
        """Note that the film is about to appear. files: as for ``note_made``."""
        if self.key:
            note_made(self.store.folder, self.key, files)


def make_film(
    film: StoredFilm,
    on_event: OnEvent = ignore,
    arrivals: Arrivals | None = None,
    check: Callable[[], object] = lambda: None,
) -> None:
    """Encode the stored frames with everything else in the clip. Raises MediaError if the film cannot be written.

    arrivals: of frames that are still being painted; after their ``stop``, no film appears. check: raises an error if
    the film must not appear.
    """

    def check_both() -> None:
        check()
        if arrivals:
            arrivals.check()

    def settle(files: Sequence[tuple[Path, Path]]) -> None:
        check()
        film.note(files)
        if arrivals:
            arrivals.settle()

    plan = film.plan
    made = f"videostyle {__version__}, {film.store.record().maker}, seed {plan.settings.seed}"
    whole = _whole(plan, film.store, film.finish, plan.size, arrivals)
    with closing(Ahead(whole, depth=4)) as ahead, ExitStack() as stack:
        if arrivals:
            stack.callback(arrivals.stop)  # or the thread ahead would wait for the next frame
        frames = _reported(ahead, plan, on_event, check_both)  # before the rest is encoded, which takes a while
        settings = plan.settings.film
        encode_film(plan.clip, film.output, frames, settings, plan.size, plan.keep, made, film.subtitles, settle)


def make_patched(film: StoredFilm, patch: Patch, on_event: OnEvent = ignore) -> None:
    """Copy a finished film with the stored frames in it. Raises MediaError if it cannot be written."""
    plan = film.plan
    frames = partial(_whole, plan, film.store, film.finish, patch.size)
    for text in patch_film(patch, film.output, lambda: _reported(frames(), plan, on_event), film.note):
        on_event(Notice(text))


def _whole(
    plan: RenderPlan, store: Store, finish: Finish, size: tuple[int, int], arrivals: Arrivals | None = None
) -> Iterator[tuple[int, Pixels]]:
    """The film's frames with the clip's bars around them."""
    span = FrameRange(plan.to_keep[0], plan.to_keep[-1] + 1)
    return with_bars(plan.clip, plan.bars, size, finished(plan, store, finish, size, arrivals), span)


def _reported(
    frames: Iterable[tuple[int, Pixels]],
    plan: RenderPlan,
    on_event: OnEvent,
    check: Callable[[], object] = lambda: None,
) -> Iterator[tuple[int, Pixels]]:
    total = len(plan.to_keep)
    for frame, pixels in frames:
        yield frame, pixels
        on_event(FrameWritten(frame, total))
    check()


def check_place(
    clip: Clip,
    keep: Selection,
    output: Path,
    settings: RenderSettings,
    sources: Sequence[Path],
    overwrite: bool,
    strict: bool,
    ours: Collection[Path] = (),
) -> FilmCheck:
    """Check before any work that a film can be written, and what it will lack or change.

    sources: files that must not be overwritten. strict: leaving anything out is an error. ours: files that may be
    replaced, because an earlier run of the same job has written them; absolute. Raises
    SettingsError if the film would replace something else, MediaError if container, codec, size or sound do not fit.
    """
    pictures = pictures_of(output, settings.film, clip)
    free = overwrite or bool(pictures) or output.absolute() in ours
    check_free(pictures.folder if pictures else output, sources, free, pictures)
    if pictures:
        there = [path for frame in keep.frames if (path := pictures.path(frame)).exists()]
        for path, source in itertools.product(there, sources):
            if source.is_file() and os.path.samefile(path, source):
                raise SettingsError(f"{path} is an input of this render; use another folder with -o")
        if not overwrite and (others := [path for path in there if path.absolute() not in ours]):
            raise SettingsError(f"{others[0]} exists; use another folder with -o, or --overwrite to replace pictures")
    checked = check_film(clip, output, settings.film, film_size(clip, settings), keep)
    unless_strict(checked.left_out, strict)
    return checked


def unless_strict(left_out: tuple[str, ...], strict: bool) -> tuple[str, ...]:
    """Notices of what a film will lack. Raises MediaError if strict and there are any."""
    if left_out and strict:
        lost = "; ".join(left_out)
        raise MediaError(f"--strict: {lost}; choose another container or codec, or omit --strict")
    return left_out


def check_free(output: Path, sources: Sequence[Path], overwrite: bool, pictures: Pictures | None = None) -> None:
    """Raise SettingsError if a film would replace a source, or any other file without ``overwrite``.

    pictures: those that are written into the folder ``output``.
    """
    usable(output)
    for source in sources:
        apart = pictures and pictures.pattern != USUAL and not belongs(source, pictures.path(0).name)
        if apart and is_sequence(source):
            continue
        kept = files_of(source)[0].parent if is_sequence(source) else source  # nor may it join a clip's pictures
        if output.exists() and kept.exists() and os.path.samefile(output, kept):
            what = f"holds {source}, which is" if kept.is_dir() else "is"
            raise SettingsError(f"{output} {what} an input of this render; use another place with -o")
    if output.exists() and not overwrite:
        folder = " and is a folder" if output.is_dir() else ""
        raise SettingsError(f"{output} exists{folder}; use another name with -o, or --overwrite to replace it")


def stored_film(
    folder: Path,
    output: Path,
    frames: str = "",
    film: Mapping[str, object] | None = None,
    clip: Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
) -> StoredFilm:
    """Plan the film of a job folder from the folder alone: no network is needed, and artworks only for the brush pass.

    frames: as for ``select``. film: settings of what comes after painting (``film.*``, ``brush.*``,
    ``colors.artwork``) that differ from the job's. clip: where it is now; None: not moved. Raises JobError if the
    folder holds no job or the clip or an artwork is another one, IncompleteError if frames are not stored yet, and the
    errors of ``check_place``.
    """
    store = Store(folder)
    record = store.record()
    source = probe(clip or record.clip, record.stream, record.rate)
    if identity(source) != record.identity:
        raise JobError(f"{source.path} is not the clip that {folder} was rendered from; name that clip with --clip")
    settings = change(record.settings, film or {})
    known = store.scan(scan_key(record.identity, settings))
    brushes = settings.brush.amount and settings.paints
    artworks = _artworks_of(record, source, store) if brushes else ()
    plan = plan_frames(source, artworks, settings, select(source, frames), known=known)
    finish = finish_for(artworks, settings)
    check_complete(plan, store, finish)
    checked = check_place(source, plan.keep, output, settings, (source.path, *record.styles), overwrite, strict)
    return StoredFilm(plan, store, output, source.notes + checked.notices, checked.subtitles, finish)


def _artworks_of(record: JobRecord, clip: Clip, store: Store) -> tuple[Artwork, ...]:
    """The artworks that a job was painted with. Raises JobError if they are gone or have changed."""
    advice = f"restore the artworks of {store.folder}, or use --no-brush"
    try:
        artworks = read_artworks(record.styles, clip)
    except (MediaError, SettingsError) as error:
        raise JobError(f"{error}; {advice}") from None
    if fingerprint_of(record.identity, artworks, record.settings) != record.fingerprint:
        raise JobError(f"the brush pass needs the pictures that the frames were painted with; {advice}")
    return artworks


def check_complete(plan: RenderPlan, store: Store, finish: Finish = ENLARGE) -> None:
    """Raise IncompleteError, which lists the missing ranges, if frames that the film needs are not stored yet."""
    wanted = needed(plan, store, finish, plan.painted_size(plan.size))
    if missing := tuple(frame for frame in sorted(wanted) if not store.has(frame)):
        names = ranges(missing)
        more = f" and {len(names) - SHOWN} more ranges" if len(names) > SHOWN else ""
        raise IncompleteError(
            f"{store.folder}: frames {','.join(names[:SHOWN])}{more} are not rendered yet; "
            f"render them with run --frames and --job {store.folder}",
            missing=missing,
        )


def ranges(frames: Sequence[int]) -> list[str]:
    """Ascending frame numbers as ranges ``A:B``."""
    known = set(frames)
    starts = (frame for frame in frames if frame - 1 not in known)
    stops = (frame + 1 for frame in frames if frame + 1 not in known)
    return [f"{start}:{stop}" for start, stop in zip(starts, stops, strict=True)]


def assemble(film: StoredFilm, on_event: OnEvent = ignore) -> FilmDone:
    """Make the film of a job folder. Raises MediaError if it cannot be written."""
    start = time.perf_counter()
    for text in film.notices:
        on_event(Notice(text))
    with closing(film.store):
        if film.finish.carries(film.plan.work, film.plan.painted_size(film.plan.size)):
            film.store.lock.take(exclusive=False)  # what it carries is written into the job folder
        make_film(film, on_event)
    plan, seconds = film.plan, time.perf_counter() - start
    done = FilmDone(film.output, len(plan.to_keep), plan.frames_lost, seconds, plan.frames_damaged)
    on_event(done)
    return done
