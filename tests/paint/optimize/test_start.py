"""The start of a frame, and the frames that it is held to."""

from dataclasses import replace

import numpy as np
import pytest

from tests.paint.tasks import HEIGHT, WIDTH, art, frame, picture, settings
from videostyle.frames import FrameInput, TemporalTarget, to_picture
from videostyle.paint.optimize.start import claim, make_task, reach


def flat(value: float, weight: float = 1.0) -> TemporalTarget:
    """An earlier frame of uniform gray."""
    return TemporalTarget(np.full((HEIGHT, WIDTH, 3), value, np.float32), np.full((HEIGHT, WIDTH), weight, np.float32))


def test_the_first_frame_starts_from_its_content_and_is_held_to_nothing() -> None:
    task = make_task(frame(1, first=True), settings(), [art()])
    np.testing.assert_array_equal(task.content, picture(1))
    np.testing.assert_array_equal(task.initial, picture(1))
    assert task.first
    assert task.held == ()


def test_later_frames_start_from_the_warped_previous_frame_and_are_held_to_it() -> None:
    earlier = {1: TemporalTarget(picture(5), (picture(6)[..., 0] > 0.5).astype(np.float32))}
    losses = {"style": 1.5}
    task = make_task(FrameInput(3, picture(1), False, earlier, losses), settings(), [art()])
    assert not task.first
    assert task.losses_before == losses
    (held,) = task.held
    np.testing.assert_array_equal(held.picture, picture(5))
    sure = held.weight == 1
    np.testing.assert_array_equal(task.initial[sure], picture(5)[sure])
    assert np.abs(task.initial - picture(5))[~sure].mean() > 0.05


def test_a_frame_is_held_only_to_the_distances_in_the_settings() -> None:
    chosen = settings(temporal__long_term=[2, 4])
    task = make_task(FrameInput(9, picture(1), False, {1: flat(0.1), 2: flat(0.2, 0.5), 4: flat(0.4)}), chosen, [art()])
    np.testing.assert_array_equal([held.picture[0, 0, 0] for held in task.held], np.float32([0.2, 0.4]))
    np.testing.assert_array_equal([held.weight[0, 0] for held in task.held], [0.5, 0.5])
    assert np.abs(task.initial - 0.1).max() < 1e-6, "but starts from the nearest"
    odd = make_task(FrameInput(9, picture(1), False, {1: flat(0.1, 0), 4: flat(0.4), 3: flat(0.3)}), chosen, [art()])
    np.testing.assert_allclose([held.picture[0, 0, 0] for held in odd.held], [0.4, 0.3])
    np.testing.assert_array_equal([held.weight[0, 0] for held in odd.held], [1, 0])
    unheld = make_task(FrameInput(9, picture(1), False, {1: flat(0.1)}), settings(temporal__weight=0.0), [art()])
    assert unheld.held == ()


