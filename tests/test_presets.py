"""Every way a setting can be given, and every way it can be wrong."""

import dataclasses
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from videostyle.errors import SettingsError
from videostyle.presets import (
    FREE,
    Recipe,
    change,
    compose,
    describe,
    preset_names,
    preset_values,
    presets_folder,
    read_assignment,
    read_config,
    restore,
)
from videostyle.settings import RenderSettings, known_settings

CONFIGS = Path(__file__).parents[1] / "configs"


def test_presets_are_all_there_and_valid() -> None:
    assert preset_names() == [
        *("draft", "fine", "gatys2016", "photoreal", "reconstruct_content", "reconstruct_style", "ruder2016"),
        "standard",
    ]
    assert presets_folder() == CONFIGS
    for name in preset_names():
        assert compose(name) != RenderSettings()


@pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.name)
def test_every_setting_in_a_preset_exists(path: Path) -> None:
    def names(table: dict[str, object], prefix: str = "") -> list[str]:
        found = []
        for key, value in table.items():
            found += names(value, f"{prefix}{key}.") if isinstance(value, dict) else [prefix + key]
        return found

    assert path.suffix == ".toml"
    listed = names(tomllib.loads(path.read_text()))
    assert listed
    assert set(listed) <= set(known_settings())
    assert sorted(preset_values(path.stem)) == sorted(listed)


@pytest.mark.parametrize("name", preset_names())
def test_presets_hold_only_differences(name: str) -> None:
    for path, value in preset_values(name).items():
        default = RenderSettings().value(path)
        same = (list(default) if isinstance(default, tuple) else default) == value
        assert not same or name in ("gatys2016", "ruder2016"), f"{name}: {path} is the default"


@pytest.mark.parametrize("name", preset_names())
def test_presets_leave_alone_what_is_needed_before_the_preset_is_known(name: str) -> None:
    assert not [path for path in preset_values(name) if path.startswith(FREE)]


def test_what_presets_leave_alone_are_settings() -> None:
    for start in FREE:
        assert any(name.startswith(start) for name in known_settings()), start


def test_papers_presets_have_the_papers_values() -> None:
    gatys, ruder = compose("gatys2016"), compose("ruder2016")
    assert gatys.content.weight / gatys.style.weight == pytest.approx(1e-3)
    assert gatys.style.convention == gatys.content.convention == "gatys"
    assert (ruder.content.weight, ruder.style.weight, ruder.temporal.weight, ruder.tv.weight) == (5, 100, 1000, 1e-3)
    assert (ruder.optimize.first_iterations, ruder.optimize.iterations, ruder.optimize.history) == (2000, 1000, 100)
    assert (ruder.optimize.tolerance, ruder.optimize.window) == (1e-4, 50)


def test_each_source_goes_over_the_ones_before(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("seed = 3\n[optimize]\niterations = 7\nhistory = 8\n[style]\nweight = 5\n")
    recipe = Recipe.read("draft", {"optimize.history": 9, "style.weight": 6.0}, config, ["style.weight=7"])
    made = recipe.settings("fine")
    assert made.picture.work == compose("draft").picture.work, "the preset that is named, not the usual one"
    assert (made.seed, made.optimize.iterations, made.optimize.history, made.style.weight) == (3, 7, 9, 7.0)
    assert made.optimize.first_iterations == preset_values("draft")["optimize.first_iterations"]


def test_without_a_preset_the_usual_one_is_taken() -> None:
    recipe = Recipe.read(values={"style.weight": 6.0})
    assert recipe.settings("fine") == compose("fine", {"style.weight": 6.0})
    assert recipe.settings("draft") == compose("draft", {"style.weight": 6.0})
    assert Recipe().settings("fine") == compose("fine")


def test_values_beat_the_preset_in_any_order_of_names() -> None:
    assert compose("fine", {"optimize.iterations": 3}).optimize.iterations == 3
    assert compose("draft", {"picture.work": 0}).picture.work == 0, "back to the default"


def test_what_presets_leave_alone_is_known_before_the_preset(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("[film]\nquality = 30\n")
    recipe = Recipe.read("", {"backbone.device": "cpu"}, config, ["picture.size=90"])
    given = recipe.given
    for name in preset_names():
        made = recipe.settings(name)
        assert (given.film, given.picture.size, given.backbone.device) == (
            made.film,
            made.picture.size,
            made.backbone.device,
        )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"preset": "best"}, "--preset best: no such preset; choose one of draft, fine"),
        ({"values": {"style.wait": 1}}, "^unknown setting 'style.wait'; did you mean style.weight"),
        ({"values": {"seed": -1}}, "^seed = -1: wanted a whole number from 0"),
        ({"assignments": ["seed=-1"]}, "--set: seed = -1: wanted a whole number from 0"),
        ({"assignments": ["seed"]}, "--set seed: wanted name=value"),
        ({"config": Path("none.toml")}, r"--config none\.toml: cannot be read"),
    ],
    ids=str,
)
def test_a_recipe_says_which_source_is_wrong(source: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Recipe.read(**source)  # type: ignore[arg-type]


def test_a_config_that_is_wrong_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[style]\nweight = true\n")
    with pytest.raises(SettingsError, match=r"--config .*a\.toml: style\.weight = True: wanted a number from 0"):
        Recipe.read(config=tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimize.iterations=200", 200),
        ("style.weight=2.5", 2.5),
        ("flow.method=dis", "dis"),
        ('flow.method="dis"', "dis"),
        (" flow.method = dis ", "dis"),
        ("style.layers=['relu1_1', 'relu2_1']", ["relu1_1", "relu2_1"]),
        ("flow.motion_boundary=true", True),
        ("backbone.weights=/a/b.pth", "/a/b.pth"),
        ("backbone.weights=a=b.pth", "a=b.pth"),
        ("backbone.weights=", ""),
    ],
)
def test_assignments_are_toml_or_bare_words(text: str, expected: object) -> None:
    name, value = read_assignment(text)
    assert value == expected
    change(RenderSettings(), {name: value})


