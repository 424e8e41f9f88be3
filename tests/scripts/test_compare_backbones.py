"""The comparison with VGG-19, in miniature: its table, its sheet, its search."""

import json
import sys
from pathlib import Path

import compare_backbones
import numpy as np
import pytest
from PIL import Image

from tests.scripts.training import write_teacher
from videostyle.settings import RenderSettings


def some_pictures(folder: Path, count: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(count)
    for index in range(count):
        small = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
        small.resize((96, 72)).save(folder / f"{folder.name}{index}.png")
    return folder


def test_table_and_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    flags = [
        "--photos",
        str(some_pictures(tmp_path / "photo", 2)),
        "--styles",
        str(some_pictures(tmp_path / "style", 2)),
    ]
    flags += ["--teacher", str(write_teacher(tmp_path / "teacher.safetensors")), "--size", "64", "--iterations", "12"]
    flags += ["--json", str(tmp_path / "table.json"), "--sheet", str(tmp_path / "sheet.png")]
    flags += ["--cache", str(tmp_path / "cache"), "--limit", "1"]
    monkeypatch.setattr(sys, "argv", ["compare_backbones.py", *flags])
    compare_backbones.main()
    table = json.loads((tmp_path / "table.json").read_text())
    (pair,) = table["pairs"]
    assert (pair["photo"], pair["style"]) == ("photo0", "style0")
    for name in ("style_ratio relu1_1", "style_ratio relu3_1", "content_ratio", "time_ratio"):
        assert table["geometric_means"][name] == pytest.approx(pair[name])
        assert pair[name] > 0
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 68, 160 + 52)
    assert "geometric mean of 1 pairs" in capsys.readouterr().out
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_the_search_matches_the_content_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network whose content distance is a power of the weight, the secant finds the wanted one."""

    def paint(_net: object, _photo: object, _style: object, settings: object, _judge: object) -> object:
        weight = settings.content.weight  # type: ignore[attr-defined]
        return compare_backbones.Painting(np.zeros((1, 1, 3), np.float32), {"a": weight}, 0.7 * weight**-0.3, weight)

    monkeypatch.setattr(compare_backbones, "paint", paint)
    settings = RenderSettings()
    painting = compare_backbones.paint_matched(None, None, None, settings, None, 0.2, 5.0)
    assert painting.content == pytest.approx(0.2, rel=compare_backbones.NEAR)


def test_folders_without_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no pictures"):
        compare_backbones.files(tmp_path, 0)
