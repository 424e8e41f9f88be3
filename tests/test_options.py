"""Groups of flags."""

import dataclasses
import inspect
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from videostyle import options
from videostyle.cli import app
from videostyle.errors import SettingsError
from videostyle.options import Aim, Encoding, Flags, Look, Network, Part, Place, Track, Work, grouped
from videostyle.presets import change, compose
from videostyle.rendering.request import Request
from videostyle.settings import RenderSettings


@dataclass(frozen=True)
class Depth:
    deep: int = field(default=1, metadata={"option": typer.Option()})


@dataclass(frozen=True)
class Size:
    width: int = field(metadata={"option": typer.Option("--wide")})
    height: int = field(default=7, metadata={"option": typer.Option()})


@dataclass(frozen=True)
class Box:
    size: Size
    depth: Depth


def test_groups_are_flags_to_typer_and_values_to_the_command() -> None:
    seen: list[object] = []
    app = typer.Typer()

    @app.command()
    @grouped
    def paint(
        name: Annotated[str, typer.Argument()], size: Size, loud: Annotated[bool, typer.Option()] = False
    ) -> None:
        seen.append((name, size, loud))

    @app.command("pack")
    @grouped
    def pack(box: Box) -> None:
        seen.append(box)

    assert CliRunner().invoke(app, ["pack", "--wide", "3", "--deep", "2"]).exit_code == 0
    assert seen.pop() == Box(Size(3, 7), Depth(2)), "groups of groups are flags too"
    ran = CliRunner().invoke(app, ["paint", "wall", "--wide", "3", "--loud"])
    assert (ran.exit_code, seen) == (0, [("wall", Size(3, 7), True)]), ran.output
    assert CliRunner().invoke(app, ["paint", "wall"]).exit_code == 2, "--wide is needed"
    assert CliRunner().invoke(app, ["paint", "wall", "--wide", "3", "--height", "x"]).exit_code == 2
    assert list(inspect.signature(paint).parameters) == ["name", "width", "height", "loud"]


GROUPS = [value for value in vars(options).values() if getattr(value, "__module__", "") == options.__name__]
GROUPS = [value for value in GROUPS if isinstance(value, type) and value is not Flags]
GROUPS = [group for group in GROUPS if not any(group in other.__mro__[1:] for other in GROUPS)]


def flags_of(group: type) -> dict[str, typer.models.OptionInfo]:
    return {item.name: item.metadata["option"] for item in dataclasses.fields(group) if item.metadata}


def test_every_flag_is_defined_once() -> None:
    names = [
        name
        for group in GROUPS
        for key, flag in flags_of(group).items()
        for name in (flag.param_decls or [f"--{key.replace('_', '-')}"])
    ]
    assert sorted(names) == sorted(set(names))
    assert len(names) > 20


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_every_flag_says_what_it_does_and_stands_in_a_panel(group: type) -> None:
    assert group.__doc__
    for key, flag in flags_of(group).items():
        assert flag.help, key
        assert flag.rich_help_panel in (options.PICTURE, options.FRAMES, options.OUTPUT, options.SPEED), key


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (Network(), {}),
        (
            Network("compact", Path("a.pth"), "cpu"),
            {"backbone.name": "compact", "backbone.weights": Path("a.pth"), "backbone.device": "cpu"},
        ),
        (Look([Path("a.png")]), {}),
        (Look([Path("a.png")], loop=True), {"temporal.loop": True}),
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
    assert group.settings() == expected
    change(RenderSettings(), group.settings())


def request_with(**values: Any) -> Request:
    groups = {
        "look": Look([Path("a.png")]), "network": Network(), "part": Part(), "place": Place(), "aim": Aim(),
        "encoding": Encoding(), "work": Work(),
    }  # fmt: skip
    return Flags(**groups | values).request(Path("clip.mp4"))


def test_no_flag_asks_for_nothing_that_is_not_the_default() -> None:
    made, plain = request_with(), Request(Path("clip.mp4"), (Path("a.png"),))
    for item in dataclasses.fields(Request):
        assert getattr(made, item.name) == getattr(plain, item.name), item.name


def test_flags_become_a_request(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[style]\nweight = 5\n[tv]\nweight = 2\n")
    made = request_with(
        look=Look([Path("a.png")], style_weight=6.0, preset="fine", config=config, assignments=["seed=4"]),
        network=Network("compact"),
        part=Part(begin="1", end="2", handles=3, track=Track(1, "30000/1001")),
        place=Place(Path("film.mkv"), overwrite=True, strict=True),
        aim=Aim(patch=Path("old.mkv"), no_film=True),
        encoding=Encoding(quality=20),
        work=Work(Path("job"), keep_job=True, workers="4", slots="3"),
    )
    settings = made.recipe.settings("draft")
    assert settings == compose(
        "fine",
        {"style.weight": 6.0, "tv.weight": 2.0, "seed": 4, "backbone.name": "compact", "film.quality": 20},
    )
    assert (made.begin, made.end, made.handles, made.stream) == ("1", "2", 3, 1)
    assert made.rate == Fraction(30000, 1001)
    assert (made.output, made.overwrite, made.strict) == (Path("film.mkv"), True, True)
    assert (made.patch, made.film) == (Path("old.mkv"), False)
    assert (made.job, made.keep_job, made.workers, made.slots) == (Path("job"), True, 4, 3)


@pytest.mark.parametrize("slots", ["0", "-1", "many", "1.5", ""])
def test_slots_that_are_not_a_number(slots: str) -> None:
    with pytest.raises(SettingsError, match=f"--slots {slots}: wanted auto or a number from 1"):
        request_with(work=Work(slots=slots))


@pytest.mark.parametrize(("text", "share"), [("artwork", 1.0), ("clip", 0.0), ("0.3", 0.3)])
def test_colors_are_named_or_mixed(text: str, share: float) -> None:
    assert Look([Path("a.png")], colors=text).settings()["colors.artwork"] == share


@pytest.mark.parametrize("text", ["1.5", "-1", "nan", "film", ""])
def test_other_colors_are_refused(text: str) -> None:
    with pytest.raises(SettingsError, match=r"--colors .*: wanted artwork, clip, or a number"):
        Look([Path("a.png")], colors=text).settings()


def test_no_brush_only_enlarges() -> None:
    assert "brush.amount" not in Look([Path("a.png")]).settings()
    assert Look([Path("a.png")], no_brush=True).settings()["brush.amount"] == 0
    assert compose("draft").brush.amount == 1


def test_help_flows() -> None:
    """A line break within a sentence would be shown as it stands in the source."""
    for command in app.registered_commands:
        assert command.callback
        for line in inspect.cleandoc(command.callback.__doc__ or "").splitlines():
            assert line[-1:] in ("", ".", ":"), f"{command.name}: {line}"


@pytest.mark.parametrize("name", ["sheet", "still"])
def test_pictures_have_no_loop(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).stdout
    assert "--loop" not in shown
    assert ("default: 320" in shown) == (name == "sheet")
