"""The one law: a frame's pixels depend on clip, style and settings; not on range, slots, workers or interruptions."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from videostyle.errors import OutOfMemoryError
from videostyle.events import Event, FrameDone, Notice
from videostyle.frames import FrameInput, FrameRange, FrameTask, Painted, Pixels
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.media.stills import read_picture
from videostyle.paint.load import load_painter
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.presets import change
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.plan.plan import Artwork, RenderPlan, make_plan, scan
from videostyle.rendering.store.record import JobRecord
from videostyle.rendering.store.store import Store
from videostyle.selection import Selection
from videostyle.settings import RenderSettings, SceneSettings

SETTINGS = change(
    RenderSettings(),
    {
        "optimize.iterations": 4,
        "optimize.first_iterations": 6,
        "optimize.coarsest": 40,
        "temporal.long_term": [1, 2],
        "backbone.name": "compact",
        "backbone.device": "cpu",
    },
    "test",
)
SCENES = (6, 5, 4)
FLASH = 8
"""a white frame: those after it hang on those before it"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("law")
    pictures = moving_scenes(SCENES)
    pictures[FLASH][:] = 255
    write_clip(path / "clip.mp4", pictures)
    write_art(path / "art.png")
    return path


@pytest.fixture(scope="module")
def art(folder: Path) -> Pixels:
    return read_picture(folder / "art.png")


@pytest.fixture(scope="module")
def painter(art: Pixels) -> Painter:
    return load_painter([art], SETTINGS)


def plan(folder: Path, keep: Selection | None = None) -> RenderPlan:
    clip = probe(folder / "clip.mp4")
    artwork = Artwork("art.png", read_picture(folder / "art.png"))
    keep = keep or Selection.whole(clip)
    # each range is scanned by itself: it must find the same colors
    scanned = replace(known(*SCENES), palettes=scan(clip, SceneSettings(min_frames=4), keep).palettes)
    return make_plan(clip, [artwork], SETTINGS, scanned, keep)


