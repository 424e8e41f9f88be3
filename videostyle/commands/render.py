"""The commands run, frames, and plan."""

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from videostyle.commands.stopping import EXIT_INTERRUPTED, gently
from videostyle.events import FilmDone, Notice
from videostyle.options import OUTPUT, Aim, Encoding, Flags, Look, Network, Part, Place, Voice, Work, grouped
from videostyle.progress import Progress, faults
from videostyle.words import span

if TYPE_CHECKING:
    from videostyle.rendering.job import Prepared
    from videostyle.rendering.request import Request

EXIT_TRUNCATED = 3

ClipArgument = Annotated[
    Path, typer.Argument(metavar="CLIP", help="the clip to paint: a video file, or a folder or pattern of pictures")
]


@grouped
def run_command(clip: ClipArgument, flags: Flags, voice: Voice) -> None:
    """Paint a clip. If it is stopped, run the same command again to continue.

    Writes CLIP_ART.EXT next to the clip, with every frame painted; frame times, sound, and everything else are kept.
    Exit code 0: done; 2: a mistake in the command or its files; 3: done, but frames of a damaged clip are missing.
    """
    render(flags.request(clip), voice, flags.work)


@grouped
def frames_command(
    clip: ClipArgument, look: Look, network: Network, part: Part, place: Place, work: Work, voice: Voice
) -> None:
    """Paint frames into a folder of pictures: frame_000120.png for source frame 120.

    Ranges may share a folder; to render them at the same time, also pass the same --job. The folder is -o, or CLIP_ART
    next to the clip. Exit codes are those of 'run'.
    """
    flags = Flags(look, network, part, place, Aim(), Encoding(codec="png", no_sound=True), work)
    render(flags.request(clip), voice, work)


@grouped
def plan_command(
    clip: ClipArgument,
    flags: Flags,
    as_json: Annotated[
        bool, typer.Option("--json", help="one JSON object per event on stdout", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Show what 'run' would render, how long it would take, and how much memory it needs; render nothing."""
    with closing(Progress(as_json, dry=True)) as progress:
        prepared = _prepare(replace(flags.request(clip), overwrite=True), progress, flags.work.budget)
        output = prepared.checked.output
        if output.is_file() and prepared.checked.request.film and not flags.place.overwrite:
            progress(Notice(f"{output} exists; run needs --overwrite, or another name with -o"))
        progress(prepared.summary)


def render(request: "Request", voice: Voice, work: Work | None = None) -> None:
    """Render and write; raises typer.Exit if frames were lost or it was stopped."""
    from videostyle.rendering.job import run
    from videostyle.rendering.look.preview import previewed

    try:
        with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
            prepared = _prepare(request, progress, work.budget if work else "")
            shown = previewed(prepared.plan, prepared.checked.job, progress, work is not None and work.preview)
            with shown as seen, gently(seen) as heard:
                done = run(prepared, heard)
    except KeyboardInterrupt:
        print("videostyle: stopped; run the same command again to continue", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    end(done, voice)


def end(done: FilmDone, voice: Voice) -> None:
    """Say what damage to the clip has cost its film; raises typer.Exit if it has."""
    if done.frames_lost or done.frames_damaged:
        if voice.quiet and not voice.as_json:
            print(f"videostyle: {faults(done)}", file=sys.stderr)
        raise typer.Exit(EXIT_TRUNCATED)


def _prepare(request: "Request", progress: Progress, budget: str) -> "Prepared":
    """Check the files before torch is imported, then plan. Says what standard costs if draft is only the default."""
    from videostyle.rendering.job import estimate, prepare
    from videostyle.rendering.request import check

    if budget:
        from videostyle.rendering.batch.pace import read_budget
        from videostyle.rendering.budget import prepare_within

        seconds = read_budget(budget)
        return prepare_within(check(request), seconds, progress)
    prepared = prepare(check(request), on_event=progress)
    plan, begun = prepared.plan, prepared.summary.frames_stored
    if plan.preset == "draft" and plan.settings.paints and not (request.recipe.preset or begun):
        cost = span(estimate(prepared, "standard"))
        notice = Notice(f"draft is the default on a CPU; --preset standard would take about {cost}")
        progress(notice)
        return replace(prepared, notices=(*prepared.notices, notice))
    return prepared
