"""Logs of jobs and batches, whole and damaged."""

from pathlib import Path

import pytest

from tests.report.stories import batch, film_done, frame, job, log, plan, start
from videostyle.errors import JobError
from videostyle.report.log import read_night


def test_a_job(tmp_path: Path) -> None:
    path, night = read_night(job(tmp_path))
    (clip,) = night.clips
    assert path.name == "job.log"
    assert (clip.clip, clip.state, len(clip.frames)) == (tmp_path / "clip.mp4", "done", 11)
    assert clip.versions == {"videostyle": "0.2.0", "torch": "2.11"}
    assert clip.plan
    assert (clip.plan.preset, clip.plan.settings["seed"]) == ("draft", 7)
    assert clip.flag("--style") == "art $(touch x).png"
    assert clip.flag("--frames") == ""
    assert len(clip.notices) == 1  # said before the plan
    assert (clip.begun, night.seconds) == ("2026-11-28T18:00:01.000Z", 14)
    assert clip.frames[1].losses["temporal"] == 0.5


def test_runs_of_the_same_job_are_joined_and_others_are_not(tmp_path: Path) -> None:
    clip, film = tmp_path / "clip.mp4", tmp_path / "film.mp4"
    first = [start(), plan(clip, film), frame(0), frame(1), {"event": "stopped"}]
    again = [start(), plan(clip, film), frame(1, iterations=5), frame(2), film_done(film)]
    (one,) = read_night(log(tmp_path / "job.log", *first, *again))[1].clips
    assert [(done.frame, done.iterations) for done in one.frames.values()] == [(0, 20), (1, 5), (2, 20)]
    assert one.state == "done"
    changed = [start(), plan(clip, film, fingerprint="other"), frame(2), {"event": "failed", "text": "no space"}]
    (other,) = read_night(log(tmp_path / "job.log", *first, *again, *changed))[1].clips
    assert [*other.frames] == [2]
    assert (other.state, other.text) == ("failed", "no space")


def test_time_between_runs_does_not_count(tmp_path: Path) -> None:
    clip, film = tmp_path / "clip.mp4", tmp_path / "film.mp4"
    late = [line | {"time": f"2026-11-29T07:00:0{n}.500Z"} for n, line in enumerate([start(), plan(clip, film)])]
    assert read_night(log(tmp_path / "x.log", start(), plan(clip, film), frame(0), *late))[1].seconds == 3


def test_lines_that_are_cut_off_or_no_objects_are_skipped(tmp_path: Path) -> None:
    made = job(tmp_path) / "job.log"
    made.write_bytes(b'7\n[]\n{"event": 3}\n\xff\n{"event": "frame"}\n' + made.read_bytes() + b'{"event": "fra')
    (clip,) = read_night(made)[1].clips
    assert (clip.state, len(clip.frames)) == ("done", 11)


def test_a_batch(tmp_path: Path) -> None:
    path, night = read_night(batch(tmp_path))
    assert path.name == "batch.log"
    assert [clip.state for clip in night.clips] == ["done", "failed", "left"]
    assert [clip.text for clip in night.clips] == ["", "not a <clip>", "no time left"]
    assert len(night.clips[0].frames) == 11
    assert night.clips[1].plan is None


def test_a_batch_on_its_second_night_still_knows_the_first(tmp_path: Path) -> None:
    folder = batch(tmp_path)
    with (folder / "batch.log").open("a") as lines:
        film = str(tmp_path / "clip film.mp4").replace("\\", "\\\\")
        lines.write('{"event": "start"}\n')
        lines.write(f'{{"event": "clip_planned", "clip": "clip.mp4", "output": "{film}", "status": "done"}}\n')
    (clip,) = read_night(folder)[1].clips
    assert (clip.state, len(clip.frames)) == ("done", 11)


def test_what_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no such file or folder; name a job folder"):
        read_night(tmp_path / "gone")
    with pytest.raises(JobError, match=r"holds neither batch.log nor job.log"):
        read_night(tmp_path)
    job(tmp_path)
    with pytest.raises(JobError, match=r"clip film.mp4: a film, not a log; name its job folder"):
        read_night(tmp_path / "clip film.mp4")
    with pytest.raises(JobError, match="no clip has been planned yet"):
        read_night(log(tmp_path / "job.log", start()))
