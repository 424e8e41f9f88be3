"""Ours against torch's, and rows that leave."""

import torch

from videostyle.paint.optimize.adam import BatchAdam


def test_same_steps_as_torch() -> None:
    start = torch.randn(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    stretch = torch.logspace(0, 2, 9, dtype=torch.float64)
    ours = BatchAdam(start, 0.05)
    parameter = start.clone().requires_grad_()
    theirs = torch.optim.Adam([parameter], lr=0.05, betas=(0.9, 0.99), eps=1e-8)
    for _ in range(20):
        ours.advance((ours.point.square() * stretch).sum(1), 2 * ours.point * stretch)
        theirs.zero_grad()
        (parameter.square() * stretch).sum().backward()  # type: ignore[no-untyped-call]
        theirs.step()
    torch.testing.assert_close(ours.point, parameter.detach())


def test_a_row_that_stays_continues_as_if_it_were_alone() -> None:
    start = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
    both, alone = BatchAdam(start, 0.1), BatchAdam(start[2:], 0.1)
    for step in range(6):
        for walk in (both, alone):
            walk.advance(walk.point.square().sum(1), 2 * walk.point)
        if step == 2:
            both.keep(torch.tensor([2]))
    torch.testing.assert_close(both.point, alone.point)
