"""Paint is laid for the film right behind the painted frames, in every process that paints."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from tests.clips import moving_scenes, write_art, write_clip
from tests.painters import Blend, Gray
from tests.rendering.jobs import artwork, opened, plan_of
from videostyle.errors import JobError
from videostyle.events import Event, FrameDone
from videostyle.frames import Clip
from videostyle.media.read.probe import probe
from videostyle.motion.flow import estimate
from videostyle.rendering.chunk.renderer import render
from videostyle.rendering.finish.finish import finish_for, finished
from videostyle.rendering.plan.plan import RenderPlan
from videostyle.rendering.store.store import Store

SCENES = (4, 3)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    folder = tmp_path_factory.mktemp("laying")
    write_art(folder / "art.png")
    return probe(write_clip(folder / "clip.mp4", moving_scenes(SCENES)))


def plan(clip: Clip, amount: float = 1.0, passes: int = 1, work: int = 32) -> RenderPlan:
    values = {"picture__work": work, "brush__amount": amount, "backbone__device": "cpu", "temporal__passes": passes}
    return replace(plan_of(clip, SCENES, **values), artworks=(artwork(clip.path.with_name("art.png")),))


def laid(store: Store) -> dict[int, bytes]:
    return {int(path.name): path.read_bytes() for path in (store.folder / "finish").glob("*/[0-9]*")}


@pytest.mark.parametrize("passes", [1, 2, 3])
@pytest.mark.parametrize("slots", [1, 2])
def test_a_frame_is_reported_when_what_is_carried_from_it_is_stored(
    slots: int, passes: int, clip: Clip, tmp_path: Path
) -> None:
    made = plan(clip, passes=passes)
    store = opened(tmp_path / "job", made, Blend())
    seen: list[int] = []

    def check(event: Event) -> None:
        if isinstance(event, FrameDone) and not event.passes_left:
            seen.append(event.frame)
            assert store.has(event.frame)
            if passes != 2 or event.frame in (0, 4):  # the second pass goes backward; paint is laid forward
                assert event.frame in laid(store)

    list(render(made, store, Blend(), slots, check))
    assert sorted(seen) == sorted(laid(store)) == list(range(7))
    before = laid(store)
    film = list(finished(made, store, finish_for(made.artworks, made.settings)))
    assert laid(store) == before
    for path in (store.folder / "finish").glob("*/*"):
        path.unlink()
    for (frame, pixels), (_, alone) in zip(
        film, finished(made, store, finish_for(made.artworks, made.settings)), strict=True
    ):
        np.testing.assert_array_equal(pixels, alone, err_msg=f"frame {frame}")
    assert laid(store) == before


@pytest.mark.parametrize("values", [{"amount": 0.0}, {"work": 64}], ids=["no brush", "painted at the film's size"])
def test_nothing_is_laid_that_the_film_does_not_show(values: dict[str, float], clip: Clip, tmp_path: Path) -> None:
    made = plan(clip, **values)  # type: ignore[arg-type]
    store = opened(tmp_path / "job", made, Blend())
    assert len(list(render(made, store, Blend(), 2))) == 7
    assert not laid(store)


def test_another_amount_uses_what_is_laid(clip: Clip, tmp_path: Path) -> None:
    made, half = plan(clip), plan(clip, amount=0.5)
    store = opened(tmp_path / "job", made, Blend())
    list(render(made, store, Blend(), 1))
    list(finished(half, store, finish_for(half.artworks, half.settings)))
    assert len(list((store.folder / "finish").iterdir())) == 1


def test_motion_that_painting_has_worked_out_is_not_worked_out_again(
    clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan(clip)
    for painter, count in ((Blend(1), 0), (Gray(), 5)):  # the latter does not look at earlier frames
        with monkeypatch.context() as patch:
            asked = Mock(side_effect=estimate)
            patch.setattr("videostyle.rendering.finish.carries.estimate", asked)
            list(render(made, opened(tmp_path / painter.name, made, painter), painter, 1))
            assert asked.call_count == count


def test_motion_is_worked_out_once_per_frame_of_animation_on_twos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_art(tmp_path / "art.png")
    drawn = [picture for picture in moving_scenes((4, 3)) for _ in range(2)]
    values = {"picture__work": 32, "brush__amount": 1.0, "backbone__device": "cpu"}
    twos = plan_of(probe(write_clip(tmp_path / "clip.mp4", drawn)), (8, 6), **values)
    made, events = replace(twos, artworks=(artwork(tmp_path / "art.png"),)), list[Event]()
    store, asked = opened(tmp_path / "job", made, Blend()), Mock(side_effect=estimate)
    with monkeypatch.context() as patch:
        patch.setattr("videostyle.rendering.finish.carries.estimate", asked)
        list(render(made, store, Blend(), 1, events.append))
    assert asked.call_count == 0
    assert sum(event.repeats is not None for event in events if isinstance(event, FrameDone)) == 7
    before = laid(store)
    for path in (store.folder / "finish").glob("*/*"):
        path.unlink()
    list(finished(made, store, finish_for(made.artworks, made.settings)))
    assert laid(store) == before, "what is worked out from the clip alone"


def test_an_error_ends_painting(clip: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan(clip)
    store = opened(tmp_path / "job", made, Blend())

    def full(*_: object) -> None:
        raise JobError("the disk is full")

    monkeypatch.setattr(Store, "save_carry", full)
    with pytest.raises(JobError, match="the disk is full"):
        list(render(made, store, Blend(), 1))


def test_closing_the_iterator_ends_the_thread(clip: Clip, tmp_path: Path) -> None:
    made = plan(clip)
    store = opened(tmp_path / "job", made, Blend())
    with closing(render(made, store, Blend(), 1)) as frames:
        next(frames)
    some = laid(store)
    assert 0 in some
    list(render(made, store, Blend(), 1))
    list(finished(made, store, finish_for(made.artworks, made.settings)))  # of a scene that was just painted, the rest
    assert laid(store).keys() == set(range(7))
    assert laid(store) | some == laid(store)
