"""The law holds for the brush pass: the film is the same for any range, after any interruption."""

import hashlib
import itertools
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, write_art, write_clip
from tests.painters import Gray
from tests.rendering.jobs import artwork, opened, plan_of, settings
from videostyle.frames import Clip, Painted, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.paint.finish import Finish
from videostyle.rendering.finish.finish import finish_for, finished
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

SCENES = (6, 5)
SETTINGS = {"picture__work": 32, "brush__amount": 1.0, "backbone__device": "cpu"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("brush")
    write_art(folder / "art.png")
    return probe(write_clip(folder / "clip.mp4", moving_scenes(SCENES)))


def plan(clip: Clip, *parts: range) -> RenderPlan:
    return plan_of(clip, SCENES, *parts, **SETTINGS)


def brush(clip: Clip) -> Finish:
    """A new one, as another process has it."""
    return finish_for([artwork(clip.path.with_name("art.png"))], settings(**SETTINGS))


def job(clip: Clip, folder: Path) -> Store:
    """A job folder in which the clip itself is the painted film."""
    store = opened(folder, plan(clip), Gray())
    for frame in decode(clip, clip.frames, plan(clip).work):
        store.save(frame.index, frame.pixels, Painted(np.zeros((1, 1, 3), np.float32)))
    store.close()
    return store


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Pixels]:
    return dict(finished(plan(clip), job(clip, tmp_path_factory.mktemp("whole") / "job"), brush(clip)))


def check(film: list[tuple[int, Pixels]], whole: dict[int, Pixels], frames: range) -> None:
    assert [frame for frame, _ in film] == list(frames)
    for frame, pixels in film:
        np.testing.assert_array_equal(pixels, whole[frame], err_msg=f"frame {frame}")


def test_the_film_moves_and_paint_is_carried(clip: Clip, whole: dict[int, Pixels], tmp_path: Path) -> None:
    store = job(clip, tmp_path / "job")
    for frames in (range(3, 4), range(4, 5)):
        list(finished(plan(clip, frames), store, brush(clip)))
    assert len([path for path in (store.folder / "finish").rglob("*") if path.is_file()]) == 5
    assert not np.array_equal(whole[3], whole[4])


@pytest.mark.parametrize("part", [range(3, 5), range(6, 8), range(4, 9), range(10, 11)], ids=str)
@pytest.mark.parametrize("before", [None, range(2, 4), range(8, 10)], ids=str)
def test_a_range_has_the_frames_of_the_whole(
    before: range | None, part: range, clip: Clip, whole: dict[int, Pixels], tmp_path: Path
) -> None:
    store = job(clip, tmp_path / "job")
    if before:
        check(list(finished(plan(clip, before), store, brush(clip))), whole, before)
    check(list(finished(plan(clip, part), store, brush(clip))), whole, part)


@pytest.mark.parametrize("stop", [1, 4, 7])
def test_a_film_that_was_interrupted_continues_the_same(
    stop: int, clip: Clip, whole: dict[int, Pixels], tmp_path: Path
) -> None:
    store = job(clip, tmp_path / "job")
    begun = finished(plan(clip), store, brush(clip))
    check(list(itertools.islice(begun, stop)), whole, range(stop))
    begun.close()  # type: ignore[attr-defined]
    check(list(finished(plan(clip), store, brush(clip))), whole, range(11))


KILL = """
import os, signal
from videostyle.cli import main
from videostyle.rendering.store.store import Store

save = Store.save_carry

def killed(self, finish, frame, carry):
    if frame == {frame}:
        assert self.has(frame)
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, finish, frame, carry)

Store.save_carry = killed
main()
"""


def test_a_process_killed_between_a_painted_frame_and_what_it_carries_is_continued(clip: Clip, tmp_path: Path) -> None:
    """In the middle of a scene, and at the end of one that is then never painted again."""
    art = clip.path.with_name("art.png")
    # in one process: the one that is patched
    given = ["run", str(clip.path), "--style", str(art), "--backbone", "compact", "--device", "cpu", "--workers", "1"]
    given += ["-q", "--overwrite"]
    for name in (
        "optimize.iterations=2",
        "optimize.first_iterations=3",
        "film.codec=ffv1",
        "brush.amount=1",
        "picture.work=40",
    ):
        given += ["--set", name]

    def run(job: str, code: list[str]) -> int:
        place = ["-o", str(tmp_path / f"{job}.mkv"), "--job", str(tmp_path / job)]
        return subprocess.run([sys.executable, *code, *given, *place], check=False).returncode

    def made(job: str) -> list[str]:
        files = [tmp_path / f"{job}.mkv", *sorted((tmp_path / job / "finish").glob("*/*"))]
        assert len(files) == 1 + sum(SCENES)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]

    assert run("peace", ["-m", "videostyle"]) == 0
    for frame in (2, SCENES[0] - 1):
        assert run("killed", ["-c", KILL.format(frame=frame)]) == -signal.SIGKILL
        assert not (tmp_path / "killed.mkv").exists()
    assert run("killed", ["-m", "videostyle"]) == 0
    assert made("killed") == made("peace")
