"""A Ray cluster: its workers paint what one process paints, whatever becomes of them. All tests share one cluster."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.clips import write_art
from tests.painters import Blend, Gray
from tests.rendering.jobs import frames_in, opened, plan_of
from tests.rendering.workers.children import is_running, soon
from tests.rendering.workers.engines import SCENES
from tests.rendering.workers.rays import actors_of, before, descendants, listening, painting_in_ray
from videostyle.errors import DeviceError, JobError
from videostyle.events import Event, FrameDone, Notice, OnEvent, ignore
from videostyle.frames import Clip
from videostyle.rendering.workers import cluster as module
from videostyle.rendering.workers.chunks import render_chunks
from videostyle.rendering.workers.cluster import Cluster
from videostyle.rendering.workers.engine import Commission, Lost

ray = pytest.importorskip("ray", reason="Ray is not installed; pip install 'videostyle[cluster]'")
pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where ``before.py`` is."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def shared(place: Path) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        painting_in_ray(monkeypatch, place)
        with Cluster("local", 2) as engine:
            yield engine
        assert descendants(os.getpid()) == {}, "nothing is left running"


@pytest.fixture
def engine(shared: Cluster, place: Path) -> Cluster:
    before(place, "")
    shared.workers = 2
    return shared


def painted(clip: Clip, job: Path, engine: Cluster, on_event: OnEvent = ignore) -> list[FrameDone]:
    plan, painter = plan_of(clip, SCENES), Blend()
    store = opened(job, plan, painter)
    try:
        return list(render_chunks(plan, plan.chunks, store, engine, painter.fingerprint, 1, on_event))
    finally:
        store.close()


def test_its_workers_paint_what_one_process_paints_and_live_through_several_jobs(
    engine: Cluster, clip: Clip, whole: dict[int, str], tmp_path: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    variables, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    before(place, "print('noise'); os.write(1, b'more noise')")
    painted(clip, tmp_path / "one", engine)
    pids = actors_of(os.getpid())
    assert len(pids) == 2
    frames = painted(clip, tmp_path / "two", engine)
    assert actors_of(os.getpid()) == pids
    assert sorted(done.frame for done in frames) == list(range(15)), "reported once each"
    assert frames_in(tmp_path / "one") == frames_in(tmp_path / "two") == whole
    assert (dict(os.environ), signal.getsignal(signal.SIGTERM)) == (variables, handler)
    assert capfd.readouterr() == ("", "")


def test_nothing_of_it_listens_beyond_this_machine(engine: Cluster, clip: Clip, tmp_path: Path) -> None:
    painted(clip, tmp_path / "job", engine)
    ports = listening([os.getpid(), *descendants(os.getpid())])
    assert len(ports) >= 5
    assert all(ports.values()), ports


def test_killed_workers_are_replaced_and_at_most_their_frames_in_flight_painted_again(
    engine: Cluster, clip: Clip, whole: dict[int, str], tmp_path: Path, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = f"(Path({str(tmp_path)!r}) / f'{{os.getpid()}}_{{time.monotonic_ns()}}').touch(); time.sleep(0.05)"
    before(place, code)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, FrameDone) and event.frame == 3:
            killed.extend(actors_of(os.getpid()))
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    frames = painted(clip, tmp_path / "job", engine, kill)
    assert len(killed) == 2
    assert not set(killed).intersection(actors_of(os.getpid()))
    assert frames_in(tmp_path / "job") == whole
    assert sorted(done.frame for done in frames) == list(range(15)), "reported once each"
    # of each worker the frame in flight, and the one before it, which may not be on disk yet
    assert 15 <= len(list(tmp_path.glob("*_*"))) <= 19
    assert capfd.readouterr() == ("", ""), "Ray says nothing"


@pytest.mark.slow
def test_the_work_of_a_lost_machine_is_painted_by_the_others(
    engine: Cluster, clip: Clip, whole: dict[int, str], tmp_path: Path, place: Path
) -> None:
    before(place, "time.sleep(0.05)")
    painted(clip, tmp_path / "first", engine)  # so that it is connected
    start = [sys.executable, "-c", NODE, ray.get_runtime_context().gcs_address]
    node = subprocess.Popen(start, stdin=subprocess.PIPE, env=os.environ | {"RAY_AUTH_MODE": "token"})
    assert soon(lambda: len([one for one in ray.nodes() if one["Alive"]]) == 2)
    engine.workers = 3
    lost: list[int] = []

    def lose(event: Event) -> None:
        theirs = actors_of(node.pid)
        if isinstance(event, FrameDone) and theirs and not lost:
            lost.extend(theirs)
            for pid, command in descendants(node.pid).items():
                if "raylet" in command or pid in theirs:
                    os.kill(pid, signal.SIGKILL)

    try:
        for number in range(20):  # until a worker has started there
            if lost:
                break
            frames = painted(clip, tmp_path / str(number), engine, lose)
            assert frames_in(tmp_path / str(number)) == whole
            assert len(frames) == 15
        assert lost
    finally:
        node.communicate()
    assert soon(lambda: len([one for one in ray.nodes() if one["Alive"]]) == 1)


NODE = """
import sys
from ray._private import node, parameter, ray_constants
ray_constants.ENABLE_RAY_CLUSTER = False
params = parameter.RayParams(gcs_address=sys.argv[1], num_cpus=1, num_gpus=0, object_store_memory=80_000_000)
machine = node.Node(params, head=False, shutdown_at_exit=False, spawn_reaper=True)
sys.stdin.read()
machine.kill_all_processes(check_alive=False, allow_graceful=False)
"""
"""a second machine of the cluster, as far as Ray knows; it ends when its stdin does"""


@pytest.mark.parametrize(
    ("code", "error", "text"),
    [
        ("from videostyle.errors import JobError\nraise JobError('the disk is full')", JobError, "the disk is full"),
        ("raise KeyError('bug')", KeyError, "bug"),
        ("os._exit(7)", DeviceError, "3 workers in a row were lost .* process or its machine is gone"),
    ],
    ids=["an error", "a bug", "an exit"],
)
def test_an_error_of_a_worker_is_raised_here_once(
    code: str, error: type[Exception], text: str, engine: Cluster, clip: Clip, tmp_path: Path, place: Path
) -> None:
    before(place, code)
    with pytest.raises(error, match=text) as raised:
        painted(clip, tmp_path / "job", engine)
    notes = "".join(getattr(raised.value, "__notes__", ()))
    assert ("in a worker" in notes and "paint" in notes) == (error is KeyError)
    assert not list((tmp_path / "job/frames").glob(".*")), "nothing half-written is left"


def test_who_stops_waits_for_nothing_and_nothing_paints_any_more(
    engine: Cluster, clip: Clip, tmp_path: Path, place: Path
) -> None:
    plan = plan_of(clip, SCENES)
    store = opened(tmp_path / "job", plan, Blend())
    frames = render_chunks(plan, plan.chunks, store, engine, Blend().fingerprint)
    next(frames)
    before(place, f"(Path({str(tmp_path)!r}) / f'{{os.getpid()}}.pid').touch(); time.sleep(100)")
    assert soon(lambda: [*tmp_path.glob("*.pid")])
    begun = time.monotonic()
    frames.close()
    assert time.monotonic() - begun < 60
    pids = [int(path.stem) for path in tmp_path.glob("*.pid")]
    assert soon(lambda: not any(map(is_running, pids)))
    store.close()


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (partial(Commission, version="9.9"), "the worker on .*: has videostyle .*, but the job is of 9.9"),
        (
            lambda plan, job, *rest: Commission(plan, job.parent / "other", *rest),
            "the worker on .*: .*other: not the job's",
        ),
        (
            lambda plan, job, _, slots: Commission(plan, job, Gray().fingerprint, slots),
            "its network, weights, .* differs",
        ),
        (
            lambda plan, *rest: Commission(replace(plan, clip=replace(plan.clip, path=Path("/gone.mp4"))), *rest),
            "the worker on .*: /gone.mp4: cannot be read .* on all machines",
        ),
    ],
    ids=["version", "folder", "network", "clip"],
)
def test_a_worker_that_would_paint_something_else_is_refused(
    wrong: object, text: str, engine: Cluster, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.workers.chunks.Commission", wrong)
    with pytest.raises(JobError, match=text) as raised:
        painted(clip, tmp_path / "job", engine)
    assert "\n" not in str(raised.value)
    assert frames_in(tmp_path / "job") == {}


def test_it_says_that_the_cluster_has_no_room_and_goes_on_when_it_has(
    engine: Cluster, clip: Clip, whole: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONG", 0.0)
    engine._end(engine._actors)
    events: list[Event] = []
    painted(clip, tmp_path / "job", engine, events.append)
    notices = {event.text for event in events if isinstance(event, Notice)}
    assert notices == {"no worker has started yet, perhaps because the cluster has no room; waiting"}
    assert frames_in(tmp_path / "job") == whole


def test_memory_that_runs_out_is_told_from_other_losses(engine: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    why = engine._judged(ray.exceptions.OutOfMemoryError("the node was low on memory"))
    assert isinstance(why, Lost)
    assert why.for_memory
    assert engine._judged(ray.exceptions.ActorDiedError()) == Lost("its process or its machine is gone")
    monkeypatch.setattr(module, "memory_kills", lambda: engine._kills + 1)
    assert engine._judged(ray.exceptions.ActorDiedError()) == Lost(
        "the system ended it because memory ran out", for_memory=True
    )


@pytest.fixture
def address(engine: Cluster, clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of the cluster, without workers that would keep what another program waits for."""
    painted(clip, tmp_path / "first", engine)  # so that it is connected
    engine._end(engine._actors)
    monkeypatch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")  # the others look for it on 127.0.0.1 as well
    found: str = ray.get_runtime_context().gcs_address
    return found


