"""What carried paint was made for."""

import numpy as np
import pytest

from videostyle.frames import Pixels, to_picture
from videostyle.motion.memory import ANOTHER, SAME, Memory, carried, remember, shows, still_shown, surroundings
from videostyle.settings import FlowSettings

SIZE = 96, 72


def texture(shift: int = 0) -> Pixels:
    """Smooth spots, moved to the left: (72, 96, 3)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:72, 0:96].astype(np.float32)
    spots = sum(np.sin((x + shift) * rng.uniform(0.1, 0.5) + y * rng.uniform(0.1, 0.5)) for _ in range(6))
    return np.repeat(np.clip(128 + 30 * spots, 0, 255).astype(np.uint8)[..., None], 3, 2)


def ball(x: int) -> Pixels:
    """A black square on gray: (72, 96, 3)."""
    pixels = np.full((72, 96, 3), 150, np.uint8)
    pixels[30:50, x : x + 16] = 0
    return pixels


def memory(pixels: Pixels, developed: float = 1.0) -> Memory:
    return remember(to_picture(surroundings(pixels)), np.full(pixels.shape[:2], developed, np.float32), 0.0)


def test_a_memory_is_stored_without_loss() -> None:
    rng = np.random.default_rng(1)
    given = Memory(rng.integers(0, 256, (72, 96, 3), np.uint8), rng.integers(0, 256, (72, 96), np.uint8))
    stored = given.to_bytes()
    again = Memory.from_bytes(stored, SIZE)
    assert again is not None
    np.testing.assert_array_equal(again.content, given.content)
    np.testing.assert_array_equal(again.developed, given.developed)
    assert len(memory(texture()).to_bytes()) < 72 * 96 * 2


@pytest.mark.parametrize("damage", [b"", b"x", memory(texture()).to_bytes()[:-9]])
def test_a_damaged_memory_is_none(damage: bytes) -> None:
    assert Memory.from_bytes(damage, SIZE) is None
    assert Memory.from_bytes(memory(texture()).to_bytes(), (95, 72)) is None


def test_a_memory_moves_with_the_flow() -> None:
    flow = np.zeros((72, 96, 2), np.float32)
    flow[..., 0] = 5  # what is at x now was at x + 5
    content, developed = carried(memory(texture(), 0.5), flow)
    inner = np.s_[16:-16, 16:-20]
    np.testing.assert_allclose(content[inner], to_picture(surroundings(texture(5)))[inner], atol=1.5 / 255)
    np.testing.assert_allclose(developed, 0.5, atol=1 / 255)


def test_slow_change_adds_up_until_the_content_is_another() -> None:
    still = np.zeros((72, 96, 2), np.float32)
    given = texture() // 2 + 60
    content, _ = carried(memory(given), still)
    for change, shown in ((0, 1), (SAME - 1, 1), ((SAME + ANOTHER) / 2, 0.5), (ANOTHER + 1, 0)):
        now = surroundings((given + round(change)).astype(np.uint8))
        np.testing.assert_allclose(still_shown(content, now), shown, atol=0.1)


def test_noise_is_no_change() -> None:
    rng = np.random.default_rng(2)
    noisy = [np.clip(texture() + rng.normal(0, 12, (72, 96, 3)), 0, 255).astype(np.uint8) for _ in range(2)]
    content, _ = carried(memory(noisy[0]), np.zeros((72, 96, 2), np.float32))
    assert still_shown(content, surroundings(noisy[1])).mean() > 0.99


def test_the_ground_beside_an_object_that_has_left_is_painted_again() -> None:
    """Paint reaches over an object's outline: the ground there was made for the outline as well."""
    content, _ = carried(memory(ball(40)), np.zeros((72, 96, 2), np.float32))
    shown = still_shown(content, surroundings(ball(70)))
    assert shown[40, 37:40].max() < 0.5
    assert shown[40, 24:29].min() == 1
    assert (np.diff(shown[40, 24:40]) <= 0).all(), "gradually, so that no line is drawn"


def test_painting_develops_paint_up_to_the_whole() -> None:
    content, worked = to_picture(surroundings(texture())), np.full((72, 96), 0.5, np.float32)
    assert remember(content, worked, 0.25).developed[0, 0] == round(0.75 * 255)
    assert remember(content, worked, 0.75).developed[0, 0] == 255


def test_a_frame_is_worth_its_flow_if_it_shows_what_is_missing() -> None:
    missing = np.zeros((72, 96), np.float32)
    missing[10:60, 20:40] = 1
    black = np.zeros_like(texture())
    assert shows(texture(), texture(), missing, FlowSettings())
    assert shows(texture(3), texture(), missing, FlowSettings())
    assert not shows(texture(), black, missing, FlowSettings())
    assert not shows(texture(), texture(), missing * 0, FlowSettings())
