"""Cards: what is known of a clip, from its log, its film, and the clip itself."""

import json
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_clip
from tests.report.stories import HOSTILE, SCRIPT, film_done, frame, job, log, plan, start
from videostyle.report.card import Card
from videostyle.report.gather import gather, key_of, located
from videostyle.report.log import read_night

pytest.importorskip("bokeh")


def card(path: Path) -> Card:
    found, night = read_night(path)
    return gather(night.clips[0], found.parent)


def part(folder: Path, *flags: str, lines: tuple[dict[str, object], ...] = ()) -> Card:
    """The card of a film of four frames, 4 to 7, with these flags in its command."""
    clip, pictures = write_clip(folder / "clip.mp4", moving_scenes()), moving_scenes()
    film = write_clip(folder / "film.mp4", pictures[4:8])
    command = plan(clip, film, command=["videostyle", "run", *flags])
    return card(log(folder / "job.log", start(), command, *map(frame, range(8)), *lines, film_done(film)))


def test_a_finished_clip(tmp_path: Path) -> None:
    made = card(job(tmp_path))
    facts = dict(made.facts)
    assert (made.name, made.state, made.frames, made.painted, made.seconds) == ("clip.mp4", "done", 11, 11, 9.0)
    assert made.film == str(tmp_path / "clip film.mp4")
    assert facts["Frames"] == "11 of 80x64, 2 scenes"
    assert facts["Painting"] == "6 s, 0.50 s and 20 iterations a frame"
    assert facts["Flicker"].endswith(tuple("0123456789"))
    assert (facts["Seed"], facts["Preset"]) == ("7", "draft")
    assert facts["Versions"] == "videostyle 0.2.0, torch 2.11"
    assert ("style.weight", "12.5") in made.changed
    assert made.command == f"videostyle run {tmp_path / 'clip.mp4'} --style 'art $(touch x).png'"
    again = f"1 frame painted again ({SCRIPT}): 3"
    assert made.warnings == (SCRIPT, again, "damage shows in 2 frames")
    assert len(made.strips) == 2
    assert json.loads(made.plots)["target_id"] == f"plots-{made.key}"
    assert "80x64 px" in made.note


def test_settings_of_the_preset_are_not_listed_as_changed(tmp_path: Path) -> None:
    made = card(job(tmp_path, settings={"seed": 0, "style.weight": 12.5, "gone.setting": 1}))
    assert made.settings == (("seed", "0"), ("style.weight", "12.5"), ("gone.setting", "1"))
    assert made.changed == ()  # of another version: nothing to compare with


@pytest.mark.parametrize(
    "flags", [["--frames", "4:8"], ["--in", "0.4", "--out", "0.8"], ["--frames", "5:7", "--handles", "1"]]
)
def test_the_film_of_a_range_is_put_beside_the_right_frames(tmp_path: Path, flags: list[str]) -> None:
    made = part(tmp_path, *flags)
    assert [[pair.frame for pair in strip] for strip in made.strips] == [[4, 5], [6, 7]]


def test_a_log_that_names_the_frames_of_the_film(tmp_path: Path) -> None:
    written = tuple({"event": "written", "frame": number, "total": 4} for number in range(4, 8))
    assert [[pair.frame for pair in strip] for strip in part(tmp_path, lines=written).strips] == [[4, 5], [6, 7]]


def test_a_film_whose_frames_are_not_known_has_no_pictures(tmp_path: Path) -> None:
    made = part(tmp_path, "--frames", "2:9")
    assert made.strips == ()
    assert "the log does not say which frames of the clip are in film.mp4" in made.warnings[-1]


def test_a_film_or_clip_that_is_gone(tmp_path: Path) -> None:
    folder = job(tmp_path)
    (tmp_path / "clip.mp4").unlink()
    made = card(folder)
    assert (made.film != "", made.strips) == (True, ())
    assert "no pictures" in made.warnings[-1]
    (tmp_path / "clip film.mp4").unlink()
    made = card(folder)
    assert (made.film, made.state) == ("", "done")
    assert "no longer there" in made.warnings[-1]


def test_repeats_and_numbers_that_are_not_finite(tmp_path: Path) -> None:
    clip, film = tmp_path / "clip.mp4", tmp_path / "film.mp4"
    repeat = frame(1, repeats=0, iterations=0, seconds=0.0, losses={"style": None})
    made = card(log(tmp_path / "job.log", start(), plan(clip, film), frame(0), repeat))
    assert (made.state, made.painted) == ("left", 1)
    assert dict(made.facts)["Repeats"] == "1 frame not painted, because they repeat others"
    assert json.loads(made.plots)


def test_files_are_found_next_to_the_log(tmp_path: Path) -> None:
    (tmp_path / "job").mkdir()
    (tmp_path / "film.mp4").touch()
    assert located(Path("film.mp4"), tmp_path / "job") == tmp_path / "film.mp4"
    assert located(Path("/elsewhere/film.mp4"), tmp_path / "job") == tmp_path / "film.mp4"
    assert located(Path("/elsewhere/gone.mp4"), tmp_path / "job") == Path("/elsewhere/gone.mp4")


def test_hostile_names_make_plain_keys(tmp_path: Path) -> None:
    (clip,) = read_night(job(tmp_path, HOSTILE))[1].clips
    assert key_of(clip).isalnum()
