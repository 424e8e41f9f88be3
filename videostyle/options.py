"""Every flag of the command line, defined once, in groups that commands take as values."""

# ruff: noqa: RUF009 (flag returns a field)

import functools
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from videostyle.errors import SettingsError
from videostyle.presets import Recipe
from videostyle.timecode import read_rate

if TYPE_CHECKING:
    from videostyle.rendering.request import Request

PICTURE, FRAMES, OUTPUT, SPEED = "What it looks like", "What is rendered", "Where it goes", "Where it runs"
RANGES = "source frames, counted from 0: A:B (B excluded), A-B (B included), A-BxN (every Nth), several with commas"
PRESETS = "draft, standard, fine, or a paper's: gatys2016, ruder2016; default: standard on a GPU, draft on a CPU"
KEYWORD = inspect.Parameter.KEYWORD_ONLY
CODECS = "h264, h265, prores, av1, vp9, ffv1, png (a folder), h264_nvenc, ...; default: what plays where the clip plays"


def flag(default: Any, panel: str, help: str, *names: str, metavar: str | None = None, least: int | None = None) -> Any:
    """A field of a group of flags."""
    option = typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel, min=least)
    return field(default=default, metadata={"option": option})


def given(flags: dict[str, object]) -> dict[str, object]:
    """The settings that flags set; None: the flag was not used."""
    return {name: value for name, value in flags.items() if value is not None}


@dataclass(frozen=True)
class Network:
    """The network, and where it runs."""

    backbone: str | None = flag(
        None, PICTURE, "compact (built in), vgg19, vgg16 or alexnet; default: vgg19 if cached", metavar="NAME"
    )
    weights: Path | None = flag(None, PICTURE, "weights file, .pth or .safetensors", metavar="FILE")
    device: str | None = flag(None, SPEED, "auto, cpu, cuda, cuda:N, or mps", metavar="NAME")

    def settings(self) -> dict[str, object]:
        return given({"backbone.name": self.backbone, "backbone.weights": self.weights, "backbone.device": self.device})


@dataclass(frozen=True)
class StillLook:
    """The artworks, and everything else that decides what a picture looks like."""

    style: list[Path] = flag(MISSING, PICTURE, "an artwork; repeat to blend several", "--style", metavar="FILE")
    style_weight: float | None = flag(None, PICTURE, "weight of the artwork (style.weight)", metavar="W")
    preset: str = flag("", PICTURE, PRESETS, metavar="NAME")
    no_brush: bool = flag(False, PICTURE, "only enlarge painted frames (brush.amount=0)", "--no-brush")
    size: int | None = flag(None, PICTURE, "short side of the film, px; default: the clip's", metavar="N", least=1)
    colors: str | None = flag(
        None, PICTURE, "whose colors the film has; default: the artwork's", metavar="artwork|clip|0..1"
    )
    seed: int | None = flag(None, PICTURE, "seed of random starts", metavar="N")
    config: Path | None = flag(None, PICTURE, "TOML file of settings that replace the preset's", metavar="FILE.toml")
    assignments: list[str] | None = flag(
        None, PICTURE, "any setting; 'videostyle settings' lists them all", "--set", metavar="NAME=VALUE"
    )

    def settings(self) -> dict[str, object]:
        """With ``--size``, frames are painted at that size rather than enlarged to it."""
        sizes = {"picture.size": self.size, "picture.work": self.size}
        colors = None if self.colors is None else read_colors(self.colors)
        values = {"style.weight": self.style_weight, "colors.artwork": colors, **sizes, "seed": self.seed}
        return given({**values, "brush.amount": 0.0 if self.no_brush else None})


@dataclass(frozen=True)
class Look(StillLook):
    """What the frames of a film look like."""

    loop: bool = flag(False, PICTURE, "lead the clip's last frames into its first, for a seamless loop", "--loop")

    def settings(self) -> dict[str, object]:
        return super().settings() | ({"temporal.loop": True} if self.loop else {})


