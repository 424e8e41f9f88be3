"""Which earlier frames a frame hangs on."""

from fractions import Fraction

import numpy as np
import pytest

from videostyle.frames import Frame, Pixels
from videostyle.motion.flow import estimate
from videostyle.motion.memory import surroundings
from videostyle.rendering.chunk.chain import ANCHOR, ANCHORS, LAG, RECENT, Chain, Link
from videostyle.rendering.plan.loop import Lead
from videostyle.settings import FlowSettings


def texture(shift: int = 0) -> Pixels:
    """Blocks that move to the left: (72, 96, 3)."""
    blocks = np.random.default_rng(0).integers(40, 220, (9, 40, 3), np.uint8)
    return np.ascontiguousarray(np.kron(blocks, np.ones((8, 8, 1), np.uint8))[:, shift : shift + 96])


def covered_by(x: int) -> Pixels:
    """The texture with a white square in front of it."""
    pixels = texture()
    pixels[16:56, max(0, x) : max(0, x + 32)] = 255
    return pixels


BLACK = np.zeros((72, 96, 3), np.uint8)


def links(pictures: list[Pixels], *reach: int, progress: float = 1.0) -> list[Link]:
    chain, made = Chain(reach, FlowSettings(), lambda *_: progress), []
    for place, pixels in enumerate(pictures):
        frame = Frame(place, Fraction(place), pixels)
        made.append(chain.link(place, frame))
        chain.add(place, frame, made[-1].memory)
    return made


def test_the_first_frame_hangs_on_nothing() -> None:
    (link,) = links([texture()], 1)
    assert link.motions == {}
    assert not link.developed.any()
    assert (link.memory.developed == 255).all()


def test_an_ordinary_frame_hangs_on_its_usual_references_alone() -> None:
    made = links([texture()] * 6, 1, 2)
    assert [list(link.motions) for link in made] == [[], [1], [1, 2], [1, 2], [1, 2], [1, 2]]
    assert made[-1].developed.min() > 0.99


def test_the_step_from_the_frame_before_is_the_plain_motion() -> None:
    pictures = [texture(), covered_by(20)]
    made = links(pictures, 1)
    assert made[0].step is None
    step, plain = made[1].step, estimate(pictures[1], pictures[0], FlowSettings())
    assert step
    np.testing.assert_array_equal(step.flow, plain.flow)
    np.testing.assert_array_equal(step.consistency, plain.consistency)
    assert links(pictures)[1].step is None


@pytest.mark.parametrize("odd", [1, 3])
def test_the_chain_goes_around_odd_frames(odd: int) -> None:
    made = links([texture(), texture(2), *[BLACK] * odd, texture(4)], 1)
    assert made[-1].developed.mean() > 0.8
    index, motion = made[-1].motions[odd + 1]
    assert index == 1
    assert motion.consistency.mean() > 0.8
    assert np.abs(motion.flow[30:40, 30:60, 0] - 2).max() < 0.5


def test_what_an_object_hid_comes_back_from_before_it() -> None:
    """A square passes within twelve frames; the ground behind it was last seen many frames ago."""
    pictures = [texture(), *(covered_by(8 * step - 32) for step in range(17))]
    made = links(pictures, 1)
    uncovered = made[-4].motions
    assert max(uncovered) >= RECENT
    weights = [motion.consistency for _, motion in uncovered.values()]
    hidden = 1 - weights[0]
    assert np.minimum(hidden, sum(weights[1:])).sum() > 0.3 * hidden.sum()


def test_a_frame_is_led_into_another_that_claims_its_share_first() -> None:
    (head,) = links([texture()], 1)
    chain = Chain((1,), FlowSettings(), lambda *_: 0.3)
    frames = [Frame(place, Fraction(place), texture(2 * place)) for place in (6, 5, 4)]
    chain.add(0, frames[0], chain.link(0, frames[0]).memory)
    for place, ahead in ((1, 4), (2, 1)):
        lead = Lead(Frame(0, Fraction(0), texture()), head.memory, ahead)
        link = chain.link(place, frames[place], lead)
        assert list(link.motions)[:2] == [-ahead, 1]
        index, motion = link.motions[-ahead]
        assert index == 0
        assert np.median(motion.consistency) == pytest.approx(1 / ahead, abs=0.01)
        assert np.abs(motion.flow[30:40, 30:60, 0] - 2 * frames[place].index).max() < 0.5
        chain.add(place, frames[place], link.memory)
    assert link.developed[30, 50] > 0.98, "a first frame's paint is worked out"


def test_slow_change_is_seen() -> None:
    """Every step is small enough to be trusted, but after a few the paint was made for something else."""
    pictures = [np.clip(texture().astype(np.int16) + 3 * step - 30, 0, 255).astype(np.uint8) for step in range(16)]
    made = links(pictures, 1)
    kept = [link.developed.mean() for link in made[1:]]
    assert kept[0] > 0.95
    assert np.mean(kept[8:]) < 0.85
    lag = surroundings(pictures[-1]).astype(np.int16) - made[-1].memory.content
    assert 0 < lag.mean() < 15 < surroundings(pictures[-1]).mean() - surroundings(pictures[0]).mean()


def test_a_long_dissolve_leaves_no_memory_of_the_first_shot() -> None:
    """Several earlier frames whose paint is half renewed are not together one whose paint still holds."""
    first, second = texture().astype(np.float32), texture(90).astype(np.float32)
    shares = [0.0, *np.linspace(0, 1, 24), *[1.0] * 10]
    pictures = [np.rint((1 - share) * first + share * second).astype(np.uint8) for share in shares]
    memory = links(pictures, 1)[-1].memory
    made_for, shown = memory.content.astype(np.float32), surroundings(pictures[-1]).astype(np.float32)
    lag = np.abs(made_for - shown).mean(-1)
    assert np.percentile(lag, 95) < 6


def test_new_paint_is_worked_out_over_several_frames() -> None:
    made = links([texture()] * 5, 1, progress=0.3)
    np.testing.assert_allclose([link.developed[30, 30] for link in made], [0, 0.3, 0.6, 0.9, 1], atol=0.02)


def test_a_painter_that_reaches_nothing_needs_nothing() -> None:
    assert [link.motions for link in links([texture()] * 3)] == [{}, {}, {}]
    assert Chain((), FlowSettings(), lambda *_: 1.0).needed(9) == []


@pytest.mark.parametrize("reach", [(1,), (1, 2, 4), (12,)])
def test_every_frame_needs_only_what_the_one_before_it_had(reach: tuple[int, ...]) -> None:
    """So a job may continue at any frame from the memories that this frame needs."""
    chain = Chain(reach, FlowSettings(), lambda *_: 1.0)
    kept: set[int] = set()
    for place in range(200):
        needed = chain.needed(place)
        assert needed == sorted(needed, reverse=True)
        assert set(needed) <= kept
        assert set(range(max(0, place - max(reach)), place)) <= set(needed)
        assert len(needed) <= max(RECENT, *reach) + ANCHORS
        kept = {*needed, place}
    assert chain.needed(100)[-1] <= 100 - ANCHOR * (ANCHORS - 1)


def test_memories_are_forgotten_once_no_later_frame_needs_them() -> None:
    chain = Chain((1,), FlowSettings(), lambda *_: 1.0)
    left: set[int] = set()
    for place in range(300):
        left.add(place)
        left -= set(chain.passed(place))
        assert set(chain.needed(place - LAG + 1)) <= left
    assert len(left) < RECENT + LAG + ANCHORS + 3
