"""A Ray cluster for tests: what it paints, which processes are part of it, and where they listen."""

import os
import textwrap
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import pytest

from tests.rendering.workers.children import is_running, painting


def painting_in_ray(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let Ray's workers started from now on paint with ``Blend``, and run ``before.py`` before each frame."""
    before(folder, "")
    painting(monkeypatch, folder, "exec((folder / 'before.py').read_text())")
    custom = folder / "sitecustomize.py"
    code = textwrap.indent(custom.read_text(), "    ")
    # only workers and the command line; Ray's other processes would import torch, too
    custom.write_text(
        f"import sys\nif any('default_worker' in word or word == 'videostyle' for word in sys.orig_argv):\n{code}"
    )


def before(folder: Path, code: str) -> None:
    """What all workers do before their next frame."""
    (folder / "before.py").write_text(code)


def descendants(pid: int) -> dict[int, str]:
    """All processes that a process has started, directly or not -> their command."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
        parents.setdefault(parent, []).append(int(folder.name))
    found: dict[int, str] = {}
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), ()):
            waiting.append(child)
            if is_running(child):
                found[child] = (Path("/proc") / str(child) / "cmdline").read_text().replace("\0", " ").strip()
    return found


def actors_of(pid: int) -> list[int]:
    """The workers among them."""
    return sorted(child for child, command in descendants(pid).items() if command.startswith("ray::Remote"))


def listening(pids: list[int]) -> dict[int, bool]:
    """Ports at which processes listen -> whether only this machine can reach it."""
    sockets = set()
    for pid in pids:
        for link in (Path("/proc") / str(pid) / "fd").glob("*"):
            try:
                target = os.readlink(link)
            except OSError:
                continue
            if target.startswith("socket:["):
                sockets.add(target[8:-1])
    found = {}
    for name in ("tcp", "tcp6"):
        for line in (Path("/proc/net") / name).read_text().splitlines()[1:]:
            _, local, _, state, *_, = line.split()  # fmt: skip
            if state == "0A" and line.split()[9] in sockets:
                address, port = local.split(":")
                words = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
                ip = ip_address(words)
                ip = (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip
                found[int(port, 16)] = ip.is_loopback
    return found
