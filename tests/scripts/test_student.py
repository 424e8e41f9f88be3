"""The compact network before and after its training: rotated, narrowed, pruned."""

from pathlib import Path

import pytest
import student
import torch
from recipe import Recipe

from tests.scripts.training import fresh, tiny_recipe
from videostyle.paint.backbones.backbone import Backbone
from videostyle.paint.backbones.published import VGG19
from videostyle.paint.terms.gram import gram


def test_rotating_keeps_gram_distances(teacher: Path) -> None:
    """With all directions kept, a rotated teacher measures as the teacher does, up to one factor per layer."""
    vgg19 = VGG19.load(str(teacher))
    recipe = Recipe(heads=(64, 128, 256))
    turned = student.turned(vgg19, recipe.plan, recipe.heads, torch.rand(4, 3, 64, 64))
    a, b, c = torch.rand(3, 1, 3, 64, 64)
    for layer in ("relu1_1", "relu3_1"):
        ratios = []
        for net in (vgg19, turned):
            x, y, z = (gram(net(picture, [layer])[layer]) for picture in (a, b, c))
            ratios.append(float((x - y).norm() / (x - z).norm()))
        assert ratios[0] == pytest.approx(ratios[1], rel=1e-3)


def test_pruning_dead_channels_changes_no_features() -> None:
    recipe = tiny_recipe()
    net, x = fresh(recipe), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        net.convs[1].bias[2:5] = -1e4
    plan, tensors = student.pruned(net, x)
    assert plan.split()[3] == "5"
    smaller = Backbone("compact", plan, tensors, pooling="average")
    for layer, features in net(x, net.layers).items():
        torch.testing.assert_close(smaller(x, [layer])[layer], features)


def test_narrowing_to_the_same_width_only_rotates_and_scales(teacher: Path) -> None:
    recipe, x = tiny_recipe(), torch.rand(2, 3, 64, 64)
    wide, vgg19 = fresh(recipe), VGG19.load(str(teacher))

    def changed(plan: str, heads: tuple[int, ...]) -> Backbone:
        return student.narrowed(wide, plan, heads, 0, student.turned(vgg19, plan, heads, x), x)

    same = changed(recipe.plan, recipe.heads)
    for layer, features in wide(x, wide.layers).items():
        after, before = same(x, [layer])[layer].flatten(2), features.flatten(2)
        ratio = after.square().sum() / before.square().sum()
        torch.testing.assert_close(after.transpose(1, 2) @ after, before.transpose(1, 2) @ before * ratio)
    small = changed("6 relu1_1 P 4 relu2_1 P 12 relu3_1", (3, 4, 4))
    assert small(x, ["relu3_1"])["relu3_1"].shape == (2, 4, 16, 16)


def test_the_nearest_rotation_is_recovered() -> None:
    points, turn = torch.randn(4, 50), torch.linalg.qr(torch.randn(4, 4)).Q
    torch.testing.assert_close(student._nearest_turn(points, 3 * turn @ points), 3 * turn)
