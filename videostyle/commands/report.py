"""The command ``report``: what the morning reads."""

from pathlib import Path
from typing import Annotated

import typer

from videostyle.options import grouped


@grouped
def report_command(
    folder: Annotated[Path, typer.Argument(metavar="JOB|BATCH", help="a job folder, a batch folder, or a log")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="the page; default: report.html in the folder")
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="print errors only")] = False,
) -> None:
    """Write a page about a job or a batch: pictures, films, curves, settings, and what went wrong.

    The page is one file that opens from the disk; it plays the films from where they are. Flicker is measured at a
    small size.
    """
    from videostyle.report.write import write_report

    page = write_report(folder, output)
    if not quiet:
        typer.echo(f"wrote {page}")
