"""Groups of flags."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from videostyle.options import takes_groups


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
