"""Every way a setting can be given, and every way it can be wrong."""

import dataclasses
from pathlib import Path

import pytest

from videostyle.errors import SettingsError
from videostyle.settings import (
    RenderSettings,
    change,
    compose,
    known_settings,
    preset,
    preset_names,
    read_assignment,
    read_config,
)


def test_presets_are_all_there_and_valid() -> None:
    assert preset_names() == ["draft", "fine", "gatys2016", "ruder2016", "standard"]
    for name in preset_names():
        assert preset(name) != RenderSettings()


def test_presets_hold_only_differences() -> None:
    defaults = RenderSettings()
    for name in preset_names():
        for path, value in read_config(Path(__file__).parents[1] / "configs" / f"{name}.toml").items():
            group, _, key = path.rpartition(".")
            default = getattr(getattr(defaults, group), key)
            same = (list(default) if isinstance(default, tuple) else default) == value
            assert not same or name in ("gatys2016", "ruder2016"), f"{name}: {path} is the default"


def test_papers_presets_have_the_papers_values() -> None:
    gatys, ruder = preset("gatys2016"), preset("ruder2016")
    assert gatys.content.weight / gatys.style.weight == pytest.approx(1e-3)
    assert gatys.style.convention == gatys.content.convention == "gatys"
    assert (ruder.content.weight, ruder.style.weight, ruder.temporal.weight, ruder.tv.weight) == (5, 100, 1000, 1e-3)
    assert (ruder.optimize.first_iterations, ruder.optimize.iterations, ruder.optimize.history) == (2000, 1000, 100)
    assert (ruder.optimize.tolerance, ruder.optimize.window) == (1e-4, 50)


def test_each_source_goes_over_the_ones_before(tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text("seed = 3\n[optimize]\niterations = 7\nhistory = 8\n[style]\nweight = 5\n")
    made = compose("draft", config, {"optimize.history": 9, "style.weight": 6.0}, ["style.weight=7"])
    assert made.picture.work == preset("draft").picture.work
    assert (made.seed, made.optimize.iterations, made.optimize.history, made.style.weight) == (3, 7, 9, 7.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optimize.iterations=200", 200),
        ("style.weight=2.5", 2.5),
        ("flow.method=dis", "dis"),
        ('flow.method="dis"', "dis"),
        ("style.layers=['relu1_1', 'relu2_1']", ["relu1_1", "relu2_1"]),
        ("flow.motion_boundary=true", True),
        ("backbone.weights=/a/b.pth", "/a/b.pth"),
    ],
)
def test_assignments_are_toml_or_bare_words(text: str, expected: object) -> None:
    name, value = read_assignment(text)
    assert value == expected
    change(RenderSettings(), {name: value}, "--set")


def test_one_value_will_do_for_a_list() -> None:
    assert change(RenderSettings(), {"temporal.long_term": 2}, "x").temporal.long_term == (2,)


@pytest.mark.parametrize(
    ("values", "told"),
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
        ({"style.weight": "much"}, "wanted a number"),
        ({"flow.method": "raft"}, "wanted one of farneback, dis"),
        ({"flow.motion_boundary": 1}, "wanted true or false"),
        ({"temporal.long_term": [0]}, r"list such as \[1, 2\], each from 1"),
        ({"style.layers": [1]}, "list such as .*relu1_1"),
    ],
)
def test_what_is_wrong_is_told(values: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        change(RenderSettings(), values, "--set")


def test_unknown_preset_lists_those_there_are() -> None:
    with pytest.raises(SettingsError, match="draft, fine"):
        preset("best")


@pytest.mark.parametrize("content", [None, b"a = ", b"\xff\xfe\x00"])
def test_configs_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"--config .*a\.toml"):
        read_config(path)


def test_assignment_without_a_value() -> None:
    with pytest.raises(SettingsError, match="name=value"):
        read_assignment("optimize.iterations")


PLACES = ("backbone.name", "backbone.weights", "backbone.device", "optimize.precision")
"""settings of which the job's fingerprint holds what they come to"""


def test_fingerprint_knows_what_changes_pixels() -> None:
    base = RenderSettings()
    for name in known_settings():
        group, _, key = name.rpartition(".")
        owner = getattr(base, group) if group else base
        value = getattr(owner, key)
        other: object = (
            (*value, 3) if isinstance(value, tuple) else not value if isinstance(value, bool) else f"{value}x"
        )
        if isinstance(value, int | float) and not isinstance(value, bool):
            other = value + 1
        part = dataclasses.replace(owner, **{key: other})
        changed = dataclasses.replace(base, **{group: part}) if group else part
        silent = group == "film" or name in PLACES
        assert (changed.fingerprint() == base.fingerprint()) == silent, name


def test_every_setting_says_what_it_is() -> None:
    for name, item in known_settings().items():
        assert len(item.metadata["about"]) > 3, name
