"""The command line: read flags, call the library, show progress. Nothing heavy is imported before it is needed."""

import json
import os
import signal
import sys
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from videostyle import __version__
from videostyle.errors import IncompleteError, SettingsError, VideostyleError
from videostyle.events import FilmDone, Notice
from videostyle.options import (
    FRAMES,
    OUTPUT,
    Aim,
    Encoding,
    Look,
    Network,
    Part,
    Place,
    Voice,
    Work,
    given,
    request_of,
    takes_groups,
)
from videostyle.presets import Recipe, compose
from videostyle.progress import Progress, span
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
    Path, typer.Argument(metavar="CLIP", help="the film to paint: a video file, or a folder or pattern of pictures")
]


UsageError: Any = typer.BadParameter.__base__
"""what a wrong command line raises; its own name differs between versions of typer"""


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
@takes_groups
def run_command(
    clip: ClipArgument,
    look: Look,
    network: Network,
    part: Part,
    place: Place,
    aim: Aim,
    encoding: Encoding,
    work: Work,
    voice: Voice,
) -> None:
    """Paint a clip. If it is stopped, the same command continues where it was.

    Writes CLIP_ART.EXT next to the clip, with every frame painted; frame times, sound and everything else are kept.
    Exit code 0: done; 2: a mistake in the command or its files; 3: done, but frames of a damaged clip are missing.
    """
    _run(request_of(clip, look, network, part, place, aim, encoding, work), voice)


@app.command("frames")
@takes_groups
def frames_command(
    clip: ClipArgument, look: Look, network: Network, part: Part, place: Place, work: Work, voice: Voice
) -> None:
    """Paint frames into a folder of pictures: frame_000120.png for source frame 120.

    Ranges may share a folder; they also need a common --job if they are rendered at the same time. The folder is -o, or
    CLIP_ART next to the clip. Exit codes are those of 'run'.
    """
    _run(request_of(clip, look, network, part, place, Aim(), Encoding(codec="png"), work), voice)


@app.command("plan")
@takes_groups
def plan_command(
    clip: ClipArgument,
    look: Look,
    network: Network,
    part: Part,
    place: Place,
    aim: Aim,
    encoding: Encoding,
    work: Work,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout", rich_help_panel=OUTPUT)] = False,
) -> None:
    """Show what 'run' would render, how long it would take and how much memory it needs; render nothing."""
    request = replace(request_of(clip, look, network, part, place, aim, encoding, work), overwrite=True)
    progress = Progress(as_json, quiet=False, verbose=False)
    prepared = _prepare(request, progress)
    output, film = prepared.checked.output, prepared.plan.settings.film
    if output.exists() and request.film and film.codec != "png" and not place.overwrite:
        progress(Notice(f"{output} exists; run needs --overwrite, or another name with -o"))
    progress.plan(prepared.summary, _comparison(prepared), scenes=True)


@app.command("assemble")
@takes_groups
def assemble_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the job folder, as given to 'run --job'")],
    place: Place,
    encoding: Encoding,
    voice: Voice,
    frames: Annotated[
        str, typer.Option(metavar="RANGES", help="source frames, as for 'run'; default: all", rich_help_panel=FRAMES)
    ] = "",
    clip: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="where the clip is now; default: where it was", rich_help_panel=FRAMES),
    ] = None,
) -> None:
    """Make the film of a job folder that one or several processes have filled with frames.

    Exit code 0: done; 2: a mistake; 3: done, but frames of a damaged clip are missing; 4: frames are not rendered yet.
    """
    from videostyle.rendering.film import assemble, stored_film

    if place.output is None:
        raise SettingsError("no film to write; give its name with -o film.mp4")
    changes = encoding.settings()
    with Progress(voice.as_json, voice.quiet, voice.verbose) as progress:
        stored = stored_film(folder, place.output, frames, changes, clip, place.overwrite, place.strict)
        done = assemble(stored, progress)
    _end(done, voice)


