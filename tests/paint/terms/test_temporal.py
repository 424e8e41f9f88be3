"""The temporal loss, and the targets of its term."""

import pytest
import torch

from videostyle.paint.terms.temporal import BROAD, STIFFNESS, TemporalTerm, temporal_loss


def test_temporal_loss_is_a_mean_over_visible_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("videostyle.paint.terms.temporal.BROAD", 0.0)
    pictures, target, weight = torch.rand(2, 3, 4, 5), torch.rand(2, 3, 4, 5), torch.zeros(2, 1, 4, 5)
    weight[0, 0, :2], weight[1, 0, 1, 1] = 1, 1
    expected = [
        (pictures[0, :, :2] - target[0, :, :2]).square().mean(),
        (pictures[1, :, 1, 1] - target[1, :, 1, 1]).square().mean(),
    ]
    torch.testing.assert_close(temporal_loss(pictures, target, weight), torch.stack(expected))


def test_a_change_of_tone_counts_more_than_one_of_strokes() -> None:
    target, weight = torch.full((1, 3, 32, 48), 0.5), torch.ones(1, 1, 32, 48)
    strokes = 0.1 * (-1.0) ** torch.arange(48).expand(1, 3, 32, 48)
    assert temporal_loss(target + strokes, target, weight).item() == pytest.approx(0.01, rel=1e-4)
    assert temporal_loss(target + 0.1, target, weight).item() == pytest.approx(0.01 * (1 + BROAD), rel=1e-4)
    # at the picture's edge cells are smaller
    assert temporal_loss((target + 0.1)[..., :30, :], target[..., :30, :], weight[..., :30, :]).item() < 0.01 * 120


def test_temporal_loss_of_a_frame_without_visible_pixels_is_zero() -> None:
    assert temporal_loss(torch.rand(1, 3, 4, 4), torch.rand(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)).item() == 0


def test_term_adds_up_its_targets_and_keeps_rows() -> None:
    held = [(torch.rand(3, 3, 4, 5), torch.rand(3, 1, 4, 5)) for _ in range(2)]
    term, x = TemporalTerm(2.0, held), torch.rand(3, 3, 4, 5)
    assert term.layers == ()
    assert not term.comparable
    losses = term(x, {})
    torch.testing.assert_close(losses, temporal_loss(x, *held[0]) + temporal_loss(x, *held[1]))
    stiffness = term.stiffness()
    torch.testing.assert_close(stiffness, STIFFNESS * 2 * (held[0][1] + held[1][1]))
    rows = torch.tensor([2, 0])
    term.keep(rows)
    torch.testing.assert_close(term(x[rows], {}), losses[rows])
    torch.testing.assert_close(term.stiffness(), stiffness[rows])
