"""The comparison with the teacher, in miniature: its table, its sheet, its search."""

import json
import shutil
import sys
from pathlib import Path

import compare_backbones
import numpy as np
import pytest
from PIL import Image

from tests.scripts.training import write_teacher
from videostyle.paint.backbones.compact import COMPACT_FILE
from videostyle.settings import RenderSettings


@pytest.fixture(autouse=True)
def timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_backbones, "ROUNDS", 1)


def some_pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(count)
    for index in range(count):
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((96, 72)).save(folder / f"{folder.name}{index}.png")
    return folder


def test_table_and_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    photos, styles = some_pictures(tmp_path / "photo", 2), some_pictures(tmp_path / "style", 2)
    flags = ["--photos", *map(str, sorted(photos.iterdir())), "--styles", *map(str, sorted(styles.iterdir()))]
    flags += ["--teacher", str(write_teacher(tmp_path / "teacher.safetensors")), "--size", "64", "--iterations", "6"]
    flags += ["--json", str(tmp_path / "table.json"), "--sheet", str(tmp_path / "sheet.png")]
    flags += ["--cache", str(tmp_path / "cache"), "--half", "held out"]
    monkeypatch.setattr(sys, "argv", ["compare_backbones.py", *flags])
    compare_backbones.main()
    table = json.loads((tmp_path / "table.json").read_text())
    (pair,) = table["pairs"]
    assert (pair["network"], pair["photo"], pair["style"], pair["half"]) == ("compact", "photo1", "style1", "held out")
    for name in ("style_ratio relu1_1", "style_ratio relu3_1", "content_ratio", "content_weight"):
        assert table["geometric_means"]["compact, held out"][name] == pytest.approx(pair[name])
        assert pair[name] > 0
    assert table["time_ratio"]["teacher"] == 1
    assert table["time_ratio"]["compact"] == table["seconds"]["compact"] / table["seconds"]["teacher"] > 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (68 + 2 * 68 * 2, 160 + 2 * 52)
    assert "geometric means, compact, held out" in capsys.readouterr().out
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_several_networks_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (photo,), (style,) = (some_pictures(tmp_path / name, 1).iterdir() for name in ("photo", "style"))
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    shutil.copy(COMPACT_FILE, first)
    shutil.copy(COMPACT_FILE, second)
    flags = ["--photos", str(photo), "--styles", str(style), "--size", "64", "--iterations", "3"]
    flags += ["--teacher", str(write_teacher(tmp_path / "teacher.safetensors")), "--json", str(tmp_path / "table.json")]
    flags += ["--sheet", str(tmp_path / "sheet.png"), "--cache", str(tmp_path / "cache"), "--networks", str(first)]
    tables = []
    for _ in range(2):  # the second time with the cached painting of the teacher
        monkeypatch.setattr(sys, "argv", ["compare_backbones.py", *flags, str(second)])
        compare_backbones.main()
        tables.append(json.loads((tmp_path / "table.json").read_text())["pairs"])
    one, other = tables[0]
    assert (one.pop("network"), other.pop("network")) == ("first", "second")
    assert one == other, "both files hold the same network"
    assert [pair | {"network": ""} for pair in tables[1]] == [pair | {"network": ""} for pair in (one, other)]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 68 + 3 * 68
    monkeypatch.setattr(sys, "argv", ["compare_backbones.py", *flags, str(first)])
    with pytest.raises(SystemExit, match="another network is already called first; rename the file"):
        compare_backbones.main()


def test_pairs_belong_to_halves() -> None:
    halves = [[compare_backbones.half_of(photo, style, 4, 8) for style in (0, 3, 4, 7)] for photo in (0, 1, 2, 3)]
    assert halves == 2 * [["tuned", "tuned", "mixed", "mixed"]] + 2 * [["mixed", "mixed", "held out", "held out"]]


def test_the_search_matches_the_content_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network whose content distance is a power of the weight, the secant finds the wanted one."""

    def paint(_net: object, _photo: object, _style: object, settings: object, _judge: object) -> object:
        weight = settings.content.weight  # type: ignore[attr-defined]
        return compare_backbones.Painting(np.zeros((1, 1, 3), np.float32), {"a": weight}, 0.7 * weight**-0.3, weight)

    monkeypatch.setattr(compare_backbones, "paint", paint)
    settings = RenderSettings()
    painting = compare_backbones.paint_matched(None, None, None, settings, None, 0.2, 5.0)
    assert painting.content == pytest.approx(0.2, rel=compare_backbones.NEAR)