@app.command("score")
@takes_groups
def score_command(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="the clip")],
    stylized: Annotated[Path, typer.Argument(metavar="STYLIZED", help="the film made of it")],
    network: Network,
    style: Annotated[list[Path], typer.Option("--style", metavar="FILE", help="the artwork; repeat it for several")],
    frames: Annotated[
        str, typer.Option(metavar="RANGES", help="the clip's frames that the film shows; default: all")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Measure a finished film: flicker, distance from the artwork and from the content, drift, seams.

    Flicker is the warping error between neighboring frames, in levels of 255, next to the source's own. It follows the
    source's DIS flow, which films are not rendered with unless flow.method is dis (as in 'fine'). A frozen or blurred
    film flickers little: read flicker together with the distances.
    """
    from videostyle.rendering.scoring import score_files

    backbone = Recipe.read(flags=network.settings()).given.backbone
    scores = score_files(source, stylized, style, backbone, frames)
    print(json.dumps(scores.as_dict()) if as_json else scores.table())


@app.command("settings")
def settings_command(
    preset: Annotated[str, typer.Option(metavar="NAME", help="the preset whose values are shown")] = "draft",
) -> None:
    """List every setting as TOML: its value in a preset, and what it means."""
    chosen = compose(preset)
    for group, names in groupby(known_settings(), key=lambda name: name.rpartition(".")[0]):
        print(f"# {group or 'general'}: {group_title(group)}")
        for name in names:
            value = chosen.value(name)
            shown = json.dumps(list(value) if isinstance(value, tuple) else value)
            print(f"{name} = {shown:<12}  # {known_settings()[name].metadata['about']}")
        print()


@app.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where the files go")] = Path("videostyle-demo"),
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:N or mps")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="print errors only")] = False,
) -> None:
    """Paint a short clip that comes with the program, and compare before and after. Nothing is downloaded."""
    from videostyle.demo import copy_demo
    from videostyle.paint.device import choose_device
    from videostyle.rendering.request import Request
    from videostyle.rendering.showcase import make_sheet

    choose_device(device or "auto")  # before anything is written
    clip, art = copy_demo(folder)
    film, sheet = folder / "result.mp4", folder / "sheet.png"
    recipe = Recipe.read(flags=given({"backbone.name": "compact", "backbone.device": device}))
    if not quiet:
        print(f"copied {clip} and {art}; now painting: videostyle run {clip} --style {art} -o {film}")
    _run(Request(clip, (art,), recipe, output=film, overwrite=True), Voice(quiet=quiet))
    make_sheet(sheet, clip, art, film)
    if not quiet:
        print(f"look at {sheet} and play {film}")


def _run(request: "Request", voice: Voice) -> None:
    """Render and write; raises typer.Exit if frames were lost or it was stopped."""
    from videostyle.rendering.job import run

    try:
        with Progress(voice.as_json, voice.quiet, voice.verbose) as progress:
            prepared = _prepare(request, progress)
            progress.plan(prepared.summary, _comparison(prepared))
            progress.start()
            done = run(prepared, progress)
    except KeyboardInterrupt:
        print("videostyle: stopped; the same command continues where it was", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _end(done, voice)


def _end(done: FilmDone, voice: Voice) -> None:
    if done.frames_lost:
        if voice.quiet and not voice.as_json:
            print(f"videostyle: {done.frames_lost} frames of the clip could not be decoded", file=sys.stderr)
        raise typer.Exit(EXIT_TRUNCATED)


def _prepare(request: "Request", progress: Progress) -> "Prepared":
    """Check the files before torch is imported, then plan."""
    from videostyle.rendering.job import prepare
    from videostyle.rendering.request import check

    return prepare(check(request), on_event=progress)


def _comparison(prepared: "Prepared") -> str:
    """What standard would cost where draft is only the default."""
    from videostyle.rendering.job import estimate

    plan, begun = prepared.plan, prepared.summary.frames_stored
    if prepared.checked.request.recipe.preset or plan.preset != "draft" or begun or not plan.settings.paints:
        return ""
    return f"draft is the default on a CPU; --preset standard would take about {span(estimate(prepared, 'standard'))}"


def main() -> NoReturn:
    """Run the command line; every user error ends in one line, and exit code 2 or 4."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the parent process; output then goes nowhere
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open for the life of the program)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # under nohup it is ignored, and stays so
            signal.signal(number, signal.default_int_handler)  # ends like Ctrl-C: nothing half-written is left
    try:
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
