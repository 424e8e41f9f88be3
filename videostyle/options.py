"""Every flag of the command line, once: groups of them that commands take as values."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

PICTURE, FRAMES, OUTPUT, SPEED = "What it looks like", "What is rendered", "Where it goes", "Where it runs"


def _flag(panel: str, help: str, *names: str, metavar: str | None = None, least: int | None = None) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, min=least)


@dataclass(frozen=True)
class Network:
    """The network that looks, and where it runs."""

    backbone: Annotated[
        str | None,
        _flag(PICTURE, "compact (built in) or vgg19; default: vgg19 where it is at hand", metavar="NAME"),
    ] = None
    weights: Annotated[Path | None, _flag(PICTURE, "weights of the backbone, .pth or .safetensors", metavar="FILE")] = (
        None
    )
    device: Annotated[str | None, _flag(SPEED, "auto, cpu, cuda or cuda:N", metavar="NAME")] = None

    def settings(self) -> dict[str, Any]:
        """As settings; None: not given."""
        return {
            "backbone.name": self.backbone,
            "backbone.weights": str(self.weights) if self.weights else None,
            "backbone.device": self.device,
        }


@dataclass(frozen=True)
class Look:
    """The artworks, and everything else that decides what the picture looks like."""

    style: Annotated[list[Path], _flag(PICTURE, "an artwork; repeat it to blend several", "--style", metavar="FILE")]
    style_weight: Annotated[
        float | None, _flag(PICTURE, "how strongly the artwork pulls (style.weight)", metavar="W")
    ] = None
    preset: Annotated[
        str,
        _flag(
            PICTURE,
            "draft, standard, fine, or a paper's: gatys2016, ruder2016; default: standard on a GPU, draft on a CPU",
            metavar="NAME",
        ),
    ] = ""
    size: Annotated[
        int | None, _flag(PICTURE, "short side of the rendered picture, px; default: the clip's", metavar="N", least=1)
    ] = None
    seed: Annotated[int | None, _flag(PICTURE, "of the noise, where a preset starts from noise", metavar="N")] = None
    config: Annotated[Path | None, _flag(PICTURE, "settings that differ from the preset's", metavar="FILE.toml")] = None
    assignments: Annotated[
        list[str] | None,
        _flag(PICTURE, "any setting; 'videostyle settings' lists them", "--set", metavar="NAME=VALUE"),
    ] = None

    def settings(self) -> dict[str, Any]:
        """As settings; ``--size`` asks for a picture that is optimised at that size, not enlarged to it."""
        return {
            "style.weight": self.style_weight,
            "picture.size": self.size,
            "picture.work": self.size,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Part:
    """What of the clip is rendered."""

    frames: Annotated[
        str,
        _flag(
            FRAMES,
            "source frames, the first is 0: A:B (B excluded), A-B (B included), A-BxN (every Nth), several with commas",
            metavar="RANGES",
        ),
    ] = ""
    begin: Annotated[
        str,
        _flag(FRAMES, "from this time on: seconds, HH:MM:SS.mmm or timecode HH:MM:SS:FF", "--in", metavar="TIME"),
    ] = ""
    end: Annotated[str, _flag(FRAMES, "up to this time, which is excluded", "--out", metavar="TIME")] = ""
    handles: Annotated[int, _flag(FRAMES, "frames more on both sides of a range", metavar="N")] = 0
    stream: Annotated[int | None, _flag(FRAMES, "index of the picture track; default: the main one", metavar="N")] = (
        None
    )
    fps: Annotated[str, _flag(FRAMES, "frames a second, for a sequence of pictures; default: 25", metavar="RATE")] = ""


@dataclass(frozen=True)
class Place:
    """Where the result goes."""

    output: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "default: CLIP_ART.EXT beside the clip; the extension chooses the container",
            "-o",
            "--output",
            metavar="FILE",
        ),
    ] = None
    overwrite: Annotated[bool, _flag(OUTPUT, "replace an existing output", "--overwrite")] = False
    strict: Annotated[bool, _flag(OUTPUT, "an error instead of a note where the film cannot keep all", "--strict")] = (
        False
    )


@dataclass(frozen=True)
class Aim:
    """What is made of the frames."""

    patch: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "replace the frames in this full film of the clip; default output: FULL_patched.EXT",
            metavar="FULL",
        ),
    ] = None
    no_film: Annotated[bool, _flag(OUTPUT, "only frames in --job; 'assemble' makes the film later", "--no-film")] = (
        False
    )


@dataclass(frozen=True)
class Encoding:
    """How the film is encoded."""

    codec: Annotated[
        str | None,
        _flag(
            OUTPUT,
            "h264, h265, prores, av1, vp9, ffv1, png for a folder, h264_nvenc and such; default: the container's own",
            metavar="NAME",
        ),
    ] = None
    quality: Annotated[
        int | None, _flag(OUTPUT, "on the codec's own scale, CRF for most; default: visually lossless", metavar="N")
    ] = None
    no_sound: Annotated[bool, _flag(OUTPUT, "leave the sound out, as a GIF must", "--no-sound")] = False

    def settings(self) -> dict[str, Any]:
        """As settings; None: not given."""
        sound = False if self.no_sound else None
        return {"film.codec": self.codec, "film.quality": self.quality, "film.sound": sound}


@dataclass(frozen=True)
class Work:
    """How the work is kept and shared."""

    job: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "folder of the finished frames, kept; default: OUTPUT.job, deleted with the film done",
            "--job",
            metavar="DIR",
        ),
    ] = None
    keep_job: Annotated[bool, _flag(OUTPUT, "keep the folder of finished frames", "--keep-job")] = False
    slots: Annotated[str, _flag(SPEED, "scenes that are optimised as one batch", metavar="auto|N")] = "auto"


@dataclass(frozen=True)
class Voice:
    """What is said while the work goes on."""

    as_json: Annotated[bool, _flag(OUTPUT, "one JSON object per event on stdout", "--json")] = False
    quiet: Annotated[bool, _flag(OUTPUT, "nothing but errors", "-q", "--quiet")] = False
    verbose: Annotated[bool, _flag(OUTPUT, "a line per frame", "-v", "--verbose")] = False


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameters may be groups, as the function of single flags that typer wants to see."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    flags: list[inspect.Parameter] = []
    for plain in inspect.signature(command).parameters.values():
        if plain.name not in groups:
            flags.append(plain.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[plain.name]))
            continue
        kinds = get_type_hints(groups[plain.name], include_extras=True)
        for item in fields(groups[plain.name]):
            flag = inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, annotation=kinds[item.name])
            flags.append(flag if item.default is MISSING else flag.replace(default=item.default))

    @functools.wraps(command)
    def spread(**given: Any) -> None:
        made = {
            name: kind(**{item.name: given.pop(item.name) for item in fields(kind)}) for name, kind in groups.items()
        }
        command(**given, **made)

    shown: Any = spread
    del shown.__wrapped__  # else the signature of the command itself is looked at
    shown.__signature__ = inspect.Signature(flags)
    shown.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return spread