def frames_of(store: Store) -> dict[int, str]:
    files = sorted((store.folder / "frames").glob("[0-9]*.png"))
    return {int(path.stem): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def opened(made: RenderPlan, job: Path, painter: Painter) -> Store:
    store = Store(job)
    store.open(JobRecord.of(made, painter))
    return store


def rendered(made: RenderPlan, job: Path, painter: Painter, slots: int = 1) -> dict[int, str]:
    store = opened(made, job, painter)
    list(render(made, store, painter, slots))
    return frames_of(store)


@pytest.fixture(scope="module")
def whole(folder: Path, painter: Painter, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The full render in one go, with one slot: what everything else must equal."""
    made = rendered(plan(folder), tmp_path_factory.mktemp("whole") / "job", painter)
    assert list(made) == list(range(sum(SCENES)))
    assert len(set(made.values())) == sum(SCENES)
    return made


@pytest.mark.parametrize("frames", [FrameRange(8, 10), FrameRange(4, 13), FrameRange(0, 1), FrameRange(14, 15)])
def test_a_range_is_the_full_renders(
    frames: FrameRange, folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    made = rendered(plan(folder, Selection((frames.indices,))), tmp_path / "job", painter)
    assert set(frames.indices) <= set(made)
    assert made == {frame: whole[frame] for frame in made}
    first = max(start for start in (0, 6, 11) if start <= frames.start)
    assert set(made) == set(range(first, frames.stop)), "a range costs the lead-in of its scene and no more"


@pytest.mark.parametrize("slots", [2, 3, 8])
def test_slots_change_nothing(
    slots: int, folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    assert rendered(plan(folder), tmp_path / "job", painter, slots) == whole


class Relay(Painter):
    """Hands everything on to another painter."""

    def __init__(self, painter: Painter) -> None:
        self.painter = painter
        self.name, self.fingerprint = painter.name, painter.fingerprint
        self.smallest, self.reach, self.palette = painter.smallest, painter.reach, painter.palette

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return self.painter.cost(height, width, settings)

    def task(self, frame: FrameInput) -> FrameTask:
        return self.painter.task(frame)

    def progress(self, need: float, height: int, width: int) -> float:
        return self.painter.progress(need, height, width)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        return self.painter.paint(tasks, on_step)


class Stumbling(Relay):
    """A painter that is interrupted at random."""

    def __init__(self, painter: Painter, chance: random.Random) -> None:
        super().__init__(painter)
        self.chance = chance

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        if self.chance.random() < 0.4:
            raise KeyboardInterrupt
        return super().paint(tasks, on_step)


@pytest.mark.parametrize("seed", range(3))
def test_interruptions_change_nothing(
    seed: int, folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    chance, interrupted = random.Random(seed), 0
    while True:
        try:
            made = rendered(plan(folder), tmp_path / "job", Stumbling(painter, chance), slots=1 + seed)
            break
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted
    assert made == whole


def test_a_frame_that_is_deleted_comes_back_the_same(
    folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    rendered(plan(folder), tmp_path / "job", painter)
    for frame in (0, 3, 4, 12):
        (tmp_path / f"job/frames/{frame:06d}.png").unlink()
    (tmp_path / "job/frames/000007.png").write_bytes((tmp_path / "job/frames/000008.png").read_bytes()[:200])
    assert rendered(plan(folder), tmp_path / "job", painter) == whole


@pytest.mark.parametrize("lost", [False, True])
def test_a_job_continues_with_or_without_what_its_paint_was_made_for(
    lost: bool, folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    """If the memories are lost, they are found out again from the clip."""
    rendered(plan(folder, Selection((range(10),))), tmp_path / "job", painter)
    memories = sorted((tmp_path / "job/chain").iterdir())
    assert [path.name for path in memories] == [f"{frame:06d}" for frame in range(6, 10)], "those of the last scene"
    for path in memories[2:] if lost else ():
        path.unlink()
    assert rendered(plan(folder), tmp_path / "job", painter) == whole
    assert not list((tmp_path / "job/chain").iterdir()), "nothing needs them once their scenes are done"


class TooSmall(Relay):
    """A device that holds so many slots and no more."""

    def __init__(self, painter: Painter, fits: int) -> None:
        super().__init__(painter)
        self.fits, self.batches = fits, list[int]()

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        self.batches.append(len(tasks))
        if len(tasks) > self.fits:
            raise OutOfMemoryError("full; ask for smaller pictures with --size")
        return super().paint(tasks, on_step)


def test_a_device_that_is_too_small_gets_fewer_slots(
    folder: Path, painter: Painter, whole: dict[int, str], tmp_path: Path
) -> None:
    small, events = TooSmall(painter, 1), list[Event]()
    store = opened(plan(folder), tmp_path / "job", small)
    list(render(plan(folder), store, small, 3, events.append))
    assert frames_of(store) == whole
    assert small.batches[:2] == [3, 1]
    assert max(small.batches[1:]) == 1
    assert [event for event in events if isinstance(event, Notice)] == [
        Notice("3 scenes at a time do not fit in the device's memory; continuing with 1")
    ]
    with pytest.raises(OutOfMemoryError, match="--size"):
        rendered(plan(folder), tmp_path / "other", TooSmall(painter, 0), slots=2)


def test_every_frame_is_given_out_once_when_it_is_on_disk(folder: Path, painter: Painter, tmp_path: Path) -> None:
    events, made = list[Event](), plan(folder)
    store = opened(made, tmp_path / "job", painter)
    given = []
    for frame in render(made, store, painter, 2, events.append):
        assert store.has(frame.index)
        np.testing.assert_array_equal(frame.pixels, store.load(frame.index, made.work))
        assert frame.losses == store.losses(frame.index)
        given.append(frame.index)
    assert sorted(given) == list(range(sum(SCENES)))
    seen = [event for event in events if isinstance(event, FrameDone)]
    assert [done.frame for done in seen] == given
    assert sorted(done.frame for done in seen if done.last) == [5, 10, 14]
    assert {done.chunk for done in seen} == {0, 6, 11}, "chunks are named by their first frame"


@pytest.mark.parametrize("values", [{"temporal.loop": True}, {"temporal.passes": 3}], ids=["loop", "passes"])
def test_loops_and_passes_keep_the_law(values: dict[str, object], folder: Path, tmp_path: Path) -> None:
    """The last scene, which begins like the first, is led into it; or every scene is painted three times."""
    settings, head = change(SETTINGS, values, "test"), 0 if "temporal.loop" in values else None
    first = moving_scenes((SCENES[0],))
    write_clip(tmp_path / "clip.mp4", [*moving_scenes(SCENES[:2]), *first[: SCENES[2]]])
    clip, art = probe(tmp_path / "clip.mp4"), read_picture(folder / "art.png")
    painter = load_painter([art], settings)

    def made(job: str, keep: range, slots: int, using: Painter) -> dict[int, str]:
        selection = Selection((keep,))
        chosen = make_plan(clip, [Artwork("art.png", art)], settings, known(*SCENES), selection, "", head)
        return rendered(chosen, tmp_path / job, using, slots)

    full = made("full", range(15), 1, painter)
    assert len(set(full.values())) == 15
    part = made("part", range(13, 14), 2, painter)
    assert set(part) == ({0, 11, 12, 13} if head == 0 else {11, 12, 13, 14})
    assert part == {frame: full[frame] for frame in part}
    stumbling, interrupted = Stumbling(painter, random.Random(1)), 0
    while True:
        try:
            assert made("stumbling", range(15), 3, stumbling) == full
            break
        except KeyboardInterrupt:
            interrupted += 1
    assert interrupted


def test_killed_processes_leave_what_the_same_command_finishes(folder: Path, tmp_path: Path) -> None:
    """The whole program, killed outright again and again, against one run in peace."""
    command = [sys.executable, "-m", "videostyle", "run", str(folder / "clip.mp4"), "--style", str(folder / "art.png")]
    command += ["--backbone", "compact", "--device", "cpu", "-q", "--set", "optimize.iterations=4"]
    command += ["--set", "optimize.first_iterations=6"]
    command += ["--set", "film.codec=ffv1"]  # libx264 itself does not repeat its bytes on pictures this small
    peace = tmp_path / "peace.mkv"
    subprocess.run([*command, "-o", str(peace), "--job", str(tmp_path / "peace")], check=True)
    killed = tmp_path / "killed.mkv"
    kills = 0
    for wanted in (2, 7, 11):
        process = subprocess.Popen([*command, "-o", str(killed), "--job", str(tmp_path / "killed")])
        while process.poll() is None and len(list((tmp_path / "killed/frames").glob("[0-9]*.png"))) < wanted:
            time.sleep(0.02)
        kills += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not killed.exists() or process.returncode == 0
    assert kills
    subprocess.run([*command, "-o", str(killed), "--job", str(tmp_path / "killed"), "--overwrite"], check=True)
    assert frames_of(Store(tmp_path / "killed")) == frames_of(Store(tmp_path / "peace"))
    films = [[frame.pixels for frame in decode(probe(film))] for film in (killed, peace)]
    np.testing.assert_array_equal(*films)
