"""The picture of how a render goes."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.clips import moving_scenes, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import frames_in, opened, plan_of, rendered
from videostyle.events import Event, FrameDone, Notice
from videostyle.frames import Painted, Pixels
from videostyle.media.read.probe import probe
from videostyle.rendering.look import preview
from videostyle.rendering.look.preview import NAME, Preview, previewed
from videostyle.rendering.plan.plan import RenderPlan


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> RenderPlan:
    return plan_of(probe(write_clip(tmp_path_factory.mktemp("preview") / "clip.mp4", moving_scenes((4, 3)))), (4, 3))


@pytest.fixture
def job(plan: RenderPlan, tmp_path: Path) -> Path:
    """A job folder with all frames, the first black and the others white."""
    store = opened(tmp_path / "job", plan, Gray())
    for frame in range(7):
        store.save(frame, np.full((64, 80, 3), 255 * (frame > 0), np.uint8), Painted(np.zeros((1, 1, 3), np.float32)))
    store.close()
    return tmp_path / "job"


def done(frame: int, passes_left: int = 0) -> FrameDone:
    return FrameDone(0, frame, {}, 1, 1.0, passes_left=passes_left)


def halves(path: Path) -> tuple[float, float]:
    """Mean level of the clip's frame and of the painted one."""
    picture = np.asarray(Image.open(path), float)
    assert picture.shape == (64, 2 * 80 + preview.GAP, 3)
    return float(picture[:, :80].mean()), float(picture[:, -80:].mean())


def test_the_latest_frame_beside_the_clips(plan: RenderPlan, job: Path) -> None:
    heard, events = list[Event](), [Notice("x"), done(3, passes_left=1), done(0)]
    with previewed(plan, job, heard.append) as hear:
        for event in events:
            hear(event)
    assert heard == events
    clip, painted = halves(job / NAME)
    assert 20 < clip < 200
    assert painted < 3
    assert [path.name for path in job.iterdir() if path.name.startswith(".")] == [".lock"]  # no half-written file


def test_it_is_drawn_now_and_then_and_costs_little(
    plan: RenderPlan, job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, drawn = [100.0], list[float]()

    def slow(_: RenderPlan, painted: Pixels, __: int) -> Pixels:
        drawn.append(now[0])
        now[0] += 2.0  # seconds that drawing takes
        return painted

    monkeypatch.setattr(preview, "beside_the_clip", slow)
    with closing(Preview(plan, job, lambda _: None, clock=lambda: now[0])) as hear:
        for seconds in (0.0, 3.0, 147.0, 50.0, 1.0):
            now[0] += seconds
            hear(done(len(drawn) + 1))
            if hear._drawing:
                hear._drawing.result()
    assert drawn == [100.0, 302.0]  # at once, and after a rest of 200 s


def test_what_cannot_be_drawn_stops_nothing(plan: RenderPlan, tmp_path: Path) -> None:
    with previewed(plan, tmp_path / "gone", lambda _: None) as hear:
        hear(done(0))
    assert not (tmp_path / "gone").exists()


def test_a_fault_is_not_met_again_at_every_frame(plan: RenderPlan, job: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, tried = [100.0], list[int]()

    def broken(_: RenderPlan, __: Pixels, frame: int) -> Pixels:
        tried.append(frame)
        raise ZeroDivisionError

    monkeypatch.setattr(preview, "beside_the_clip", broken)
    with closing(Preview(plan, job, lambda _: None, clock=lambda: now[0])) as hear:
        for seconds in (0.0, 1.0, 1.0, 1.5):
            now[0] += seconds
            hear(done(len(tried) + 1))
            if hear._drawing:
                hear._drawing.exception()
    assert tried == [1, 2]


def test_unwanted_it_is_only_the_callback(plan: RenderPlan, job: Path) -> None:
    heard = list[Event]()
    with previewed(plan, job, heard.append, wanted=False) as hear:
        hear(done(0))
    assert len(heard) == 1
    assert not (job / NAME).exists()


def test_it_changes_no_frame(plan: RenderPlan, tmp_path: Path) -> None:
    rendered(plan, tmp_path / "without", Blend(1))
    with previewed(plan, tmp_path / "with", lambda _: None) as hear:
        rendered(plan, tmp_path / "with", Blend(1), on_event=hear)
    assert (tmp_path / "with" / NAME).exists()
    assert frames_in(tmp_path / "with") == frames_in(tmp_path / "without")


def test_frames_of_deep_clips_fit_beside_each_other(plan: RenderPlan) -> None:
    deep = np.full((64, 80, 3), 65535, np.uint16)
    made = preview.beside_the_clip(plan, deep, 5)
    assert (made.dtype, made.shape) == (np.uint8, (64, 166, 3))
    assert made[:, -80:].min() == 255
