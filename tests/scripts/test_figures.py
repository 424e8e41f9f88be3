"""The figures of the papers, at a size at which nothing can be seen."""

import sys
from pathlib import Path

import figures
import pytest
from PIL import Image

from tests.clips import write_art


def test_all_figures_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo, art, other = (
        write_art(tmp_path / f"{name}.png", seed) for seed, name in enumerate(("photo", "art", "other"))
    )
    place = ["-o", tmp_path / "figures", "--day", photo, "--night", other, "--size", "40", "--iterations", "1"]
    monkeypatch.setattr(sys, "argv", ["figures.py", *map(str, [photo, art, other, *place])])
    figures.main()
    made = sorted(path.stem for path in (tmp_path / "figures").iterdir())
    assert made == [
        *("blends", "content_layers", "content_reconstruction", "photoreal", "starts", "style_reconstruction"),
        *("variations", "weights_and_layers"),
    ]
    assert len(capsys.readouterr().out.splitlines()) == 8
    with Image.open(tmp_path / "figures" / "starts.png") as sheet:
        assert sheet.width >= 6 * 40
