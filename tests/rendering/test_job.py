"""From a request to a film, through the library's own door."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import videostyle
from tests.clips import moving_scenes, write_art, write_clip
from videostyle import FilmDone, FrameDone, JobError, Request, SettingsError, check, compose, prepare, run
from videostyle.media.read.probe import probe
from videostyle.rendering.job import estimate

FEW = {"optimize.iterations": 2, "optimize.first_iterations": 3, "backbone.name": "compact", "backbone.device": "cpu"}


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    clip = write_clip(tmp_path / "clip.mp4", moving_scenes((10, 9)), sound=True)
    return Request(clip, (write_art(tmp_path / "art.png"),), compose("draft", None, FEW))


def with_(request: Request, **values: object) -> Request:
    return replace(request, **values)


def test_a_film_from_python(request_: Request) -> None:
    events: list[object] = []
    prepared = prepare(check(request_))
    done = run(prepared, events.append)
    assert done == events[-1]
    assert isinstance(done, FilmDone)
    assert done.path == request_.clip.with_name("clip_art.mp4")
    assert (done.frames, done.frames_lost) == (19, 0)
    assert sum(isinstance(event, FrameDone) for event in events) == 19
    assert probe(done.path).pts == probe(request_.clip).pts
    assert not prepared.checked.job.exists()


def test_a_job_that_is_named_is_kept_and_serves_other_ranges(request_: Request, tmp_path: Path) -> None:
    job = tmp_path / "job"
    part = with_(request_, frames="12:14", job=job, output=tmp_path / "part.mkv")
    run(prepare(check(part)))
    known = json.loads((job / "plan.json").read_text())
    assert known["clip"] == str(request_.clip)
    whole = prepare(check(with_(request_, job=job)))
    assert whole.frames_stored == 4
    assert len(whole.plan.chunks) == 2
    run(whole)
    assert len(list((job / "frames").glob("*.png"))) == 19


@pytest.mark.parametrize("named", [True, False])
def test_who_is_stopped_before_a_frame_is_done_leaves_nothing(
    named: bool, request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    prepared = prepare(check(with_(request_, job=tmp_path / "job" if named else None)))
    monkeypatch.setattr("videostyle.rendering.job.render", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(prepared)
    assert not prepared.checked.job.exists()


def test_a_range_that_is_done_leaves_the_frames_of_one_that_was_stopped(
    request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = request_.clip.with_name("film.mp4")
    stopped = prepare(check(with_(request_, frames="0:4", output=film)))

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("videostyle.rendering.job.make_film", broken)
        with pytest.raises(KeyboardInterrupt):
            run(stopped)
    other = prepare(check(with_(request_, frames="11:13", output=film)))
    run(other)
    assert film.exists()
    assert prepare(check(with_(request_, frames="0:4", output=film, overwrite=True))).frames_stored == 4


def test_a_file_that_came_into_the_films_place_meanwhile_stays(request_: Request, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    prepared = prepare(check(with_(request_, frames="0:2", output=film)))
    film.write_text("precious")
    with pytest.raises(SettingsError, match=r"film\.mp4 exists"):
        run(prepared)
    assert film.read_text() == "precious"
    assert prepare(check(with_(request_, frames="0:2", output=film, overwrite=True))).frames_stored == 2


def test_processes_that_start_together_keep_what_each_found_out(request_: Request, tmp_path: Path) -> None:
    job = tmp_path / "job"
    parts = [prepare(check(with_(request_, frames=frames, job=job, film=False))) for frames in ("0:2", "12:13")]
    lost = replace(parts[0].plan, scan=replace(parts[0].plan.scan, lost=(1,)))
    run(replace(parts[0], plan=lost))
    run(parts[1])
    known = json.loads((job / "plan.json").read_text())["scan"]
    assert known["lost"] == [1]
    assert [scene[0] for scene in known["scenes"]] == [0, 10]


def test_a_file_in_place_of_a_job_folder(request_: Request) -> None:
    with pytest.raises(JobError, match="is a file"):
        prepare(check(with_(request_, job=request_.artworks[0])))


def test_weights_that_do_not_fit_are_told_before_the_clip_is_looked_through(request_: Request) -> None:
    looked: list[int] = []
    settings = compose("draft", None, FEW | {"style.mix": [1, 2]})
    with pytest.raises(SettingsError, match=r"style\.mix"):
        prepare(check(with_(request_, settings=settings)), looked.append)
    assert not looked


def test_estimates_grow_with_the_work(request_: Request) -> None:
    prepared = prepare(check(request_))
    assert prepared.seconds_left > 0
    assert prepared.slots == 1
    assert estimate(prepared, compose("standard")) > 5 * prepared.seconds_left
    assert estimate(prepared, compose("draft", None, {"optimize.iterations": 0})) == 0


def test_slots_are_never_more_than_scenes(request_: Request) -> None:
    assert prepare(check(with_(request_, slots=9))).slots == 2


def test_names_of_films(request_: Request, tmp_path: Path) -> None:
    assert check(request_).output == tmp_path / "clip_art.mp4"
    second = write_art(tmp_path / "b.png", 1)
    assert check(with_(request_, artworks=(*request_.artworks, second))).output == tmp_path / "clip_art+b.mp4"
    silent = write_clip(tmp_path / "old.avi", moving_scenes((4,)), codec="ffv1")
    assert check(with_(request_, clip=silent)).output == tmp_path / "old_art.mp4"


def test_without_an_artwork(request_: Request) -> None:
    with pytest.raises(SettingsError, match="--style"):
        check(with_(request_, artworks=()))


def test_a_hard_link_to_the_clip_is_the_clip(request_: Request, tmp_path: Path) -> None:
    (tmp_path / "same.mp4").hardlink_to(request_.clip)
    with pytest.raises(SettingsError, match="input"):
        check(with_(request_, output=tmp_path / "same.mp4", overwrite=True))


def test_a_disk_without_room_is_refused_before_any_work(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    prepared = prepare(check(request_))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(JobError, match="MB"):
        run(prepared)
    assert not prepared.checked.job.exists()


def test_the_front_door_has_every_public_name() -> None:
    for name in videostyle.__all__:
        assert getattr(videostyle, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = videostyle.nothing
