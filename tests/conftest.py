"""Shared by all tests."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clips import moving_scenes, write_art, write_clip
from videostyle.rendering.workers.machine import cores, free_bytes

ROOM = 2 << 30
"""bytes for each process of tests and the programs that it starts: torch alone takes 0.6 GB in every one"""


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may not be installed where only a few tests run
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One for each core, up to four, as far as memory goes; none if only files are named, which then begin sooner."""
    if all(word.partition("::")[0].endswith(".py") for word in config.args):
        return 0
    return min(cores(), free_bytes() // ROOM, 4)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without CUDA, skip tests marked ``gpu`` unless FAIL_WITHOUT_GPU is set."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked or os.environ.get("FAIL_WITHOUT_GPU"):
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device found"))


@pytest.fixture(autouse=True, scope="session")
def _interrupts() -> None:
    """A shell that runs tests in the background has them ignore Ctrl-C, and so would the programs that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def _one_worker() -> Iterator[None]:
    """``--workers auto`` means this process: on a busy machine it means others, where nothing that is patched is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("videostyle.rendering.workers.count.cores", lambda: 1)
        yield


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small clips, an artwork and files that are not clips."""
    folder = tmp_path_factory.mktemp("source")
    write_clip(folder / "clip.mp4", moving_scenes((14, 12)), sound=True)
    write_clip(folder / "silent.mkv", moving_scenes((5,)), codec="ffv1")
    write_art(folder / "art.png")
    (folder / "text.mp4").write_text("no clip at all")
    (folder / "empty.mp4").write_bytes(b"")
    return folder


@pytest.fixture
def folder(source: Path, tmp_path: Path) -> Path:
    """A copy of ``source`` that a test may change."""
    for path in source.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


@pytest.fixture
def few_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores compare a few patches, for tests of what surrounds that: sorting all of them takes most of their time."""
    monkeypatch.setattr("videostyle.paint.patches.COUNT", 256)


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> pytest.CaptureFixture[str]:
    """What is printed on a terminal."""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda _: True)  # there is another one in the test
    return capsys
