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
    unheld = make_task(FrameInput(9, picture(1), False, {1: flat(0.1)}), settings(temporal__weight=0.0), [art()])
    assert unheld.held == ()


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
