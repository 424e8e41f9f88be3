"""Events are frozen and comparable values that can be pickled."""

import dataclasses
import pickle
from pathlib import Path
from typing import Any, get_args

import pytest

from videostyle import events
from videostyle.events import Event, FilmDone, FrameDone, Notice, OnEvent, ignore

EVENTS: list[Any] = list(get_args(Event))
EXAMPLES: dict[str, object] = {
    "str": "a",
    "int": 1,
    "int | None": 3,
    "float": 0.5,
    "bool": True,
    "Path": Path("a.mp4"),
    "pathlib.Path | None": Path("a.job"),
    "tuple[int, int]": (4, 3),
    "tuple[str, ...]": ("0:4",),
    "Mapping[str, float]": {"style": 0.5},
    "Mapping[str, object]": {"seed": 1},
}


def example(kind: Any) -> Any:
    return kind(**{item.name: EXAMPLES[_name(item.type)] for item in dataclasses.fields(kind)})


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and "[" not in str(kind) else str(kind).split("abc.")[-1]


def test_every_value_of_the_module_is_an_event() -> None:
    defined = [
        value for value in vars(events).values() if isinstance(value, type) and value.__module__ == events.__name__
    ]
    assert set(defined) == set(EVENTS)


@pytest.mark.parametrize("kind", EVENTS, ids=lambda kind: kind.__name__)
def test_an_event_is_a_frozen_value_that_pickles(kind: Any) -> None:
    event = example(kind)
    assert event == example(kind)
    assert pickle.loads(pickle.dumps(event)) == event
    name = next((item.name for item in dataclasses.fields(kind)), "other")
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
        setattr(event, name, None)
    assert kind.__doc__
    assert not hasattr(event, "__dict__")


def test_by_default_a_frame_is_not_the_last_and_not_painted_again() -> None:
    done = FrameDone(0, 3, {}, 1, 0.5)
    assert (done.last, done.retried) == (False, "")


def test_ignore_accepts_any_event() -> None:
    heard: list[Event] = []
    listeners: list[OnEvent] = [ignore, heard.append, lambda event: None]  # noqa: ARG005
    for listener in listeners:
        listener(Notice("careful"))
        listener(FilmDone(Path("a.mp4"), 2, 0, 1.0))
    assert heard == [Notice("careful"), FilmDone(Path("a.mp4"), 2, 0, 1.0)]
