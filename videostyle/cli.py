"""The command line: read flags, call the library, show progress. Heavy imports wait until they are needed."""

import json
import os
import signal
import sys
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from videostyle import __version__
from videostyle.commands.peek import peek_command
from videostyle.commands.report import report_command
from videostyle.errors import IncompleteError, SettingsError, VideostyleError
from videostyle.events import FilmDone, Notice
from videostyle.options import FRAMES, OUTPUT, Aim, Encoding, Flags, Look, Network, Part, Place, Voice, Work, grouped
from videostyle.presets import Recipe, compose, describe
from videostyle.progress import SCHEMA, Progress, faults, output, span
from videostyle.settings import group_title, known_settings

if TYPE_CHECKING:
    from videostyle.rendering.job import Prepared
    from videostyle.rendering.request import Request

EXIT_ERROR = 2
EXIT_TRUNCATED = 3
EXIT_INCOMPLETE = 4
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Turn film into moving paintings.  Start with:  videostyle run clip.mp4 --style art.jpg",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ClipArgument = Annotated[
    Path, typer.Argument(metavar="CLIP", help="the clip to paint: a video file, or a folder or pattern of pictures")
]


UsageError: Any = typer.BadParameter.__base__
"""raised for a wrong command line; the name of this class differs between versions of typer"""


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="show the version and exit")] = False,
) -> None:
    """Options that come before the command."""
    if version:
        print(f"videostyle {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


@app.command("run")
@grouped
def run_command(clip: ClipArgument, flags: Flags, voice: Voice) -> None:
    """Paint a clip. If it is stopped, run the same command again to continue.

    Writes CLIP_ART.EXT next to the clip, with every frame painted; frame times, sound, and everything else are kept.
    Exit code 0: done; 2: a mistake in the command or its files; 3: done, but frames of a damaged clip are missing.
    """
    _run(flags.request(clip), voice, flags.work.preview)


@app.command("frames")
@grouped
def frames_command(
    clip: ClipArgument, look: Look, network: Network, part: Part, place: Place, work: Work, voice: Voice
) -> None:
    """Paint frames into a folder of pictures: frame_000120.png for source frame 120.

    Ranges may share a folder; to render them at the same time, also pass the same --job. The folder is -o, or CLIP_ART
    next to the clip. Exit codes are those of 'run'.
    """
    _run(
        Flags(look, network, part, place, Aim(), Encoding(codec="png", no_sound=True), work).request(clip),
        voice,
        work.preview,
    )


@app.command("plan")
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
        prepared = _prepare(replace(flags.request(clip), overwrite=True), progress)
        output = prepared.checked.output
        if output.is_file() and prepared.checked.request.film and not flags.place.overwrite:
            progress(Notice(f"{output} exists; run needs --overwrite, or another name with -o"))
        progress(prepared.summary)


@app.command("assemble")
@grouped
def assemble_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the job folder, as in 'run --job DIR'")],
    place: Place,
    encoding: Encoding,
    voice: Voice,
    frames: Annotated[
        str, typer.Option(metavar="RANGES", help="source frames, as for 'run'; default: all", rich_help_panel=FRAMES)
    ] = "",
    clip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="the clip, if it has been moved", rich_help_panel=FRAMES)
    ] = None,
    no_brush: Annotated[
        bool, typer.Option("--no-brush", help="only enlarge painted frames", rich_help_panel=OUTPUT)
    ] = False,
) -> None:
    """Make the film of a job folder whose frames one or several processes have rendered.

    Exit code 0: done; 2: a mistake; 3: done, but frames of a damaged clip are missing; 4: frames are not rendered yet.
    """
    from videostyle.rendering.film import assemble, stored_film

    if place.output is None:
        raise SettingsError("no film to write; name it with -o film.mp4")
    with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
        film = encoding.settings() | ({"brush.amount": 0.0} if no_brush else {})
        stored = stored_film(folder, place.output, frames, film, clip, place.overwrite, place.strict)
        done = assemble(stored, progress)
    _end(done, voice)


