"""A film of what is finished, while another process renders."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.clips import moving_scenes, tracks_of, write_art, write_clip
from videostyle.errors import IncompleteError, JobError
from videostyle.events import Event, FrameWritten
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.presets import Recipe
from videostyle.rendering.job import prepare, run
from videostyle.rendering.look.peek import first_stretch, peek
from videostyle.rendering.request import Request, check
from videostyle.rendering.store.store import Store

FEW = {
    "optimize.iterations": 1,
    "optimize.first_iterations": 1,
    "backbone.name": "compact",
    "backbone.device": "cpu",
    "picture.work": 64,
    "brush.amount": 1.0,
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a clip of two scenes, 5 and 6 frames, and a job with frames 0:7 and 9:11."""
    folder = tmp_path_factory.mktemp("peek")
    clip = write_clip(folder / "clip.mp4", moving_scenes((5, 6), 160, 128), sound=True)
    art = write_art(folder / "art.png")
    run(prepare(check(Request(clip, (art,), Recipe("draft", FEW), job=folder / "job", film=False))))
    for frame in (7, 8):
        (folder / f"job/frames/{frame:06d}.png").unlink()
    return folder


@pytest.fixture
def job(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered / "job", tmp_path / "job"))


def files(job: Path) -> dict[str, bytes]:
    return {str(path.relative_to(job)): path.read_bytes() for path in job.rglob("*") if path.is_file()}


def test_the_first_finished_stretch_while_another_process_holds_the_folder(job: Path) -> None:
    busy, heard = Store(job), list[Event]()
    busy.lock.take(exclusive=True)
    before = files(job)
    try:
        done = peek(job, on_event=heard.append)
    finally:
        busy.lock.release()
    assert (done.path, done.frames) == (job / "peek.mp4", 7)
    assert [event.frame for event in heard if isinstance(event, FrameWritten)] == [*range(7)]
    film = probe(job / "peek.mp4")
    assert (film.width, film.height, film.num_frames) == (160, 128, 7)
    assert tracks_of(job / "peek.mp4") == ["video"]
    assert {name: content for name, content in files(job).items() if name != "peek.mp4"} == before


def test_it_is_replaced_and_may_be_elsewhere(job: Path, tmp_path: Path) -> None:
    peek(job)
    assert peek(job, frames="9:11").frames == 2
    assert probe(job / "peek.mp4").num_frames == 2
    assert peek(job, tmp_path / "other.mkv", "1:3").path == tmp_path / "other.mkv"
    assert len([*decode(probe(tmp_path / "other.mkv"))]) == 2


def test_it_shows_painted_frames_enlarged(job: Path) -> None:
    peek(job)
    shown = np.mean([frame.pixels.mean((0, 1)) for frame in decode(probe(job / "peek.mp4"))], 0)
    store = Store(job)
    painted = np.mean([store.load(frame, (80, 64)).mean((0, 1)) for frame in range(7)], 0)
    assert np.abs(shown - painted).max() < 12  # but for the clip's light


def test_what_is_not_finished_yet(job: Path) -> None:
    with pytest.raises(IncompleteError, match="7:9 are not rendered yet"):
        peek(job, frames="5:10")
    for path in (job / "frames").iterdir():
        path.unlink()
    with pytest.raises(IncompleteError, match="no frame is finished yet"):
        peek(job)


def test_the_first_stretch_may_begin_late_and_be_short(job: Path) -> None:
    assert first_stretch(job) == "0:7"
    (job / "frames/000000.png").unlink()
    (job / "frames/000003.png").write_bytes(b"half a file")
    assert first_stretch(job) == "1:3"


def test_a_folder_that_is_gone_or_no_job(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="no such folder, or no longer; play the finished film"):
        peek(tmp_path / "gone")
    with pytest.raises(JobError, match="not a job folder"):
        peek(tmp_path)
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("last", [0, 6])
def test_a_job_that_ends_meanwhile(job: Path, tmp_path: Path, last: int) -> None:
    """First a painted frame is missing, or, after the last one, the unfinished film itself."""

    def end(event: Event) -> None:
        if isinstance(event, FrameWritten) and event.frame == last:
            shutil.rmtree(job)

    with pytest.raises(JobError, match="no such folder, or no longer; play the finished film"):
        peek(job, on_event=end)
    assert not [*tmp_path.iterdir()]
