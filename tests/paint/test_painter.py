"""One contract for all painters: the optimizer, frames kept as they are, and one written here."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests.paint.tasks import CPU, HEIGHT, WIDTH, art, frame, optimizer, picture, settings
from videostyle.errors import SettingsError
from videostyle.frames import FrameInput, FrameTask, Painted, to_picture
from videostyle.paint.backbones.choose import load_backbone
from videostyle.paint.colors import Palette, mixed, palette_of
from videostyle.paint.keep import KeepPainter
from videostyle.paint.optimize.optimizer import Optimizer
from videostyle.paint.painter import Cost, OnStep, Painter
from videostyle.pictures import from_picture
from videostyle.settings import RenderSettings


class Invert(Painter):
    """Inverts colors; defines only what a user's own painter must define."""

    name = "invert"
    fingerprint = "invert 1"

    def cost(self, height: int, width: int, settings: RenderSettings | None = None) -> Cost:
        return Cost(1e-8 * height * width, 1e-8 * height * width)

    def task(self, frame: FrameInput) -> FrameTask:
        return FrameTask(frame.content, frame.content, first=frame.first)

    def paint(self, tasks: Sequence[FrameTask], on_step: OnStep | None = None) -> list[Painted]:
        return [Painted(1 - task.content) for task in tasks]


@pytest.fixture(scope="module", params=[KeepPainter, Invert, optimizer], ids=["keep", "invert", "optimizer"])
def painter(request: pytest.FixtureRequest) -> Painter:
    made: Painter = request.param()
    return made


@pytest.fixture(scope="module")
def tasks(painter: Painter) -> list[FrameTask]:
    return [painter.task(frame(0)), painter.task(frame(1, first=True)), painter.task(frame(2))]


def same(one: Painted, other: Painted) -> bool:
    return np.array_equal(one.picture, other.picture) and (one.losses, one.iterations, one.retried) == (
        other.losses,
        other.iterations,
        other.retried,
    )


def test_a_painter_describes_itself(painter: Painter) -> None:
    assert painter.name
    assert painter.name.split() == [painter.name]
    assert painter.fingerprint
    assert painter.smallest >= 1
    assert list(painter.reach) == sorted(set(painter.reach))
    assert all(distance >= 1 for distance in painter.reach)
    assert isinstance(painter.device, str)
    assert isinstance(painter.reason, str)


def test_pictures_have_the_shape_of_the_content(painter: Painter, tasks: list[FrameTask]) -> None:
    for painted in painter.paint(tasks):
        assert painted.picture.shape == (HEIGHT, WIDTH, 3)
        assert painted.picture.dtype == np.float32
        assert 0 <= painted.picture.min() <= painted.picture.max() <= 1
        assert all(np.isfinite(loss) for loss in painted.losses.values())


def test_a_frame_is_the_same_in_any_batch_bit_for_bit(painter: Painter, tasks: list[FrameTask]) -> None:
    together = painter.paint(tasks)
    for row, one in enumerate(tasks):
        (alone,) = painter.paint([one])
        assert same(together[row], alone)
        assert list(together[row].losses) == list(alone.losses)
    backwards = painter.paint(tasks[::-1])
    assert all(same(one, other) for one, other in zip(together, backwards[::-1], strict=True))


def test_the_same_task_makes_the_same_picture_twice(painter: Painter, tasks: list[FrameTask]) -> None:
    first, second = painter.paint([tasks[0], tasks[0]])
    assert same(first, second)


def test_painting_does_not_change_tasks_and_frames(painter: Painter) -> None:
    given = frame(0)
    one = painter.task(given)
    before = one.content.copy(), one.initial.copy(), [held.picture.copy() for held in one.held]
    painter.paint([one])
    np.testing.assert_array_equal(given.content, picture(0))
    after = one.content, one.initial, [held.picture for held in one.held]
    assert all(np.array_equal(was, now) for was, now in zip(before, after, strict=True))


