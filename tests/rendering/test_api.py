"""The front door, as a notebook uses it."""

import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import videostyle as vs
from tests.clips import moving_scenes, tracks_of, write_art, write_clip
from videostyle.events import Event, FilmDone, FrameDone, FrameWritten, Iterated, Planned
from videostyle.frames import Pixels
from videostyle.media.read.probe import probe
from videostyle.paint.keep import KeepPainter
from videostyle.paint.painter import OnStep
from videostyle.rendering.store.lock import Lock

FEW = {"optimize.iterations": 2, "optimize.first_iterations": 3, "backbone.name": "compact", "backbone.device": "cpu"}
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4", moving_scenes((10, 9)), sound=True)
    write_art(tmp_path / "art.png")
    return tmp_path


def test_every_public_name_is_there_and_listed() -> None:
    for name in vs.__all__:
        assert getattr(vs, name) is not None
        assert name in dir(vs)
    with pytest.raises(AttributeError, match="nothing"):
        _ = vs.nothing  # type: ignore[attr-defined]


def test_type_checkers_see_the_front_door(tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(
        "import videostyle as vs\n"
        "reveal_type(vs.stylize)\nreveal_type(vs.plan('a', 'b'))\nreveal_type(vs.load_painter('a'))\n"
        "vs.stylize(3, 'b')\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-incremental", "--config-file=", str(tmp_path / "use.py")]
    said = subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout
    assert "PathLike[str]" in said
    assert 'Revealed type is "videostyle.rendering.plan.plan.RenderPlan"' in said
    assert 'Revealed type is "videostyle.paint.painter.Painter"' in said
    assert 'Argument 1 to "stylize" has incompatible type "int"' in said


def test_stylize_makes_a_film_and_reports_values(folder: Path) -> None:
    events: list[Event] = []
    clip, art, film = (str(folder / name) for name in ("clip.mp4", "art.png", "film.mp4"))
    done = vs.stylize(clip, art, film, preset="draft", settings=FEW, on_event=events.append)
    assert done == FilmDone(folder / "film.mp4", 19, 0, done.seconds)
    assert [type(event) for event in events if isinstance(event, Planned | FilmDone)] == [Planned, FilmDone]
    assert sum(isinstance(event, FrameDone) for event in events) == 19
    assert sum(isinstance(event, FrameWritten) for event in events) == 19
    assert tracks_of(done.path) == ["video", "audio"]
    assert {path.name for path in folder.iterdir()} == {"clip.mp4", "art.png", "film.mp4"}


def test_a_long_first_frame_reports_its_iterations(folder: Path) -> None:
    events: list[Event] = []
    settings = FEW | {"optimize.first_iterations": 60, "optimize.tolerance": 0.0}
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=settings, frames="0:1")
    list(vs.render(plan, folder / "job", on_event=events.append))
    steps = [event for event in events if isinstance(event, Iterated)]
    assert len(steps) >= 4
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done <= steps[-1].total


def test_plan_render_encode_in_a_range(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", [folder / "art.png"], preset="draft", settings=FEW, frames="12:15")
    assert plan.to_render == (10, 11, 12, 13, 14)
    frames = list(vs.render(pickle.loads(pickle.dumps(plan)), folder / "job"))
    assert [frame.index for frame in frames] == [12, 13, 14]
    assert all(frame.pixels.shape == (64, 80, 3) and frame.pixels.dtype == np.uint8 for frame in frames)
    assert set(frames[0].losses) >= {"content", "style", "temporal"}
    with pytest.raises(vs.IncompleteError) as error:
        vs.encode(vs.plan(folder / "clip.mp4", [folder / "art.png"], preset="draft", settings=FEW), folder / "job", "x")
    assert error.value.missing == (*range(10), *range(15, 19))
    done = vs.encode(plan, folder / "job", folder / "part.mp4")
    assert (done.frames, probe(done.path).num_frames) == (3, 3)
    with pytest.raises(vs.SettingsError, match="exists"):
        vs.encode(plan, folder / "job", folder / "part.mp4")


def test_a_render_may_be_stopped_after_any_frame_and_continues(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW)
    whole = {frame.index: frame.pixels for frame in vs.render(plan, folder / "whole")}
    threads = threading.active_count()
    for count in (3, 1, 30):
        frames = vs.render(plan, folder / "job")
        for _ in range(count):
            if next(frames, None) is None:
                break
        frames.close()
        assert threading.active_count() == threads
    again = list(vs.render(plan, folder / "job"))
    assert [frame.index for frame in again] == list(range(19))
    for frame in again:
        np.testing.assert_array_equal(frame.pixels, whole[frame.index])


def test_artworks_may_be_arrays(folder: Path) -> None:
    art = np.asarray(Image.open(folder / "art.png").convert("RGB"))
    named = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="0:2")
    given = vs.plan(folder / "clip.mp4", art, preset="draft", settings=FEW, frames="0:2")
    assert named.fingerprint == given.fingerprint
    with pytest.raises(vs.SettingsError, match=r"shape \(96, 90\) and type uint8: wanted \(height, width, 3\)"):
        vs.plan(folder / "clip.mp4", art[..., 0], preset="draft")


