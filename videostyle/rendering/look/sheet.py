"""A contact sheet: one picture, or telling frames of a clip, painted with different settings."""

import itertools
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from videostyle.errors import SettingsError, VideostyleError
from videostyle.events import CellPainted, Event, FilmDone, FrameDone, Notice, OnEvent, ignore
from videostyle.frames import Clip
from videostyle.media.files import check_folder
from videostyle.media.light import shown
from videostyle.media.read.sequence import identity
from videostyle.media.sheet import Sheet, write_sheet
from videostyle.names import shortened
from videostyle.paint.load import Networks, usual_preset
from videostyle.paint.painter import Painter
from videostyle.rendering.command import still_command
from videostyle.rendering.film.film import check_free
from videostyle.rendering.look.still import default_picture, painted, probe_source, working_folder
from videostyle.rendering.look.telling import places, telling_frames
from videostyle.rendering.look.vary import Choice, refuse
from videostyle.rendering.painters import painter_for
from videostyle.rendering.plan.artworks import artworks_for, paths_of
from videostyle.rendering.plan.plan import RenderPlan, alone, plan_frames, scan_key
from videostyle.rendering.plan.scan import NOTHING, Scan
from videostyle.rendering.plan.sizes import check_size
from videostyle.rendering.request import Request
from videostyle.selection import Selection, select_frame
from videostyle.settings import RenderSettings

T = TypeVar("T")
SMALL = 320
"""px, usual short side of a sheet's pictures"""
WRITTEN = (".png", ".html")


@dataclass(frozen=True, slots=True, eq=False)
class SheetRequest:
    """What a user asks for. The settings, artworks, and frame of ``still`` are the same in all pictures."""

    still: Request
    """its output is the sheet"""
    columns: tuple[Choice, ...] = (Choice(),)
    rows: tuple[Choice, ...] = (Choice(),)
    size: int = SMALL
    """px, short side of the pictures; they are painted at half of it if the film would be enlarged too"""
    scenes: int = 1
    """from how many scenes of a clip a frame is taken, unless one is named"""
    title: str = ""
    """empty: the name of the picture"""

    @property
    def sources(self) -> tuple[Path, ...]:
        """Files that must not be overwritten: the picture, and the artworks of all pictures of the sheet."""
        chosen = (choice.styles for choice in (*self.columns, *self.rows))
        return (self.still.clip, *paths_of(self.still.styles), *itertools.chain.from_iterable(chosen))


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    plan: RenderPlan
    painter: Painter
    command: str


class _Shared:
    """What the pictures of a sheet have in common: networks, scans, and notices, which are reported once."""

    def __init__(self, on_event: OnEvent) -> None:
        self.networks: Networks = {}
        self._on_event, self._said = on_event, set[str]()
        self._scans: dict[str, Scan] = {}

    def report(self, event: Event) -> None:
        if isinstance(event, Notice):
            if event.text in self._said:
                return
            self._said.add(event.text)
        self._on_event(event)

    def scan(self, clip: Clip, settings: RenderSettings) -> Scan:
        """What is known of the clip with these settings."""
        return self._scans.get(scan_key(identity(clip), settings), NOTHING)

    def add(self, plan: RenderPlan) -> None:
        """Remember the scan of a plan."""
        self._scans[scan_key(plan.identity, plan.settings)] = plan.scan


def make_sheet(request: SheetRequest, on_event: OnEvent = ignore) -> Sheet:
    """Paint the pictures of a sheet and write it. Everything is checked first, and all mistakes are listed.

    Raises VideostyleError.
    """
    start = time.perf_counter()
    with working_folder() as folder:
        clip = probe_source(request.still, folder)
        output = request.still.output or default_picture(clip, request.still, "", "_sheet.png")
        check_sheet(output)
        check_free(output, request.sources, request.still.overwrite)
        sheet = _paint(request, clip, folder, output, on_event)
        check_free(output, request.sources, request.still.overwrite)
        write_sheet(output, sheet)
    pictures = len(sheet.rows) * len(sheet.columns)
    on_event(FilmDone(output, pictures, 0, time.perf_counter() - start))
    return sheet


def check_sheet(output: Path) -> None:
    """Raise SettingsError or MediaError if a sheet cannot be written there."""
    if output.suffix.lower() not in WRITTEN:
        raise SettingsError(f"{output}: a sheet is {' or '.join(WRITTEN)}; name it with -o sheet.png")
    check_folder(output)