def read_colors(text: str) -> float:
    """How much of the artwork's colors the film has, 0..1. Raises SettingsError."""
    named = {"artwork": 1.0, "clip": 0.0}
    try:
        share = named[text] if text in named else float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SettingsError(
            f"--colors {text}: wanted artwork, clip, or a number from 0 (the clip's) to 1 (the artwork's)"
        )
    return share


@dataclass(frozen=True)
class Track:
    """Which pictures of a file are its frames, and how fast they follow each other."""

    stream: int | None = flag(None, FRAMES, "index of the video stream; default: the main one", metavar="N")
    fps: str = flag("", FRAMES, "frames per second of a sequence of pictures; default: 25", metavar="RATE")

    def rate(self) -> Fraction | None:
        """Frames per second; None: not given. Raises SettingsError."""
        return read_rate(self.fps) if self.fps else None


@dataclass(frozen=True)
class Part:
    """Which frames of the clip are rendered."""

    frames: str = flag("", FRAMES, RANGES, metavar="RANGES")
    begin: str = flag("", FRAMES, "start time: seconds, HH:MM:SS.mmm or timecode HH:MM:SS:FF", "--in", metavar="TIME")
    end: str = flag("", FRAMES, "end time, excluded", "--out", metavar="TIME")
    handles: int = flag(0, FRAMES, "extra frames on both sides of each range", metavar="N")
    track: Track = field(default=Track())


@dataclass(frozen=True)
class Place:
    """Where the result goes."""

    output: Path | None = flag(
        None,
        OUTPUT,
        "the film; its extension selects the container; default: CLIP_ART.EXT next to the clip",
        "-o",
        "--output",
        metavar="FILE",
    )
    overwrite: bool = flag(False, OUTPUT, "replace an existing output", "--overwrite")
    strict: bool = flag(False, OUTPUT, "fail if the film cannot keep everything that the clip has", "--strict")


@dataclass(frozen=True)
class Aim:
    """What is made from the frames."""

    patch: Path | None = flag(
        None,
        OUTPUT,
        "finished film of the clip in which to replace the frames; default output: FILM_patched.EXT",
        metavar="FILM",
    )
    no_film: bool = flag(False, OUTPUT, "only render frames into --job; 'assemble' makes the film later", "--no-film")


@dataclass(frozen=True)
class Encoding:
    """How the film is encoded."""

    codec: str | None = flag(None, OUTPUT, CODECS, metavar="NAME")
    quality: int | None = flag(
        None, OUTPUT, "quality on the codec's own scale, usually CRF; default: visually lossless", metavar="N"
    )
    no_sound: bool = flag(False, OUTPUT, "leave out the sound; required for a GIF", "--no-sound")

    def settings(self) -> dict[str, object]:
        sound = False if self.no_sound else None
        return given({"film.codec": self.codec, "film.quality": self.quality, "film.sound": sound})


@dataclass(frozen=True)
class Work:
    """How work is stored and split up."""

    job: Path | None = flag(
        None,
        OUTPUT,
        "folder for the finished frames, which is kept; default: OUTPUT.job, deleted once the film is done",
        "--job",
        metavar="DIR",
    )
    keep_job: bool = flag(False, OUTPUT, "keep the folder of finished frames", "--keep-job")
    preview: bool = flag(
        False, OUTPUT, "show how it goes in OUTPUT.job/preview.jpg, rewritten every few seconds", "--preview"
    )
    workers: str = flag(
        "auto",
        SPEED,
        "scenes painted at the same time, each by a process; auto: what is fastest here",
        metavar="auto|N",
    )
    cluster: str = flag(
        "",
        SPEED,
        "paint on a Ray cluster: local starts one on this machine; see README, Many machines",
        metavar="local|HOST:PORT",
    )
    slots: str = flag("auto", SPEED, "scenes that a worker paints as one batch, on a GPU", metavar="auto|N")
    budget: str = flag("", SPEED, "the best preset and size that fit into a time: 2h, 90min", metavar="TIME")


