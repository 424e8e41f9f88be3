"""Read flags, call, draw the progress bar. Nothing heavy is imported before it is needed."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from videostyle import __version__
from videostyle.errors import VideostyleError
from videostyle.settings import RenderSettings, compose, known_settings

if TYPE_CHECKING:
    from videostyle.render.job import Prepared, Request

EXIT_ERROR = 2
EXIT_TRUNCATED = 3
EXIT_INTERRUPTED = 130

app = typer.Typer(
    help="Turn film into moving paintings.  Start with:  videostyle run clip.mp4 --style art.jpg",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

PICTURE, SPEED, FRAMES, OUTPUT = "What it looks like", "Where it runs", "What is rendered", "Where it goes"

ClipArgument = Annotated[Path, typer.Argument(metavar="CLIP", help="the film to paint")]
Styles = Annotated[
    list[Path],
    typer.Option("--style", metavar="FILE", help="an artwork; repeat it to blend several", rich_help_panel=PICTURE),
]
StyleWeight = Annotated[
    float | None,
    typer.Option(metavar="W", help="how strongly the artwork pulls (style.weight)", rich_help_panel=PICTURE),
]
PresetOption = Annotated[
    str,
    typer.Option(
        "--preset",
        metavar="NAME",
        help="draft, standard, fine, or a paper's: gatys2016, ruder2016; default: standard on a GPU, draft on a CPU",
        rich_help_panel=PICTURE,
    ),
]
Size = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="short side of the rendered picture, px; default: the clip's", rich_help_panel=PICTURE
    ),
]
BackboneOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="compact (built in) or vgg19; default: vgg19 where it is at hand", rich_help_panel=PICTURE
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="weights of the backbone, .pth or .safetensors", rich_help_panel=PICTURE),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="of the noise, where a preset starts from noise", rich_help_panel=PICTURE),
]
Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE.toml", help="settings that differ from the preset's", rich_help_panel=PICTURE),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="any setting; 'videostyle settings' lists them", rich_help_panel=PICTURE
    ),
]
Frames = Annotated[
    str,
    typer.Option(
        metavar="A:B", help="source frames, 0-based: A:B (B excluded), A-B (B included)", rich_help_panel=FRAMES
    ),
]
Device = Annotated[str | None, typer.Option(metavar="NAME", help="auto, cpu, cuda or cuda:N", rich_help_panel=SPEED)]
Slots = Annotated[
    str, typer.Option(metavar="auto|N", help="scenes that are optimised as one batch", rich_help_panel=SPEED)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="default: CLIP_ART.EXT beside the clip; the extension chooses the container",
        rich_help_panel=OUTPUT,
    ),
]
JobFolder = Annotated[
    Path | None,
    typer.Option(
        "--job",
        metavar="DIR",
        help="folder of the finished frames, kept; default: OUTPUT.job, deleted with the film done",
        rich_help_panel=OUTPUT,
    ),
]
KeepJob = Annotated[bool, typer.Option("--keep-job", help="keep the folder of finished frames", rich_help_panel=OUTPUT)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="replace an existing output", rich_help_panel=OUTPUT)]
Json = Annotated[bool, typer.Option("--json", help="one JSON object per event on stdout", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="nothing but errors", rich_help_panel=OUTPUT)]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="a line per frame", rich_help_panel=OUTPUT)]


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="show the version and exit")] = False) -> None:
    """Options that stand before the command."""
    if version:
        print(f"videostyle {__version__}")
        raise typer.Exit


@app.command("run")
def run_command(
    clip: ClipArgument,
    style: Styles,
    style_weight: StyleWeight = None,
    preset: PresetOption = "",
    size: Size = None,
    backbone: BackboneOption = None,
    weights: Weights = None,
    seed: Seed = None,
    config: Config = None,
    assignments: Assignments = None,
    frames: Frames = "",
    device: Device = None,
    slots: Slots = "auto",
    output: Output = None,
    job: JobFolder = None,
    keep_job: KeepJob = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Stylize a clip. Stopped, the same command goes on where it was.

    Writes CLIP_ART.EXT beside the clip with every frame painted; frame times, sound and everything else stay.
    Exit code 0: done; 2: a mistake in the command or its files; 3: done, but frames of a damaged clip are missing.
    """
    from videostyle.progress import Progress
    from videostyle.render.job import run

    def settings(name: str) -> RenderSettings:
        return compose(name, config, _flags(style_weight, size, backbone, weights, seed, device), assignments or ())

    request = _request(clip, style, settings, frames, slots, output, job, keep_job, overwrite)
    try:
        with Progress(as_json, quiet, verbose) as progress:
            prepared = _prepare(request, settings, preset, progress)
            progress.plan(prepared, _comparison(prepared, preset, settings))
            done = run(prepared, progress.report)
    except KeyboardInterrupt:
        print("videostyle: stopped; the same command goes on where it was", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if done.frames_lost:
        raise typer.Exit(EXIT_TRUNCATED)


@app.command("plan")
def plan_command(
    clip: ClipArgument,
    style: Styles,
    style_weight: StyleWeight = None,
    preset: PresetOption = "",
    size: Size = None,
    backbone: BackboneOption = None,
    weights: Weights = None,
    config: Config = None,
    assignments: Assignments = None,
    frames: Frames = "",
    device: Device = None,
    slots: Slots = "auto",
    output: Output = None,
    as_json: Json = False,
) -> None:
    """Show what 'run' would render, how long it would take and how much memory; render nothing."""
    from videostyle.progress import Progress

    def settings(name: str) -> RenderSettings:
        return compose(name, config, _flags(style_weight, size, backbone, weights, None, device), assignments or ())

    request = _request(clip, style, settings, frames, slots, output, overwrite=True)
    progress = Progress(as_json, quiet=False, verbose=False)
    prepared = _prepare(request, settings, preset, progress)
    progress.plan(prepared, _comparison(prepared, preset, settings), scenes=True)


@app.command("score")
def score_command(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="the clip")],
    stylized: Annotated[Path, typer.Argument(metavar="STYLIZED", help="the film made of it")],
    style: Styles,
    backbone: BackboneOption = None,
    weights: Weights = None,
    device: Device = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on stdout")] = False,
) -> None:
    """Measure a finished film: flicker, distance from the artwork and from the content, drift, seams.

    Flicker is the warping error between neighbouring frames, in levels of 255, with another optical flow than the one
    used to render, beside the source's own. A frozen or blurred film flickers little: read it with the distances.
    """
    from videostyle.render.scoring import score_files

    flags = _flags(None, None, backbone, weights, None, device)
    scores = score_files(source, stylized, style, compose("draft", None, flags).backbone)
    print(json.dumps(scores.as_dict()) if as_json else scores.table())