def test_a_painter_paints_one_picture(folder: Path) -> None:
    painter = vs.load_painter(str(folder / "art.png"), preset="draft", settings=FEW)
    photo = np.asarray(moving_scenes((1,))[0])
    painted = painter(photo)
    assert (painted.shape, painted.dtype) == (photo.shape, np.uint8)
    assert np.abs(painted.astype(int) - photo).mean() > 1
    as_float = painter((photo / 255).astype(np.float32))
    assert as_float.dtype == np.float32
    np.testing.assert_allclose(as_float * 255, painted, atol=0.51)
    with pytest.raises(vs.SettingsError, match="wanted uint8, uint16, or float"):
        painter(photo.astype(np.int64))


def test_a_painter_of_ones_own_renders_a_film(folder: Path) -> None:
    done = vs.stylize(folder / "clip.mp4", folder / "art.png", folder / "same.mkv", painter=KeepPainter())
    assert done.frames == 19


@pytest.mark.usefixtures("few_patches")
def test_scores_of_a_film(folder: Path) -> None:
    clip = str(folder / "clip.mp4")
    scores = vs.score(clip, clip, [folder / "art.png"], settings={"backbone.name": "compact", "backbone.device": "cpu"})
    assert scores.frames == 19
    assert scores.content_distance == pytest.approx(0, abs=1e-6)


def test_the_readme_lines_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text()
    (lines,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (folder / "art.png").rename(folder / "art.jpg")
    jobs = '[[job]]\nclips = "clip.mp4"\nstyles = "art.jpg"\noutput = "night/"\nbackbone.name = "compact"'
    (folder / "jobs.toml").write_text(jobs)
    monkeypatch.chdir(folder)
    monkeypatch.setattr("videostyle.presets.preset_values", lambda _: FEW)
    photo = np.asarray(moving_scenes((1,))[0])
    space = {"photo": photo}
    exec(lines.replace("120:240", "12:14"), space)
    assert probe(Path("film.mp4")).num_frames == 19
    assert probe(Path("part.mp4")).num_frames == 2
    assert space["picture"].shape == photo.shape
    assert probe(Path("night/clip_art.mp4")).num_frames == 19


def test_frames_that_another_process_paints_meanwhile_are_given_out_too(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW)
    frames = vs.render(plan, folder / "job", slots=1)
    first = next(frames)
    rest = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="10:19")
    list(vs.render(rest, folder / "job"))
    assert sorted([first.index, *(frame.index for frame in frames)]) == list(range(19))


def test_nothing_is_measured_if_all_frames_are_stored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="12:14")
    list(vs.render(plan, folder / "job", painter=KeepPainter()))

    def measure(*_: object) -> None:
        raise AssertionError("measured")

    monkeypatch.setattr(KeepPainter, "cost", measure)
    assert [frame.index for frame in vs.render(plan, folder / "job", painter=KeepPainter())] == [12, 13]
    (folder / "job/frames/000010.png").unlink()
    with pytest.raises(AssertionError, match="measured"):
        list(vs.render(plan, folder / "job", painter=KeepPainter()))


def test_a_clip_that_changed_after_it_was_planned_is_refused(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW)
    write_clip(folder / "clip.mp4", moving_scenes((9, 10)), sound=True)
    with pytest.raises(vs.MediaError, match="changed since it was planned"):
        list(vs.render(plan, folder / "job"))
    (folder / "clip.mp4").unlink()
    with pytest.raises(vs.MediaError, match="cannot be read"):
        list(vs.render(plan, folder / "job"))
    assert not (folder / "job").exists()


