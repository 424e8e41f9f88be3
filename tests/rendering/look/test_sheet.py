"""Contact sheets from Python: what is planned, shared, and said."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.media.profiles import WIDE
from videostyle.errors import SettingsError
from videostyle.events import CellPainted, Event, FilmDone, Iterated, Notice, Scanned
from videostyle.media.sheet import Sheet
from videostyle.media.stills import read_png, write_png
from videostyle.presets import Recipe
from videostyle.rendering.look.sheet import SheetRequest, make_sheet
from videostyle.rendering.look.still import still
from videostyle.rendering.look.vary import Choice
from videostyle.rendering.request import Request

FEW = {"backbone.name": "compact", "backbone.device": "cpu", "optimize.first_iterations": 2}
SIZES = Choice("film", {}), Choice("as large as the film", {"picture.work": 64})


def sheet_of(folder: Path, name: str = "clip.mp4", **values: object) -> tuple[Sheet, list[Event]]:
    asked = {"columns": SIZES, "size": 64} | values
    request = Request(folder / name, folder / "art.png", Recipe("draft", FEW), output=folder / "sheet.png")
    events: list[Event] = []
    return make_sheet(SheetRequest(request, **asked), events.append), events  # type: ignore[arg-type]


def test_a_sheet_of_a_clip(folder: Path) -> None:
    sheet, events = sheet_of(folder, scenes=2, rows=(Choice("a"), Choice("b", {"seed": 3})), title="the clip")
    assert sheet.rows == ("frame 6, a", "frame 6, b", "frame 19, a", "frame 19, b")
    assert sheet.columns == ("film", "as large as the film")
    assert {picture.shape for row in sheet.pictures for picture in row} == {(64, 80, 3)}
    assert [event.done for event in events if isinstance(event, CellPainted)] == [*range(9)]
    assert [event.path for event in events if isinstance(event, FilmDone)] == [folder / "sheet.png"]
    looked = [event.frame for event in events if isinstance(event, Scanned)]
    assert len(looked) == len(set(looked)) == 26, "the clip is decoded once"
    assert "--set seed=3" in sheet.commands[3][0]
    assert sheet.commands[3][1].endswith("sheet_4_2.png")


def test_pictures_are_enlarged_as_the_film_would_be(folder: Path) -> None:
    request = Request(folder / "art.png", folder / "art.png", Recipe("draft", FEW), output=folder / "a.png")
    sheet = make_sheet(SheetRequest(request, columns=SIZES, size=40))
    assert "--set picture.work=40" in sheet.commands[0][0], "the preset's 256 px are more than the picture has"
    pixels = np.random.default_rng(0).integers(0, 255, (300, 320, 3), np.uint8)
    write_png(folder / "large.png", pixels, profile=WIDE)
    sheet, _ = sheet_of(folder, "large.png")
    assert "--set picture.work=32" in sheet.commands[0][0]
    assert "--set picture.work=64" in sheet.commands[0][1]
    assert sheet.profile == WIDE
    values = {**FEW, "picture.size": 64, "picture.work": 32}
    done = still(folder / "large.png", folder / "art.png", settings=values, preset="draft")
    np.testing.assert_array_equal(read_png(done.path), sheet.pictures[0][0])


def test_nothing_is_replaced_and_no_mistake_is_painted(folder: Path) -> None:
    (folder / "sheet.png").write_bytes(b"mine")
    with pytest.raises(SettingsError, match="exists"):
        sheet_of(folder)
    (folder / "sheet.png").unlink()
    wrong = Choice("x", {"style.layers": ["relu9_1"]}), Choice("y", styles=(folder / "none.png",))
    with pytest.raises(SettingsError, match=r"(?s)2 mistakes:.*relu9_1.*none.png"):
        sheet_of(folder, columns=wrong)
    assert not (folder / "sheet.png").exists()
    request = Request(folder / "clip.mp4", folder / "art.png", output=folder / "sheet.jpg")
    with pytest.raises(SettingsError, match=r"a sheet is .png or .html"):
        make_sheet(SheetRequest(request))


def test_notices_come_once(folder: Path) -> None:
    write_png(folder / "tiny.png", np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    _, events = sheet_of(folder, columns=(Choice(styles=(folder / "tiny.png",)), Choice(styles=(folder / "tiny.png",))))
    said = [event.text for event in events if isinstance(event, Notice)]
    assert len([text for text in said if "tiny.png is only 40x40 px" in text]) == 1


def test_what_comes_after_painting_costs_no_painting(folder: Path) -> None:
    later = tuple(Choice(str(amount), {"brush.amount": amount}) for amount in (0.0, 0.5, 1.0))
    sheet, events = sheet_of(folder, columns=later, rows=(Choice("", {"picture.work": 32}),), scenes=2)
    order = [type(event) for event in events if isinstance(event, CellPainted | Iterated)]
    work = [one is Iterated for one, other in itertools.pairwise(order) if other is CellPainted]
    assert sum(work) == 2, "a frame of each scene"
    assert len({picture.tobytes() for row in sheet.pictures for picture in row}) == 6


@pytest.mark.parametrize("name", ["art.png", "other.png", "clip.mp4"])
@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_no_input_is_replaced(folder: Path, name: str, suffix: str) -> None:
    (folder / "other.png").write_bytes((folder / "art.png").read_bytes())
    source = (folder / name).rename(folder / f"{name}{suffix}")  # whatever it is called
    files = [
        path if path.name != name else source for path in map(folder.joinpath, ("clip.mp4", "art.png", "other.png"))
    ]
    before = source.read_bytes()
    request = Request(files[0], files[1], Recipe("draft", FEW), output=source, overwrite=True)
    with pytest.raises(SettingsError, match="is an input of this render"):
        make_sheet(SheetRequest(request, rows=(Choice("other", styles=(files[2],)),)))
    assert source.read_bytes() == before


@pytest.mark.parametrize(
    ("clip", "sheet"),
    [("clip.mp4", "clip_sheet.png"), ("f_%04d.png", "f_sheet.png"), (f"{'x' * 250}.png", f"{'x' * 236}~")],
)
def test_names_of_sheets(folder: Path, clip: str, sheet: str) -> None:
    shots = folder / "shots"
    shots.mkdir()
    for name in [clip % number for number in (1, 2)] if "%" in clip else [clip]:
        (shots / name).write_bytes((folder / ("art.png" if name.endswith("png") else name)).read_bytes())
    request = Request(shots / clip, folder / "art.png", Recipe("draft", FEW | {"optimize.iterations": 0}))
    made: list[Event] = []
    make_sheet(SheetRequest(request, size=40), made.append)
    (path,) = (event.path for event in made if isinstance(event, FilmDone))
    assert path.parent == shots
    assert path.name.startswith(sheet)
    assert path.name.endswith("_sheet.png")
