"""The command ``peek``: what is finished of a film that is still being rendered."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from videostyle.options import grouped
from videostyle.progress import Progress


@grouped
def peek_command(
    folder: Annotated[Path, typer.Argument(metavar="JOB", help="the job folder, such as OUTPUT.job")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="the film; default: JOB/peek.mp4")
    ] = None,
    frames: Annotated[
        str, typer.Option(metavar="RANGES", help="source frames, as for 'run'; default: the first finished stretch")
    ] = "",
    clip: Annotated[Path | None, typer.Option(metavar="FILE", help="the clip, if it has been moved")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace an existing FILE")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="print errors only")] = False,
) -> None:
    """Make a short film of the finished frames of a job, which may still be running.

    Painted frames are only enlarged, without the brush pass, and the film has no sound. An earlier
    JOB/peek.mp4 is replaced.
    """
    from videostyle.rendering.look.peek import peek

    with closing(Progress(quiet=quiet)) as progress:
        peek(folder, output, frames, clip, progress, overwrite=overwrite)