def test_a_film_is_not_made_with_the_sound_of_another_clip(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="0:2")
    list(vs.render(plan, folder / "job", painter=KeepPainter()))
    write_clip(folder / "clip.mp4", moving_scenes((9, 10)), sound=True)
    with pytest.raises(vs.MediaError, match=r"clip\.mp4: changed since it was planned; restore it") as error:
        vs.encode(plan, folder / "job", folder / "film.mp4")
    assert "\n" not in str(error.value)
    assert not (folder / "film.mp4").exists()


def test_a_clip_that_is_replaced_while_it_is_painted_is_refused_and_frames_are_kept(folder: Path) -> None:
    clip = write_clip(folder / "swapped.mp4", moving_scenes((3,)), sound=True)

    def swap(event: object) -> None:
        if isinstance(event, FrameDone) and event.last:
            write_clip(clip, moving_scenes((3, 2)), sound=True)

    with pytest.raises(vs.MediaError, match=r"swapped\.mp4: changed since it was planned"):
        vs.stylize(clip, folder / "art.png", folder / "film.mp4", preset="draft", settings=FEW, on_event=swap)
    assert not (folder / "film.mp4").exists()
    assert len(list((folder / "film.mp4.job/frames").iterdir())) == 3


def test_a_painter_of_another_artwork_is_refused_by_a_job(folder: Path) -> None:
    write_art(folder / "other.png", 1)
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="0:2")
    list(vs.render(plan, folder / "job", painter=vs.load_painter(folder / "art.png", preset="draft", settings=FEW)))
    assert len(list(vs.render(plan, folder / "job"))) == 2, "the same painter as the plan's own"
    with pytest.raises(vs.JobError, match="painted by"):
        vs.render(plan, folder / "job", painter=vs.load_painter(folder / "other.png", preset="draft", settings=FEW))


def test_only_the_encoding_can_change_after_painting(folder: Path) -> None:
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="0:2")
    list(vs.render(plan, folder / "job"))
    with pytest.raises(vs.SettingsError, match=r"^style\.weight cannot change after painting"):
        vs.encode(plan, folder / "job", folder / "film.mp4", settings={"style.weight": 3.0})
    assert vs.encode(plan, folder / "job", folder / "film.mkv", settings={"film.codec": "ffv1"}).frames == 2


class Echo(vs.Finish):
    """Carries the mean of the frame before, and tries to take the folder for itself."""

    fingerprint = "echo 1"

    def __init__(self, job: Path) -> None:
        self.job = job
        self.refused = 0

    def carries(self, work: tuple[int, int], size: tuple[int, int]) -> bool:
        return True

    def carry(self, frame: vs.FinishInput) -> bytes:
        try:
            Lock(self.job / ".lock").take(exclusive=True)
        except vs.JobError:
            self.refused += 1
        return bytes([int(frame.painted.mean())])

    def picture(self, painted: Pixels, carry: bytes, size: tuple[int, int], on_step: OnStep | None = None) -> Pixels:
        return painted


def test_a_finish_that_carries_something_holds_the_lock_and_needs_the_lead_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("videostyle.rendering.store.lock.PAUSE", 0.001)
    plan = vs.plan(folder / "clip.mp4", folder / "art.png", preset="draft", settings=FEW, frames="12:14")
    list(vs.render(plan, folder / "job", painter=KeepPainter()))
    (folder / "job/frames/000011.png").unlink()
    echo = Echo(folder / "job")
    with pytest.raises(vs.IncompleteError, match="frames 11:12 are not rendered yet") as error:
        vs.encode(plan, folder / "job", folder / "film.mp4", finish=echo)
    assert error.value.missing == (11,)
    assert not (folder / "film.mp4").exists()
    list(vs.render(plan, folder / "job", painter=KeepPainter()))
    assert vs.encode(plan, folder / "job", folder / "film.mp4", finish=echo).frames == 2
    assert echo.refused == 4
    Lock(folder / "job/.lock").take(exclusive=True)


def test_a_plan_may_be_used_in_another_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    plan = vs.plan("clip.mp4", "art.png", preset="draft", settings=FEW, frames="0:2")
    assert plan.clip.path == folder / "clip.mp4"
    assert plan.artworks[0].path == folder / "art.png"
    monkeypatch.chdir("/")
    assert len(list(vs.render(plan, folder / "job", painter=KeepPainter()))) == 2


def test_errors_of_settings_do_not_speak_of_flags(folder: Path) -> None:
    with pytest.raises(vs.SettingsError, match=r"^style\.weight = -1: wanted a number from 0"):
        vs.stylize(folder / "clip.mp4", folder / "art.png", settings={"style.weight": -1})