@app.command("score")
@grouped
def score_command(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="the clip")],
    stylized: Annotated[Path, typer.Argument(metavar="STYLIZED", help="the film made from it")],
    network: Network,
    style: Annotated[
        list[Path], typer.Option("--style", metavar="FILE", help="an artwork; repeat the option for several")
    ],
    frames: Annotated[
        str, typer.Option(metavar="RANGES", help="the clip's frames that the film shows; default: all")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Measure a finished film: flicker, distance from artwork and content, sharpness, drift, seams.

    Flicker is the warping error between neighboring frames, in levels of 255, next to the source's own. It is measured
    along the source's DIS flow, which films use only if flow.method is dis (as in 'fine'). A frozen or blurred film
    flickers little, so read flicker together with the distances.
    """
    from videostyle.rendering.scoring import score

    scores = score(source, stylized, style, settings=network.settings(), frames=frames)
    print(json.dumps({"schema": SCHEMA} | scores.as_dict()) if as_json else scores.table())


@app.command("settings")
def settings_command(
    preset: Annotated[str, typer.Option(metavar="NAME", help="the preset whose values are shown")] = "draft",
) -> None:
    """List every setting as TOML: what it means, the values it takes, its default, and its value in a preset."""
    chosen, known, lines = compose(preset), known_settings(), [f"# Values of the preset {preset}."]
    for group, names in groupby(known, key=lambda name: name.rpartition(".")[0]):
        lines.append(f"\n\n# {group or 'general'}: {group_title(group)}")
        for name in names:
            lines.append(f"\n# {known[name].metadata['about']}")
            lines.append(f"# {describe(known[name])}; default: {json.dumps(known[name].default)}")
            lines.append(f"{name} = {json.dumps(chosen.value(name))}")
    print("\n".join(lines))


@app.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="folder for the files")] = Path("videostyle-demo"),
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:N, or mps")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="print errors only")] = False,
) -> None:
    """Paint a short clip that comes with the program, and compare before and after. Downloads nothing."""
    from videostyle.demo import copy_demo
    from videostyle.paint.device import choose_device
    from videostyle.rendering.request import Request
    from videostyle.rendering.showcase import make_sheet

    choose_device(device or "auto")  # before anything is written
    clip, art = copy_demo(folder)
    film, sheet = folder / "result.mp4", folder / "sheet.png"
    recipe = Recipe.read(values=Network("compact", device=device).settings())
    command = f"videostyle run {quote(str(clip))} --style {quote(str(art))} -o {quote(str(film))} --backbone compact"
    command += f" --device {device} --overwrite" if device else " --overwrite"
    if not quiet:
        print(f"copied {clip} and {art}; now painting: {command}")
    _run(Request(clip, (art,), recipe, output=film, overwrite=True), Voice(quiet=quiet))
    make_sheet(sheet, clip, art, film)
    if not quiet:
        print(f"look at {sheet} and play {film}")


app.command("peek")(peek_command)
app.command("report")(report_command)


def _run(request: "Request", voice: Voice, preview: bool = False) -> None:
    """Render and write; raises typer.Exit if frames were lost or it was stopped."""
    from videostyle.rendering.job import run
    from videostyle.rendering.preview import previewed

    try:
        with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
            prepared = _prepare(request, progress)
            with previewed(prepared.plan, prepared.checked.job, progress, preview) as heard:
                done = run(prepared, heard)
    except KeyboardInterrupt:
        print("videostyle: stopped; run the same command again to continue", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _end(done, voice)


def _end(done: FilmDone, voice: Voice) -> None:
    if done.frames_lost or done.frames_damaged:
        if voice.quiet and not voice.as_json:
            print(f"videostyle: {faults(done)}", file=sys.stderr)
        raise typer.Exit(EXIT_TRUNCATED)


def _prepare(request: "Request", progress: Progress) -> "Prepared":
    """Check the files before torch is imported, then plan. Says what standard costs if draft is only the default."""
    from videostyle.rendering.job import estimate, prepare
    from videostyle.rendering.request import check

    prepared = prepare(check(request), on_event=progress)
    plan, begun = prepared.plan, prepared.summary.frames_stored
    if plan.preset == "draft" and plan.settings.paints and not (request.recipe.preset or begun):
        cost = span(estimate(prepared, "standard"))
        progress(Notice(f"draft is the default on a CPU; --preset standard would take about {cost}"))
    return prepared


def main() -> NoReturn:
    """Run the command line; every user error ends in one line, and exit code 2 or 4."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the parent process, so output goes nowhere
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open for the life of the program)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores it, and so it stays
            signal.signal(number, signal.default_int_handler)  # like Ctrl-C: leaves nothing half-written
    try:
        with output():
            code = app(standalone_mode=False, prog_name="videostyle")
    except VideostyleError as error:
        print(f"videostyle: {error}", file=sys.stderr)
        code = EXIT_INCOMPLETE if isinstance(error, IncompleteError) else EXIT_ERROR
    except UsageError as error:
        command = error.ctx.command_path if error.ctx else "videostyle"
        text = error.format_message()
        print(f"videostyle: {text}{'' if text[-1:] in '.?' else '.'} See {command} --help", file=sys.stderr)
        code = EXIT_ERROR
    except (typer.Abort, KeyboardInterrupt):
        print("videostyle: stopped", file=sys.stderr)
        code = EXIT_INTERRUPTED
    sys.exit(code)
