"""The command that makes a film again makes the same request."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from videostyle import cli
from videostyle.presets import Recipe, read_assignment
from videostyle.rendering.command import assignment, command_of
from videostyle.rendering.look.still import check_still
from videostyle.rendering.request import Request, check


def typed(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Request:
    """The request that a command line makes."""
    requests = list[Request]()
    monkeypatch.setattr("videostyle.commands.render.render", lambda request, *_: requests.append(request))
    monkeypatch.setattr(sys, "argv", list(command))
    with pytest.raises(SystemExit):
        cli.main()
    return requests[0]


def test_it_asks_for_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"style.mix": (1,), "style.weight": 30, "backbone.name": "compact", "temporal.loop": True}
    request = Request(
        folder / "clip.mp4", (folder / "art.png",), Recipe.read(values=values), frames="2:9", handles=1, slots=2,
        stream=1, keep_job=True,
    )  # fmt: skip
    again = typed(command_of(check(request), "fine"), monkeypatch)
    assert again.recipe.preset == "fine"
    assert again.recipe.given == request.recipe.given
    assert (again.clip, again.output) == (folder / "clip.mp4", folder / "clip_art_1-9.mp4")
    assert (again.frames, again.handles, again.slots, again.stream, again.keep_job) == ("2:9", 1, 2, 1, True)
    assert again.rate is None


def test_no_film_and_a_rate(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    (folder / "shots").mkdir()
    shutil.copy(folder / "art.png", folder / "shots/f_1.png")
    request = Request(folder / "shots", (folder / "art.png",), rate=Fraction(24), film=False, job=folder / "job")
    again = typed(command_of(check(request), ""), monkeypatch)
    assert (again.film, again.job, again.rate, again.recipe.preset) == (False, folder / "job", Fraction(24), "")


def test_an_array_has_no_command(folder: Path) -> None:
    art = np.zeros((70, 70, 3), np.uint8)
    assert command_of(check(Request(folder / "clip.mp4", art)), "draft") == ()


@pytest.mark.parametrize("value", [30, 0.5, True, "compact", "", "a b", "7", ["relu1_1"], (0.5, 0.5)])
def test_an_assignment_reads_back(value: object) -> None:
    assert read_assignment(assignment("name", value)) == ("name", list(value) if isinstance(value, tuple) else value)


def test_a_still_is_made_again_by_its_own_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"style.weight": 30, "style.layers": ["relu1_1"], "backbone.name": "compact"}
    recipe = Recipe.read(values=values)
    request = Request(folder / "clip.mp4", (folder / "art.png",), recipe, frames="0.3", stream=1, overwrite=True)
    command, requests = command_of(check_still(request, folder / "none"), "fine"), list[Request]()
    assert command[:7] == ("videostyle", "still", str(folder / "clip.mp4"), "--frame", "3", "--stream", "1")
    monkeypatch.setattr("videostyle.rendering.look.still.make_still", lambda request, _: requests.append(request))
    monkeypatch.setattr(sys, "argv", list(command))
    with pytest.raises(SystemExit):
        cli.main()
    (again,) = requests
    assert (again.recipe.preset, again.recipe.given) == ("fine", recipe.given)
    assert (again.output, again.overwrite, again.stream) == (folder / "clip_art_000003.png", True, 1)
    photo = Request(folder / "art.png", (folder / "art.png",), output=folder / "a.png")
    assert "--frame" not in command_of(check_still(photo, folder / "none"), "draft")