def test_a_single_value_will_do_for_a_list() -> None:
    assert change(RenderSettings(), {"temporal.long_term": 2}).temporal.long_term == (2,)


def test_whole_numbers_will_do_for_decimals() -> None:
    weight = change(RenderSettings(), {"style.weight": 2}).style.weight
    assert (weight, type(weight)) == (2.0, float)


def test_a_change_leaves_the_settings_it_began_with_alone() -> None:
    before = RenderSettings()
    after = change(before, {"style.weight": 2, "seed": 4})
    assert before == RenderSettings()
    assert dataclasses.replace(after, style=before.style, seed=0) == before


def test_stored_settings_come_back() -> None:
    made = compose("ruder2016", {"style.mix": [1, 2]})
    assert restore(dataclasses.asdict(made)) == made
    with pytest.raises(SettingsError, match=r"^unknown setting 'style\.old'"):
        restore({"style": {"old": 1}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"optimize.iteration": 1}, "did you mean optimize.iterations"),
        ({"iterations": 1}, "optimize.iterations"),
        ({"zzz": 1}, "'videostyle settings' lists"),
        ({"style": 1}, "unknown setting"),
        ({"optimize.iterations": 1.5}, "wanted a whole number from 0"),
        ({"optimize.iterations": True}, "wanted a whole number"),
        ({"optimize.iterations": -1}, "wanted a whole number from 0"),
        ({"style.weight": float("nan")}, "wanted a number"),
        ({"style.weight": float("inf")}, "wanted a number from 0"),
        ({"style.weight": 10**400}, "wanted a number from 0"),
        ({"style.weight": "much"}, "wanted a number"),
        ({"style.scale": 5}, r"wanted a number from 0\.1 to 4"),
        ({"flow.method": "raft"}, "wanted one of farneback, dis"),
        ({"flow.method": ["dis"]}, "wanted one of farneback, dis"),
        ({"flow.motion_boundary": 1}, "wanted true or false"),
        ({"temporal.long_term": [0]}, r"list such as \[1, 2\], each from 1"),
        ({"style.layers": [1]}, "list such as .*relu1_1"),
    ],
    ids=str,
)
def test_what_is_wrong_is_reported(values: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=f"^--set: .*{message}"):
        change(RenderSettings(), values, "--set: ")


@pytest.mark.parametrize(
    ("name", "value", "plain"),
    [
        ("style.weight", np.float64(2.5), 2.5),
        ("style.weight", np.float32(0.5), 0.5),
        ("style.weight", np.int64(3), 3.0),
        ("optimize.iterations", np.int64(3), 3),
        ("flow.motion_boundary", np.bool_(True), True),
        ("temporal.long_term", np.array([1, 2]), (1, 2)),
        ("style.mix", [np.float64(1), 2], (1.0, 2.0)),
        ("backbone.weights", Path("a") / "b.pth", str(Path("a") / "b.pth")),
    ],
    ids=str,
)
def test_values_of_numpy_and_paths_become_plain_ones(name: str, value: object, plain: object) -> None:
    stored = change(RenderSettings(), {name: value}).value(name)
    assert stored == plain
    assert type(stored) is type(plain)
    members = stored if isinstance(stored, tuple) else (stored,)
    assert all(type(member).__module__ == "builtins" for member in members)
    json.dumps(stored)


@pytest.mark.parametrize("value", [np.float64(1.5), np.bool_(True), np.int64(-1), np.array([1, 2]), Path("3")])
def test_values_of_numpy_and_paths_are_checked_too(value: object) -> None:
    with pytest.raises(SettingsError, match=r"^optimize\.iterations = .*: wanted a whole number from 0 to 100000"):
        change(RenderSettings(), {"optimize.iterations": value})


def test_settings_are_described_by_type_limits_unit_and_choices() -> None:
    shown = {name: describe(item) for name, item in known_settings().items()}
    assert shown["temporal.long_term"] == "a list such as [1, 2], each from 1 to 64, in frames"
    assert shown["optimize.coarsest"] == "a whole number from 16, in px"
    assert shown["optimize.tolerance"] == "a number from 0 to 1"
    assert shown["flow.method"] == "one of farneback, dis"
    assert shown["film.sound"] == "true or false"
    assert shown["backbone.weights"] == "text"


@pytest.mark.parametrize("content", [None, b"a = ", b"\xff\xfe\x00"])
def test_configs_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"--config .*a\.toml"):
        read_config(path)
