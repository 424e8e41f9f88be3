"""A film that is there, though its job folder is too."""

import os
from pathlib import Path

import pytest

from videostyle.rendering.store.made import NAME, Made, find_made, forget_made, note_made


@pytest.fixture
def films(tmp_path: Path) -> list[Path]:
    """Two files of a film that have got their names after they were noted."""
    (tmp_path / "job").mkdir()
    written = [tmp_path / "x1", tmp_path / "x2"]
    for path in written:
        path.write_text(path.name)
    names = [tmp_path / "a.png", tmp_path / "b.png"]
    note_made(tmp_path / "job", "key", zip(written, names, strict=True))
    for path, name in zip(written, names, strict=True):
        os.replace(path, name)
    return names


def test_a_film_is_known_again(films: list[Path], tmp_path: Path) -> None:
    assert find_made(tmp_path / "job", "key") == Made(frozenset(films), whole=True)
    assert find_made(tmp_path / "job", "another request") == Made()
    assert find_made(tmp_path / "none", "key") == Made()


def test_what_is_gone_or_changed_is_not(films: list[Path], tmp_path: Path) -> None:
    films[0].unlink()
    assert find_made(tmp_path / "job", "key") == Made(frozenset(films[1:]), whole=False)
    films[1].write_text("x3")
    assert find_made(tmp_path / "job", "key") == Made()
    films[1].write_text("longer")
    assert find_made(tmp_path / "job", "key").files == frozenset()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "key"}', '{"key": "key", "files": 3}'])
@pytest.mark.usefixtures("films")
def test_a_damaged_note_says_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "job" / NAME).write_text(content)
    assert find_made(tmp_path / "job", "key") == Made()


@pytest.mark.usefixtures("films")
def test_a_note_is_forgotten(tmp_path: Path) -> None:
    for _ in range(2):
        forget_made(tmp_path / "job")
        assert find_made(tmp_path / "job", "key") == Made()
    forget_made(tmp_path / "none")


def test_what_cannot_be_noted_does_not_fail_a_film_that_is_made(films: list[Path], tmp_path: Path) -> None:
    note_made(tmp_path / "none", "key", [(films[0], films[1])])
    note_made(tmp_path / "job", "key", [(tmp_path / "gone", films[1])])
    assert find_made(tmp_path / "none", "key") == Made()
    note_made(tmp_path / "job", "key", [])
    assert find_made(tmp_path / "job", "key") == Made(), "of no file"
