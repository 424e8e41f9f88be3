"""The recipe and its fields on the command line."""

import pytest
import recipe


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(SystemExit, match="no such field; choose from plan, "):
        recipe.read_recipe(["widht=3"])


def test_lists_become_tuples() -> None:
    changed = recipe.read_recipe(["scales=[1, 2]", "steps=9"])
    assert changed == recipe.Recipe(scales=(1, 2), steps=9)