def halves() -> dict[int, TemporalTarget]:
    """Two earlier frames: the nearest shows the left half, a further one everything."""
    nearest, further = flat(0.2), flat(0.6)
    nearest.weight[:, WIDTH // 2 :] = 0
    return {1: nearest, 3: further}


def test_a_frame_starts_from_the_nearest_frame_that_shows_each_pixel() -> None:
    task = make_task(FrameInput(9, picture(1), False, halves()), settings(), [art()])
    assert np.abs(task.initial[:, : WIDTH // 2] - 0.2).max() < 1e-6
    assert np.abs(task.initial[:, WIDTH // 2 :] - 0.6).max() < 1e-6
    assert [held.weight.mean() for held in task.held] == [0.5, 0.5], "the further one is held to as well"
    assert task.need == 0


def test_need_is_the_share_without_earlier_paint() -> None:
    nearest = halves()[1]
    assert make_task(FrameInput(9, picture(1), True), settings(), [art()]).need == 1
    assert make_task(FrameInput(9, picture(1), False, {1: nearest}), settings(), [art()]).need == pytest.approx(0.5)
    developed = np.full((HEIGHT, WIDTH), 0.6, np.float32)
    half = make_task(FrameInput(9, picture(1), False, {1: flat(0.2)}, {}, developed), settings(), [art()])
    assert half.need == pytest.approx(0.4)
    assert half.held[0].weight[0, 0] == pytest.approx(0.36), "paint that is not worked out may still change"


def test_less_strength_starts_from_less_of_the_paint_and_boils() -> None:
    starts = []
    for strength in (1.0, 0.5, 0.0):
        one = FrameInput(9, np.full((HEIGHT, WIDTH, 3), 0.5, np.float32), False, {1: flat(0.2)})
        task = make_task(one, settings(temporal__strength=strength), [art()])
        assert task.need == pytest.approx(1 - strength)
        assert len(task.held) == bool(strength)
        starts.append(task.initial)
        other = replace(one, index=10)
        again = make_task(other, settings(temporal__strength=strength), [art()]).initial
        assert bool(np.array_equal(again, task.initial)) == (strength == 1)
    assert starts[0].std() < 1e-6
    np.testing.assert_allclose([start.std() for start in starts], [0, 0.1, 0.2], atol=0.01)


def test_a_frame_that_is_painted_again_starts_between_its_own_paint_and_its_neighbors() -> None:
    """Ruder et al. 2016: half and half where the neighbor's paint is trusted, its own elsewhere."""
    own, earlier = np.full((HEIGHT, WIDTH, 3), 0.8, np.float32), {1: flat(0.2)}
    earlier[1].weight[:, WIDTH // 2 :] = 0
    again = FrameInput(9, picture(1), False, earlier, {"style": 1.5}, np.zeros((HEIGHT, WIDTH), np.float32), own)
    task = make_task(again, settings(), [art()])
    np.testing.assert_allclose(task.initial[:, : WIDTH // 2], 0.5, atol=1e-6)
    np.testing.assert_allclose(task.initial[:, WIDTH // 2 :], 0.8, atol=1e-6)
    assert (task.need, task.first, task.losses_before) == (0, False, {"style": 1.5}), "all of it has paint"
    (held,) = task.held
    np.testing.assert_array_equal(held.weight, earlier[1].weight)
    weak = make_task(again, settings(temporal__strength=0.5), [art()])
    np.testing.assert_allclose(weak.initial[0, 0], 0.65, atol=1e-6)


def test_if_frames_are_lost_the_nearest_remaining_one_is_used() -> None:
    chosen = settings(temporal__long_term=[1, 2])
    task = make_task(FrameInput(9, picture(1), False, {2: flat(0.2)}), chosen, [art()])
    assert np.abs(task.initial - 0.2).max() < 1e-6
    assert len(task.held) == 1
    task = make_task(FrameInput(9, picture(1)), chosen, [art()])
    np.testing.assert_array_equal(task.initial, picture(1))
    assert task.held == ()


def test_a_start_from_a_small_artwork_repeats_it() -> None:
    task = make_task(frame(1, first=True), settings(optimize__initial="style"), [art()[:9, :7], art()])
    small = to_picture(art()[:9, :7])
    np.testing.assert_array_equal(task.initial[9:18, 7:14], small)
    assert task.initial.shape == (HEIGHT, WIDTH, 3)


def test_each_frame_has_its_own_noise() -> None:
    chosen = settings(optimize__initial="noise", optimize__initial_later="noise")
    starts = [
        make_task(one, replace(chosen, seed=seed), [art()]).initial
        for seed, one in ((0, frame(1, first=True)), (0, frame(1)), (0, frame(2)), (1, frame(1)))
    ]
    np.testing.assert_array_equal(starts[0], starts[1])
    assert min(np.abs(starts[0] - other).mean() for other in starts[2:]) > 0.1
    content = make_task(frame(2), settings(optimize__initial_later="content"), [art()])
    np.testing.assert_array_equal(content.initial, picture(2))
    assert len(content.held) == 1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (1,)),
        ({"temporal__long_term": [4, 2]}, (1, 2, 4)),
        ({"temporal__long_term": [4, 2], "optimize__initial_later": "content"}, (2, 4)),
        ({"temporal__weight": 0.0, "temporal__long_term": [2]}, (1,)),
        ({"temporal__weight": 0.0, "optimize__initial_later": "noise"}, ()),
    ],
)
def test_reach_covers_held_frames_and_the_starting_frame(values: dict[str, object], expected: tuple[int, ...]) -> None:
    assert reach(settings(**values)) == expected


def test_nearer_targets_claim_their_pixels_first() -> None:
    black = np.zeros((1, 3, 3), np.float32)
    weights = [np.array([row], np.float32) for row in ([1, 0.5, 0], [1, 1, 0.25], [1, 1, 1])]
    held = claim([TemporalTarget(black, weight) for weight in weights])
    np.testing.assert_allclose([one.weight[0] for one in held], [[1, 0.5, 0], [0, 0.5, 0.25], [0, 0, 0.75]])
    assert claim([]) == ()