@app.command("settings")
def settings_command(preset: PresetOption = "draft") -> None:
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
    device: Device = None,
    quiet: Quiet = False,
) -> None:
    """Make a short clip with sound and an artwork, and paint the one like the other. Nothing is downloaded."""
    from videostyle.render.showcase import make_demo, make_sheet

    clip, art, result = make_demo(folder)
    arguments = ["run", str(clip), "--style", str(art), "-o", str(result), "--backbone", "compact", "--overwrite"]
    arguments += ["--device", device] if device else []
    if not quiet:
        print(f"made {clip} and {art}; now:  videostyle {' '.join(arguments)}")
    app(arguments + (["--quiet"] if quiet else []), standalone_mode=False)
    sheet = make_sheet(folder, clip, art, result)
    if not quiet:
        print(f"look at {sheet} and play {result}")


def _flags(
    style_weight: float | None,
    size: int | None,
    backbone: str | None,
    weights: Path | None,
    seed: int | None,
    device: str | None,
) -> dict[str, Any]:
    """Named flags as settings. ``--size`` asks for a picture that is optimised at that size, not enlarged to it."""
    named = {
        "style.weight": style_weight,
        "picture.size": size,
        "picture.work": size,
        "backbone.name": backbone,
        "backbone.weights": str(weights) if weights else None,
        "backbone.device": device,
        "seed": seed,
    }
    return {name: value for name, value in named.items() if value is not None}


def _request(
    clip: Path,
    styles: Sequence[Path],
    settings: Callable[[str], RenderSettings],
    frames: str,
    slots: str,
    output: Path | None,
    job: Path | None = None,
    keep_job: bool = False,
    overwrite: bool = False,
) -> "Request":
    from videostyle.errors import SettingsError
    from videostyle.render.job import Request

    if slots != "auto" and not (slots.isdigit() and int(slots)):
        raise SettingsError(f"--slots {slots}: wanted auto or a number from 1")
    return Request(
        clip=clip,
        artworks=tuple(styles),
        settings=settings("draft"),  # any preset will do until the device is known
        frames=frames,
        output=output,
        job=job,
        keep_job=keep_job,
        overwrite=overwrite,
        slots=0 if slots == "auto" else int(slots),
    )


def _prepare(request: "Request", settings: Callable[[str], RenderSettings], preset: str, progress: Any) -> "Prepared":
    """Check the files before torch is imported, then choose the preset by the device, and plan."""
    from videostyle.render.job import check, prepare

    if preset:
        request = replace(request, settings=settings(preset))
    checked = check(request)
    progress.notices(checked.notices)
    if not preset:
        from videostyle.stylize.device import choose_device

        preset = "draft" if choose_device(request.settings.backbone.device).type == "cpu" else "standard"
        checked = replace(checked, request=replace(request, settings=settings(preset)))
    return prepare(checked, progress.scanned, progress.fetched)


def _comparison(prepared: "Prepared", preset: str, settings: Callable[[str], RenderSettings]) -> str:
    """For a draft that nobody asked for: that it is one, what standard would cost, and how to ask for it."""
    from videostyle.progress import span
    from videostyle.render.job import estimate

    if preset or prepared.device != "cpu":
        return ""
    seconds = estimate(prepared, settings("standard"))
    return f"draft, the default on a CPU; --preset standard would take about {span(seconds)}"


def main() -> NoReturn:
    """Run the command line; every error that is no bug ends in one line and exit code 2."""
    try:
        app()
    except VideostyleError as error:
        print(f"videostyle: {error}", file=sys.stderr)
        sys.exit(EXIT_ERROR)
    sys.exit(0)
