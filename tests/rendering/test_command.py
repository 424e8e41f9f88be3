"""The command that makes a film again makes the same request."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from videostyle import cli
from videostyle.presets import Recipe
from videostyle.rendering.command import command_of
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
