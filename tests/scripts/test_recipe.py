"""The recipe and its fields on the command line."""

import dataclasses
import json

import pytest
import recipe
from safetensors import safe_open

from videostyle.paint.backbones.compact import COMPACT_FILE


def test_the_defaults_are_those_of_the_network_that_ships() -> None:
    with safe_open(COMPACT_FILE, "pt") as file:
        metadata = file.metadata()
    stored, default = json.loads(metadata["recipe"]), json.loads(json.dumps(dataclasses.asdict(recipe.Recipe())))
    # its layers and their weights were chosen after the training
    chosen = {"style_weights": list(map(float, metadata["style_weights"].split()))}
    chosen |= {"content": metadata["content"].split(), "start": default["start"]}
    assert default == stored | chosen


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(SystemExit, match="no such field; choose from plan, "):
        recipe.read_recipe(["widht=3"])


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [("steps", "not JSON; write --set steps="), ("plan=16 relu1_1", "not JSON"), ("steps=9.5", "a whole number")],
)
def test_bad_values_are_refused_in_one_line(assignment: str, reason: str) -> None:
    with pytest.raises(SystemExit, match=reason):
        recipe.read_recipe([assignment])


def test_lists_become_tuples() -> None:
    changed = recipe.read_recipe(["scales=[1, 2]", "steps=9"])
    assert changed == recipe.Recipe(scales=(1, 2), steps=9)
