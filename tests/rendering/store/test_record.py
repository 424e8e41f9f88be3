"""``plan.json``: what is written comes back, and a damaged file is one line wherever it is read."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.rendering.jobs import record
from videostyle.errors import JobError
from videostyle.frames import Painted
from videostyle.presets import compose
from videostyle.rendering.film.film import stored_film
from videostyle.rendering.store.record import JobRecord
from videostyle.rendering.store.store import Store

FULL = record(
    preset="fine", rate=Fraction(24000, 1001), styles=(Path("/a.png"), Path("/b.png")), settings=compose("fine")
)


@pytest.mark.parametrize("made", [record(), FULL], ids=["plain", "full"])
def test_a_record_comes_back(made: JobRecord, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert JobRecord.read(path) is None
    path.write_text(made.to_json())
    assert JobRecord.read(path) == made


FAULTS: dict[str, object] = {
    "format": 2,
    "fingerprint": 5,
    "painter": {"name": "gray"},
    "preset": ["fine"],
    "maker": None,
    "clip": 5,
    "stream": "0",
    "rate": "0",
    "identity": {},
    "styles": "/art.png",
    "settings": {"style": {"old": 1}},
    "version": 1,
}


def job_with(content: str, folder: Path) -> Store:
    """A job folder with one finished frame and this text as its plan."""
    store = Store(folder)
    store.open(record())
    store.save(0, np.zeros((4, 5, 3), np.uint8), Painted(np.zeros((1, 1, 3), np.float32)))
    store.close()
    (folder / "plan.json").write_text(content)
    return store


def damaged(name: str, missing: bool) -> str:
    stored = json.loads(record().to_json())
    if missing:
        del stored[name]
    else:
        stored[name] = FAULTS[name]
    return json.dumps(stored)


@pytest.mark.parametrize("missing", [True, False], ids=["missing", "wrong"])
@pytest.mark.parametrize("name", FAULTS)
def test_a_key_that_is_missing_or_wrong_is_named(name: str, missing: bool, tmp_path: Path) -> None:
    store = job_with(damaged(name, missing), tmp_path / "job")
    with pytest.raises(JobError, match=rf"plan\.json: damaged, .*\('{name}' is missing or not valid\); the frames"):
        store.record()


@pytest.mark.parametrize("content", ["", "{", "[1]", "null", '"text"', "\0", damaged("clip", True)], ids=repr)
def test_wherever_a_damaged_plan_is_read_it_is_one_line_and_frames_stay(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    store = job_with(content, folder)
    readers = (
        store.begun,
        store.record,
        lambda: store.check("abc"),
        lambda: store.open(record()),
        lambda: stored_film(folder, tmp_path / "film.mp4"),
    )
    for read in readers:
        with pytest.raises(JobError, match=r"plan\.json: damaged") as error:
            read()
        assert "\n" not in str(error.value)
        assert "delete" not in str(error.value)
    assert store.has(0)


def test_a_plan_that_is_a_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(JobError, match=r"plan\.json: cannot be read \(.*\); use another folder with --job"):
        Store(tmp_path).record()
