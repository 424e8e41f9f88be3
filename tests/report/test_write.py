"""The page on disk: whole or not at all, and finished films are measured once."""

from pathlib import Path

import pytest

from tests.report.stories import batch, job
from videostyle.errors import MediaError
from videostyle.report import write
from videostyle.report.write import write_report

pytest.importorskip("bokeh")


def test_a_job_and_a_batch(tmp_path: Path) -> None:
    made = job(tmp_path)
    assert write_report(made) == made / "report.html"
    html = (made / "report.html").read_text(encoding="utf-8")
    assert 'src="../clip%20film.mp4"' in html
    assert write_report(made / "job.log", tmp_path / "other.html") == tmp_path / "other.html"
    assert 'src="clip%20film.mp4"' in (tmp_path / "other.html").read_text(encoding="utf-8")


def test_finished_films_are_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, gathered = batch(tmp_path), list[str]()

    def counted(clip: write.ClipLog, at: Path) -> write.Card:
        gathered.append(clip.clip.name)
        return original(clip, at)

    original = write.gather
    monkeypatch.setattr(write, "gather", counted)
    first = write_report(folder).read_text(encoding="utf-8")
    assert gathered == ["clip.mp4", "broken.mp4", "late.mp4"]
    assert write_report(folder).read_text(encoding="utf-8").split("<footer>")[0] == first.split("<footer>")[0]
    assert gathered[3:] == ["broken.mp4", "late.mp4"]
    (kept,) = (folder / write.KEPT).iterdir()
    kept.write_text("damaged")
    write_report(folder)
    assert gathered[5:] == ["clip.mp4", "broken.mp4", "late.mp4"]
    (tmp_path / "clip film.mp4").touch()  # another film
    write_report(folder)
    assert gathered[8:] == ["clip.mp4", "broken.mp4", "late.mp4"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    made = job(tmp_path)
    with pytest.raises(MediaError, match="the report cannot be written"):
        write_report(made, tmp_path / "gone" / "report.html")
