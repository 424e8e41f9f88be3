import numpy as np
import pytest

from videostyle.demo.drawing import Canvas, Noise, ball, blend, polygon, step, turn


def test_noise_is_smooth_and_between_nought_and_one() -> None:
    x, y = np.meshgrid(np.linspace(0, 70, 700, dtype=np.float32), np.linspace(-3, 9, 100, dtype=np.float32))
    values = Noise(0)(x, y, 2)
    assert 0 <= values.min() < values.max() <= 1
    assert np.abs(np.diff(values, axis=1)).max() < 0.5
    assert values.std() > 0.1


def test_shapes_are_negative_inside() -> None:
    canvas = Canvas(40, 20)
    disc = ball(canvas.x - 1, canvas.y - 0.5, 0.3)
    assert (disc < 0).mean() == pytest.approx(np.pi * 0.09 / 2, rel=0.1)
    square = polygon(canvas.x, canvas.y, (0.5, 0.25), (1.5, 0.25), (1.5, 0.75), (0.5, 0.75))
    assert (square < 0).mean() == pytest.approx(0.25, rel=0.15)


def test_filling_covers_what_is_inside() -> None:
    canvas = Canvas(40, 20)
    canvas.fill(ball(canvas.x - 1, canvas.y - 0.5, 0.3), (1.0, 0.0, 0.0))
    np.testing.assert_allclose(canvas.picture[10, 20], (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(canvas.picture[0, 0], 0)


def test_steps_blends_and_turns() -> None:
    values = np.array([[-1, 0.5, 2]], np.float32)
    np.testing.assert_allclose(step(0, 1, values), [[0, 0.5, 1]])
    np.testing.assert_allclose(blend(values, (0, 0, 0), (1, 0.5, 0))[0, 1], (0.5, 0.25, 0))
    x, y = turn(np.ones((1, 1), np.float32), np.zeros((1, 1), np.float32), np.pi / 2)
    assert abs(float(x[0, 0])) < 1e-6
    assert abs(float(y[0, 0])) == pytest.approx(1)
