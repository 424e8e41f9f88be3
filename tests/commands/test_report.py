"""The command ``report``."""

from pathlib import Path

import pytest

from tests.commands import videostyle
from tests.report.stories import job

pytest.importorskip("bokeh")


def test_it_writes_the_page_and_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = job(tmp_path)
    assert videostyle(monkeypatch, "report", made) == 0
    assert capsys.readouterr().out == f"wrote {made / 'report.html'}\n"
    assert videostyle(monkeypatch, "report", made, "-o", tmp_path / "page.html", "-q") == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_only_a_page_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film = tmp_path / "clip film.mp4"
    made = job(tmp_path)
    before = film.read_bytes()
    assert videostyle(monkeypatch, "report", made, "-o", film) == 2
    assert "clip film.mp4: a report is a page; use a name with .html or .htm" in capsys.readouterr().err
    assert film.read_bytes() == before


def test_what_is_no_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert videostyle(monkeypatch, "report", tmp_path) == 2
    assert "holds neither batch.log nor job.log" in capsys.readouterr().err
