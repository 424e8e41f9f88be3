"""The command line: read flags, call the library, show progress. Heavy imports wait until they are needed."""

import json
import os
import signal
import sys
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from videostyle import __version__
from videostyle.commands.batch import batch_command
from videostyle.commands.demo import demo_command
from videostyle.commands.peek import peek_command
from videostyle.commands.render import end, frames_command, plan_command, run_command
from videostyle.commands.report import report_command
from videostyle.commands.sheet import sheet_command
from videostyle.commands.still import still_command
from videostyle.commands.stopping import EXIT_INTERRUPTED
from videostyle.errors import IncompleteError, SettingsError, VideostyleError
from videostyle.journal import SCHEMA
from videostyle.options import (
    FRAMES,
    OUTPUT,
    Encoding,
    Network,
    Place,
    Voice,
    grouped,
    read_colors,
)
from videostyle.presets import compose, describe
from videostyle.progress import Progress, output
from videostyle.settings import group_title, known_settings

EXIT_ERROR = 2
EXIT_INCOMPLETE = 4

app = typer.Typer(
    help="Turn film into moving paintings.  Start with:  videostyle run clip.mp4 --style art.jpg",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

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


app.command("run")(run_command)
app.command("frames")(frames_command)
app.command("plan")(plan_command)


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
    colors: Annotated[
        str | None, typer.Option(metavar="artwork|clip|0..1", help="as for 'run'", rich_help_panel=OUTPUT)
    ] = None,
) -> None:
    """Make the film of a job folder whose frames one or several processes have rendered. -o is required.

    Exit code 0: done; 2: a mistake; 3: done, but frames of a damaged clip are missing; 4: frames are not rendered yet.
    """
    from videostyle.rendering.film.film import assemble, stored_film

    if place.output is None:
        raise SettingsError("no film to write; name it with -o film.mp4")
    with closing(Progress(voice.as_json, voice.quiet, voice.verbose)) as progress:
        film = encoding.settings() | ({"brush.amount": 0.0} if no_brush else {})
        film |= {} if colors is None else {"colors.artwork": read_colors(colors)}
        stored = stored_film(folder, place.output, frames, film, clip, place.overwrite, place.strict)
        done = assemble(stored, progress)
    end(done, voice)


app.command("still")(still_command)
app.command("sheet")(sheet_command)
app.command("batch")(batch_command)
app.command("peek")(peek_command)
app.command("report")(report_command)


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


app.command("demo")(demo_command)


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
