"""From presets, TOML files, flags and assignments to settings.

Precedence: defaults < preset < ``--config FILE.toml`` < flags < ``--set group.name=value``. Presets and config files
hold only what differs from the defaults.
"""

import dataclasses
import difflib
import math
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from videostyle.errors import SettingsError
from videostyle.settings import RenderSettings, known_settings

KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
LISTS = {int: "[1, 2]", float: "[0.5, 1]", str: '["relu1_1", "relu2_1"]'}
"""what a type of setting, or a list of it, is called in messages"""
FREE = ("backbone.device", "backbone.weights", "film.", "picture.size")
"""settings that presets leave alone: they are needed before the preset is known, which may depend on the device"""
Values = Mapping[str, object]
"""dotted names of settings -> values, such as ``{"style.weight": 300}``; ``videostyle settings`` lists them"""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a user says about the settings: a preset, and values that replace the preset's."""

    preset: str = ""
    """its name; empty: the device's usual one"""
    values: Values = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        preset: str = "",
        values: Values | None = None,
        config: Path | None = None,
        assignments: Sequence[str] = (),
    ) -> "Recipe":
        """Merge a TOML file, values by dotted name, and ``name=value`` texts; later ones replace earlier ones.

        Raises SettingsError for an unknown preset, an unknown name, a wrong type or a value outside its limits.
        """
        sources = [
            (read_config(config) if config else {}, f"--config {config}: "),
            (values or {}, ""),
            (dict(map(read_assignment, assignments)), "--set: "),
        ]
        merged: dict[str, object] = {}
        for given, source in sources:
            change(RenderSettings(), given, source)
            merged |= given
        if preset:
            preset_values(preset)
        return cls(preset, merged)

    @property
    def given(self) -> RenderSettings:
        """The values over the defaults: right for the settings that presets leave alone (``FREE``)."""
        return change(RenderSettings(), self.values)

    def settings(self, usual: str) -> RenderSettings:
        """The settings. usual: the preset to start from if the user has not named one."""
        name = self.preset or usual
        return change(change(RenderSettings(), preset_values(name), f"preset {name}: "), self.values)


def compose(preset: str, values: Values | None = None) -> RenderSettings:
    """The settings of a named preset with some values replaced. Raises SettingsError."""
    return Recipe(preset, values or {}).settings(preset)


def change(settings: RenderSettings, values: Values, source: str = "") -> RenderSettings:
    """Settings with some values replaced by dotted name.

    source: starts the error message, such as ``--set: ``. Raises SettingsError for an unknown name, a wrong type or a
    value outside its limits.
    """
    fields = known_settings()
    for name, value in values.items():
        if name not in fields:
            raise SettingsError(f"{source}unknown setting {name!r}; {_suggest(name, fields)}")
        group, _, key = name.rpartition(".")
        changed: Any = getattr(settings, group) if group else settings
        changed = dataclasses.replace(changed, **{key: _checked(fields[name], value, f"{source}{name}")})
        settings = dataclasses.replace(settings, **{group: changed}) if group else changed
    return settings


def read_config(path: Path) -> dict[str, object]:
    """Dotted names and values of a TOML file. Raises SettingsError if it cannot be read."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"--config {path}: cannot be read ({getattr(error, 'strerror', error)}); name a TOML file"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"--config {path}: not TOML ({error}); write lines such as  style.weight = 200") from None
    return dict(flatten(tables))


def restore(tables: Mapping[str, object]) -> RenderSettings:
    """Settings from what ``dataclasses.asdict`` made of them. Raises SettingsError if they are from another version."""
    return change(RenderSettings(), dict(flatten(tables)))


def read_assignment(text: str) -> tuple[str, object]:
    """``optimize.iterations=200`` -> name and value; a value that is not TOML is read as plain text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--set {text}: wanted name=value, for example --set optimize.iterations=200")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def presets_folder() -> Path:
    """The folder of presets: inside the installed package, or next to it in a source checkout."""
    inside = Path(__file__).parent / "configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def preset_names() -> list[str]:
    """Names of the presets that come with the program."""
    return sorted(path.stem for path in presets_folder().glob("*.toml"))


def preset_values(name: str) -> dict[str, object]:
    """Dotted names and values of a preset. Raises SettingsError, which lists the presets, if the name is unknown."""
    if name not in preset_names():
        raise SettingsError(f"--preset {name}: no such preset; choose one of {', '.join(preset_names())}")
    return read_config(presets_folder() / f"{name}.toml")


def flatten(table: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    """Dotted names and values of nested tables."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _suggest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else "'videostyle settings' lists all of them"


def describe(item: dataclasses.Field[Any]) -> str:
    """The values that a setting takes: ``a whole number from 1 to 64, in frames`` or ``one of farneback, dis``."""
    low, high, unit = (item.metadata[key] for key in ("low", "high", "unit"))
    limits = "" if low is None else f" from {low}" + ("" if high is None else f" to {high}")
    if unit:
        limits += f", in {unit}"
    if get_origin(item.type) is Literal:
        return f"one of {', '.join(get_args(item.type))}"
    if get_origin(item.type) is tuple:
        return f"a list such as {LISTS[get_args(item.type)[0]]}" + (f", each{limits}" if limits else "")
    return f"{KINDS[item.type]}{limits}"  # type: ignore[index]  # a type, as no annotation here is a text


def _checked(item: dataclasses.Field[Any], value: object, source: str) -> object:
    """The value as the field's type, or SettingsError."""
    wrong = SettingsError(f"{source} = {value!r}: wanted {describe(item)} ({item.metadata['about']})")
    value = _plain(value)
    if get_origin(item.type) is tuple:
        members = value if isinstance(value, list | tuple) else [value]
        return tuple(_scalar(get_args(item.type)[0], _plain(member), item, wrong) for member in members)
    return _scalar(item.type, value, item, wrong)


def _plain(value: Any) -> object:
    """Python's own value for a scalar or an array of NumPy, and text for a path."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value.tolist() if hasattr(value, "tolist") else value


def _scalar(kind: object, value: object, item: dataclasses.Field[Any], wrong: SettingsError) -> object:
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise wrong
        return value
    if kind is float and type(value) is int:
        value = float(value) if abs(value) < 1e300 else math.inf
    if type(value) is not kind:
        raise wrong
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = item.metadata["low"], item.metadata["high"]
        inside = (low is None or value >= low) and (high is None or value <= high)
        if not inside or not math.isfinite(value):
            raise wrong
    return value
