"""What a batch has made."""

from pathlib import Path

import pytest

from videostyle.presets import Recipe
from videostyle.rendering.batch.films import Films
from videostyle.rendering.request import Request, check


def test_a_film_is_done_as_long_as_it_is_the_same(tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    films = Films(tmp_path)
    assert not films.knows(film)
    films.begin(film, "a")
    film.write_bytes(b"film")
    films = Films(tmp_path)
    assert films.knows(film)
    assert films.may_replace(film, "a")
    assert not films.may_replace(film, "b")
    assert not films.is_done(film, "a")
    films.end(film, "a")
    films = Films(tmp_path)
    assert films.is_done(film, "a")
    assert not films.is_done(film, "b")
    assert not films.may_replace(film, "a")
    film.write_bytes(b"another")
    assert not Films(tmp_path).is_done(film, "a")
    film.unlink()
    assert not Films(tmp_path).is_done(film, "a")


def test_a_damaged_record_knows_nothing(tmp_path: Path) -> None:
    (tmp_path / "films.json").write_text('{"films": {"a"')
    assert not Films(tmp_path).knows(tmp_path / "a")


def test_a_name_that_is_no_text_can_be_recorded(tmp_path: Path) -> None:
    film = tmp_path / "\udcff.mp4"
    films = Films(tmp_path)
    films.begin(film, "a")
    assert Films(tmp_path).knows(film)
    assert films.mark(film) != films.mark(tmp_path / "b.mp4")


@pytest.mark.parametrize(
    ("name", "values", "frames"), [("fine", {}, ""), ("", {"seed": 1}, ""), ("", {}, "0:3")], ids=str
)
def test_what_is_asked_for_has_a_key(name: str, values: dict[str, object], frames: str, folder: Path) -> None:
    def key(recipe: Recipe, frames: str = "") -> str:
        return check(Request(folder / "clip.mp4", (folder / "art.png",), recipe, frames)).made_of

    assert key(Recipe()) == key(Recipe())
    assert key(Recipe()) != key(Recipe(name, values), frames)