@dataclass(frozen=True)
class Voice:
    """What is printed along the way."""

    as_json: bool = flag(False, OUTPUT, "one JSON object per event on stdout; README lists them", "--json")
    quiet: bool = flag(False, OUTPUT, "print errors only", "-q", "--quiet")
    verbose: bool = flag(False, OUTPUT, "one line per frame", "-v", "--verbose")


@dataclass(frozen=True)
class Flags:
    """All options of a render."""

    look: Look
    network: Network
    part: Part
    place: Place
    aim: Aim
    encoding: Encoding
    work: Work

    def request(self, clip: Path) -> "Request":
        """The flags as a request. Raises SettingsError for values that make no sense."""
        from videostyle.rendering.request import Request

        look, part, work = self.look, self.part, self.work
        values = look.settings() | self.network.settings() | self.encoding.settings()
        return Request(
            clip=clip,
            styles=tuple(look.style),
            recipe=Recipe.read(look.preset, values, look.config, look.assignments or ()),
            frames=part.frames,
            begin=part.begin,
            end=part.end,
            handles=part.handles,
            stream=part.track.stream,
            rate=part.track.rate(),
            output=self.place.output,
            patch=self.aim.patch,
            film=not self.aim.no_film,
            job=work.job,
            keep_job=work.keep_job,
            overwrite=self.place.overwrite,
            strict=self.place.strict,
            slots=_count("--slots", work.slots),
            workers=_count("--workers", work.workers),
            cluster=work.cluster,
        )


def _count(flag: str, text: str) -> int:
    """A number from 1; 0: ``auto``. Raises SettingsError."""
    if not re.fullmatch("auto|[1-9][0-9]{0,8}", text):
        raise SettingsError(f"{flag} {text}: wanted auto or a number from 1")
    return 0 if text == "auto" else int(text)


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a command whose parameters may be groups, also nested, into the function of flags that typer expects."""
    hints = get_type_hints(command, include_extras=True)
    flags: list[inspect.Parameter] = []
    for plain in inspect.signature(command).parameters.values():
        hint = hints[plain.name]
        flags += _flags(hint) if is_dataclass(hint) else [plain.replace(kind=KEYWORD, annotation=hint)]

    @functools.wraps(command)
    def spread(**values: Any) -> None:
        groups = {name: _group(kind, values) for name, kind in hints.items() if is_dataclass(kind)}
        command(**values, **groups)

    shown: Any = spread
    del shown.__wrapped__  # else typer would inspect the command itself
    shown.__signature__ = inspect.Signature(flags)
    shown.__doc__ = flowing(command.__doc__ or "")
    shown.__annotations__ = {flag.name: flag.annotation for flag in flags}
    return spread


def flowing(text: str) -> str:
    """A docstring as help: lines flow, as help is printed as wide as the terminal; exit codes begin a line."""
    return re.sub(r"(?<!\n)\n(?!\n|Exit code)", " ", inspect.cleandoc(text))


def _flags(group: Any) -> Iterator[inspect.Parameter]:
    """The flags of a group as parameters."""
    for item in fields(group):
        if is_dataclass(item.type):
            yield from _flags(item.type)
        else:
            default = inspect.Parameter.empty if item.default is MISSING else item.default
            kind = Annotated[item.type, item.metadata["option"]]  # type: ignore[name-defined]
            yield inspect.Parameter(item.name, KEYWORD, default=default, annotation=kind)


def _group(group: Any, values: dict[str, Any]) -> Any:
    """A group made from the values of its flags, which are taken out of ``values``."""
    kinds = [(item.name, item.type) for item in fields(group)]
    return group(**{name: _group(kind, values) if is_dataclass(kind) else values.pop(name) for name, kind in kinds})
