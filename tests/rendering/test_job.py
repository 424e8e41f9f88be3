"""From a request to a film."""

import json
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from videostyle.errors import JobError, SettingsError
from videostyle.events import Event, FilmDone, FrameDone, Scanned
from videostyle.media.files import temporary_of
from videostyle.media.read.probe import probe
from videostyle.paint.keep import KeepPainter
from videostyle.presets import Recipe
from videostyle.rendering.estimate import together
from videostyle.rendering.finish.finish import finish_for
from videostyle.rendering.job import _check_space, estimate, prepare, run
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.log import read_log
from videostyle.rendering.store.store import Store

FEW = {"optimize.iterations": 2, "optimize.first_iterations": 3, "backbone.name": "compact", "backbone.device": "cpu"}


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    clip = write_clip(tmp_path / "clip.mp4", moving_scenes((10, 9)), sound=True)
    return Request(clip, (write_art(tmp_path / "art.png"),), Recipe("draft", FEW))


def with_(request: Request, **values: Any) -> Request:
    return replace(request, **values)


def more(**values: object) -> Recipe:
    return Recipe("draft", FEW | {name.replace("__", "."): value for name, value in values.items()})


def test_a_film_from_python(request_: Request) -> None:
    events: list[Event] = []
    killed = temporary_of(request_.clip.with_name("clip_art.mp4"))
    killed.touch()
    prepared = prepare(check(request_))
    done = run(prepared, events.append)
    assert not killed.exists(), "left by a process that was killed"
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
    assert whole.summary.frames_stored == 4
    assert len(whole.plan.chunks) == 2
    run(whole)
    assert len(list((job / "frames").glob("*.png"))) == 19


