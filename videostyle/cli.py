"""Read flags, call, draw the progress bar. Nothing heavy is imported before it is needed."""

import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from videostyle import __version__
from videostyle.errors import IncompleteError, VideostyleError
from videostyle.options import FRAMES, OUTPUT, Aim, Encoding, Look, Network, Part, Place, Voice, Work, takes_groups
from videostyle.settings import RenderSettings, compose, known_settings

if TYPE_CHECKING:
    from videostyle.rendering.film import FilmDone
    from videostyle.rendering.job import Prepared, Request

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
"""what a wrong command line raises; its own name is another one in every other version of typer"""


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="show the version and exit")] = False,
) -> None:
    """Options that stand before the command."""
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
    """Stylize a clip. Stopped, the same command goes on where it was.

    Writes CLIP_ART.EXT beside the clip with every frame painted; frame times, sound and everything else stay.
    Exit code 0: done; 2: a mistake in the command or its files; 3: done, but frames of a damaged clip are missing.
    """
    settings = _settings(look, network, encoding)
    _run(_request(clip, look, part, place, aim, work, settings("draft")), settings, look.preset, voice)


@app.command("frames")
@takes_groups
def frames_command(
    clip: ClipArgument, look: Look, network: Network, part: Part, place: Place, work: Work, voice: Voice
) -> None:
    """Stylize frames into a folder of pictures, frame_000120.png for source frame 120.

    Ranges may share a folder, and need one --job as well if they are rendered at the same time. The folder is -o, or
    CLIP_ART beside the clip. Exit codes as of 'run'.
    """
    settings = _settings(look, network, Encoding(codec="png"))
    _run(_request(clip, look, part, place, Aim(), work, settings("draft")), settings, look.preset, voice)


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
    """Show what 'run' would render, how long it would take and how much memory; render nothing."""
    from videostyle.progress import Progress

    settings = _settings(look, network, encoding)
    request = replace(_request(clip, look, part, place, aim, work, settings("draft")), overwrite=True)
    progress = Progress(as_json, quiet=False, verbose=False)
    prepared = _prepare(request, settings, look.preset, progress)
    output = prepared.checked.output
    if output.exists() and request.film and request.settings.film.codec != "png" and not place.overwrite:
        progress.notices((f"{output} exists; run needs --overwrite, or another name with -o",))
    progress.plan(prepared, _comparison(prepared, look.preset, settings), scenes=True)


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
        typer.Option(metavar="FILE", help="where the clip lies now; default: where it lay", rich_help_panel=FRAMES),
    ] = None,
) -> None:
    """Make the film of a job folder, which several processes may have filled with frames.

    Exit code 0: done; 2: a mistake; 3: done, but frames of a damaged clip are missing; 4: frames are not rendered yet.
    """
    from videostyle.errors import SettingsError
    from videostyle.progress import Progress
    from videostyle.rendering.film import assemble, stored_film

    if place.output is None:
        raise SettingsError("no film to write; give its name with -o film.mp4")
    changes = _given(encoding.settings())
    with Progress(voice.as_json, voice.quiet, voice.verbose) as progress:
        stored = stored_film(folder, place.output, frames, changes, clip, place.overwrite, place.strict)
        progress.notices(stored.notices)
        done = assemble(stored, progress.report)
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

    Flicker is the warping error between neighbouring frames, in levels of 255, beside the source's own, along the DIS
    flow of the source: another than films are rendered with, but for those of fine and flow.method=dis. A frozen or
    blurred film flickers little: read it with the distances.
    """
    from videostyle.rendering.scoring import score_files

    settings = compose("draft", None, _given(network.settings()))
    scores = score_files(source, stylized, style, settings.backbone, frames)
    print(json.dumps(scores.as_dict()) if as_json else scores.table())


@app.command("settings")
def settings_command(
    preset: Annotated[str, typer.Option(metavar="NAME", help="the preset whose values are shown")] = "draft",
) -> None:
    """List every setting: its value in a preset, and what it means."""
    chosen = compose(preset)
    for name, item in known_settings().items():
        group, _, key = name.rpartition(".")
        value = getattr(getattr(chosen, group) if group else chosen, key)
        shown = json.dumps(list(value) if isinstance(value, tuple) else value)
        print(f"{name} = {shown:<12}  # {item.metadata['about']}")


@app.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="where the files go")] = Path("videostyle-demo"),
    device: Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:N")] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="nothing but errors")] = False,
) -> None:
    """Make a short clip with sound and an artwork, and paint the one like the other. Nothing is downloaded."""
    from videostyle.demo import copy_demo
    from videostyle.paint.device import choose_device
    from videostyle.rendering.showcase import make_sheet

    choose_device(device or "auto")  # before anything is written
    clip, art = copy_demo(folder)
    result, sheet = folder / "result.mp4", folder / "sheet.png"
    arguments = ["run", str(clip), "--style", str(art), "-o", str(result), "--backbone", "compact", "--overwrite"]
    arguments += ["--device", device] if device else []
    if not quiet:
        print(f"copied {clip} and {art}; now:  videostyle {shlex.join(arguments)}")
    if failed := app(arguments + (["--quiet"] if quiet else []), standalone_mode=False):
        raise typer.Exit(failed)
    make_sheet(sheet, clip, art, result)
    if not quiet:
        print(f"look at {sheet} and play {result}")


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in flags.items() if value is not None}


def _settings(look: Look, network: Network, encoding: Encoding) -> Callable[[str], RenderSettings]:
    """The settings asked for, once the preset's name is known."""
    flags = _given(look.settings() | network.settings() | encoding.settings())
    return lambda name: compose(name, look.config, flags, look.assignments or ())


