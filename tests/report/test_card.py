"""Cards as they are kept."""

import pytest

from videostyle.report.card import Card, Pair

CARD = Card(
    name="clip.mp4", key="abc", state="done", film="/film.mp4", facts=(("Clip", "c"),), changed=(("seed", "7"),),
    warnings=("w",), strips=((Pair(0, "a", "b"), Pair(5, "c", "d")),), large=Pair(3, "e", "f"), plots="{}",
)  # fmt: skip


def test_a_card_is_what_was_kept() -> None:
    assert Card.from_json(CARD.to_json()) == CARD
    bare = Card(name="x", key="1", state="left")
    assert Card.from_json(bare.to_json()) == bare


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"facts": 3}', CARD.to_json().replace("plots", "plot")])
def test_what_is_no_card_is_an_error(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        Card.from_json(text)


def test_only_films_in_files_play() -> None:
    assert CARD.plays
    assert not Card(name="x", key="1", state="done", film="/folder").plays
