"""Groups of flags."""

import dataclasses
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from videostyle import options
from videostyle.options import Encoding, Look, Network, takes_groups
from videostyle.presets import change
from videostyle.settings import RenderSettings


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option("--wide")]
    height: Annotated[int, typer.Option()] = 7


def test_groups_are_flags_to_typer_and_values_to_the_command() -> None:
    seen: list[object] = []
    app = typer.Typer()

    @app.command()
    @takes_groups
    def paint(
        name: Annotated[str, typer.Argument()], size: Size, loud: Annotated[bool, typer.Option()] = False
    ) -> None:
        seen.append((name, size, loud))

    ran = CliRunner().invoke(app, ["wall", "--wide", "3", "--loud"])
    assert (ran.exit_code, seen) == (0, [("wall", Size(3, 7), True)]), ran.output
    assert CliRunner().invoke(app, ["wall"]).exit_code == 2, "--wide is needed"
    assert CliRunner().invoke(app, ["wall", "--wide", "3", "--height", "x"]).exit_code == 2
    assert list(inspect.signature(paint).parameters) == ["name", "width", "height", "loud"]


GROUPS = [value for value in vars(options).values() if dataclasses.is_dataclass(value) and isinstance(value, type)]


def flags_of(group: type) -> dict[str, typer.models.OptionInfo]:
    hints = get_type_hints(group, include_extras=True)
    return {item.name: hints[item.name].__metadata__[0] for item in dataclasses.fields(group)}


def test_every_flag_is_defined_once() -> None:
    names = [
        name
        for group in GROUPS
        for field, flag in flags_of(group).items()
        for name in (flag.param_decls or [f"--{field.replace('_', '-')}"])
    ]
    assert sorted(names) == sorted(set(names))
    assert len(names) > 20


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_flag_says_what_it_does_and_stands_in_a_panel(group: type) -> None:
    assert group.__doc__
    for field, flag in flags_of(group).items():
        assert flag.help, field
        assert flag.rich_help_panel in (options.PICTURE, options.FRAMES, options.OUTPUT, options.SPEED), field


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Network(), {}),
        (
            Network("compact", Path("a.pth"), "cpu"),
            {"backbone.name": "compact", "backbone.weights": "a.pth", "backbone.device": "cpu"},
        ),
        (Look([Path("a.png")]), {}),
        (
            Look([Path("a.png")], style_weight=3.0, size=90, seed=0),
            {"style.weight": 3.0, "picture.size": 90, "picture.work": 90, "seed": 0},
        ),
        (Encoding(), {}),
        (Encoding("h265", 20, True), {"film.codec": "h265", "film.quality": 20, "film.sound": False}),
    ],
    ids=repr,
)
def test_flags_become_settings(group: Any, expected: dict[str, object]) -> None:
    given = {name: value for name, value in group.settings().items() if value is not None}
    assert given == expected
    change(RenderSettings(), given, "flag")
