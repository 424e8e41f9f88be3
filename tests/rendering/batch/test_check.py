"""What is wrong with a batch is found before its first frame."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.clips import moving_scenes, write_clip
from videostyle.errors import SettingsError
from videostyle.presets import Recipe
from videostyle.rendering.batch import check as module
from videostyle.rendering.batch.check import Task, check_films, find_films, folders_for
from videostyle.rendering.batch.films import Films
from videostyle.rendering.batch.jobs import Job, read_jobs


def job(folder: Path, *clips: str, output: str = "") -> Job:
    return Job("line 3: ", folder, clips, (folder / "art.png",), output)


def checked(*jobs: Job, films: Films | None = None, overwrite: bool = False) -> list[Task]:
    films = films or Films(jobs[0].base / "jobs.batch")
    every = find_films(Path("jobs.toml"), jobs, films)
    with folders_for(every):
        return check_films(Path("jobs.toml"), every, films, overwrite)


def faults_of(*jobs: Job) -> Sequence[str]:
    with pytest.raises(SettingsError) as caught:
        checked(*jobs)
    return str(caught.value).split("\n  ")[1:]


def test_every_clip_gets_its_film(folder: Path) -> None:
    first, second = checked(job(folder, "clip.mp4", "silent.mkv", output="films/"))
    assert (first.number, first.frames, first.size, first.status) == (1, 26, (80, 64), "waiting")
    assert (first.output, second.output) == (folder / "films/clip_art.mp4", folder / "films/silent_art.mkv")
    assert first.request.output == first.output
    assert not first.request.overwrite
    assert first.job == folder / "films/clip_art.mp4.job"
    assert not (folder / "films").exists(), "nothing was started"


def test_a_clip_that_cannot_be_painted_is_no_fault(folder: Path) -> None:
    films = checked(job(folder, "text.mp4", "silent.mkv", "empty.mp4", output="{clip}.mov"))
    assert [film.status for film in films] == ["failed", "waiting", "failed"]
    assert "cannot be read as a clip" in films[0].text
    assert (films[0].key, films[0].frames, films[0].output) == ("", 0, folder / "text.mov")


def test_a_clip_whose_sound_its_container_cannot_hold_is_no_fault(folder: Path) -> None:
    (film,) = checked(job(folder, "clip.mp4", output="{clip}_a.gif"))
    assert film.status == "failed"
    assert "sound" in film.text


def test_names_that_mean_no_clip_are_listed_at_once(folder: Path) -> None:
    assert [fault.split(": ")[0] for fault in faults_of(job(folder, "a.mp4", "b*.mov"))] == ["line 3", "line 3"]


def test_mistakes_of_all_kinds_are_listed_at_once(folder: Path) -> None:
    jobs = folder / "jobs.toml"
    jobs.write_text("""
