"""Worker processes that paint as a test wants, and which of them are running."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def painting(monkeypatch: pytest.MonkeyPatch, folder: Path, code: str = "") -> None:
    """Let worker processes started from now on paint with ``Blend``, and run code before each frame.

    The code sees ``self`` (the painter), ``frames`` (how many it has painted), and ``folder``.
    """
    lines = "\n".join(f"        {line}" for line in (code or "pass").splitlines())
    (folder / "sitecustomize.py").write_text(
        "import os, time\n"
        "import videostyle.paint.load as load\n"
        "from pathlib import Path\n"
        "from tests.painters import Blend\n"
        f"folder = Path({str(folder)!r})\n"
        "class Child(Blend):\n"
        "    frames = 0\n"
        "    def paint(self, tasks, on_step=None):\n"
        "        frames = self.frames\n"
        f"{lines}\n"
        "        self.frames += 1\n"
        "        return super().paint(tasks, on_step)\n"
        "load.load_painter = lambda *_: Child()\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]))


def workers_of(pid: int) -> list[int]:
    """The worker processes that a process has started and that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_text()
        except OSError:  # it has just ended
            continue
        if int(parent) == pid and state != "Z" and "workers.serve" in command:
            found.append(int(folder.name))
    return sorted(found)


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(condition: Callable[[], object], seconds: float = 30) -> bool:
    """Whether something becomes true within so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
