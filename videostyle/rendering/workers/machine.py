"""What this machine has for workers: cores, memory, and how often memory ran out. Limits of control groups count."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
UNLIMITED = 1 << 60
"""bytes; version 1 of control groups says that a group has no limit with a number above this"""


def cores() -> int:
    """Cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [
        quota / period
        for group in _groups("cpu")
        for quota, period in (_pair(group / "cpu.max"), (_number(group / "cpu.cfs_quota_us"), 100_000))
        if quota > 0
    ]
    return max(1, int(min([allowed, *quotas])))


def free_bytes() -> int:
    """Memory that new processes may take."""
    rooms = [_free_bytes()]
    for group in _groups("memory"):
        limit = _number(group / "memory.max") or _number(group / "memory.limit_in_bytes")
        if 0 < limit < UNLIMITED:
            used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes")
            # the system drops cached files before it kills anything
            cached = max(
                _named(group / "memory.stat", "inactive_file"), _named(group / "memory.stat", "total_inactive_file")
            )
            rooms.append(max(0, limit - used + cached))
    return min(rooms)


def held_bytes(pid: int) -> int:
    """Memory that only this process holds; 0 if the system does not tell."""
    return 1024 * _named(PROC / str(pid) / "status", "RssAnon:")


def memory_kills() -> int:
    """How many processes the system has killed because memory ran out: in this process' control group, or anywhere."""
    for group in _groups("memory"):
        for name in ("memory.events", "memory.oom_control"):
            if (group / name).exists():
                return _named(group / name, "oom_kill")
    return _named(PROC / "vmstat", "oom_kill")


def _free_bytes() -> int:
    """Of the whole machine; of a system that does not tell, half of its memory."""
    if free := _named(PROC / "meminfo", "MemAvailable:"):
        return 1024 * free
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return UNLIMITED


def _groups(controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, its own first, of version 2 and of version 1."""
    with suppress(OSError):
        for line in (PROC / "self" / "cgroup").read_text().splitlines():
            _, controllers, name = line.split(":", 2)
            if controllers and controller not in controllers.split(","):
                continue
            # in a container the name may be one that only the machine knows; its own group is then the root
            root = GROUPS / controller if controllers else GROUPS
            path = root / name.strip("/")
            yield from (folder for folder in (path, *path.parents) if folder.is_relative_to(root) and folder.is_dir())


def _number(path: Path) -> int:
    """The number in a file; 0 if there is none."""
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


def _pair(path: Path) -> tuple[int, int]:
    """The two numbers in a file; zeros if there are none."""
    with suppress(OSError, ValueError):
        first, second = path.read_text().split()
        return int(first), int(second)
    return 0, 1


def _named(path: Path, name: str) -> int:
    """The number behind a name in a file of lines; 0 if it is not there."""
    with suppress(OSError):
        found = re.search(rf"^{re.escape(name)}\s+(\d+)", path.read_text(), re.MULTILINE)
        return int(found[1]) if found else 0
    return 0
