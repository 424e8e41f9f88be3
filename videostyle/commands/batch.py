"""``videostyle batch``: many clips in a night."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from videostyle.commands.stopping import EXIT_INTERRUPTED, gently
from videostyle.errors import VideostyleError
from videostyle.events import BatchDone, BatchPlanned, ClipBegun, ClipDone, ClipPlanned, Event
from videostyle.options import FRAMES, OUTPUT, PICTURE, SPEED, Voice, grouped
from videostyle.presets import Recipe
from videostyle.progress import Progress, shown
from videostyle.words import counted, span

EXIT_FAILED, EXIT_LEFT = 1, 4


Source = Annotated[Path, typer.Argument(metavar="JOBS.toml|FOLDER", help="a file of jobs, or a folder of clips")]


def _option(panel: str, help: str, *names: str, metavar: str | None = None) -> object:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel)


Styles = Annotated[
    list[Path] | None, _option(PICTURE, "for a folder: an artwork; repeat to blend", "--style", metavar="FILE")
]
Preset = Annotated[str, _option(PICTURE, "for a folder: as in 'run'", metavar="NAME")]
Assignments = Annotated[list[str] | None, _option(PICTURE, "for a folder: any setting", "--set", metavar="NAME=VALUE")]
Fallback = Annotated[str, _option(PICTURE, "for a folder: the preset if there is no time", metavar="NAME")]
PLACE = "for a folder: DIR/ or a name with {clip}, {style}, {preset}, {folder}; default: FOLDER_ART/"
Output = Annotated[str, _option(OUTPUT, PLACE, "-o", "--output", metavar="PATTERN")]
Overwrite = Annotated[bool, _option(OUTPUT, "replace films that the batch has not made", "--overwrite")]
Order = Annotated[str, _option(FRAMES, "which clips come first", metavar="file|shortest")]
Budget = Annotated[str, _option(SPEED, "how long it may take: 8h, 90min", metavar="TIME")]
Until = Annotated[str, _option(SPEED, "the time of day at which it ends", metavar="HH:MM")]
DryRun = Annotated[bool, _option(OUTPUT, "check everything and show the table; render nothing", "--dry-run")]


@grouped
def batch_command(
    source: Source,
    voice: Voice,
    style: Styles = None,
    preset: Preset = "",
    assignments: Assignments = None,
    fallback: Fallback = "",
    output: Output = "",
    overwrite: Overwrite = False,
    order: Order = "file",
    budget: Budget = "",
    until: Until = "",
    dry_run: DryRun = False,
) -> None:
    """Paint many clips: the jobs of a TOML file, or all clips of a folder. README shows a file of jobs.

    Everything is checked before the first frame. If it is stopped, or clips are left, run the same command again.
    Exit code 0: all done; 1: clips failed; 2: a mistake, nothing was started; 4: clips are left; 130: interrupted.
    Exit code of --dry-run: 0: no mistake; 1: some clips cannot be painted; 2: a mistake.
    """
    from videostyle.rendering.batch.night import batch

    values = Recipe.read(preset, assignments=assignments or ()).values
    try:
        with (
            closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress,
            gently(Table(progress, quiet=voice.quiet or voice.as_json, dry=dry_run)) as heard,
        ):
            done = batch(
                source,
                style or (),
                output=output,
                preset=preset,
                fallback=fallback,
                settings=values,
                order=order,
                budget=budget,
                until=until,
                overwrite=overwrite,
                dry_run=dry_run,
                on_event=heard,
            )
    except KeyboardInterrupt:
        print("videostyle: stopped; run the same command again to continue", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if done.failed or (done.left and not dry_run):
        raise typer.Exit(EXIT_FAILED if done.failed else EXIT_LEFT)


class Table:
    """Shows a batch's events as lines and tables on stderr, and hands all events on."""

    def __init__(self, progress: Progress, quiet: bool, dry: bool = False) -> None:
        """quiet: the progress shows no lines, so that failures are printed here. dry: nothing will be rendered."""
        self._progress, self._quiet, self._dry = progress, quiet, dry
        self._failed = 0
        """clips that cannot be painted"""
        self._rows: list[tuple[str, ...]] = []
        self._folder = Path()
        self._told = ""
        """where the report is, or why there is none; empty: no clip has been dealt with"""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._progress(event)
        match event:
            case ClipPlanned():
                size = "x".join(map(str, event.size)) if event.frames else ""
                cost = span(event.seconds) if event.status == "waiting" else event.status
                what = (str(event.frames), size, event.preset, cost, event.text)
                self._rows.append((str(event.number), event.clip.name, event.output.name, *what))
                self._failed += event.status == "failed"
                if self._dry and event.status == "failed":  # else it is said when the clip is dealt with
                    self._fail(f"{event.clip.name} failed: {event.text}")
            case BatchPlanned():
                self._print(("", "clip", "film", "frames", "size", "preset", "about", ""))
                limit = f" of {span(event.budget)}" if event.budget else ""
                failed = f", {self._failed} failed" if self._failed else ""
                self._progress.say(
                    f"{counted(event.waiting, 'clip')} of {event.clips} to render{failed}: "
                    f"about {span(event.seconds)}{limit}, {event.bytes / 1e9:.2f} GB at most; logs in {event.folder}"
                )
                self._folder = event.folder
            case ClipBegun():
                self._progress.say("")
                self._progress.say(f"clip {event.number} of {event.total}: {event.clip.name}")
            case ClipDone():
                self._report()
                if event.text:
                    line = f"{event.clip.name} {event.status}: {event.text}"
                    self._progress.say(line)
                    if event.status == "failed":
                        self._fail(line)
                took = span(event.seconds) if event.seconds else ""
                end = (event.preset, took, event.status, event.text)
                self._rows = [row for row in self._rows if row[0] != str(event.number)]  # tried again
                self._rows.append((str(event.number), event.clip.name, event.output.name, *end))
            case BatchDone():
                self._print(("", "clip", "film", "preset", "took", "", ""))
                counts = f"{event.done} done, {event.failed} failed, {event.left} left"
                self._progress.say(
                    f"{counts}, in {span(event.seconds)}" + ("; run it again to go on" if event.left else "")
                )
                if self._told:
                    self._progress.say(self._told)

    def _fail(self, line: str) -> None:
        """Print a failure that nothing else shows."""
        if self._quiet:
            print(f"videostyle: {shown(line)}", file=sys.stderr)

    def _report(self) -> None:
        """Write the report anew."""
        from videostyle.report.write import write_report

        try:
            self._told = f"report: {write_report(self._folder)}"
        except Exception as error:  # whatever it is, it must not end the night
            fault = f"{error}" if isinstance(error, VideostyleError) else f"{type(error).__name__}: {error}"
            self._told = f"no report: {fault}"

    def _print(self, head: tuple[str, ...]) -> None:
        """A table of the rows so far, which are then forgotten."""
        rows = [head, *sorted(self._rows, key=lambda row: int(row[0]))]
        rows = [tuple(map(shown, row)) for row in rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self._progress.say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        self._rows.clear()
