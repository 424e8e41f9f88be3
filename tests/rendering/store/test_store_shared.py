"""Several processes in one job folder: nothing that one has learned is lost, and none takes over another's folder."""

import errno
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rendering.jobs import record
from videostyle.errors import JobError
from videostyle.frames import FrameRange
from videostyle.motion.light import Light
from videostyle.paint.colors import Palette
from videostyle.rendering.plan.scan import Scan
from videostyle.rendering.store.store import Store


def opened(folder: Path, plan: str = "abc", alone: bool = False) -> Store:
    store = Store(folder)
    store.open(record(plan), alone)
    return store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = opened(tmp_path / "job")
    yield made
    made.close()


SCANS = (
    Scan((FrameRange(0, 8), FrameRange(8, 20)), (4, 11), {3: Light(0.5)}),
    Scan((FrameRange(8, 20),), (11,), bars=(0, 0, 4, 4), alike=(9,)),
    Scan((FrameRange(20, 30),), ()),
)
TOGETHER = Scan((FrameRange(0, 8), FrameRange(8, 20), FrameRange(20, 30)), (4, 11), {3: Light(0.5)}, (0, 0, 4, 4), (9,))

ADD_SCANS = """
import sys
from pathlib import Path
from tests.rendering.jobs import record
from videostyle.frames import FrameRange
from videostyle.rendering.plan.scan import Scan
from videostyle.rendering.store.store import Store
store, first = Store(Path(sys.argv[1])), int(sys.argv[2])
store.open(record())
print("open", flush=True)
sys.stdin.readline()
for number in range(first, first + 40):
    store.save_scan("k", Scan((FrameRange(10 * number, 10 * number + 10),), (10 * number,)))
store.close()
"""


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_stores_that_are_open_at_the_same_time_keep_what_each_has_learned(
    order: tuple[int, ...], tmp_path: Path
) -> None:
    stores = [opened(tmp_path / "job") for _ in SCANS]
    for number in order:
        stores[number].save_scan("k", SCANS[number])
    for store in stores:
        assert store.scan("k") == TOGETHER
        store.close()


def test_two_processes_keep_what_each_has_learned(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ADD_SCANS, str(tmp_path / "job")]
    workers = [
        subprocess.Popen([*command, first], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for first in ("0", "20")
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "open\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("\n")
        worker.stdin.flush()
    assert [worker.communicate() and worker.returncode for worker in workers] == [0, 0]
    scanned = Store(tmp_path / "job").scan("k")
    assert scanned.scenes == tuple(FrameRange(start, start + 10) for start in range(0, 600, 10))
    assert scanned.lost == tuple(range(0, 600, 10))
    names = [path.name for path in (tmp_path / "job/scans").iterdir()]
    assert len(names) == 60, "what both know is stored once"
    assert not any(name.startswith(".") for name in names)


def test_a_scan_counts_for_its_own_clip_only(store: Store) -> None:
    store.save_scan("k", SCANS[0])
    assert store.scan("k") == SCANS[0]
    assert store.scan("other") == Store(store.folder / "none").scan("k") == Scan((), ())


def test_the_colors_of_scenes_are_stored_exactly(store: Store) -> None:
    palette = Palette((0.1, 1 / 3, 0.7), ((0.02, 1e-17, 0.0), (1e-17, 0.03, 0.0), (0.0, 0.0, 0.04)))
    store.save_scan("k", Scan((FrameRange(4, 9),), (), palettes={4: palette}))
    store.save_scan("k", SCANS[0])
    assert store.scan("k").palettes == {4: palette}


def test_a_damaged_scan_is_ignored(store: Store) -> None:
    store.save_scan("k", SCANS[0])
    (store.folder / "scans/abc.json").write_text('{"key": "k", "sce')
    assert store.scan("k") == SCANS[0]


def test_learning_nothing_new_writes_nothing(store: Store) -> None:
    store.save_scan("k", SCANS[0])
    (path,) = (store.folder / "scans").iterdir()
    before = path.stat().st_mtime_ns
    store.save_scan("k", SCANS[0])
    assert [(path, path.stat().st_mtime_ns)] == [(path, before) for path in (store.folder / "scans").iterdir()]


@pytest.mark.parametrize("links", [True, False])
def test_the_process_that_is_faster_owns_the_folder(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found an empty folder; the slower one must not replace the plan that frames are painted by."""
    plan, fsync = tmp_path / "job/plan.json", os.fsync
    plan.parent.mkdir()

    def overtaken(file: int) -> None:
        fsync(file)
        plan.write_text(record("fast").to_json())

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fsync", overtaken)
    if not links:
        monkeypatch.setattr(os, "link", refused)
    with pytest.raises(JobError, match="another clip"):
        opened(tmp_path / "job")
    assert json.loads(plan.read_text())["fingerprint"] == "fast"
    assert {path.name for path in plan.parent.iterdir()} == {"plan.json", ".lock"}


HOLD = """
import sys
from pathlib import Path
from tests.rendering.jobs import record
from videostyle.rendering.store.store import Store
store = Store(Path(sys.argv[1]))
store.open(record(), exclusive=sys.argv[2] == "alone")
print("open", flush=True)
sys.stdin.read()
"""

OPEN = """
import sys
from pathlib import Path
from tests.rendering.jobs import record
from videostyle.rendering.store.store import Store
for number in range(40):
    store = Store(Path(sys.argv[1]) / str(number))
    store.open(record())
    store.discard_if_empty()
    store.close()
"""


@pytest.mark.parametrize(
    ("theirs", "ours", "fits"),
    [("shared", False, True), ("shared", True, False), ("alone", False, False), ("alone", True, False)],
)
def test_a_folder_is_shared_only_if_both_processes_agree(theirs: str, ours: bool, fits: bool, tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "job"), theirs]
    store = Store(tmp_path / "job")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        if fits:
            store.open(record(), ours)
            store._created = True
            store.discard_if_empty()
            assert store.folder.exists(), "the other process is still in it"
        else:
            with pytest.raises(JobError, match=r"another process is using it.*; wait for it to finish"):
                store.open(record(), ours)
        other.kill()  # and the system releases the lock
    store.close()
    opened(tmp_path / "job", alone=True).close()


def test_a_file_system_without_locks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refused)
    store = opened(tmp_path / "job")
    store.discard_if_empty()
    assert store.folder.exists(), "another process may be in it"
    store.close()


def test_many_processes_may_open_a_new_folder_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    workers = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [worker.communicate()[1] for worker in workers] == [""] * 4
    assert [worker.returncode for worker in workers] == [0] * 4
