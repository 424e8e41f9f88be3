"""What varies over a contact sheet: ``style.weight=30,100,300`` -> the choices of its columns or rows."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from videostyle.errors import SettingsError
from videostyle.presets import Values, change, preset_values, read_assignment
from videostyle.settings import RenderSettings

PIECE = re.compile(r"(?:\[[^]]*\]|\"[^\"]*\"|[^,\[\"])+")
"""a value up to the next comma that is neither in brackets nor in quotes"""


@dataclass(frozen=True, slots=True)
class Choice:
    """One column or row of a sheet: what differs there."""

    label: str = ""
    values: Values = field(default_factory=dict)
    """settings that replace others"""
    preset: str = ""
    """empty: the sheet's"""
    styles: tuple[Path, ...] = ()
    """artworks; empty: the sheet's"""


def read_axes(texts: Iterable[str]) -> list[tuple[Choice, ...]]:
    """Read several ``NAME=VALUE,VALUE``, each of another name. Raises SettingsError with all faults."""
    axes: dict[str, tuple[Choice, ...]] = {}
    faults: list[str] = []
    for text in texts:
        name = text.partition("=")[0].strip()
        if name in axes:
            faults.append(f"--vary {text}: {name} varies already; give all its values to one --vary")
        axes[name] = ()
        try:
            axes[name] = read_vary(text)
        except SettingsError as error:
            faults.append(str(error))
    refuse(faults)
    return list(axes.values())


def read_vary(text: str) -> tuple[Choice, ...]:
    """Read ``NAME=VALUE,VALUE``: a setting, or ``preset``. Raises SettingsError with all faults."""
    name, equals, rest = text.partition("=")
    name, values = name.strip(), [piece.strip() for piece in PIECE.findall(rest)]
    if not equals or not values:
        raise SettingsError(f"--vary {text}: wanted name=value,value, for example --vary style.weight=30,100,300")
    if name == "style":
        raise SettingsError(f"--vary {text}: artworks vary if --style is repeated; omit it")
    choices: list[Choice] = []
    faults: list[str] = []
    for value in values:
        try:
            if name == "preset":
                preset_values(value)
                choices.append(Choice(f"preset {value}", preset=value))
            else:
                given = dict([read_assignment(f"{name}={_whole(value)}")])
                change(RenderSettings(), given, "--vary: ")
                choices.append(Choice(f"{name} {value}", given))
        except SettingsError as error:
            faults.append(str(error))
    for place, choice in enumerate(choices):
        if any((other.values, other.preset) == (choice.values, choice.preset) for other in choices[:place]):
            faults.append(f"--vary {text}: has {choice.label} twice; omit one")
    refuse(faults)
    return tuple(choices)


def of_artworks(paths: Sequence[Path]) -> tuple[Choice, ...]:
    """A choice for each artwork. Raises SettingsError if one is named twice."""
    for place, path in enumerate(paths):
        if path.absolute() in [other.absolute() for other in paths[:place]]:
            raise SettingsError(f"--style {path}: given twice; omit one, or set style.mix to blend the artworks")
    return tuple(Choice(path.stem, styles=(path,)) for path in paths)


def refuse(faults: Iterable[str]) -> None:
    """Raise a SettingsError that lists these faults, if there are any. A fault may be such a list itself."""
    if listed := list(dict.fromkeys(line for fault in faults for line in fault.split("\n  ")[1:] or [fault])):
        raise SettingsError(listed[0] if len(listed) == 1 else "\n  ".join([f"{len(listed)} mistakes:", *listed]))


def _whole(value: str) -> str:
    """A whole number as a shell user may write it, ``030``, as TOML; anything else as it is."""
    try:
        tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return value.lstrip("0") or "0" if value.isdecimal() else value
    return value