@pytest.mark.parametrize("named", [True, False])
def test_who_is_stopped_before_a_frame_is_done_leaves_nothing(
    named: bool, request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> Iterator[None]:
        raise KeyboardInterrupt
        yield

    prepared = prepare(check(with_(request_, job=tmp_path / "job" if named else None)))
    monkeypatch.setattr("videostyle.rendering.workers.inside.render", stopped)
    with pytest.raises(KeyboardInterrupt):
        run(prepared)
    assert not prepared.checked.job.exists()


def test_a_range_that_is_done_leaves_the_frames_of_one_that_was_stopped(request_: Request) -> None:
    film = request_.clip.with_name("film.mp4")
    stopped = prepare(check(with_(request_, frames="0:4", output=film)))

    def interrupted(event: Event) -> None:
        if isinstance(event, FrameDone) and event.frame == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(stopped, interrupted)
    other = prepare(check(with_(request_, frames="11:13", output=film)))
    run(other)
    assert film.exists()
    assert prepare(check(with_(request_, frames="0:4", output=film, overwrite=True))).summary.frames_stored == 4


def test_a_file_that_came_into_the_films_place_meanwhile_stays(request_: Request, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    prepared = prepare(check(with_(request_, frames="0:2", output=film)))

    def late(event: Event) -> None:
        if isinstance(event, FrameDone):
            film.write_text("precious")

    with pytest.raises(SettingsError, match=r"film\.mp4 exists"):
        run(prepared, late)
    assert film.read_text() == "precious"
    assert prepare(check(with_(request_, frames="0:2", output=film, overwrite=True))).summary.frames_stored == 2
    with pytest.raises(SettingsError, match=r"film\.mp4 exists"):
        run(prepared)


def test_no_process_loses_what_another_has_learned_about_the_clip(request_: Request, tmp_path: Path) -> None:
    job = tmp_path / "job"
    parts = [prepare(check(with_(request_, frames=frames, job=job, film=False))) for frames in ("0:2", "12:13")]
    lost = replace(parts[0].plan, scan=replace(parts[0].plan.scan, lost=(1,)))
    run(replace(parts[0], plan=lost))
    run(parts[1])
    scanned = Store(job).scan(json.loads(next((job / "scans").iterdir()).read_text())["key"])
    assert scanned.lost == (1,)
    assert [scene.start for scene in scanned.scenes] == [0, 10]


def test_a_job_remembers_its_backbone(request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auto = with_(request_, recipe=more(backbone__name="auto"), job=tmp_path / "job", frames="0:2")
    monkeypatch.setattr("videostyle.paint.backbones.published.Published.is_cached", lambda *_: False)
    run(prepare(check(auto)))
    monkeypatch.setattr("videostyle.paint.backbones.published.Published.is_cached", lambda *_: True)
    again = prepare(check(with_(auto, overwrite=True)))
    assert again.painter.name == "compact"
    assert again.summary.frames_stored == 2


def test_a_painter_can_be_handed_in(request_: Request) -> None:
    prepared = prepare(check(with_(request_, recipe=more(brush__amount=0.0))), KeepPainter())
    assert (prepared.painter.name, prepared.summary.seconds) == ("unpainted", 0)
    assert run(prepared).frames == 19


def test_a_file_in_place_of_a_job_folder(request_: Request) -> None:
    with pytest.raises(JobError, match="a file, not a job folder"):
        prepare(check(with_(request_, job=request_.styles[0])))


def test_weights_that_do_not_fit_are_reported_before_the_clip_is_scanned(request_: Request) -> None:
    events: list[Event] = []
    with pytest.raises(SettingsError, match=r"style\.mix"):
        prepare(check(with_(request_, recipe=more(style__mix=[1, 2]))), on_event=events.append)
    assert not any(isinstance(event, Scanned) for event in events)


def test_estimates_grow_with_the_work(request_: Request) -> None:
    prepared = prepare(check(with_(request_, recipe=Recipe("draft", {"backbone.name": "compact"}))))
    assert prepared.summary.seconds > 0
    assert prepared.summary.slots == 1
    assert estimate(prepared, "fine") > 1.5 * prepared.summary.seconds
    assert prepare(check(with_(request_, recipe=more(optimize__iterations=0)))).summary.seconds == 0


def test_a_scan_is_used_again_for_other_settings(request_: Request) -> None:
    first, events = prepare(check(request_)), list[Event]()
    other = with_(request_, recipe=more(style__weight=3))
    again = prepare(check(other), on_event=events.append, before=first)
    assert again.plan.scan == first.plan.scan
    assert not any(isinstance(event, Scanned) for event in events)
    finer = with_(request_, recipe=more(scene__min_frames=2))
    prepare(check(finer), on_event=events.append, before=first)
    assert any(isinstance(event, Scanned) for event in events)


def test_a_job_keeps_a_log(request_: Request, tmp_path: Path) -> None:
    part = with_(request_, frames="0:2", job=tmp_path / "job", recipe=more(style__weight=3.0))
    prepared = prepare(check(part))
    run(prepared)
    first, *others = read_log(tmp_path / "job/job.log")
    assert first["version"]
    plan = next(one for one in others if one["event"] == "plan")
    assert (plan["settings"]["style.weight"], plan["command"]) == (3.0, list(prepared.summary.command))
    assert [one["frame"] for one in others if one["event"] == "frame"] == [0, 1]
    assert others[-1]["event"] == "film"


def test_nothing_is_measured_if_all_frames_are_stored(
    request_: Request, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = with_(request_, frames="12:14", job=tmp_path / "job", film=False)
    run(prepare(check(part), KeepPainter()))

    def measure(*_: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(KeepPainter, "cost", measure)
    again = prepare(check(part), KeepPainter())
    assert (again.summary.frames_stored, again.summary.seconds, again.summary.slots) == (4, 0, 1)
    assert run(again).frames == 2
    with pytest.raises(AssertionError, match="measured"):
        prepare(check(with_(part, frames="12:15")), KeepPainter())


def test_the_summary_tells_what_will_be_done(request_: Request) -> None:
    summary = prepare(check(with_(request_, recipe=more(brush__amount=0.0), frames="12:14"))).summary
    assert (summary.frames, summary.frames_to_render, summary.frames_stored) == (2, 4, 0)
    assert (summary.scenes, summary.render) == (("10:19",), ("10:14",))
    assert (summary.painter, summary.artworks, summary.slots) == ("compact", ("art.png",), 1)
    assert summary.seconds == pytest.approx(summary.seconds_first + 3 * summary.seconds_later)


def test_the_summary_includes_the_brush_pass_if_there_is_a_film(request_: Request, tmp_path: Path) -> None:
    with_brush = with_(request_, recipe=more(brush__amount=1.0), frames="12:14")
    prepared = prepare(check(with_brush))
    plan, painting = prepared.plan, prepared.summary.seconds_first + 3 * prepared.summary.seconds_later
    cost = finish_for(plan.artworks, plan.settings).cost(plan.work, plan.size)
    assert cost.seconds_first > cost.seconds_later > 0
    finishing = cost.seconds_first + 3 * cost.seconds_later
    assert prepared.summary.seconds == pytest.approx(together([painting], finishing, "cpu"))
    assert prepared.summary.bytes == 2 * cost.bytes_per_slot + prepared.painter.cost(*plan.work[::-1]).bytes_per_slot
    frames = prepare(check(with_(with_brush, job=tmp_path / "job", film=False))).summary
    assert frames.seconds == pytest.approx(frames.seconds_first + 3 * frames.seconds_later)


def test_slots_are_never_more_than_scenes(request_: Request) -> None:
    assert prepare(check(with_(request_, slots=9))).summary.slots == 2


def test_a_disk_needs_room_for_what_the_brush_pass_stores(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    """Space for the painted frames alone is not enough."""
    for amount, fits in ((0.0, True), (1.0, False)):
        prepared = prepare(check(with_(request_, recipe=more(brush__amount=amount, picture__work=32))))
        room = 19 * (40 * 32 * 3 * 3 // 4 + 4096) + 1000
        monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(room, 0, room))  # type: ignore[attr-defined]  # noqa: B023
        with nullcontext() if fits else pytest.raises(JobError, match="MB"):
            _check_space(prepared.plan, Store(prepared.checked.job))


def test_a_disk_without_room_is_refused_before_any_work(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = prepare(check(request_))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(JobError, match="MB"):
        run(prepared)
    assert not prepared.checked.job.exists()
