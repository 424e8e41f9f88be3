"""From presets, TOML files, flags and assignments to settings.

Precedence: defaults < preset < ``--config FILE.toml`` < flags < ``--set group.name=value``. Presets and config files
hold only what differs from the defaults.
"""

import dataclasses
import difflib
import math
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from videostyle.errors import SettingsError
from videostyle.settings import RenderSettings, known_settings

KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
LISTS = {int: "[1, 2]", float: "[0.5, 1]", str: '["relu1_1", "relu2_1"]'}
"""what a type of setting, or a list of it, is called in messages"""
FREE = ("backbone.device", "backbone.weights", "film.", "picture.size")
"""settings that presets leave alone: they are needed before the preset is known, which may depend on the device"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a user says about the settings: a preset, and values that replace the preset's."""

    preset: str = ""
    """its name; empty: the usual one of the device, which ``settings`` is told"""
    values: Mapping[str, object] = field(default_factory=dict)
    """dotted name -> value"""

    @classmethod
    def read(
        cls,
        preset: str = "",
        config: Path | None = None,
        flags: Mapping[str, object] | None = None,
        assignments: Sequence[str] = (),
    ) -> "Recipe":
        """Merge a TOML file, named flags and ``name=value`` texts, each over the ones before.

        Raises SettingsError for an unknown preset, an unknown name, a wrong type or a value outside its limits.
        """
        sources = [
            (read_config(config) if config else {}, f"--config {config}"),
            (flags or {}, "flag"),
            (dict(map(read_assignment, assignments)), "--set"),
        ]
        values: dict[str, object] = {}
        for given, source in sources:
            change(RenderSettings(), given, source)
            values |= given
        if preset:
            preset_values(preset)
        return cls(preset, values)

    @property
    def given(self) -> RenderSettings:
        """The values over the defaults: right for the settings that presets leave alone (``FREE``)."""
        return change(RenderSettings(), self.values, "settings")

    def settings(self, usual: str) -> RenderSettings:
        """The settings. usual: the preset to begin with where none is named."""
        name = self.preset or usual
        return change(change(RenderSettings(), preset_values(name), f"preset {name}"), self.values, "settings")


def compose(preset: str, values: Mapping[str, object] | None = None) -> RenderSettings:
    """The settings of a named preset with some values replaced. Raises SettingsError."""
    return Recipe(preset, values or {}).settings(preset)


def change(settings: RenderSettings, values: Mapping[str, object], source: str) -> RenderSettings:
    """Settings with some values replaced, given by dotted names.

    source: where the values come from, for the message. Raises SettingsError for an unknown name, a wrong type or a
    value outside its limits.
    """
    fields = known_settings()
    for name, value in values.items():
        if name not in fields:
            raise SettingsError(f"{source}: unknown setting {name!r}; {_suggest(name, fields)}")
        group, _, key = name.rpartition(".")
        changed: Any = getattr(settings, group) if group else settings
        kind = get_type_hints(type(changed))[key]
        changed = dataclasses.replace(changed, **{key: _checked(kind, fields[name], value, f"{source}: {name}")})
        settings = dataclasses.replace(settings, **{group: changed}) if group else changed
    return settings


def read_config(path: Path) -> dict[str, object]:
    """Dotted names and values of a TOML file. Raises SettingsError if it cannot be read."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"--config {path}: cannot be read ({error}); give a TOML file") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"--config {path}: not TOML ({error}); write lines such as  style.weight = 200") from None
    return dict(_flatten(tables, ""))


def restore(tables: Mapping[str, object], source: str) -> RenderSettings:
    """Settings from what ``dataclasses.asdict`` made of them. Raises SettingsError if they are another version's."""
    return change(RenderSettings(), dict(_flatten(tables, "")), source)


def read_assignment(text: str) -> tuple[str, object]:
    """``optimize.iterations=200`` -> name and value; a value that is not TOML is taken as a bare word."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--set {text}: wanted name=value, for example --set optimize.iterations=200")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def presets_folder() -> Path:
    """The folder with the presets: inside the installed package, or next to it in a checkout."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def preset_names() -> list[str]:
    """Names of the presets that come with the program."""
    return sorted(path.stem for path in presets_folder().glob("*.toml"))


def preset_values(name: str) -> dict[str, object]:
    """Dotted names and values of a preset. Raises SettingsError, listing the presets, if there is none of that name."""
    if name not in preset_names():
        raise SettingsError(f"--preset {name}: no such preset; choose one of {', '.join(preset_names())}")
    return read_config(presets_folder() / f"{name}.toml")


def _flatten(table: Mapping[str, object], prefix: str) -> Iterable[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "'videostyle settings' lists all of them"


def _checked(kind: Any, item: dataclasses.Field[Any], value: object, source: str) -> object:
    """The value as the field's type, or SettingsError."""
    wrong = SettingsError(f"{source} = {value!r}: wanted {_describe(kind, item)}")
    if get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            value = [value]
        return tuple(_scalar(get_args(kind)[0], part, item, wrong) for part in value)
    return _scalar(kind, value, item, wrong)


def _scalar(kind: object, value: object, item: dataclasses.Field[Any], wrong: SettingsError) -> object:
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
    return f"{KINDS[kind]}{limits} ({item.metadata['about']})"
