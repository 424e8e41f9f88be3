"""Worker processes: they are started anew, survive several jobs, and never outlive what started them."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.clips import write_art
from tests.painters import Blend
from tests.rendering.jobs import frames_in, opened, plan_of
from tests.rendering.workers.children import is_running, painting, soon, workers_of
from tests.rendering.workers.engines import SCENES
from videostyle.errors import DeviceError, JobError
from videostyle.events import Event, FrameDone, Notice
from videostyle.frames import Clip
from videostyle.rendering.workers import pool
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.engine import Engine
from videostyle.rendering.workers.pool import Pool
from videostyle.rendering.workers.processes import Processes

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def painted(clip: Clip, job: Path, engine: Engine, on_event=lambda _: None) -> list[FrameDone]:  # type: ignore[no-untyped-def]
    plan, painter = plan_of(clip, SCENES), Blend()
    store = opened(job, plan, painter)
    try:
        return list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, 1, on_event))
    finally:
        store.close()


def test_workers_paint_what_one_process_paints_and_live_through_several_jobs(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, tmp_path, "print('noise'); os.write(1, b'more noise')")
    with Processes(Pool(2)) as engine:
        assert workers_of(os.getpid()) == [], "they start when they are needed"
        assert engine._pool.held() == 0
        painted(clip, tmp_path / "one", engine)
        pids = workers_of(os.getpid())
        assert len(pids) == 2
        assert 20e6 < engine._pool.held() < 20e9
        assert [Path(f"/proc/{pid}/oom_score_adj").read_text() for pid in pids] == ["500\n"] * 2
        frames = painted(clip, tmp_path / "two", engine)
        assert workers_of(os.getpid()) == pids
    assert workers_of(os.getpid()) == []
    assert sorted(done.frame for done in frames) == list(range(15))
    assert frames_in(tmp_path / "one") == frames_in(tmp_path / "two") == whole


def test_a_killed_worker_is_replaced_and_at_most_its_frames_in_flight_painted_again(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, tmp_path, "(folder / f'{os.getpid()}_{frames}').touch(); time.sleep(0.05)")
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, FrameDone) and event.frame == 3:
            killed.extend(workers_of(os.getpid()))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    with Processes(Pool(2)) as engine:
        frames = painted(clip, tmp_path / "job", engine, kill)
    assert frames_in(tmp_path / "job") == whole
    assert sorted(done.frame for done in frames) == list(range(15)), "reported once each"
    assert len(killed) == 2
    assert workers_of(os.getpid()) == []
    assert 15 <= len(list(tmp_path.glob("*_*"))) <= 15 + 2 * 2, "one frame is being painted, one may be being written"


def test_a_worker_killed_for_memory_is_not_replaced(
    clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, tmp_path, "time.sleep(0.05)")
    events: list[Event] = []
    kills = [0]
    monkeypatch.setattr(pool, "memory_kills", lambda: kills[0])

    def kill(event: Event) -> None:
        events.append(event)
        if isinstance(event, FrameDone) and event.frame == 1:
            kills[0] += 1
            os.kill(workers_of(os.getpid())[0], signal.SIGKILL)

    with Processes(Pool(2)) as engine:
        painted(clip, tmp_path / "job", engine, kill)
        assert engine.workers == 1
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == ["the system ended a worker because memory ran out; continuing with 1 worker"]
    assert frames_in(tmp_path / "job") == whole


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        (
            "from videostyle.errors import JobError\nif frames == 1: raise JobError('the disk is full')",
            JobError,
            "full",
        ),
        ("if frames == 1: os._exit(7)", DeviceError, "3 workers in a row were lost .* exit code 7"),
        ("if frames == 1: raise KeyError('bug')", KeyError, "bug"),
    ],
    ids=["an error", "an exit", "a bug"],
)
def test_an_error_of_a_worker_is_raised_here_once(
    code: str, error: type[Exception], text: str, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a worker that is started again begins with a frame count of 0, so that it must stumble at once
    code = code.replace(
        "frames == 1", "(folder / 'job/frames/000002.png').exists()" if "_exit" in code else "frames == 1"
    )
    painting(monkeypatch, tmp_path, code)
    with Processes(Pool(2)) as engine, pytest.raises(error, match=text) as raised:
        painted(clip, tmp_path / "job", engine)
    notes = "".join(getattr(raised.value, "__notes__", ()))
    assert ("in a worker" in notes and "paint" in notes) == (error is KeyError)
    assert workers_of(os.getpid()) == []
    if error is not DeviceError:  # a worker that is gone at once cannot tidy up
        assert not list((tmp_path / "job/frames").glob(".*")), "nothing half-written is left"


def test_reports_that_cannot_be_read_are_those_of_a_lost_worker(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painting(monkeypatch, tmp_path)
    monkeypatch.setattr(pool.pickle, "load", Mock(side_effect=AttributeError("no such event")))
    said = Mock()
    monkeypatch.setattr(threading, "excepthook", said)
    with Processes(Pool(2)) as engine, pytest.raises(DeviceError, match="3 workers in a row were lost"):
        painted(clip, tmp_path / "job", engine)
    assert said.called, "it is a bug"
    assert workers_of(os.getpid()) == []


SCRIPT = """
import sys
from contextlib import closing
import videostyle as vs
plan = vs.plan(sys.argv[1], sys.argv[2], settings={"optimize.iterations": 0, "scene.min_frames": 4})
frames = vs.render(plan, sys.argv[3], workers=2)
with closing(frames):
    print(next(frames).index, flush=True)
    sys.stdin.read()
    print(1 + sum(1 for _ in frames))
"""
"""a user's script, with no guard around what it does"""


@pytest.mark.parametrize("ending", ["", "SIGKILL", "SIGINT"])
def test_a_script_without_a_guard_and_however_it_ends_nothing_is_left_running(
    ending: str, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    painting(monkeypatch, tmp_path, "time.sleep(0.2)")
    command = [sys.executable, tmp_path / "script.py", clip.path, write_art(tmp_path / "art.png"), tmp_path / "job"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=tmp_path, start_new_session=True,
    ) as script:  # fmt: skip
        assert script.stdout
        assert script.stdout.readline().strip() in ("0", "6", "11")
        pids = workers_of(script.pid)
        assert len(pids) == 2
        if ending:
            os.killpg(script.pid, signal.SIGINT) if ending == "SIGINT" else script.kill()
        said, errors = script.communicate()
    assert soon(lambda: not any(map(is_running, pids)))
    if ending == "SIGINT":
        assert errors.count("Traceback") == 1, "the script's own"
        assert errors.rstrip().endswith("KeyboardInterrupt")
    elif not ending:
        assert (script.returncode, said.strip(), errors) == (0, "15", "")
