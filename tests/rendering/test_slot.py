"""What a frame starts from and holds on to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import known, moving_scenes, write_art, write_clip
from videostyle.errors import MediaError
from videostyle.frames import Chunk, Frame, FrameRange, Stylized, TemporalTarget, to_picture
from videostyle.media.read.decode import decode
from videostyle.media.read.probe import probe
from videostyle.presets import change
from videostyle.rendering.plan import RenderPlan, make_plan
from videostyle.rendering.slot import Slot, _long_term, seen_loss
from videostyle.rendering.store import Store
from videostyle.selection import Selection
from videostyle.settings import RenderSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slot")
    write_clip(path / "clip.mp4", moving_scenes((8,)))
    write_art(path / "art.png")
    return path


def plan(folder: Path, lost: tuple[int, ...] = (), **values: object) -> RenderPlan:
    settings = change(RenderSettings(), {name.replace("__", "."): value for name, value in values.items()}, "test")
    clip = probe(folder / "clip.mp4")
    return make_plan(clip, [folder / "art.png"], settings, known(8, lost=lost), Selection.whole(clip), "w")


def slot(made: RenderPlan, tmp_path: Path) -> tuple[Slot, Store]:
    store = Store(tmp_path / "job")
    store.open(made.fingerprint, {})
    return Slot(made.chunks[0], made, store, [np.zeros((9, 7, 3), np.float32)]), store


def paint(one: Slot, value: int) -> None:
    height, width = one.task().content.shape[:2]
    one.accept(np.full((height, width, 3), value, np.uint8), 1.5)


def test_the_first_frame_starts_from_its_content(folder: Path, tmp_path: Path) -> None:
    made = plan(folder)
    one, _ = slot(made, tmp_path)
    task = one.task()
    (frame,) = decode(made.clip, FrameRange(0, 1))
    np.testing.assert_array_equal(task.content, to_picture(frame.pixels))
    np.testing.assert_array_equal(task.initial, task.content)
    assert task.first
    assert task.temporal == ()
    assert one.task() is task, "asking twice is no step"
    one.close()


def test_later_frames_start_from_the_warped_one_before_and_hold_on_to_it(folder: Path, tmp_path: Path) -> None:
    one, _ = slot(plan(folder), tmp_path)
    paint(one, 200)
    task = one.task()
    assert not task.first
    assert task.neighbor_loss == 1.5
    (held,) = task.temporal
    assert np.abs(held.picture - 200 / 255).max() < 1e-5
    sure = held.weight == 1
    assert 0.2 < sure.mean() < 1
    np.testing.assert_allclose(task.initial[sure], 200 / 255, atol=1e-5)
    one.close()


@pytest.mark.parametrize(("start", "value"), [("previous", 100 / 255), ("style", 0.0)])
def test_other_starts(start: str, value: float, folder: Path, tmp_path: Path) -> None:
    one, _ = slot(plan(folder, optimize__initial_later=start), tmp_path)
    paint(one, 100)
    np.testing.assert_allclose(one.task().initial, value, atol=1e-6)
    one.close()


def test_noise_is_the_frames_own(folder: Path, tmp_path: Path) -> None:
    starts = []
    for seed in (0, 0, 1):
        made = plan(folder, optimize__initial="noise", optimize__initial_later="noise", seed=seed)
        one, _ = slot(made, tmp_path / str(len(starts)))
        starts.append(one.task().initial)
        paint(one, 0)
        assert np.abs(one.task().initial - starts[-1]).mean() > 0.1
        one.close()
    np.testing.assert_array_equal(starts[0], starts[1])
    assert np.abs(starts[0] - starts[2]).mean() > 0.1


def test_long_term_targets_reach_back_as_far_as_there_is(folder: Path, tmp_path: Path) -> None:
    one, _ = slot(plan(folder, temporal__long_term=[1, 2, 4]), tmp_path)
    counts = []
    for _ in range(6):
        counts.append(len(one.task().temporal))
        paint(one, 50)
    assert counts == [0, 1, 2, 2, 3, 3]
    one.close()


def test_frames_that_are_stored_are_skipped_and_lost_ones_stepped_over(folder: Path, tmp_path: Path) -> None:
    made = plan(folder, lost=(3,))
    one, store = slot(made, tmp_path)
    one.close()
    done = Stylized(np.zeros((1, 1, 3), np.float32), {"style": 2.0, "content": 1.0, "temporal": 9.0}, 1)
    for frame in (0, 1, 2):
        store.save(frame, np.full((64, 80, 3), 40 * frame, np.uint8), done)
    again = Slot(made.chunks[0], made, store, [])
    assert again.frame == 4
    assert again.task().neighbor_loss == 3.0
    assert np.abs(again.task().temporal[0].picture - 80 / 255).max() < 1e-5, "holds on to frame 2"
    again.close()
    assert not again.finished


@pytest.mark.parametrize("gone", [3, 7])
def test_no_frame_takes_the_place_of_one_that_cannot_be_read_any_more(
    gone: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*what: Any) -> Iterator[Frame]:
        return (frame for frame in decode(*what) if frame.index != gone)

    monkeypatch.setattr("videostyle.rendering.slot.decode", failing)
    one, _ = slot(plan(folder), tmp_path)
    for frame in range(gone):
        assert one.frame == frame
        paint(one, 50)
    with pytest.raises(MediaError, match=f"frame {gone} could be read before"):
        one.task()
    one.close()


def test_a_frame_is_held_to_the_distances_asked_for_alone(folder: Path, tmp_path: Path) -> None:
    one, _ = slot(plan(folder, temporal__long_term=[2]), tmp_path)
    for value in (10, 20, 30):
        paint(one, value)
    (held,) = one.task().temporal
    assert np.abs(held.picture - 20 / 255).max() < 1e-5, "frame 1, two before"
    assert np.abs(one.task().initial[20:40, 20:40] - 30 / 255).min() < 1e-5, "but starts from frame 2"
    one.close()


def test_nearer_targets_claim_their_pixels_first() -> None:
    picture = np.zeros((1, 3, 3), np.float32)
    weights = [np.array([row], np.float32) for row in ([1, 0.5, 0], [1, 1, 0.25], [1, 1, 1])]
    held = _long_term([TemporalTarget(picture, weight) for weight in weights])
    np.testing.assert_allclose([one.weight[0] for one in held], [[1, 0.5, 0], [0, 0.5, 0.25], [0, 0, 0.75]])
    assert _long_term([]) == ()


def test_only_what_neighbours_share_is_compared() -> None:
    assert seen_loss({"content": 1, "style": 2, "temporal": 5}) == 3
    assert seen_loss({}) == 0


def test_a_part_of_a_chunk_ends_where_it_is_kept(folder: Path, tmp_path: Path) -> None:
    made = plan(folder)
    part = replace(made, chunks=(Chunk(0, FrameRange(0, 8), FrameRange(1, 2)),))
    one, _ = slot(part, tmp_path)
    paint(one, 1)
    paint(one, 2)
    assert one.finished
    one.close()
