"""``videostyle batch``: many clips, one after the other."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from videostyle.commands.stopping import gently
from videostyle.events import BatchDone, BatchPlanned, ClipBegun, ClipDone, ClipPlanned, Event
from videostyle.options import FRAMES, OUTPUT, PICTURE, SPEED, Voice, grouped
from videostyle.presets import Recipe
from videostyle.progress import Progress, counted, span

EXIT_FAILED, EXIT_LEFT, EXIT_INTERRUPTED = 1, 4, 130


@grouped
def batch_command(
    source: Annotated[Path, typer.Argument(metavar="JOBS.toml|FOLDER", help="a file of jobs, or a folder of clips")],
    voice: Voice,
    style: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="for a folder: an artwork; repeat to blend", rich_help_panel=PICTURE),
    ] = None,
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="for a folder: as in 'run'", rich_help_panel=PICTURE)
    ] = "",
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="for a folder: any setting", rich_help_panel=PICTURE),
    ] = None,
    fallback: Annotated[
        str,
        typer.Option(metavar="NAME", help="for a folder: the preset if there is no time", rich_help_panel=PICTURE),
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            metavar="PATTERN",
            help="for a folder: DIR/ or a name with {clip}, {style}, {preset}, {folder}; default: FOLDER_ART/",
            rich_help_panel=OUTPUT,
        ),
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="replace films that the batch has not made", rich_help_panel=OUTPUT)
    ] = False,
    order: Annotated[
        str, typer.Option(metavar="file|shortest", help="which clips come first", rich_help_panel=FRAMES)
    ] = "file",
    budget: Annotated[
        str, typer.Option(metavar="TIME", help="how long it may take: 8h, 90min", rich_help_panel=SPEED)
    ] = "",
    until: Annotated[
        str, typer.Option(metavar="HH:MM", help="the time of day at which it ends", rich_help_panel=SPEED)
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check everything and show the table; render nothing")
    ] = False,
) -> None:
    """Paint many clips: the jobs of a TOML file, or all clips of a folder. README shows a file of jobs.

    Everything is checked before the first frame. If it is stopped, or clips are left, run the same command again.
    Exit code 0: all done; 1: clips failed; 2: a mistake, nothing was started; 4: clips are left; 130: interrupted.
    """
    from videostyle.rendering.batch.night import batch

    values = Recipe.read(preset, assignments=assignments or ()).values
    try:
        with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
            table = Table(progress, quiet=voice.quiet or voice.as_json)
            with gently(table) as heard:
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

    def __init__(self, on_event: Progress, quiet: bool) -> None:
        self._progress, self._quiet = on_event, quiet
        self._rows: list[tuple[str, ...]] = []

    def __call__(self, event: Event) -> None:
        """Show an event."""
        self._progress(event)
        match event:
            case ClipPlanned():
                size = "x".join(map(str, event.size)) if event.frames else ""
                cost = span(event.seconds) if event.status == "waiting" else event.status
                what = (str(event.frames), size, event.preset, cost, event.text)
                self._rows.append((str(event.number), event.clip.name, event.output.name, *what))
            case BatchPlanned():
                self._print(("", "clip", "film", "frames", "size", "preset", "about", ""))
                limit = f" of {span(event.budget)}" if event.budget else ""
                self._say(
                    f"{counted(event.waiting, 'clip')} of {event.clips} to render: about {span(event.seconds)}{limit}, "
                    f"{event.bytes / 1e9:.2f} GB at most; logs in {event.folder}"
                )
            case ClipBegun():
                self._say(f"\nclip {event.number} of {event.total}: {shown(event.clip.name)}")
            case ClipDone():
                self._progress.close()
                if event.text:
                    self._say(f"{shown(event.clip.name)} {event.status}: {event.text}")
                took = span(event.seconds) if event.seconds else ""
                end = (event.preset, took, event.status, event.text)
                self._rows.append((str(event.number), event.clip.name, event.output.name, *end))
            case BatchDone():
                self._print(("", "clip", "film", "preset", "took", "", ""))
                counts = f"{event.done} done, {event.failed} failed, {event.left} left"
                self._say(f"{counts}, in {span(event.seconds)}" + ("; run it again to go on" if event.left else ""))

    def _print(self, head: tuple[str, ...]) -> None:
        """A table of the rows so far, which are then forgotten."""
        rows = [head, *sorted(self._rows, key=lambda row: int(row[0]))]
        rows = [tuple(map(shown, row)) for row in rows]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self._say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        self._rows.clear()

    def _say(self, line: str) -> None:
        if not self._quiet:
            tqdm.write(line, file=sys.stderr)


def shown(name: str) -> str:
    """A name from outside as it may stand in a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
