"""The compact network before and after its training: rotated, grown, pruned."""

from pathlib import Path

import pytest
import student
import torch

from tests.scripts.training import fresh, tiny_recipe
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.published import VGG19
from videostyle.paint.terms.gram import gram


def test_rotating_keeps_gram_distances(teacher: Path) -> None:
    """With all directions kept, a rotated teacher measures as the teacher does, up to one factor per layer."""
    vgg19 = VGG19.load(str(teacher))
    turned = student.turned(vgg19, "relu1_1 relu2_1 relu3_1", (64, 128, 256), torch.rand(4, 3, 64, 64))
    a, b, c = torch.rand(3, 1, 3, 64, 64)
    for layer in ("relu1_1", "relu3_1"):
        ratios = []
        for net in (vgg19, turned):
            x, y, z = (gram(net(picture, [layer])[layer]) for picture in (a, b, c))
            ratios.append(float((x - y).norm() / (x - z).norm()))
        assert ratios[0] == pytest.approx(ratios[1], rel=1e-3)


SEPARABLE = "8 relu1_1 P 8d relu2_1 P 8d relu3_1"


def test_pruning_dead_channels_changes_no_features() -> None:
    _pruning_changes_nothing(fresh(tiny_recipe()), "convs.1.bias", "5")


def test_pruning_separable_convolutions_changes_no_features() -> None:
    _pruning_changes_nothing(student.student(SEPARABLE, (4, 4, 4), 0), "convs.1.point.bias", "5d")


def _pruning_changes_nothing(net: Backbone, bias: str, left: str) -> None:
    x = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        net.get_parameter(bias)[2:5] = -1e4
    plan, tensors = student.pruned(net, x)
    assert plan.split()[3] == left
    smaller = Backbone("compact", plan, tensors, pooling="average")
    for layer, features in net(x, net.layers).items():
        torch.testing.assert_close(smaller(x, [layer])[layer], features)


def test_growing_keeps_the_convolutions_and_fits_the_heads() -> None:
    recipe, x = tiny_recipe(), torch.rand(4, 3, 64, 64)
    start = fresh(recipe)
    deeper = "8 relu1_1 P 8 relu2_1 P 8 relu3_1 P 8 relu4_1"
    net = student.student(deeper, (4, 4, 4, 4), 7)
    # a teacher whose features are linear in the convolutions that are taken over: the fit must be exact there
    taught = student.student(deeper, (4, 4, 4, 4), 9)
    for ours, theirs in zip(taught.convs, start.convs, strict=False):
        ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        grown = student.grown(net, start, taught, x)
        ours, theirs = grown(x, grown.layers), taught(x, grown.layers)
    for layer in ("relu1_1", "relu2_1", "relu3_1"):
        assert float((ours[layer] - theirs[layer]).norm() / theirs[layer].norm()) < 0.02
    assert 0.02 < float((ours["relu4_1"] - theirs["relu4_1"]).norm() / theirs["relu4_1"].norm()) < 1
    wider = student.grown(student.student("8 relu1_1 P 9 relu2_1", (4, 4), 7), start, taught, x)
    assert torch.equal(wider.convs[0].weight, start.convs[0].weight)
    assert wider.convs[1].weight.shape == (9, 8, 3, 3)


@pytest.mark.parametrize("plan", [tiny_recipe().plan, SEPARABLE])
def test_dead_channels_are_revived_without_changing_any_feature(plan: str) -> None:
    net, x = student.student(plan, (4, 4, 4), 0), torch.rand(2, 3, 64, 64)
    biases = [tensor for name, tensor in net.named_parameters() if name.startswith("convs") and name.endswith("bias")]
    with torch.no_grad():
        biases[0][1:3] = -1e4
        biases[2][0] = -1e4
    before = net(x, net.layers)
    dead = sum(int((~lives).sum()) for lives in student.fired(net, x))
    assert dead >= 3
    assert student.revive(net, x, 3) == dead
    assert sum(int((~lives).sum()) for lives in student.fired(net, x)) < dead
    for layer, features in net(x, net.layers).items():
        torch.testing.assert_close(features, before[layer])
