"""Names of clips and films."""

from pathlib import Path

import pytest

from tests.clips import write_art
from videostyle.presets import Recipe
from videostyle.rendering.batch.clips import wanted
from videostyle.rendering.batch.jobs import Job


def job(base: Path, *clips: str, output: str = "") -> Job:
    return Job("line 3: ", base, clips, (base / "art.png", base / "b.png"), output, Recipe("fine"))


def found(made: Job) -> list[str]:
    """Names of clips relative to the job's folder; faults as they are."""
    return [one.fault or str(one.request.clip.relative_to(made.base)) for one in wanted(made)]


def output(made: Job) -> Path | None:
    (film,) = wanted(made)
    return film.request.output


def test_wildcards_find_clips_only(tmp_path: Path) -> None:
    for folder in ("x.mp4.job", "deep", "jobs.batch"):
        (tmp_path / folder).mkdir()
    for name in ("b.mp4", "a.MOV", ".a.mp4", "c.txt", "x.mp4.job/y.mp4", "deep/d.mkv", "jobs.batch/z.mp4"):
        (tmp_path / name).touch()
    assert found(job(tmp_path, "*")) == ["a.MOV", "b.mp4"]
    assert found(job(tmp_path, "**/*")) == ["a.MOV", "b.mp4", "deep/d.mkv"]
    assert found(job(tmp_path, "*.txt")) == ["c.txt"], "as asked for"
    assert found(job(tmp_path, str(tmp_path / "*.mp4"))) == ["b.mp4"]


def test_a_name_that_is_there_is_no_wildcard(tmp_path: Path) -> None:
    folder = tmp_path / "take [1]"
    folder.mkdir()
    for name in ("a [2].mp4", "a 2.mp4", "-b.mp4"):
        (folder / name).touch()
    assert found(job(folder, "a [2].mp4", "-b.mp4", "a*")) == ["a [2].mp4", "-b.mp4", "a 2.mp4", "a [2].mp4"]


@pytest.mark.parametrize("name", ["shots", "shots/f_%d.png", "shots/f_##.png", "shots/*.png"])
def test_numbered_pictures_are_one_clip(name: str, tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    write_art(tmp_path / "shots/f_01.png")
    assert found(job(tmp_path, name)) == [name]


@pytest.mark.parametrize("name", ["a.mp4", "*.mp4", "x" * 300])
def test_a_name_that_means_no_clip_is_a_fault(name: str, tmp_path: Path) -> None:
    (film,) = wanted(job(tmp_path, name, output="{clip}.mp4"))
    assert str(tmp_path) in film.fault
    assert film.request.output == tmp_path / f"{Path(name).stem}.mp4"


def test_outputs_hold_what_is_in_braces(tmp_path: Path) -> None:
    (tmp_path / "in {style} %d.mp4").touch()
    made = job(tmp_path, "in {style} %d.mp4", output="{folder}/films/{clip}-{style}-{preset}.mov")
    assert output(made) == tmp_path / "films/in {style} %d-art+b-fine.mov"


def test_a_folder_as_output_gets_the_usual_names(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (film,) = wanted(job(tmp_path, "a.mp4", output="films/"))
    assert (film.request.output, film.request.folder) == (None, tmp_path / "films")
    assert output(job(tmp_path, "a.mp4")) is None
