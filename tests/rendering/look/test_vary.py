"""What users write after --vary."""

from pathlib import Path

import pytest

from videostyle.errors import SettingsError
from videostyle.rendering.look.vary import Choice, of_artworks, read_axes, read_vary


def test_values_are_split_at_commas_outside_brackets() -> None:
    first, second = read_vary('style.layers=["relu1_1"],["relu1_1", "relu2_1"]')
    assert first.values == {"style.layers": ["relu1_1"]}
    assert second.values == {"style.layers": ["relu1_1", "relu2_1"]}
    assert [choice.values["backbone.name"] for choice in read_vary("backbone.name=compact, vgg16")] == [
        "compact",
        "vgg16",
    ]
    assert read_vary("style.weight=030,1e2")[0] == Choice("style.weight 030", {"style.weight": 30})
    assert read_vary("preset=draft,fine")[1] == Choice("preset fine", preset="fine")
    assert of_artworks([Path("a/b.png")]) == (Choice("b", styles=(Path("a/b.png"),)),)


@pytest.mark.parametrize("text", ["style.weight", "style.weight=", "style=a.png,b.png", "preset=draft,x", "x=1"])
def test_mistakes_are_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        read_vary(text)


@pytest.mark.parametrize(
    ("text", "twice"),
    [
        ("style.weight=30,30", "style.weight 30"),
        ("style.weight=1,30.0,030", "style.weight 030"),
        ("preset=draft,fine,draft", "preset draft"),
        ('style.layers=["relu1_1"],[ "relu1_1" ]', 'style.layers [ "relu1_1" ]'),
    ],
)
def test_the_same_picture_is_not_painted_twice(text: str, twice: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read_vary(text)
    assert str(refused.value) == f"--vary {text}: has {twice} twice; omit one"


def test_a_setting_varies_in_one_direction() -> None:
    assert [len(axis) for axis in read_axes(["style.weight=1,2", "style.scale=1,2,3"])] == [2, 3]
    with pytest.raises(SettingsError) as refused:
        read_axes(["style.weight=1,2", "style.weight = 3"])
    assert (
        str(refused.value) == "--vary style.weight = 3: style.weight varies already; give all its values to one --vary"
    )
    with pytest.raises(SettingsError, match=r"(?s)2 mistakes:.*style.wait.*varies already"):
        read_axes(["style.wait=1", "style.weight=1", "style.weight=2"])
