"""Every number a user may turn: its default, unit and limits; TOML in, fingerprint out.

Precedence: defaults < preset < ``--config FILE.toml`` < flags < ``--set group.name=value``. A preset and a config
file hold only what differs from the defaults.
"""

import dataclasses
import difflib
import hashlib
import json
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from videostyle.errors import SettingsError

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}
LISTS = {int: "[1, 2]", float: "[0.5, 1]", str: '["relu1_1", "relu2_1"]'}
"""what a setting of a type, or of a list of it, is called in messages"""


def _setting(default: Any, about: str, low: float | None = None, high: float | None = None) -> Any:
    """A field with its meaning and inclusive limits (of each item, for lists)."""
    return field(default=default, metadata={"about": about, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class BackboneSettings:
    """The network whose features say what a picture shows and how it is painted."""

    name: Literal["auto", "vgg19", "compact"] = _setting(
        "auto", "auto: vgg19 where its weights are at hand, else compact"
    )
    weights: str = _setting(
        "", "file with the weights (.pth or .safetensors, torchvision's names); empty: the usual ones"
    )
    pooling: Literal["auto", "average", "max"] = _setting(
        "auto", "auto: as the network was trained; Gatys advises average"
    )
    device: str = _setting("auto", "auto, cpu, cuda or cuda:N")


@dataclass(frozen=True, slots=True)
class StyleSettings:
    """How the artwork pulls."""

    weight: float = _setting(100.0, "weight of the style loss", 0)
    layers: tuple[str, ...] = _setting((), "layers whose Gram matrices are matched; empty: the backbone's own choice")
    layer_weights: tuple[float, ...] = _setting(
        (), "one weight per layer; empty: equal, or the backbone's own. They are divided by their sum", 0
    )
    convention: Literal["relative", "kitov", "gatys"] = _setting(
        "relative", "relative: divided by the target's own size; kitov: mean over (C, C); gatys: 1/(4 N^2 M^2) of sums"
    )
    scale: float = _setting(
        1.0, "size of the artwork relative to the picture (1: equal areas); larger: larger strokes", 0.1, 4
    )
    blend: Literal["loss", "gram"] = _setting("loss", "several artworks: weigh their losses, or their Gram matrices")
    mix: tuple[float, ...] = _setting((), "share of each artwork; empty: equal. They are divided by their sum", 0)


@dataclass(frozen=True, slots=True)
class ContentSettings:
    """How the filmed scene pulls."""

    weight: float = _setting(4.0, "weight of the content loss", 0)
    layers: tuple[str, ...] = _setting((), "layers whose features are matched; empty: the backbone's own choice")
    layer_weights: tuple[float, ...] = _setting(
        (), "one weight per layer; empty: equal. They are divided by their sum", 0
    )
    convention: Literal["relative", "mean", "gatys"] = _setting(
        "relative", "relative: divided by the target's own size; mean: over (C, H, W); gatys: half the sum"
    )


@dataclass(frozen=True, slots=True)
class TemporalSettings:
    """How the frames before pull."""

    weight: float = _setting(
        1000.0, "weight of the temporal consistency loss; 0: frames only start from the one before", 0
    )
    long_term: tuple[int, ...] = _setting(
        (1,), "distances of the earlier frames that are held on to (Ruder: 1, 2, 4)", 1, 64
    )


@dataclass(frozen=True, slots=True)
class TvSettings:
    """Smoothness of the picture itself."""

    weight: float = _setting(5.0, "weight of the total variation loss: takes the finest grain away", 0)
    kind: Literal["squared", "absolute", "power"] = _setting(
        "squared", "of neighbour differences d: d^2, |d|, or (d^2)^power"
    )
    power: float = _setting(0.75, "exponent for kind = power", 0.1, 2)


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Optical flow and what to trust of it (Sundaram 2010; constants from Ruder 2016)."""

    method: Literal["farneback", "dis"] = _setting("farneback", "OpenCV's estimator")
    motion_boundary: bool = _setting(
        False, "distrust motion boundaries too: fewer wrong pixels are held, and fewer right ones"
    )
    photometric: float = _setting(
        8.0, "distrust where the blurred warped source differs by more levels of 255; 0: off", 0, 255
    )


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """Where the film is cut into scenes; every scene is one chunk."""

    detector: Literal["adaptive", "content", "none"] = _setting("adaptive", "PySceneDetect's detector; none: one scene")
    threshold: float = _setting(0.0, "of the detector; 0: its own default", 0)
    min_frames: int = _setting(8, "a scene is at least this long, frames", 1)


@dataclass(frozen=True, slots=True)
class OptimizeSettings:
    """The gradient loop."""

    method: Literal["lbfgs", "adam"] = _setting("lbfgs", "optimiser")
    iterations: int = _setting(40, "at most, for a frame after the first; 0: frames are kept as they are", 0, 100000)
    first_iterations: int = _setting(
        300, "at most, for the first frame of a scene, over all its scales together", 1, 100000
    )
    history: int = _setting(10, "L-BFGS corrections kept (memory: 2 * history * 12 * H * W bytes per frame)", 1, 200)
    learning_rate: float = _setting(1.0, "L-BFGS: length of a step in units of its own; Adam: usually 0.05", 1e-6, 10)
    tolerance: float = _setting(
        1e-4, "a frame ends when its loss moved by less than this fraction over the window; 0: never", 0, 1
    )
    window: int = _setting(10, "iterations over which the loss must move, looked at every 5", 1, 10000)
    coarsest: int = _setting(
        96, "first frame: short side of the smallest scale, px; each is sqrt 2 larger than the one before", 16
    )
    range_weight: float = _setting(10.0, "penalty on pixel values outside 0..1", 0)
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto", "of the convolutions; auto: bfloat16 on a GPU (where torch takes TF32 for float32)"
    )
    initial: Literal["content", "style", "noise"] = _setting("content", "start of the first frame of a scene")
    initial_later: Literal["warped", "previous", "content", "style", "noise"] = _setting(
        "warped", "start of the other frames"
    )


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """Sizes."""

    size: int = _setting(0, "short side of the film's picture, px; 0: the source's", 0, 16384)
    work: int = _setting(
        0, "largest short side at which frames are optimised, px, enlarged afterwards; 0: the film's", 0, 16384
    )


@dataclass(frozen=True, slots=True)
class FilmSettings:
    """How the finished frames are encoded; no part of a job's fingerprint."""

    codec: Literal[
        "auto", "h264", "h265", "prores", "av1", "vp9", "ffv1", "png", "h264_nvenc", "hevc_nvenc", "av1_nvenc"
    ] = _setting("auto", "auto: the container's usual one; those in hardware are used only if named")
    sound: bool = _setting(True, "whether the film has the clip's sound")
    quality: int = _setting(-1, "the encoder's own scale (CRF for h264, h265, av1, vp9); -1: visually lossless", -1, 63)


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """All of it: one frozen value."""

    backbone: BackboneSettings = field(default_factory=BackboneSettings)
    style: StyleSettings = field(default_factory=StyleSettings)
    content: ContentSettings = field(default_factory=ContentSettings)
    temporal: TemporalSettings = field(default_factory=TemporalSettings)
    tv: TvSettings = field(default_factory=TvSettings)
    flow: FlowSettings = field(default_factory=FlowSettings)
    scene: SceneSettings = field(default_factory=SceneSettings)
    optimize: OptimizeSettings = field(default_factory=OptimizeSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    film: FilmSettings = field(default_factory=FilmSettings)
    seed: int = _setting(0, "of the noise initialisation", 0)

    def fingerprint(self) -> str:
        """Hash (hex) of the settings that change a stored frame: not the film's encoding, nor where it is made."""
        values = dataclasses.asdict(self)
        del values["film"]
        for name in ("name", "weights", "device"):  # the weights themselves are what counts, not where they lie
            del values["backbone"][name]
        del values["optimize"]["precision"]  # likewise: what ``auto`` comes to
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def known_settings() -> dict[str, dataclasses.Field[Any]]:
    """Dotted name -> field of every setting there is."""
    names: dict[str, dataclasses.Field[Any]] = {}
    for group in dataclasses.fields(RenderSettings):
        if group.metadata:
            names[group.name] = group
        else:
            kind = get_type_hints(RenderSettings)[group.name]
            names |= {f"{group.name}.{item.name}": item for item in dataclasses.fields(kind)}
    return names


def change(settings: RenderSettings, values: Mapping[str, Any], source: str) -> RenderSettings:
    """Settings with some values replaced, given by dotted names.

    source: where the values come from, for the message. Raises SettingsError for an unknown name, a wrong type or a
    value outside its limits.
    """
    fields = known_settings()
    for name, value in values.items():
        if name not in fields:
            raise SettingsError(f"{source}: unknown setting {name!r}; {_suggest(name, fields)}")
        group, _, key = name.rpartition(".")
        if not group:
            settings = dataclasses.replace(settings, **{key: _checked(RenderSettings, name, value, source)})
            continue
        part = getattr(settings, group)
        part = dataclasses.replace(part, **{key: _checked(type(part), name, value, source)})
        settings = dataclasses.replace(settings, **{group: part})
    return settings


def read_config(path: Path) -> dict[str, Any]:
    """Dotted names and values of a TOML file."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--config {path}: cannot be read ({error}); give a TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"--config {path}: not TOML ({error}); write lines such as  style.weight = 200") from None
    return dict(_flatten(tables, ""))


def restore(tables: Mapping[str, Any], source: str) -> RenderSettings:
    """Settings from what ``dataclasses.asdict`` made of them; raises SettingsError where a version differs."""
    return change(RenderSettings(), dict(_flatten(tables, "")), source)


def read_assignment(text: str) -> tuple[str, Any]:
    """``optimize.iterations=200`` -> name and value; the value is TOML, or else a bare word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--set {text}: wanted name=value, for example --set optimize.iterations=200")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def presets_folder() -> Path:
    """The folder with the presets: inside the installed package, or beside it in a checkout."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def preset_names() -> list[str]:
    """Names of the presets that come with the program."""
    return sorted(path.stem for path in presets_folder().glob("*.toml"))


def preset(name: str) -> RenderSettings:
    """The settings of a named preset; raises SettingsError listing those that exist."""
    if name not in preset_names():
        raise SettingsError(f"--preset {name}: no such preset; choose one of {', '.join(preset_names())}")
    path = presets_folder() / f"{name}.toml"
    return change(RenderSettings(), read_config(path), f"preset {name}")


def compose(
    preset_name: str,
    config: Path | None = None,
    flags: Mapping[str, Any] | None = None,
    assignments: Sequence[str] = (),
) -> RenderSettings:
    """Settings from a preset, a TOML file, named flags and ``name=value`` texts, each over the ones before."""
    settings = preset(preset_name)
    if config:
        settings = change(settings, read_config(config), f"--config {config}")
    settings = change(settings, flags or {}, "flag")
    return change(settings, dict(map(read_assignment, assignments)), "--set")


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "'videostyle settings' lists those there are"


def _checked(owner: type, name: str, value: Any, source: str) -> Any:
    """The value as the field's type, or SettingsError."""
    key = name.rpartition(".")[2]
    kind = get_type_hints(owner)[key]
    item = next(f for f in dataclasses.fields(owner) if f.name == key)
    wrong = SettingsError(f"{source}: {name} = {value!r}: wanted {_describe(kind, item)}")
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            value = [value]
        return tuple(_scalar(get_args(kind)[0], part, item, wrong) for part in value)
    return _scalar(kind, value, item, wrong)


def _scalar(kind: Any, value: Any, item: dataclasses.Field[Any], wrong: SettingsError) -> Any:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise wrong
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not kind:
        raise wrong
    low, high = item.metadata["low"], item.metadata["high"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        inside = (low is None or value >= low) and (high is None or value <= high)
        if not inside or not math.isfinite(value):
            raise wrong
    return value


def _describe(kind: Any, item: dataclasses.Field[Any]) -> str:
    if get_origin(kind) is Literal:
        return f"one of {', '.join(map(str, get_args(kind)))}"
    low, high = item.metadata["low"], item.metadata["high"]
    limits = "" if low is None else f" from {low}" + ("" if high is None else f" to {high}")
    if get_origin(kind) is tuple:
        each = f", each{limits}" if limits else ""
        return f"a list such as {LISTS[get_args(kind)[0]]}{each} ({item.metadata['about']})"
    return f"{WORDS[kind]}{limits} ({item.metadata['about']})"
