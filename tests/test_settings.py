"""The settings as one value: names, meanings, and the fingerprint of what decides pixels."""

import dataclasses
from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from videostyle.settings import BACKBONES, RenderSettings, group_title, known_settings

SILENT = {
    "colors.artwork",
    "backbone.name",
    "backbone.weights",
    "backbone.device",
    "optimize.precision",
    "brush.amount",
    "brush.likeness",
    "brush.stroke",
    "film.codec",
    "film.sound",
    "film.quality",
}
"""settings that decide no pixel by themselves: fingerprints of painter and finish hold what the first seven come to"""


def changed(name: str) -> RenderSettings:
    """The defaults with another valid value of one setting."""
    base = RenderSettings()
    group, _, key = name.rpartition(".")
    owner = getattr(base, group) if group else base
    kind, value = get_type_hints(type(owner))[key], getattr(owner, key)
    other: object
    if get_origin(kind) is Literal:
        other = next(choice for choice in get_args(kind) if choice != value)
    elif get_origin(kind) is tuple:
        other = (*value, {int: 3, float: 0.5, str: "relu3_1"}[get_args(kind)[0]])
    elif kind is bool:
        other = not value
    elif kind is str:
        other = f"{value}x"
    else:
        other = value + kind(1)
    part = dataclasses.replace(owner, **{key: other})
    return dataclasses.replace(base, **{group: part}) if group else part


def test_settings_that_decide_no_pixel_are_marked() -> None:
    assert {name for name, item in known_settings().items() if not item.metadata["pixels"]} == SILENT


@pytest.mark.parametrize("name", known_settings())
def test_the_fingerprint_covers_exactly_what_decides_pixels(name: str) -> None:
    base, other = RenderSettings(), changed(name)
    assert other.value(name) != base.value(name)
    assert (other.fingerprint() != base.fingerprint()) == known_settings()[name].metadata["pixels"]


def test_equal_settings_have_equal_fingerprints() -> None:
    assert RenderSettings().fingerprint() == RenderSettings().fingerprint()
    names = [name for name, item in known_settings().items() if item.metadata["pixels"]]
    assert len({changed(name).fingerprint() for name in names}) == len(names)


def test_every_setting_says_what_it_is() -> None:
    for name, item in known_settings().items():
        assert len(item.metadata["about"]) > 3, name
        low, high = item.metadata["low"], item.metadata["high"]
        assert low is None or high is None or low < high, name


def test_names_of_settings() -> None:
    names = list(known_settings())
    assert names[0] == "backbone.name"
    assert names[-1] == "seed"
    assert RenderSettings().value("optimize.iterations") == RenderSettings().optimize.iterations
    assert RenderSettings().value("seed") == 0
    with pytest.raises(AttributeError):
        RenderSettings().value("optimize.none")


def test_every_group_has_a_title() -> None:
    for group in {name.rpartition(".")[0] for name in known_settings()}:
        assert group_title(group).endswith("."), group


def test_frames_are_painted_unless_there_are_no_iterations() -> None:
    base = RenderSettings()
    assert base.paints
    kept = dataclasses.replace(base, optimize=dataclasses.replace(base.optimize, iterations=0))
    assert not kept.paints


def test_the_networks_there_are() -> None:
    assert BACKBONES == ("vgg19", "vgg16", "alexnet", "compact")


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        RenderSettings().seed = 4  # type: ignore[misc]