def _request(
    clip: Path, look: Look, part: Part, place: Place, aim: Aim, work: Work, settings: RenderSettings
) -> "Request":
    """settings: any preset's will do until the device is known."""
    from videostyle.errors import SettingsError
    from videostyle.rendering.job import Request
    from videostyle.timecode import read_rate

    if not re.fullmatch("auto|[1-9][0-9]{0,8}", work.slots):
        raise SettingsError(f"--slots {work.slots}: wanted auto or a number from 1")
    return Request(
        clip=clip,
        artworks=tuple(look.style),
        settings=settings,
        frames=part.frames,
        begin=part.begin,
        end=part.end,
        handles=part.handles,
        stream=part.stream,
        rate=read_rate(part.fps) if part.fps else None,
        output=place.output,
        patch=aim.patch,
        film=not aim.no_film,
        job=work.job,
        keep_job=work.keep_job,
        overwrite=place.overwrite,
        strict=place.strict,
        slots=0 if work.slots == "auto" else int(work.slots),
    )


def _run(request: "Request", settings: Callable[[str], RenderSettings], preset: str, voice: Voice) -> None:
    """Render and write; typer.Exit tells how it ended."""
    from videostyle.progress import Progress
    from videostyle.rendering.job import run

    try:
        with Progress(voice.as_json, voice.quiet, voice.verbose) as progress:
            prepared = _prepare(request, settings, preset, progress)
            progress.plan(prepared, _comparison(prepared, preset, settings))
            progress.start()
            done = run(prepared, progress.report)
    except KeyboardInterrupt:
        print("videostyle: stopped; the same command goes on where it was", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    _end(done, voice)


def _end(done: "FilmDone", voice: Voice) -> None:
    if done.frames_lost:
        if voice.quiet and not voice.as_json:
            print(f"videostyle: {done.frames_lost} frames of the clip could not be decoded", file=sys.stderr)
        raise typer.Exit(EXIT_TRUNCATED)


def _prepare(request: "Request", settings: Callable[[str], RenderSettings], preset: str, progress: Any) -> "Prepared":
    """Check the files before torch is imported, then choose the preset by the device, and plan."""
    from videostyle.rendering.job import check, prepare

    if preset:
        request = replace(request, settings=settings(preset), preset=preset)
    checked = check(request)
    progress.notices(checked.notices)
    if not preset:
        from videostyle.paint.device import choose_device

        preset = "draft" if choose_device(request.settings.backbone.device).type == "cpu" else "standard"
        checked = replace(checked, request=replace(request, settings=settings(preset), preset=preset))
    return prepare(checked, progress.scanned, progress.fetched)


def _comparison(prepared: "Prepared", preset: str, settings: Callable[[str], RenderSettings]) -> str:
    """For a draft that nobody asked for: that it is one, what standard would cost, and how to ask for it."""
    from videostyle.progress import span
    from videostyle.rendering.job import estimate

    if preset or prepared.device != "cpu":
        return ""
    seconds = estimate(prepared, settings("standard"))
    return f"draft, the default on a CPU; --preset standard would take about {span(seconds)}"


def main() -> NoReturn:
    """Run the command line; every error that is no bug ends in one line and exit code 2 or 4."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started it; what is said then goes nowhere
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (open as long as the program is)
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup's is another
            signal.signal(number, signal.default_int_handler)  # stopped by whomever, nothing half-written is left
    try:
        code = app(standalone_mode=False, prog_name="videostyle")
    except VideostyleError as error:
        print(f"videostyle: {error}", file=sys.stderr)
        code = EXIT_INCOMPLETE if isinstance(error, IncompleteError) else EXIT_ERROR
    except UsageError as error:
        asked = error.ctx.command_path if error.ctx else "videostyle"
        told = error.format_message()
        print(f"videostyle: {told}{'' if told[-1:] in '.?' else '.'} See {asked} --help", file=sys.stderr)
        code = EXIT_ERROR
    except (typer.Abort, KeyboardInterrupt):
        print("videostyle: stopped", file=sys.stderr)
        code = EXIT_INTERRUPTED
    sys.exit(code)