def test_tasks_are_the_same_from_any_thread(painter: Painter) -> None:
    frames = [frame(seed, first=seed % 4 == 0) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(painter.task, frames))
    for given, one in zip(frames, threaded, strict=True):
        alone = painter.task(given)
        assert one.first == alone.first == given.first
        np.testing.assert_array_equal(one.content, given.content)
        np.testing.assert_array_equal(one.initial, alone.initial)
        assert len(one.held) == len(alone.held)
        for held, other in zip(one.held, alone.held, strict=True):
            np.testing.assert_array_equal(held.picture, other.picture)
            np.testing.assert_array_equal(held.weight, other.weight)


def test_a_frame_whose_earlier_frames_are_lost_can_be_painted(painter: Painter) -> None:
    (painted,) = painter.paint([painter.task(FrameInput(7, picture(7)))])
    assert painted.picture.shape == (HEIGHT, WIDTH, 3)


def test_steps_increase_and_never_exceed_their_total(painter: Painter, tasks: list[FrameTask]) -> None:
    seen: list[tuple[int, int]] = []
    heard = painter.paint(tasks, lambda *step: seen.append(step))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(0 <= done <= total for done, total in seen)
    assert all(same(one, other) for one, other in zip(heard, painter.paint(tasks), strict=True))


def test_cost_is_not_negative(painter: Painter) -> None:
    for cost in (painter.cost(HEIGHT, WIDTH), painter.cost(2 * HEIGHT, WIDTH, RenderSettings())):
        assert min(cost.seconds_first, cost.seconds_later, cost.bytes_per_slot) >= 0
        assert 1 <= cost.usual_slots <= cost.most_slots


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_a_painted_picture_has_the_shape_and_type_of_the_input(painter: Painter, dtype: type) -> None:
    whole = np.dtype(dtype).kind == "u"
    given = (picture(3) * np.iinfo(dtype).max if whole else picture(3)).astype(dtype)
    painted = painter(given)
    assert painted.shape == given.shape
    assert painted.dtype == dtype
    content = to_picture(given) if whole else picture(3)
    np.testing.assert_array_equal(painted, from_picture(painter(content), np.dtype(dtype)))


@pytest.mark.parametrize(
    "given",
    [
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 4), np.uint8),
        np.zeros((64, 64, 1), np.uint8),
        np.zeros((0, 64, 3), np.uint8),
        np.zeros((64, 64, 3), np.int32),
        np.zeros((64, 64, 3), bool),
        np.full((64, 64, 3), 1.01),
        np.full((64, 64, 3), -0.01),
        np.full((64, 64, 3), np.nan),
    ],
    ids=lambda given: f"{given.shape} {given.dtype} {given.max(initial=0):g}",
)
def test_invalid_pictures_are_an_error_that_names_them(painter: Painter, given: np.ndarray[Any, Any]) -> None:
    with pytest.raises(SettingsError, match=rf"{given.dtype}: wanted .*; convert it first") as raised:
        painter(given)
    assert str(given.shape) in str(raised.value)


def test_the_smallest_picture_can_be_painted_but_no_smaller_one(painter: Painter) -> None:
    side = painter.smallest
    assert painter(np.full((side, side + 3, 3), 0.5)).shape == (side, side + 3, 3)
    if side > 1:
        with pytest.raises(SettingsError, match=f"wanted at least {side} px on the short side; enlarge it first"):
            painter(np.full((side - 1, 99, 3), 0.5))


def test_a_picture_gets_the_colors_of_the_artwork_first() -> None:
    given, painter = picture(3), Invert()
    painter.palette = Palette((0.3, 0.5, 0.6), ((0.01, 0.0, 0.0), (0.0, 0.02, 0.0), (0.0, 0.0, 0.01)))
    np.testing.assert_allclose(1 - painter(given).mean((0, 1)), painter.palette.mean, atol=0.02)
    arts = art(), art()[:, ::-1] // 2
    made = Optimizer(load_backbone("compact"), arts, settings(style__mix=(0.25, 0.75)), CPU)
    assert made.palette == mixed([palette_of(one) for one in arts], (0.25, 0.75))
    assert optimizer().palette == mixed([palette_of(art())])
    assert optimizer(colors__match=False).palette is None
    assert len({made.fingerprint, optimizer().fingerprint, optimizer(colors__match=False).fingerprint}) == 3