[defaults]
styles = "art.png"
[[job]]
clips = "gone.mp4"
output = "silent.mkv"
[[job]]
clips = "silent.mkv"
frames = "0:24x"
tv.wait = 3
output = "same.mkv"
[[job]]
clips = "silent.mkv"
frames = "0:100"
output = "same.mkv"
[[job]]
clips = "clip*.mov"
output = "films"
preset = "fien"
[[job]]
clip = "clip.mp4"
""")
    films = Films(folder / "jobs.batch")
    found = find_films(jobs, read_jobs(jobs), films)
    with pytest.raises(SettingsError) as caught:
        check_films(jobs, found, films, overwrite=False)
    head, *faults = str(caught.value).split("\n  ")
    assert "11 faults" in head
    said = [
        "line 4: .*gone.mp4: no such file", "line 4: .*silent.mkv is an input of this batch",
        "line 9: frames = '0:24x': 0:24x is not a range", "line 10: unknown setting 'tv.wait'",
        "line 12: .*silent.mkv: frames = '0:100': the clip has frames 0 to 4", "line 12: .*same.mkv would be the film",
        r"line 16: .*clip\*.mov: no clip", "line 16: .*films: not the name of a film", "line 19: fien: no such preset",
        "line 20: no clips", "line 21: unknown 'clip'",
    ]  # fmt: skip
    for text, fault in zip(said, faults, strict=True):
        assert re.match(text, fault), fault


def test_what_is_wrong_without_any_clip(folder: Path) -> None:
    jobs = folder / "jobs.toml"
    jobs.write_text('[[job]]\nclip="a"')
    with pytest.raises(SettingsError, match="3 faults"):
        find_films(jobs, read_jobs(jobs), Films(folder))


@pytest.mark.parametrize("change", [Recipe("fine"), Recipe("", {"seed": 3})], ids=["preset", "setting"])
def test_films_that_differ_in_how_they_are_painted(change: Recipe, folder: Path) -> None:
    other = Job("line 9: ", folder, ("clip.mp4",), (folder / "art.png",), recipe=change)
    (fault,) = faults_of(job(folder, "clip.mp4"), other)
    assert fault.endswith("use {preset} in output" if change.preset else "use another name in output")


def test_the_name_of_a_film_that_cannot_be_made(folder: Path) -> None:
    (folder / "text.avi").write_text("no clip")
    (folder / "silent.avi").write_text("no clip")
    films = checked(job(folder, "text.mp4", "text.avi"), job(folder, "empty.mp4", output="films/"))
    assert [film.output.name for film in films] == ["text_art.mp4", "text.avi_text_art.mp4", "empty_art.mp4"]
    assert films[2].output.parent == folder / "films"


def test_films_that_would_replace_each_other_or_a_source(folder: Path) -> None:
    (fault,) = faults_of(job(folder, "clip.mp4", "silent.mkv", output="film.mp4"))
    assert "film.mp4 would be the film of" in fault
    assert fault.endswith("use {clip} in output")
    (fault,) = faults_of(job(folder, "clip.mp4", output="{folder}/{clip}.mp4"))
    assert fault.endswith("clip.mp4 is an input of this render; use another output")


def test_a_film_that_is_the_clip_of_another_job_is_a_fault_unless_a_wildcard_found_it(folder: Path) -> None:
    write_clip(folder / "clip_art.mp4", moving_scenes((3,)))
    films = checked(job(folder, "clip*.mp4"), overwrite=True)
    assert [film.request.clip.name for film in films] == ["clip.mp4"]
    with pytest.raises(SettingsError, match=r"clip_art.mp4 is an input of this batch"):
        checked(job(folder, "clip.mp4", "clip_art.mp4"), overwrite=True)


@pytest.mark.parametrize("output", ["films", "{clip}_{style}", "{clip}.mpeg9"])
def test_an_output_that_is_no_film_is_a_fault(output: str, folder: Path) -> None:
    (fault,) = faults_of(job(folder, "clip.mp4", output=output))
    assert "not the name of a film; end it in / if it is a folder, or in one of .mp4" in fault


def test_frames_beyond_the_end_are_a_fault(folder: Path) -> None:
    beyond = Job("line 3: ", folder, ("silent.mkv",), (folder / "art.png",), frames="0:100")
    (fault,) = faults_of(beyond)
    assert fault.startswith(f"line 3: {folder / 'silent.mkv'}: ")


def test_what_exists_is_replaced_only_if_the_batch_has_made_it(folder: Path) -> None:
    films, one = Films(folder), job(folder, "silent.mkv", output="film.mp4")
    (film,) = checked(one)
    film.output.write_bytes(b"film")
    (fault,) = faults_of(one)
    assert "film.mp4 exists; delete it, use another output, or --overwrite" in fault
    (again,) = checked(one, overwrite=True)
    assert again.request.overwrite
    films.begin(film.output, film.key)
    (again,) = checked(one, films=films)
    assert (again.status, again.request.overwrite) == ("waiting", True)
    films.end(film.output, film.key)
    (again,) = checked(one, films=films)
    assert again.status == "done"
    other = Job("line 3: ", folder, ("silent.mkv",), (folder / "art.png",), "film.mp4", frames="0:2")
    (edited,) = checked(other, films=films)
    assert (edited.status, edited.kind) == ("failed", "MediaError")
    assert "its clip, its settings, or the film itself have changed since this batch made it" in edited.text


def test_a_film_of_an_earlier_run_is_not_a_clip_for_wildcards(folder: Path) -> None:
    films = Films(folder)
    write_clip(folder / "old_film.mp4", moving_scenes((3,)))
    films.begin(folder / "old_film.mp4", "key")
    names = [film.request.clip.name for film in checked(job(folder, "*.mp4"), films=films)]
    assert names == ["clip.mp4", "empty.mp4", "text.mp4"]


def test_a_disk_that_is_too_small_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shutil import disk_usage

    usage = disk_usage(folder)._replace(free=1000)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    (fault,) = faults_of(job(folder, "clip.mp4"))
    assert "0 MB free, but films and frames need about" in fault
    assert f"{folder}:" in fault


@pytest.mark.parametrize(("cores", "needed"), [(1, 15), (3, 22)])
def test_a_disk_must_hold_the_job_folders_of_the_clips_in_flight(
    cores: int, needed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.batch.crew.cores", lambda: cores)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    tasks: Any = [
        SimpleNamespace(status="waiting", needs={tmp_path: 1e6}, job_bytes=size * 1e6) for size in (5, 4, 3, 6)
    ]
    (fault,) = module._space(tasks)
    assert f"about {needed} MB" in fault


def test_folders_of_films_are_kept_if_wanted(folder: Path) -> None:
    every = find_films(Path("jobs.toml"), [job(folder, "clip.mp4", output="a/b/")], Films(folder))
    with folders_for(every) as made:
        assert made == [folder / "a", folder / "a/b"]
        made.clear()
    assert (folder / "a/b").is_dir()
