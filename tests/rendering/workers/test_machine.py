"""What this machine has, with files of the system that tests write."""

import os
from pathlib import Path

import pytest

from videostyle.rendering.workers import machine

MEMINFO = "MemTotal: 16000000 kB\nMemFree: 500 kB\nMemAvailable:  8000000 kB\n"


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of eight cores with 8 GB free and no control groups."""
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    write(tmp_path, {"proc/meminfo": MEMINFO, "proc/vmstat": "oom_kill_x 9\noom_kill 3\n"})
    return tmp_path


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.mark.usefixtures("system")
def test_without_control_groups() -> None:
    assert (machine.cores(), machine.free_bytes(), machine.memory_kills()) == (8, 8_192_000_000, 3)


def test_limits_of_version_2_count_those_of_outer_groups_too(system: Path) -> None:
    write(
        system,
        {
            "proc/self/cgroup": "0::/outer/inner\n",
            "groups/outer/inner/cpu.max": "max 100000\n",
            "groups/outer/cpu.max": "350000 100000\n",
            "groups/outer/inner/memory.max": "4000000000\n",
            "groups/outer/inner/memory.current": "3000000000\n",
            "groups/outer/inner/memory.stat": "anon 1\ninactive_file 500000000\n",
            "groups/outer/memory.max": "max\n",
            "groups/outer/inner/memory.events": "low 0\noom 9\noom_kill 2\n",
        },
    )
    assert (machine.cores(), machine.free_bytes(), machine.memory_kills()) == (3, 1_500_000_000, 2)


def test_limits_of_version_1(system: Path) -> None:
    write(
        system,
        {
            "proc/self/cgroup": "5:memory:/job\n4:cpu,cpuacct:/job\n0::/\n",
            "groups/cpu/job/cpu.cfs_quota_us": "50000\n",
            "groups/memory/job/memory.limit_in_bytes": "2000000000\n",
            "groups/memory/job/memory.usage_in_bytes": "1900000000\n",
            "groups/memory/job/memory.stat": "total_inactive_file 100000000\n",
            "groups/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "groups/memory/job/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        },
    )
    assert (machine.cores(), machine.free_bytes(), machine.memory_kills()) == (1, 200_000_000, 1)


def test_in_a_container_the_groups_name_may_be_unknown(system: Path) -> None:
    write(system, {"proc/self/cgroup": "0::/../../elsewhere\n", "groups/memory.max": "3000000000\n"})
    write(system, {"groups/memory.current": "1000000000\n", "groups/cpu.max": "200000 100000\n"})
    assert (machine.cores(), machine.free_bytes()) == (2, 2_000_000_000)


def test_a_system_that_tells_nothing(system: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (system / "proc/meminfo").unlink()
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.cores() == 1
    assert machine.free_bytes() > 0


def test_this_machine() -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    assert machine.free_bytes() > 0
    assert machine.memory_kills() >= 0


def test_what_a_process_holds(system: Path) -> None:
    write(system, {"proc/12/status": "VmRSS:\t  900 kB\nRssAnon:\t  500 kB\nRssFile:\t  400 kB\n"})
    assert machine.held_bytes(12) == 512_000
    assert machine.held_bytes(13) == 0
