"""Events as objects, all of which README lists."""

import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from videostyle import __version__
from videostyle.events import Event, FrameDone, Notice
from videostyle.journal import NAMES, SCHEMA, named, start, to_line, to_object

README = Path(__file__).parents[1] / "README.md"


def test_every_kind_of_event_has_a_name() -> None:
    assert set(NAMES) == set(get_args(Event))
    assert len(set(NAMES.values())) == len(NAMES)


def test_an_object_has_the_time_in_utc() -> None:
    before = datetime.now(UTC)
    content = to_object(Notice("careful"))
    assert list(content) == ["event", "time", "text"]
    written = datetime.fromisoformat(str(content["time"]))
    assert str(content["time"]).endswith("Z")
    assert abs((written - before).total_seconds()) < 60


def test_the_first_object_says_which_program_writes_the_others() -> None:
    first = start()
    assert (first["event"], first["schema"], first["version"]) == ("start", SCHEMA, __version__)
    versions = first["versions"]
    assert isinstance(versions, dict)
    assert all(versions[name] for name in ("python", "torch", "av", "numpy", "opencv-python"))


def test_lines_are_strict_json() -> None:
    losses = {"style": float("nan"), "content": float("inf"), "tv": 1.0}
    line = to_line(to_object(FrameDone(0, 1, losses, 2, 0.5)))
    assert json.loads(line, parse_constant=pytest.fail)["losses"] == {"style": None, "content": None, "tv": 1.0}


def test_hostile_names_stay_on_one_line_of_ascii() -> None:
    line = to_line(named("clip", {"clip": Path("a\nb \u00e9 \udcff")}))
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["clip"] == "a\nb \u00e9 \udcff"


def test_readme_lists_every_event_and_field() -> None:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", README.read_text(), re.MULTILINE)
    listed = {name: [re.sub(r"\W", "", word) for word in re.findall(r"`\w+`", given)] for name, given in rows}
    for kind, name in NAMES.items():
        assert listed.pop(name) == [field.name for field in fields(kind)], name
    assert listed.pop("scene") == ["scene", "frames", "painted", "repeats", "seconds"]
    assert listed == {"event": ["time"], "start": ["schema", "version", "versions", "platform", "host", "pid"]}