def command(clip: Clip, folder: Path, *more: object) -> list[str]:
    art = write_art(folder / "art.png")
    flags = "--set", "optimize.iterations=0", "--set", "scene.min_frames=4", "--json"
    return [sys.executable, "-m", "videostyle", "run", *map(str, (clip.path, "--style", art, *flags, *more))]


@pytest.mark.slow
def test_the_command_line_uses_a_cluster_by_its_address(address: str, clip: Clip, tmp_path: Path) -> None:
    flags = "--cluster", address, "--workers", 2, "-o", tmp_path / "film.mp4"
    made = subprocess.run(command(clip, tmp_path, *flags), capture_output=True, text=True, timeout=100)
    assert (made.returncode, made.stderr) == (0, "")
    assert all(line.startswith("{") for line in made.stdout.splitlines())
    assert soon(lambda: not actors_of(os.getpid())), "they end with the program"


@pytest.mark.slow
def test_a_killed_program_leaves_nothing_that_paints(address: str, clip: Clip, tmp_path: Path, place: Path) -> None:
    before(place, "time.sleep(0.2)")
    flags = "--cluster", address, "--workers", 2, "-o", tmp_path / "a.mp4"
    with subprocess.Popen(command(clip, tmp_path, *flags), stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout
        painting = any('"frame": 1,' in line for line in program.stdout)
        pids = actors_of(os.getpid())
        program.kill()
    assert painting
    assert pids
    assert soon(lambda: not any(map(is_running, pids)))