def _paint(request: SheetRequest, clip: Clip, folder: Path, output: Path, on_event: OnEvent) -> Sheet:
    """The pictures of a sheet. folder: for temporary files. output: the sheet, after which commands name pictures."""
    shared = _Shared(on_event)
    for text in clip.notes:
        shared.report(Notice(text))
    frames = _frames(request, clip, shared)
    cells = _prepared(request, clip, frames, output, shared)
    pictures = []
    on_event(CellPainted(0, len(cells)))

    def report(event: Event) -> None:
        if not isinstance(event, FrameDone):
            on_event(event)

    for number, cell in enumerate(cells):
        # pictures that differ in what comes after painting, such as the brush, share a job and are painted once
        job = folder / f"{cell.plan.fingerprint[:16]}-{cell.painter.fingerprint[:16]}"
        pixels = painted(cell.plan, cell.painter, job, report)
        pictures.append(shown(clip.color, pixels))
        on_event(CellPainted(number + 1, len(cells)))
    across, labels = len(request.columns), [f"frame {frame}" if clip.num_frames > 1 else "" for frame in frames]
    return Sheet(
        title=request.title or request.still.clip.name,
        columns=tuple(choice.label for choice in request.columns),
        rows=tuple(
            ", ".join(filter(None, [label, choice.label])) for label, choice in itertools.product(labels, request.rows)
        ),
        pictures=_in_rows(pictures, across),
        commands=_in_rows([cell.command for cell in cells], across),
        profile=clip.color.profile,
    )


def _in_rows(cells: Sequence[T], across: int) -> tuple[tuple[T, ...], ...]:
    return tuple(tuple(cells[start : start + across]) for start in range(0, len(cells), across))


def _frames(request: SheetRequest, clip: Clip, shared: _Shared) -> list[int]:
    """The frames that are shown: the one that is named, or telling ones."""
    if clip.num_frames == 1 or request.still.frames:
        return [select_frame(clip, request.still.frames or "0")]
    settings = request.still.recipe.settings("draft")
    keep = places(clip, request.scenes)
    plan = plan_frames(clip, (), settings, keep, known=shared.scan(clip, settings), on_event=shared.report)
    shared.add(plan)
    return telling_frames(plan, request.scenes)


def _prepared(request: SheetRequest, clip: Clip, frames: Sequence[int], output: Path, shared: _Shared) -> list[_Cell]:
    """Every picture, row by row, planned and with its painter. Raises SettingsError with all mistakes."""
    cells: list[_Cell] = []
    faults: list[str] = []
    across = len(request.columns)
    for frame, row, column in itertools.product(frames, request.rows, request.columns):
        try:
            name = shortened(output.stem, f"_{len(cells) // across + 1}_{len(cells) % across + 1}.png")
            cells.append(_cell(request, clip, frame, (row, column), output.with_name(name), shared))
        except VideostyleError as error:
            faults.append(str(error))
    refuse(faults)
    return cells


def _cell(
    request: SheetRequest, clip: Clip, frame: int, choices: tuple[Choice, Choice], output: Path, shared: _Shared
) -> _Cell:
    """Plan one picture, and load its painter. output: where its command writes it."""
    still = request.still
    recipe = still.recipe
    for choice in choices:
        recipe = replace(recipe, preset=choice.preset or recipe.preset, values={**recipe.values, **choice.values})
    preset = recipe.preset or usual_preset(recipe.given.backbone.device)
    recipe = replace(recipe, preset=preset)
    side = min(clip.width, clip.height)
    work = recipe.settings(preset).picture.work
    small = {"picture.size": request.size, "picture.work": request.size // 2 if 0 < work < side else request.size}
    recipe = replace(recipe, values={**small, **recipe.values})
    styles = next((choice.styles for choice in choices if choice.styles), still.styles)
    artworks, said = artworks_for(clip, styles)
    for text in said:
        shared.report(Notice(text))
    settings = recipe.settings(preset)
    painter = painter_for(artworks, settings, None, shared.report, shared.networks)
    keep, known = Selection((range(frame, frame + 1),)), shared.scan(clip, settings)
    plan = plan_frames(clip, artworks, settings, keep, preset, known, shared.report)
    shared.add(plan)
    check_size(plan.work, plan.own, painter.smallest)
    named = frame if clip.num_frames > 1 else None
    command = still_command(replace(still, recipe=recipe), named, artworks, preset, output)
    return _Cell(alone(plan), painter, shlex.join(command))
