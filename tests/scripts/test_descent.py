"""The training's optimizer changes the network itself, and continues where it stopped."""

import copy

import descent
import torch
from student import student

from videostyle.paint.backbones.backbone import Backbone

PLAN = "8 relu1_1 P 8 relu2_1 P 8d relu3_1"


def net_and_pictures() -> tuple[Backbone, torch.Tensor]:
    net = student(PLAN, (4, 4, 4), 0).to(memory_format=torch.channels_last).requires_grad_(True)
    return net, torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def loss(net: Backbone, x: torch.Tensor) -> torch.Tensor:
    return torch.stack([(features - 1).square().mean() for features in net(x, net.layers).values()]).sum()


def advance(one: descent.Descent, net: Backbone, x: torch.Tensor, steps: int) -> None:
    for _ in range(steps):
        loss(net, x).backward()
        one.step(1.0)


def test_every_parameter_moves_and_the_loss_falls() -> None:
    net, x = net_and_pictures()
    before, start = copy.deepcopy(net.state_dict()), float(loss(net, x).detach())
    advance(descent.Descent(net, 3e-3, 0.02), net, x, 30)
    assert float(loss(net, x).detach()) < 0.5 * start
    assert all(bool((value != before[name]).any()) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters()), "gradients do not add up over steps"


def test_kernels_that_mix_channels_move_equally_in_all_directions() -> None:
    """Muon's first step is an orthogonal matrix: its singular values are near 1 (Jordan et al. 2024)."""
    net, x = net_and_pictures()
    kernel = net.convs[1].weight
    before = kernel.detach().clone()
    advance(descent.Descent(net, 3e-3, 0.02), net, x, 1)
    change = torch.linalg.svdvals((kernel.detach() - before).flatten(1))
    assert float(change.max() / change.min()) < 2


def test_it_continues_where_it_stopped() -> None:
    whole, x = net_and_pictures()
    advance(descent.Descent(whole, 3e-3, 0.02), whole, x, 6)
    net, _ = net_and_pictures()
    first = descent.Descent(net, 3e-3, 0.02)
    advance(first, net, x, 3)
    state, weights = copy.deepcopy(first.state_dict()), copy.deepcopy(net.state_dict())
    other, _ = net_and_pictures()
    other.load_state_dict(weights)
    second = descent.Descent(other, 3e-3, 0.02)
    second.load_state_dict(state)
    advance(second, other, x, 3)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name
