"""The one law on a CPU: neither threads nor workers change a bit of any frame."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import videostyle as vs
from tests.clips import moving_scenes, write_art, write_clip
from tests.rendering.jobs import frames_in

SCENES = (4, 5, 4)
SETTINGS = {
    "optimize.iterations": 4,
    "optimize.first_iterations": 12,
    "optimize.coarsest": 40,
    "backbone.name": "compact",
    "backbone.device": "cpu",
    "scene.detector": "content",
    "scene.min_frames": 3,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("law")
    write_clip(path / "clip.mp4", moving_scenes(SCENES))
    write_art(path / "art.png")
    return path


@pytest.fixture(scope="module")
def plan(folder: Path) -> vs.RenderPlan:
    made = vs.plan(folder / "clip.mp4", folder / "art.png", settings=SETTINGS)
    assert len(made.chunks) == len(SCENES)
    return made


@pytest.fixture(scope="module")
def whole(plan: vs.RenderPlan, folder: Path) -> dict[int, str]:
    """Painted in this process."""
    assert [frame.index for frame in vs.render(plan, folder / "whole")] == list(range(13))
    return frames_in(folder / "whole")


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_change_nothing(workers: int, plan: vs.RenderPlan, whole: dict[int, str], tmp_path: Path) -> None:
    frames = list(vs.render(plan, tmp_path / "job", workers=workers))
    assert sorted(frame.index for frame in frames) == list(range(13))
    assert frames_in(tmp_path / "job") == whole
    assert all(frame.losses for frame in frames)


@pytest.mark.parametrize("threads", ["1", "2"])
def test_threads_change_nothing(threads: str, folder: Path, whole: dict[int, str], tmp_path: Path) -> None:
    code = (
        "import sys; import videostyle as vs\n"
        f"plan = vs.plan(sys.argv[1], sys.argv[2], settings={SETTINGS!r})\n"
        "assert len(list(vs.render(plan, sys.argv[3]))) == 13"
    )
    names = "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"
    command = [sys.executable, "-c", code, folder / "clip.mp4", folder / "art.png", tmp_path / "job"]
    subprocess.run(command, env=os.environ | dict.fromkeys(names, threads), check=True)
    assert frames_in(tmp_path / "job") == whole
