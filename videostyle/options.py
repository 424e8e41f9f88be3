"""Every flag of the command line, defined once: groups of flags that commands take as values."""

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
    """The network, and where it runs."""

    backbone: Annotated[
        str | None,
        _flag(PICTURE, "compact (built in) or vgg19; default: vgg19 if its weights are cached", metavar="NAME"),
    ] = None
    weights: Annotated[Path | None, _flag(PICTURE, "weights file, .pth or .safetensors", metavar="FILE")] = None
    device: Annotated[str | None, _flag(SPEED, "auto, cpu, cuda, cuda:N or mps", metavar="NAME")] = None

    def settings(self) -> dict[str, Any]:
        """The flags as settings; None: not given."""
        return {
            "backbone.name": self.backbone,
            "backbone.weights": str(self.weights) if self.weights else None,
            "backbone.device": self.device,
        }


@dataclass(frozen=True)
class Look:
    """The artworks, and everything else that decides what the picture looks like."""

    style: Annotated[list[Path], _flag(PICTURE, "an artwork; repeat it to blend several", "--style", metavar="FILE")]
    style_weight: Annotated[float | None, _flag(PICTURE, "weight of the artwork (style.weight)", metavar="W")] = None
    preset: Annotated[
        str,
        _flag(
            PICTURE,
            "draft, standard, fine, or a paper's: gatys2016, ruder2016; default: standard on a GPU, draft on a CPU",
            metavar="NAME",
        ),
    ] = ""
    size: Annotated[
        int | None, _flag(PICTURE, "short side of the film, px; default: the clip's", metavar="N", least=1)
    ] = None
    seed: Annotated[int | None, _flag(PICTURE, "seed of random starts", metavar="N")] = None
    config: Annotated[Path | None, _flag(PICTURE, "settings that replace the preset's", metavar="FILE.toml")] = None
    assignments: Annotated[
        list[str] | None,
        _flag(PICTURE, "any setting; 'videostyle settings' lists them all", "--set", metavar="NAME=VALUE"),
    ] = None

    def settings(self) -> dict[str, Any]:
        """The flags as settings; ``--size`` asks for frames painted at that size, not enlarged to it."""
        return {
            "style.weight": self.style_weight,
            "picture.size": self.size,
            "picture.work": self.size,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class Part:
    """Which frames of the clip are rendered."""

    frames: Annotated[
        str,
        _flag(
            FRAMES,
            "source frames, counted from 0: A:B (B excluded), A-B (B included), A-BxN (every Nth), several with commas",
            metavar="RANGES",
        ),
    ] = ""
    begin: Annotated[
        str,
        _flag(FRAMES, "start time: seconds, HH:MM:SS.mmm or timecode HH:MM:SS:FF", "--in", metavar="TIME"),
    ] = ""
    end: Annotated[str, _flag(FRAMES, "end time, excluded", "--out", metavar="TIME")] = ""
    handles: Annotated[int, _flag(FRAMES, "extra frames on both sides of a range", metavar="N")] = 0
    stream: Annotated[int | None, _flag(FRAMES, "index of the picture track; default: the main one", metavar="N")] = (
        None
    )
    fps: Annotated[str, _flag(FRAMES, "frames per second of a sequence of pictures; default: 25", metavar="RATE")] = ""


@dataclass(frozen=True)
class Place:
    """Where the result goes."""

    output: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "default: CLIP_ART.EXT next to the clip; the extension selects the container",
            "-o",
            "--output",
            metavar="FILE",
        ),
    ] = None
    overwrite: Annotated[bool, _flag(OUTPUT, "replace an existing output", "--overwrite")] = False
    strict: Annotated[bool, _flag(OUTPUT, "fail instead of leaving out anything the film cannot keep", "--strict")] = (
        False
    )


@dataclass(frozen=True)
class Aim:
    """What the frames are made into."""

    patch: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "replace the frames in this finished film of the clip; default output: FILM_patched.EXT",
            metavar="FILM",
        ),
    ] = None
    no_film: Annotated[bool, _flag(OUTPUT, "only frames, in --job; 'assemble' makes the film later", "--no-film")] = (
        False
    )


@dataclass(frozen=True)
class Encoding:
    """How the film is encoded."""

    codec: Annotated[
        str | None,
        _flag(
            OUTPUT,
            "h264, h265, prores, av1, vp9, ffv1, png (a folder), h264_nvenc, ...; default: the container's usual one",
            metavar="NAME",
        ),
    ] = None
    quality: Annotated[
        int | None, _flag(OUTPUT, "on the codec's own scale, mostly CRF; default: visually lossless", metavar="N")
    ] = None
    no_sound: Annotated[bool, _flag(OUTPUT, "leave out the sound, as a GIF must", "--no-sound")] = False

    def settings(self) -> dict[str, Any]:
        """The flags as settings; None: not given."""
        sound = False if self.no_sound else None
        return {"film.codec": self.codec, "film.quality": self.quality, "film.sound": sound}


@dataclass(frozen=True)
class Work:
    """How work is stored and shared."""

    job: Annotated[
        Path | None,
        _flag(
            OUTPUT,
            "folder of the finished frames, which is kept; default: OUTPUT.job, deleted after the film is done",
            "--job",
            metavar="DIR",
        ),
    ] = None
    keep_job: Annotated[bool, _flag(OUTPUT, "keep the folder of finished frames", "--keep-job")] = False
    slots: Annotated[str, _flag(SPEED, "scenes painted as one batch", metavar="auto|N")] = "auto"


@dataclass(frozen=True)
class Voice:
    """What is printed meanwhile."""

    as_json: Annotated[bool, _flag(OUTPUT, "one JSON object per event on stdout", "--json")] = False
    quiet: Annotated[bool, _flag(OUTPUT, "print errors only", "-q", "--quiet")] = False
    verbose: Annotated[bool, _flag(OUTPUT, "one line per frame", "-v", "--verbose")] = False


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a command whose parameters may be groups into the function of single flags that typer expects."""
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
    del shown.__wrapped__  # else typer would inspect the command itself
    shown.__signature__ = inspect.Signature(flags)
    shown.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return spread
